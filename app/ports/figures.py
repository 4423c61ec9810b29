"""Figures that the overview shows: what flows through the system, who sends, and why logs were refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

#: How long samples are kept, in ms.
SAMPLES_MS = 3_600_000
#: Sources that the record keeps; those seen longest ago are forgotten beyond.
SOURCES = 1_000
#: Characters kept of a sender's address and of its User-Agent, and bytes of the last body of its that was refused.
NAME_LENGTH, SAMPLE_LENGTH = 200, 1_000
_MINUTE_MS = 60_000


class Reading(msgspec.Struct, frozen=True):
    """Figures of a record at one moment."""

    #: By the record's own clock, which all its processes share; ms since 1970.
    at: int
    #: Logs ever stored, dead letters ever kept, stored logs that can't be found yet.
    stored: int
    refused: int
    lacking: int


class FlowSample(msgspec.Struct, frozen=True):
    """Counts of what had flowed through the whole system at one moment, which only grow, and what waited."""

    at: int
    accepted: int
    stored: int
    indexed: int
    refused: int
    waiting: int

    def like(self, other: FlowSample) -> bool:
        """Return whether nothing has happened between the two."""
        return msgspec.structs.replace(self, at=other.at) == other


class SourceRefusal(msgspec.Struct, frozen=True):
    """The last that was refused of a source: why, and the beginning of what it had sent."""

    reason: str
    field: str | None
    sample: bytes


class Visit(msgspec.Struct):
    """The visits of a source that one process has seen since it last reported to the record."""

    requests: int = 0
    logs: int = 0
    refused: int = 0
    refusal: SourceRefusal | None = None
    #: The form that its last log was read as: a dialect, a form, or the door's protocol; empty where none was accepted.
    read_as: str = ""


#: The key of a source: the sender, mostly an address, and what it calls itself.
Key = tuple[str, str]


class Source(msgspec.Struct, frozen=True):
    """A sender of logs. Times are in ms since 1970, by the record's clock."""

    sender: str
    agent: str
    first: int
    last: int
    requests: int
    #: Logs that were accepted, and logs or whole bodies that were refused.
    logs: int
    refused: int
    #: The minute of `last`, counted from 1970, and the logs in it and in the one before.
    minute: int
    minute_logs: int
    before_logs: int
    #: When something was last refused, and what.
    refused_at: int | None = None
    refusal: SourceRefusal | None = None
    #: The form that its last log was read as; empty while that is not known.
    read_as: str = ""

    def rate(self, now: int) -> float:
        """Return the logs per second over about the last minute: this one's, and the share of the one before."""
        minute, into = divmod(now, _MINUTE_MS)
        here, before = {0: (self.minute_logs, self.before_logs), 1: (0, self.minute_logs)}.get(
            minute - self.minute, (0, 0)
        )
        return (here + before * (1 - into / _MINUTE_MS)) / 60


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources that a record keeps, those seen last first."""

    #: The record's clock.
    at: int
    sources: Sequence[Source]
    #: How many are kept, and how often one was forgotten because there were too many.
    kept: int
    forgotten: int


class FigureKeeper(Protocol):
    """Keeps the figures that the overview is made of. Every method raises Unavailable."""

    def reading(self) -> Reading:
        """Return the figures of now; cheap."""

    def keep_samples(self, samples: Sequence[FlowSample]) -> None:
        """Keep these samples, given in the order of time; what is older than SAMPLES_MS before the last, or after it, goes.

        A power cut may take them.
        """

    def samples(self, since: int) -> list[FlowSample]:
        """Return the samples from *since* on, and the one before, in the order of time."""

    def see(self, visits: Sequence[tuple[Key, Visit]], overlooked: int = 0) -> None:
        """Add what was seen of sources, each given once; *overlooked* ones count as forgotten. A power cut may take it."""

    def sources(self, limit: int) -> Sources:
        """Return the sources, those seen last first."""
