"""The table of logs: its columns with their cells, what is marked in them, and how close its lines stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from markupsafe import Markup, escape

from app.errors import InvalidQuery, Problem
from app.log.record import LogRecord
from app.log.scalars import as_text, scalars
from app.query.filter import EVERYTHING, TIME_FIELDS, Filter
from app.query.highlights import Scalar, Spans
from app.query.meaning import values
from app.web.render.display import MESSAGE_SHOWN, VALUE_SHOWN, clip, shorten, visible
from app.web.render.picks import pick
from app.web.render.zone import when
from app.web.search import columns
from app.web.search.form import SearchForm
from app.web.search.one import One

LABELS = {"level": "Level", "resourceId": "Resource", "message": "Message"}
#: Widths of columns in characters, as the style sheet has them; levels have no need of more.
LEVEL_WIDTHS = (5, 8, 12)
WIDTHS = (9, 12, 18, 24, 32)
TIME_WIDTHS = (23, 29, 35)
#: Columns from which on the table may become wider than the page.
WIDE = 5
#: Most values shown of one field of one log, and logs that are measured for the widths.
VALUES, MEASURED = 10, 100
#: Longest query that each row's link carries along: a page has hundreds of them.
CARRIED = 300
#: The values of wrap and density; the first is the default.
LOOKS = {"wrap": ("yes", "no"), "density": ("comfortable", "compact")}
#: Classes that a browser remembers for them, joined by dashes.
COOKIE = "logingestor_look"


@dataclass(frozen=True, slots=True)
class Column:
    """One column beside the time."""

    name: str
    label: Markup
    #: CSS class of the column's width; empty for the column that takes the rest.
    width: str


@dataclass(frozen=True, slots=True)
class Look:
    """Whether lines wrap and how close they stand: as the URL says, or as the browser remembers."""

    wrap: str
    density: str
    #: The value of each where the URL says nothing.
    otherwise: tuple[str, str]

    @classmethod
    def of(cls, form: SearchForm, remembered: str = "") -> Look:
        """Return the look of *form*; raises InvalidQuery."""
        words = remembered.split("-")
        otherwise = ("no" if "nowrap" in words else "yes", "compact" if "compact" in words else "comfortable")
        for name, options in LOOKS.items():
            if getattr(form, name) not in ("", *options):
                raise InvalidQuery(Problem(f"must be {' or '.join(options)}", name))
        return cls(form.wrap or otherwise[0], form.density or otherwise[1], otherwise)

    @property
    def classes(self) -> str:
        """The CSS classes of a table that looks so."""
        return " ".join(
            name for name, has in (("nowrap", self.wrap == "no"), ("compact", self.density == "compact")) if has
        )

    def links(self, form: SearchForm) -> Iterator[tuple[str, list[tuple[str, str, str, bool]]]]:
        """Yield the name of each choice with its options: class, label, URL, and whether it is chosen."""
        wrap, density = self.otherwise
        yield (
            "Lines",
            [
                ("", "Wrapped", form.link(wrap="" if wrap == "yes" else "yes"), self.wrap == "yes"),
                ("nowrap", "One each", form.link(wrap="" if wrap == "no" else "no"), self.wrap == "no"),
            ],
        )
        loose = self.density == "comfortable"
        yield (
            "Density",
            [
                ("", "Comfortable", form.link(density="" if density == "comfortable" else "comfortable"), loose),
                ("compact", "Compact", form.link(density="" if density == "compact" else "compact"), not loose),
            ],
        )


@dataclass(frozen=True, slots=True)
class Table:
    """How a table shows its logs."""

    columns: Sequence[Column]
    #: The filter whose words are marked.
    tree: Filter
    spans: Spans
    look: Look
    classes: str
    #: Query of the URL by which the pages of its logs know the search; empty if that is too long for each row.
    search: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def wide(self) -> bool:
        """Whether the table may be wider than the page."""
        return len(self.columns) >= WIDE

    def message(self, record: LogRecord) -> Markup:
        """Return what is shown of the log's message."""
        return clip(record.message, MESSAGE_SHOWN, self.spans.of("message", record.message, MESSAGE_SHOWN))

    def one(self, record: LogRecord) -> One:
        """Return the log as it is shown beneath its row."""
        return One(record, self.tree)

    def cell(self, record: LogRecord, name: str) -> Markup:
        """Return what the table shows of a field of the log."""
        if name in TIME_FIELDS:
            return escape(when((record.received, 0) if name == "received" else (record.t, record.ns)))
        found = _found(record, name)
        shown = [self._value(path, value, name) for path, value in islice(found, VALUES)]
        if len(found) > VALUES:
            shown.append(Markup("\u2026"))
        return Markup(" ").join(shown)

    def _value(self, path: str, value: Scalar, name: str) -> Markup:
        text, spans = as_text(value), self.spans.of(path, value, VALUE_SHOWN)
        if path != name:
            inner = visible(shorten(path.removeprefix(f"{name}."), VALUE_SHOWN))
            return Markup("<bdi>{}={}</bdi>").format(inner, clip(text, VALUE_SHOWN, spans))
        if len(text) > VALUE_SHOWN:
            return Markup("<bdi>{}</bdi>").format(clip(text, VALUE_SHOWN, spans))
        return pick(text, name, spans)


def build(
    form: SearchForm, tree: Filter = EVERYTHING, records: Sequence[LogRecord] = (), remembered: str = ""
) -> Table:
    """Return the table of *form* in which what *tree* asks for is marked; raises InvalidQuery."""
    names, look = columns.read(form.columns), Look.of(form, remembered)
    measured = records[:MEASURED]
    shown = [Column(name, visible(LABELS.get(name, name)), _width(name, measured)) for name in names]
    classes = [look.classes, _time_width(records), "wide" if len(shown) >= WIDE else ""]
    search = form.about()
    return Table(
        shown,
        tree,
        Spans(tree),
        look,
        " ".join(filter(None, classes)),
        f"?{search}" if 0 < len(search) <= CARRIED else "",
    )


def _time_width(records: Sequence[LogRecord]) -> str:
    """Return the class of columns of times: nanoseconds, and an offset where a time is shown twice, need more room."""
    longest = max((len(when((at, record.ns))) for record in records for at in (record.t, record.received)), default=0)
    return f"t{next((width for width in TIME_WIDTHS if longest <= width), TIME_WIDTHS[-1])}"


def _width(name: str, records: Sequence[LogRecord]) -> str:
    if name == "message":
        return "m"
    if name in TIME_FIELDS:
        return "t"
    longest = max((sum(len(as_text(value)) for _, value in _found(record, name)) for record in records), default=0)
    widths, letter = (LEVEL_WIDTHS, "l") if name == "level" else (WIDTHS, "r")
    # The label has to fit as well.
    longest = max(longest, len(LABELS.get(name, name)) - 3)
    return f"{letter}{next((width for width in widths if longest <= width), widths[-1])}"


def _found(record: LogRecord, name: str) -> list[tuple[str, Scalar]]:
    """Return the values at a field, each with its path; of an object in metadata those that lie in it."""
    found = [(name, value) for value in values(record, name)]
    if found or record.metadata is None or not f"{name}.".startswith("metadata."):
        return found
    beneath = (item for item in scalars(record.metadata, "metadata") if item[0].startswith(f"{name}."))
    return list(islice(beneath, VALUES + 1))


def exports(form: SearchForm, names: Sequence[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the files that hold all logs of the search, as groups of label and query."""
    time = "received" if form.clock == "received" else "timestamp"
    listed = columns.listed(tuple(dict.fromkeys((time, *names))))
    groups = (("These columns", (("columns", listed),)), ("Whole logs", ()))
    return [
        (
            label,
            [(name, form.asked(("format", format), *more)) for name, format in (("CSV", "csv"), ("NDJSON", "ndjson"))],
        )
        for label, more in groups
    ]
