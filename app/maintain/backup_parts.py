"""The parts of a backup's stream."""

from __future__ import annotations

import msgspec

from app.damage import Unread
from app.log import codec
from app.log.envelope import DeadLetter
from app.log.record import LogRecord
from app.ports.alerts import Alert, SavedSearch
from app.ports.forms import SourceForm
from app.ports.memory import Remembered


class Header(msgspec.Struct, tag="header"):
    """The head of a backup, which describes it."""

    format: str
    version: int
    #: When it was begun, in ms since 1970.
    made: int
    #: Logs that waited in a queue which can't be read: they are not in the backup.
    left_waiting: int = 0


class Logs(msgspec.Struct, tag="logs"):
    """Stored records, in the order of storing."""

    records: list[LogRecord]


class Waiting(msgspec.Struct, tag="waiting"):
    """Accepted logs that waited in the queue."""

    records: list[LogRecord]


class LetterPart(msgspec.Struct, tag="dead"):
    """Dead letters."""

    letters: list[DeadLetter]


class MemoryPart(msgspec.Struct, tag="kept"):
    """Claims, listings and what else is remembered of requests."""

    items: list[Remembered]


class Saved(msgspec.Struct, tag="saved"):
    """Saved searches, alerts and forms of sources; what alerts came to is decided anew."""

    searches: list[SavedSearch]
    alerts: list[Alert]
    #: How sources write.
    forms: list[SourceForm] = []


class End(msgspec.Struct, tag="end"):
    """The end of a whole backup: how many there are of each, and the SHA-256 of all parts before."""

    counts: dict[str, int]
    digest: bytes
    #: Logs that could not be read when it was made: they are not in it.
    unread: list[Unread] = []


Part = Logs | Waiting | LetterPart | MemoryPart | Saved
decode = codec.decoder(Header | Logs | Waiting | LetterPart | MemoryPart | Saved | End).decode  # type: ignore[arg-type]


def kind(part: Part) -> str:
    """Return the name under which its contents are counted."""
    return str(part.__struct_config__.tag)


def size(part: Part) -> int:
    """Return how many things it holds."""
    match part:
        case Logs(records) | Waiting(records):
            return len(records)
        case LetterPart(letters):
            return len(letters)
        case MemoryPart(items):
            return len(items)
        case Saved(searches, alerts, forms):
            return len(searches) + len(alerts) + len(forms)
