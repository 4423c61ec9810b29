"""The state of the search page: its URL, and what the buttons that need no JavaScript make of it.

Every state is a URL of the parameters in NAMES. Submitting the form or pressing a button sends
further ones (ACTIONS); `revise` turns them into the URL of the state they lead to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from app.core.errors import InvalidQuery, Problem
from app.core.filter import And, Filter, Not
from app.core.normal import normal
from app.core.operations import from_json
from app.core.parse import parse
from app.core.rows import rows as rows_of
from app.core.text import text
from app.web import settings
from app.web.display import unpick

#: Attribute and parameter of the page's state, in the order in which a URL has them.
NAMES = {
    "q": "q",
    "start": "from",
    "end": "to",
    "clock": "clock",
    "sort": "sort",
    "limit": "limit",
    "cursor": "cursor",
    "back": "back",
    "open": "open",
    "values": "values",
    "counts": "counts",
}
ACTIONS = frozenset(
    ("was", "go", "use", "add", "remove", "k", "o", "v", "match", "keep", "exclude", "show", "hide", "list")
)
#: Operations as the form offers them.
OPERATIONS = (
    ("equals", "equals"),
    ("not_equals", "does not equal"),
    ("contains", "contains"),
    ("not_contains", "does not contain"),
    ("prefix", "starts with"),
    ("not_prefix", "does not start with"),
    ("in", "is one of"),
    ("not_in", "is none of"),
    ("range", "is between"),
    ("regex", "matches regex"),
    ("not_regex", "does not match regex"),
    ("exists", "exists"),
    ("not_exists", "does not exist"),
)
#: What stands between the bounds of a range in a row.
_BETWEEN = ".."


@dataclass(frozen=True, slots=True)
class Form:
    """The state of the page, as the texts of its URL."""

    q: str = ""
    start: str = ""
    end: str = ""
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

    @classmethod
    def read(cls, args: Mapping[str, str]) -> Form:
        """Take the state out of the URL's parameters; an empty one counts as absent."""
        return cls(**{name: args[parameter].strip() for name, parameter in NAMES.items() if args.get(parameter)})

    def state(self, *without: str) -> list[tuple[str, str]]:
        """Return the parameters that differ from their defaults."""
        pairs = ((field, getattr(self, field.name)) for field in fields(self))
        return [(NAMES[f.name], value) for f, value in pairs if value != f.default and f.name not in without]

    def query(self, *without: str) -> str:
        """Return the state as the query of a URL."""
        return urlencode(self.state(*without))

    def link(self, **changes: str) -> str:
        """Return the URL of this state with the *changes*."""
        query = replace(self, **changes).query()
        return f"{settings().path_prefix}/" + (f"?{query}" if query else "")

    def start_over(self, q: str) -> Form:
        """Return the first page of the query *q*."""
        return replace(self, q=q, cursor="", back="", open="")


@dataclass(frozen=True, slots=True)
class Row:
    """One filter as the form shows it."""

    key: str = ""
    operation: str = "equals"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """The query as rows; a query that nests its parts has none."""

    rows: tuple[Row, ...] = ()
    match: str = "all"
    nested: bool = False
    #: Whether the form shows them, rather than only their number.
    open: bool = False

    @property
    def complete(self) -> int:
        """How many of the rows are filters already."""
        return sum(1 for row in self.rows if row.key)

    @property
    def shown(self) -> tuple[Row, ...]:
        """The rows of the form: these, or an empty one to begin with."""
        return self.rows or (Row(),)

    @classmethod
    def of(cls, tree: Filter) -> Rows:
        """Return the rows of *tree*."""
        found = rows_of(tree)
        if found is None:
            return cls(nested=True)
        shown = tuple(Row(one["key"], one["operation"], write_value(one.get("value"))) for one in found["filters"])
        return cls(shown, found["match"])

    @classmethod
    def sent(cls, args: MultiDict[str, str], nested: bool = False) -> Rows:
        """Take the rows that the form sent, less the one whose removal was asked for."""
        parts = zip(args.getlist("k"), args.getlist("o"), args.getlist("v"), strict=False)
        rows = [Row(key.strip(), operation, value) for key, operation, value in parts]
        removed = args.get("remove", "")
        if removed.isdecimal() and int(removed) < len(rows):
            del rows[int(removed)]
        # Those without a field last, so that the number of a filter at fault is the one shown.
        rows.sort(key=lambda row: not row.key)
        return cls(tuple(rows), "any" if args.get("match") == "any" else "all", nested, bool(rows))

    def beginning(self, begun: Sequence[Row]) -> Rows:
        """Return these rows followed by those just begun."""
        return replace(self, rows=(*self.rows, *begun), open=self.open or bool(begun))

    def filter(self, beside: Filter) -> Filter:
        """Return what the rows mean; rows of a nested query narrow that query, *beside*."""
        filters = [
            {"key": row.key, "operation": row.operation, "value": read_value(row)} for row in self.rows if row.key
        ]
        meant = from_json({"filters": filters, "match": self.match})
        return And((beside, meant)) if self.nested else meant


def write_value(value: Any) -> str:
    """Return a filter's value as the text of its input."""
    match value:
        case None:
            return ""
        case {**bounds} if bounds.keys() <= {"lower_range", "upper_range"}:
            lower, upper = (write_value(bounds.get(name)) for name in ("lower_range", "upper_range"))
            return f"{lower} {_BETWEEN} {upper}".strip()
        case [*items] if any("," in str(item) or str(item) != str(item).strip() or not item for item in items):
            return json.dumps(items, ensure_ascii=False)
        case [*items]:
            return ", ".join(map(write_value, items))
        case str():
            return value
        case _:
            return json.dumps(value)


def read_value(row: Row) -> Any:
    """Return the value that the row's text stands for under its operation."""
    operation, value = row.operation.removeprefix("not_"), row.value
    if operation == "range":
        lower, between, upper = value.partition(_BETWEEN)
        bounds = {"lower_range": lower.strip(), "upper_range": upper.strip() if between else lower.strip()}
        return {name: _bound(row.key, bound) for name, bound in bounds.items() if bound}
    if operation == "in":
        return _json_list(value) or [part.strip() for part in value.split(",")]
    return None if operation == "exists" else value


def _bound(key: str, text_: str) -> Any:
    if not key.startswith("metadata"):
        return text_
    try:
        return json.loads(text_)
    except ValueError:
        return text_


def _json_list(value: str) -> list[Any] | None:
    if not value.startswith("["):
        return None
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def revise(form: Form, args: MultiDict[str, str], now: int) -> tuple[Form, Sequence[Row]]:
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
    if not ACTIONS & args.keys():
        return form, ()
    was = _parsed(args.get("was", ""), now)
    before = Rows.of(was) if was is not None else Rows(nested=True)
    sent = Rows.sent(args, before.nested)
    begun = tuple(row for row in sent.rows if not row.key)
    complete = replace(sent, rows=tuple(row for row in sent.rows if row.key))
    pressed = "remove" in args or "use" in args
    edited = complete.rows != before.rows or (len(before.rows) > 1 and complete.match != before.match)
    if was is not None and edited and (pressed or form.q == args.get("was", "").strip()):
        form = form.start_over(text(normal(complete.filter(was))))
    return form.start_over(form.q), (*begun, Row()) if "add" in args else ()


def narrowed(q: str, chosen: Sequence[tuple[str, str]], now: int) -> str:
    """Return the query *q* with the chosen values kept or excluded."""
    tree: Filter = parse(q, now)
    for name, value in chosen:
        try:
            leaf = unpick(value)
        except ValueError as error:
            raise InvalidQuery(Problem(str(error), name)) from None
        tree = And((tree, leaf if name == "keep" else Not(leaf)))
    return text(normal(tree))


def _parsed(q: str, now: int) -> Filter | None:
    try:
        return parse(q, now)
    except InvalidQuery:
        return None
