"""Two logs beside each other, field by field: what differs, and how much time lies between them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.backends import Backends
from app.damage import passing
from app.errors import Damaged, NotFound
from app.find import find
from app.log.record import LogRecord
from app.log.scalars import as_text, scalars
from app.times import lengths
from app.web.render import differences
from app.web.render.zone import exactly
from app.web.search.one import APART
from app.web.security.errors import words

#: Most fields that are compared on one page.
FIELDS_SHOWN = 500
ABSENT = Markup('<i class="none">absent</i>')

_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two compared logs: its parameter in the URL, and the log if it was found."""

    name: str
    given: str
    record: LogRecord | None = None
    #: Why there is no log, and the HTTP status for that.
    trouble: str = ""
    status: int = 200


@dataclass(frozen=True, slots=True)
class ComparedField:
    """One field of both."""

    name: str
    a: Markup
    b: Markup
    same: bool


def side(held: Backends, name: str, given: str) -> Side:
    """Return the side that is called *name* in the URL, an id or an address that holds one; raises Unavailable."""
    given = given.strip()
    if not given:
        return Side(name, "")
    found = _ID.search(given)
    if found is None:
        return Side(name, given, trouble="holds no id of a log", status=400)
    try:
        # By itself: the damage of one of the two says nothing of the other.
        with passing():
            return Side(name, given, find.one(held.queue, held.record, found[0]))
    except Damaged as error:
        return Side(name, given, trouble=words(error))
    except NotFound as error:
        return Side(name, given, trouble=str(error), status=404)


@dataclass(frozen=True, slots=True)
class Compared:
    """Two logs, compared."""

    lines: Sequence[ComparedField]
    #: How many fields differ, of how many.
    different: int
    fields: int
    message: ComparedField
    #: The time between them by each clock.
    between: Sequence[tuple[str, str]]

    @property
    def left_out(self) -> int:
        """How many fields are not among the lines."""
        return self.fields - len(self.lines)


def compared(a: LogRecord, b: LogRecord, *, only: bool) -> Compared:
    """Return the two, field by field; *only* those that differ if so asked."""
    values_a, values_b = _values(a), _values(b)
    names = list(dict.fromkeys((*values_a, *values_b)))
    different = {name for name in names if values_a.get(name) != values_b.get(name)}
    listed = [name for name in names if name in different or not only]
    if len(listed) > FIELDS_SHOWN:
        listed.sort(key=lambda name: name not in different)
    lines = [_line(name, values_a.get(name), values_b.get(name)) for name in listed[:FIELDS_SHOWN]]
    moments = (
        ("by event time", (a.t, a.ns), (b.t, b.ns)),
        ("by arrival time", (a.received, 0), (b.received, 0)),
    )
    return Compared(
        lines,
        len(different) + (a.message != b.message),
        len(listed),
        _line("message", a.message, b.message),
        [(clock, _between(one, other)) for clock, one, other in moments],
    )


def _values(record: LogRecord) -> Mapping[str, str]:
    """Return the log's fields save id and message, several values of one with commas between."""
    found: dict[str, list[str]] = {
        "timestamp": [exactly((record.t, record.ns))],
        "received": [exactly((record.received, 0))],
    }
    sent = {name: value for name, value in record.sent_fields().items() if name not in APART}
    for name, value in (*sent.items(), *scalars(record.metadata or {}, "metadata")):
        found.setdefault(name, []).append(as_text(value))
    return {name: ", ".join(texts) for name, texts in found.items()}


def _line(name: str, a: str | None, b: str | None) -> ComparedField:
    # Only messages are compared word by word, which costs most: a log may have hundreds of long fields.
    shown_a, shown_b = differences.shown(a or "", b or "", by_word=name == "message")
    return ComparedField(name, ABSENT if a is None else shown_a, ABSENT if b is None else shown_b, a == b)


def _between(a: tuple[int, int], b: tuple[int, int]) -> str:
    """Return in words how much later than *a* the instant *b* is."""
    nanoseconds = (b[0] - a[0]) * 1_000_000 + b[1] - a[1]
    if not nanoseconds:
        return "B is at the same time as A"
    return f"B is {lengths.full(abs(nanoseconds))} {'after' if nanoseconds > 0 else 'before'} A"
