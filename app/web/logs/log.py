"""The page of one log: the log whole, and the logs around it, with and without the search that led there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import urlencode

from app.backends import Backends
from app.errors import InvalidQuery, Problem, Unavailable
from app.find import find
from app.log.record import LogRecord, id_text
from app.ports.deadline import Budget, Deadline
from app.query.filter import EVERYTHING, Equals, Filter
from app.query.parameters import Parameters
from app.query.query import Query
from app.query.request import read_query
from app.web.search import table
from app.web.search.form import ABOUT, NAMES, SearchForm

#: Logs shown on each side if the URL does not say, and at most; the steps between are those of one more click.
STEPS = (10, 50, 200, 500)
#: Parameters besides those of the search.
PARAMETERS = ("beside", "before", "after", "message", "part", "show", "hide")
#: Which neighbours, with their names.
BESIDE = {"search": "Matching the search", "resource": "Same resource", "trace": "Same trace", "all": "All logs"}


@dataclass(frozen=True, slots=True)
class LogAsked:
    """The search and the parts of a log that the URL of its page asks for; a wrong parameter is left out, and is in its problems."""

    form: SearchForm
    tree: Filter = EVERYTHING
    beside: str = "all"
    before: int = STEPS[0]
    after: int = STEPS[0]
    #: Whether a long message is shown to its end.
    whole: bool = False
    problems: Sequence[Problem] = ()

    def link(self, record: LogRecord, **changes: int | str) -> str:
        """Return the query of the URL with the *changes*."""
        message = "whole" if self.whole else ""
        kept = {"beside": self.beside, "before": self.before, "after": self.after, "message": message, **changes}
        usual = {"beside": _usual(record), "before": STEPS[0], "after": STEPS[0], "message": ""}
        more = [(name, str(value)) for name, value in kept.items() if value != usual[name]]
        return f"?{self.form.about()}&{urlencode(more)}".rstrip("&").replace("?&", "?")


def read(args: Mapping[str, str], record: LogRecord, now: int) -> LogAsked:
    """Take what is asked for out of the URL's parameters."""
    form, given = SearchForm.read(args), Parameters(args)
    given.only((*(NAMES[name] for name in ABOUT), *PARAMETERS), "parameter of this page", NAMES.values())
    tree: Filter = EVERYTHING
    try:
        tree = read_query({"q": form.q, "tz": form.tz, "clock": form.clock}, now=now).filter
    except InvalidQuery as error:
        given.problems += error.problems
        form = replace(form, q="", tz="", clock="event")
    try:
        table.build(form)
    except InvalidQuery as error:
        given.problems += error.problems
        form = replace(form, columns="", wrap="", density="")
    before, after = (given.whole(name, STEPS[0], 0, STEPS[-1]) for name in ("before", "after"))
    beside = given.choice("beside", _usual(record), BESIDE)
    return LogAsked(form, tree, beside, before, after, args.get("message") == "whole", tuple(given.problems))


def _usual(record: LogRecord) -> str:
    return "all" if record.resource_id is None else "resource"


@dataclass(frozen=True, slots=True)
class Around:
    """A log between its neighbours, oldest first."""

    records: Sequence[LogRecord]
    #: Which neighbours are offered: name, URL, and whether they are these.
    choices: Sequence[tuple[str, str, bool]] = field(default=())
    #: How many more a click shows before and behind them, with its URL; None where there are no more.
    earlier: tuple[int, str] | None = None
    later: tuple[int, str] | None = None
    #: Why there are none.
    trouble: str = ""
    #: Whether the record answered because the index could not.
    from_record: bool = False


def around(held: Backends, record: LogRecord, asked: LogAsked, budget: Budget) -> Around:
    """Return the log between its neighbours; where they can't be had, alone and with the reason."""
    choices = list(_choices(record, asked))
    query = Query(_meant(record, asked), clock="received" if asked.form.clock == "received" else "event")
    budget = Deadline(budget).shared()
    try:
        earlier, later = find.neighbours(
            partial(find.page, held.store, held.index, budget=budget), record, query, asked.before, asked.after
        )
    except Unavailable as error:
        return Around([record], choices, trouble=str(error))
    return Around(
        [*earlier.records, record, *later.records],
        choices,
        earlier=_more(record, asked, "before", asked.before) if earlier.next else None,
        later=_more(record, asked, "after", asked.after) if later.next else None,
        from_record="record" in (earlier.source, later.source),
    )


def _meant(record: LogRecord, asked: LogAsked) -> Filter:
    match asked.beside:
        case "search":
            return asked.tree
        case "resource" if record.resource_id is not None:
            return Equals("resourceId", record.resource_id)
        case "trace" if record.trace_id is not None:
            return Equals("traceId", record.trace_id)
    return EVERYTHING


def _choices(record: LogRecord, asked: LogAsked) -> Sequence[tuple[str, str, bool]]:
    there = {
        "search": asked.tree != EVERYTHING,
        "resource": record.resource_id is not None,
        "trace": record.trace_id is not None,
        "all": True,
    }
    return [
        (label, f"{asked.link(record, beside=name)}#around", asked.beside == name)
        for name, label in BESIDE.items()
        if there[name]
    ]


def _more(record: LogRecord, asked: LogAsked, side: str, now: int) -> tuple[int, str] | None:
    following = next((step for step in STEPS if step > now), None)
    if following is None:
        return None
    return following - now, f"{asked.link(record, **{side: following})}#log-{id_text(record.id)}"
