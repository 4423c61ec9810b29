"""Gaps: which numbers of senders never arrived, kept beside the record, so that all processes see one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from app.log.numbers import ArrivedNumbers, Numberer

#: How long a numberer without a new log is remembered, in ms, and how many numberers are.
REMEMBERED_MS, NUMBERERS = 7 * 86_400_000, 10_000


class Gap(msgspec.Struct, array_like=True, gc=False):
    """Numbers without a gap between them that have not arrived. Times are in ms since 1970, -1 where senders give none."""

    first: int
    last: int
    #: Times of the logs before and after, by their sender.
    since: int
    until: int
    #: When it was noticed, by the record's clock.
    noticed: int

    @property
    def logs(self) -> int:
        """How many numbers."""
        return self.last - self.first + 1


class NumbererGaps(msgspec.Struct, frozen=True):
    """The logs of one numberer that never arrived."""

    numberer: Numberer
    #: The gaps that late logs may still close, in the order of time.
    gaps: Sequence[Gap]
    #: Older ones, of which only the sum is kept; None without any. Its numbers are from 1 to how many were lost.
    older: Gap | None
    #: How many logs the numberer has numbered as far as is known: those that arrived and those that were lost.
    numbered: int


class GapKeeper(Protocol):
    """Keeps which numbers have arrived. Every method raises Unavailable."""

    def arrived(self, numbers: Sequence[ArrivedNumbers]) -> None:
        """Note what came. Noting the same again changes nothing; a power cut may take it, but nothing that is stored before a later commit."""

    def gaps(self, limit: int) -> list[NumbererGaps]:
        """Return the numberers of which something never arrived, where that was noticed last first."""

    def forget_gaps(self) -> None:
        """Forget numberers without a log for REMEMBERED_MS, and those beyond NUMBERERS, seen longest ago first."""
