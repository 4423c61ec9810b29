"""The state of the search page: its URL, and what the buttons that need no JavaScript make of it.

Every state is a URL of the parameters in NAMES. Submitting the form or pressing a button sends
further ones (ACTIONS); `revise` turns them into the URL of the state they lead to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from app.errors import InvalidQuery, Problem
from app.query.filter import And, Filter, Not
from app.query.language.parse import parse
from app.query.text import text
from app.web.current import settings
from app.web.render import zone
from app.web.render.picks import unpick
from app.web.search import columns
from app.web.search.rows import FilterRow, Rows, trimmed

#: Attribute and parameter of the page's state, in the order in which a URL has them.
NAMES = {
    "q": "q",
    "start": "from",
    "end": "to",
    "tz": "tz",
    "clock": "clock",
    "sort": "sort",
    "limit": "limit",
    "cursor": "cursor",
    "back": "back",
    "open": "open",
    "values": "values",
    "counts": "counts",
    "columns": "columns",
    "wrap": "wrap",
    "density": "density",
}
#: Attributes that say which logs are meant and in which order; the others are about the page.
ASKED = ("q", "start", "end", "tz", "clock", "sort")
#: Attributes that the pages of one log keep of the search that led there.
ABOUT = ("q", "tz", "clock", "columns", "wrap", "density")
#: Attributes that are no part of a query, but of how its answer is shown.
SHOWN = ("back", "open", "values", "counts", "columns", "wrap", "density")
#: Attributes that a row depends on, in its looks or in the link to its log: the live tail needs them to make rows.
ROW = ("tz", "clock", "columns", "wrap", "density")
#: Attributes that the form has no control for.
HIDDEN = ("values", "counts", "columns", "wrap", "density")
ACTIONS = frozenset(
    (
        *("was", "was_tz", "was_from", "was_to", "range", "zone"),
        *("go", "use", "add", "remove", "k", "o", "v", "match", "keep", "exclude", "show", "hide", "list"),
        *columns.ACTIONS,
    )
)


@dataclass(frozen=True, slots=True)
class SearchForm:
    """The state of the page, as the texts of its URL."""

    q: str = ""
    start: str = ""
    end: str = ""
    #: Name of the zone; empty where none was ever chosen.
    tz: str = ""
    clock: str = "event"
    sort: str = "desc"
    limit: str = "100"
    #: Continue after this place, or come back to before it.
    cursor: str = ""
    back: str = ""
    #: Id of the log whose fields are shown.
    open: str = ""
    #: Field whose most frequent values are shown besides those that always are.
    values: str = ""
    #: Whether counts are made with the page though its rows wait for them: for who has no JavaScript.
    counts: str = ""
    #: The columns of the table beside the time; empty for those shown anyway.
    columns: str = ""
    #: Whether long lines wrap, and how close they stand; empty for what the browser remembers.
    wrap: str = ""
    density: str = ""

    @classmethod
    def read(cls, args: Mapping[str, str]) -> SearchForm:
        """Take the state out of the URL's parameters; an empty one counts as absent. The zone may be that of the page before."""
        found = {name: trimmed(args[parameter]) for name, parameter in NAMES.items() if args.get(parameter)}
        if found.get("tz", zone.LOCAL) == zone.LOCAL:
            found["tz"] = zone.state()
        return cls(**found)

    def state(self, *without: str) -> list[tuple[str, str]]:
        """Return the parameters that differ from their defaults."""
        pairs = ((field, getattr(self, field.name)) for field in fields(self))
        return [(NAMES[f.name], value) for f, value in pairs if value != f.default and f.name not in without]

    def query(self, *without: str) -> str:
        """Return the state as the query of a URL."""
        return urlencode(self.state(*without), safe=",")

    def asked(self, *more: tuple[str, str]) -> str:
        """Return the query of a URL that asks for the same logs, whatever the page shows of them, and for *more*."""
        return urlencode([*self._only(ASKED), *more], safe=",")

    def about(self) -> str:
        """Return the query of the URL of a log's page that knows this search."""
        return urlencode(self._only(ABOUT), safe=",")

    def row(self) -> str:
        """Return the query of a URL by which rows look like those of this page."""
        return urlencode(self._only(ROW), safe=",")

    def hidden(self) -> list[tuple[str, str]]:
        """Return the parameters that the form keeps though nothing in it shows them."""
        return self._only(HIDDEN)

    def _only(self, names: Sequence[str]) -> list[tuple[str, str]]:
        kept = {NAMES[name] for name in names}
        return [(name, value) for name, value in self.state() if name in kept]

    def link(self, **changes: str) -> str:
        """Return the URL of this state with the *changes*."""
        query = replace(self, **changes).query()
        return f"{settings().path_prefix}/" + (f"?{query}" if query else "")

    def start_over(self, q: str) -> SearchForm:
        """Return the first page of the query *q*."""
        return replace(self, q=q, cursor="", back="", open="")


def revise(form: SearchForm, args: MultiDict[str, str], now: int) -> tuple[SearchForm, Sequence[FilterRow]]:
    """Return the state that the sent actions lead to, and rows begun but not yet part of the query.

    Text and rows are two views of one filter: whichever was edited holds; where both were, the
    rows hold when a button of theirs was pressed, else the text. Raises InvalidQuery.
    """
    chosen = [(name, value) for name in ("keep", "exclude") for value in args.getlist(name)]
    if chosen:
        return form.start_over(narrowed(form.q, chosen, now)), ()
    if "show" in args or "hide" in args:
        return replace(form, open=args.get("show", "")), ()
    if "list" in args:
        return replace(form, values=args["list"]), ()
    if "zone" in args:  # the state has it already
        return form, ()
    if any(action in args for action in columns.ACTIONS):
        return replace(form, columns=columns.revised(form.columns, args)), ()
    if not ACTIONS & args.keys():
        return form, ()
    was = _parsed(args.get("was", ""), now)
    before = Rows.of(was) if was is not None else Rows(nested=True)
    sent = Rows.sent(args, before.nested)
    begun = tuple(row for row in sent.rows if not row.key)
    complete = replace(sent, rows=tuple(row for row in sent.rows if row.key))
    pressed = "remove" in args or "use" in args
    edited = complete.rows != before.rows or (len(before.rows) > 1 and complete.match != before.match)
    if was is not None and edited and (pressed or form.q == trimmed(args.get("was", ""))):
        form = form.start_over(text(complete.filter(was)))
    return form.start_over(form.q), (*begun, FilterRow()) if "add" in args else ()


def narrowed(q: str, chosen: Sequence[tuple[str, str]], now: int) -> str:
    """Return the query *q* with the chosen values kept or excluded."""
    tree: Filter = parse(q, now, zone.current())
    for name, value in chosen:
        try:
            leaf = unpick(value)
        except ValueError as error:
            raise InvalidQuery(Problem(str(error), name)) from None
        wanted = leaf if name == "keep" else Not(leaf)
        # A value that is pressed twice is asked for once.
        if wanted not in (tree.parts if isinstance(tree, And) else (tree,)):
            tree = And((tree, wanted))
    return text(tree)


def _parsed(q: str, now: int) -> Filter | None:
    try:
        return parse(q, now, zone.current())
    except InvalidQuery:
        return None
