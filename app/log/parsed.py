"""The logs of one request, once they are read: those to accept, those refused, and what its answer says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.errors import Problem
from app.log.numbers import Number
from app.log.record import LogRecord

#: Name of our own form beside those of dialects.
OWN = "own"
#: Most unused names of one request that its answer lists.
UNUSED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Refused:
    """A log that can't be taken: why, and what was sent."""

    problem: Problem
    payload: bytes


@dataclass(slots=True)
class Parsed:
    """The logs of one request: those to accept, and those refused."""

    #: In their sent order; the id is b"" unless the sender chose it.
    logs: list[LogRecord] = field(default_factory=list)
    #: The place of each log in the request, from 0, and about how many bytes it has. A value that wraps several logs gives them all its place.
    places: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    #: The sender's key of each log, or b"" (see Envelope); empty where none has one.
    keys: list[bytes] = field(default_factory=list)
    #: The numbers that senders gave, by place in the request; of refused logs too.
    numbers: Mapping[int, Number] = field(default_factory=dict)
    #: How many logs were read as another program's, by its dialect; those in our own form are not counted.
    read_as: dict[str, int] = field(default_factory=Counter)
    #: The place of the last log that was read as another program's, and its dialect.
    last_read: tuple[int, str] = (-1, "")
    #: The protocol that carried the logs, where a door has read it; empty for those that came by themselves.
    door: str = ""
    #: Keys that look like level, time or message of logs that have none, and were not understood.
    unused: list[str] = field(default_factory=list)
    #: How many logs and values each rule changed, by rule and kind (app/accept/ruling.py); None before rules were applied.
    ruled: Counter[tuple[str, str]] | None = None
    #: The logs that a rule left out: the place of each in the request, and its time in ms; ascending.
    left_out: dict[int, int] = field(default_factory=dict)

    def add(self, log: LogRecord, place: int, size: int, read_as: str = "") -> None:
        """Add a log, read by the dialect *read_as*."""
        self.logs.append(log)
        self.places.append(place)
        self.sizes.append(size)
        if read_as:
            self.last_read = place, read_as
            self.read_as[read_as] = self.read_as.get(read_as, 0) + 1

    def add_all(self, logs: Iterable[LogRecord], start: int, sizes: Sequence[int], read_as: str) -> None:
        """Add logs that follow each other, from the place *start* on, all of them read by one dialect."""
        self.logs += logs
        self.places += range(start, start + len(sizes))
        self.sizes += sizes
        if read_as:
            self.last_read = self.places[-1], read_as
            self.read_as[read_as] = self.read_as.get(read_as, 0) + len(sizes)

    @property
    def dropped(self) -> dict[str, int]:
        """How many logs rules left out, by rule."""
        return {name: count for (name, kind), count in self.ruled.items() if kind == "dropped"} if self.ruled else {}

    @property
    def recognised(self) -> str:
        """The form that the last log was read as: a dialect, `text` or `own`, and the protocol that carried it; empty where there is none."""
        if not self.places:
            return ""
        place, name = self.last_read
        if place != self.places[-1]:
            return self.door or OWN
        return f"{name} in {self.door}" if self.door else name

    @property
    def sent(self) -> int:
        """How many logs the request held."""
        return len(self.logs) + len(self.refused) + (sum(self.dropped.values()) if self.ruled else 0)
