"""The interface between app/backends.py and an outside system. Each folder beside this file has an `entry.py` with its own `System`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from app.ports.index import WholeIndex
from app.ports.notices import BeatPlace
from app.ports.parts import RecordParts
from app.ports.queue import Carrier, LogQueue
from app.settings.settings import Settings

#: The purpose of a URL: STORE_URL names the record, QUEUE_URL the queue, SEARCH_URL the index.
Purpose = Literal["record", "queue", "index"]


@dataclass(slots=True)
class Opened:
    """The parts that one system opened at one URL; None for a part that another URL holds."""

    record: RecordParts | None = None
    queue: LogQueue | None = None
    #: Instead of `queue`: a queue that remembers no claims; app/backends.py puts the record beside it.
    carrier: Carrier | None = None
    index: WholeIndex | None = None
    #: As `Backends.move`, where the place has all three purposes.
    move: Callable[[int, float], int] | None = None
    #: As `Backends.is_free`, where the place is a file with queue and record.
    is_free: Callable[[], bool] | None = None
    #: As `Backends.tidy`.
    tidy: list[Callable[[], object]] = field(default_factory=list)
    #: As `Backends.hurry`.
    hurry: list[Callable[[], None]] = field(default_factory=list)
    #: Where processes on several machines show that they live.
    places: list[BeatPlace] = field(default_factory=list)
    #: Close what lies beneath the parts, after them.
    closers: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        """Close the parts, then the connections beneath them; a part that fails to close does not keep others open."""
        parts = [part.close for part in (self.index, self.queue, self.carrier) if part is not None]
        with ExitStack() as closing:
            for close in reversed([*parts, *self.closers]):
                closing.callback(close)


class System:
    """One kind of outside system. The methods below are right for a system that has neither a file nor tables of ours."""

    def open(self, url: str, purposes: frozenset[Purpose], settings: Settings) -> Opened:
        """Open at *url* the parts that the purposes name. Raises Unavailable, or InvalidSettings for another schema."""
        raise NotImplementedError

    def file(self, url: str, settings: Settings) -> Path | None:
        """Return the file that *url* names, as an absolute path; None where it names a server."""
        return None

    def database(self, url: str, settings: Settings) -> str | None:
        """Return the name, without a password, of the database whose schema `check` looks at; None without any."""
        return None

    def check(self, url: str, settings: Settings) -> None:
        """Raise InvalidSettings unless the database has this program's schema, Unavailable if it can't be asked."""

    def upgrade(self, url: str, settings: Settings) -> None:
        """Make tables or a queue where they are missing, or bring them to this program's schema. Raises as `check`."""

    def engine(self, url: str, settings: Settings) -> tuple[str, dict[str, Any]]:
        """Return URL and options of an SQLAlchemy engine on the database that *url* names; a record's system has one."""
        raise NotImplementedError

    def hazards(self, url: str) -> list[str]:
        """Return what of the server's own settings could lose logs that were stored. Raises Unavailable."""
        return []
