"""Which numbers of a numberer have arrived, and which are missing.

A machine may have several sequences at once: a program that restarts begins again at 1, and a relay hands on the logs of
several. So each log is put to the sequence where it fits best. Its time decides between a number that comes late or again
(its log is no newer than others that came) and one that was given again (it is newer). Nothing is missing before the first
number that came, nor where it is not known that one sequence goes on: by another socket it must go on with the next number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from operator import attrgetter

import msgspec

from app.log import codec
from app.log.numbers import SYSLOG_LAST, ArrivedNumbers
from app.ports.gaps import Gap

#: Most sequences of a numberer, and most gaps of all of them together; of older ones the sum is kept.
SEQUENCES, GAPS = 32, 1_000
#: By how many numbers logs of one sequence may come early or late, where nothing else shows that they are its own.
REACH = 1_000
#: Milliseconds by which the time of a log that comes late may be after those of logs with higher numbers: threads take
#: the time and the number one after the other.
SLACK_MS = 1_000
#: Highest number that is taken for one of the first of a sequence that began again.
BEGINNING = 100

_first = attrgetter("first")


class NumberSequence(msgspec.Struct, array_like=True, gc=False):
    """Numbers that follow one another: from `low` to `high` all have arrived but those in the gaps."""

    low: int
    high: int
    #: The socket that it came from last.
    socket: int
    #: Time of its newest log in ms since 1970, -1 while none had any.
    newest: int
    #: Ascending, none touching another.
    gaps: list[Gap] = []

    def _gap(self, number: int) -> int | None:
        """Return the place of the gap that holds the number."""
        place = bisect_right(self.gaps, number, key=_first) - 1
        return place if place >= 0 and self.gaps[place].last >= number else None

    def distance(self, number: int, t: int) -> int | None:
        """Return how well a log fits, 1 best; None where it can't be one of this sequence.

        The next number fits best, and a missing number whose time fits too; then a number that comes again.
        """
        if number > self.high:
            return number - self.high if number - self.high <= REACH else None
        place = self._gap(number)
        if t < 0 or self.newest < 0:
            return 1 if place is not None or self.high - number <= REACH else None
        if place is None:
            return 2 if t <= self.newest else None
        gap = self.gaps[place]
        if t > (self.newest if gap.until < 0 else gap.until) + SLACK_MS:
            return None
        return 1 if t >= gap.since - SLACK_MS else 2

    def take(self, run: tuple[int, int, int, int], now: int) -> None:
        """Note that the numbers of a run have arrived, at *now* in ms by the record's clock."""
        first, last, began, ended = run
        if first > self.high + 1:
            self.gaps.append(Gap(self.high + 1, first - 1, self.newest, began, now))
        elif last < self.low - 1:
            self.gaps.insert(0, Gap(last + 1, self.low - 1, ended, -1, now))
        if self.gaps and first <= self.gaps[-1].last:
            self._fill(first, last)
        self.low, self.high = min(self.low, first), max(self.high, last)
        self.newest = max(self.newest, ended)

    def _fill(self, first: int, last: int) -> None:
        left: list[Gap] = []
        for gap in self.gaps:
            if gap.last < first or gap.first > last:
                left.append(gap)
                continue
            if gap.first < first:
                left.append(msgspec.structs.replace(gap, last=first - 1))
            if gap.last > last:
                left.append(msgspec.structs.replace(gap, first=last + 1))
        self.gaps = left

    def begin_at(self, number: int) -> None:
        """Take back what was missing before *number*, which is above a gap: another sequence has those numbers."""
        self.gaps = [gap for gap in self.gaps if gap.first > number]
        self.low = max(self.low, number)

    @property
    def numbered(self) -> int:
        """How many numbers it has given."""
        return self.high - self.low + 1

    @property
    def lost(self) -> int:
        """How many have not arrived."""
        return sum(gap.logs for gap in self.gaps)


class Numbering(msgspec.Struct, array_like=True, gc=False):
    """The numbers of a numberer that have arrived, and the gaps between them."""

    #: The one with the newest log first.
    sequences: list[NumberSequence] = []
    #: The sums of older gaps and sequences; `last` is how many numbers were lost.
    older: Gap | None = None
    #: Numbers of sequences that were let go.
    numbered_before: int = 0

    @property
    def gaps(self) -> list[Gap]:
        """The gaps that late logs may still close, in the order of their time."""
        found = [gap for one in self.sequences for gap in one.gaps]
        return sorted(found, key=lambda gap: (max(gap.since, gap.until), gap.noticed, gap.first))

    @property
    def lost(self) -> int:
        """How many numbers have not arrived."""
        return sum(one.lost for one in self.sequences) + (self.older.last if self.older else 0)

    @property
    def noticed(self) -> int:
        """When something was last noticed to be missing; 0 where nothing is."""
        found = [gap.noticed for one in self.sequences for gap in one.gaps]
        return max([*found, self.older.noticed if self.older else 0])

    @property
    def numbered(self) -> int:
        """How many logs were numbered as far as is known."""
        return self.numbered_before + sum(one.numbered for one in self.sequences)

    def take(self, numbers: ArrivedNumbers, now: int) -> None:
        """Note what has arrived."""
        for run in numbers.runs:
            sequence = self._of(numbers, run, now)
            sequence.take(run, now)
            sequence.socket = numbers.socket
            if self.sequences[0] is not sequence:
                self.sequences.remove(sequence)
                self.sequences.insert(0, sequence)
        if self.sequences and numbers.announced > self.sequences[0].high:
            newest = self.sequences[0]
            newest.gaps.append(Gap(newest.high + 1, numbers.announced, newest.newest, newest.newest, now))
            newest.high = numbers.announced
        self._bound()

    def _of(self, numbers: ArrivedNumbers, run: tuple[int, int, int, int], now: int) -> NumberSequence:
        """Return the sequence to which a run of numbers belongs; a new sequence where no known one fits."""
        number, t = run[0], run[2]
        if numbers.socket == 0 and self.sequences:
            return self.sequences[0]
        here = [one for one in self.sequences if one.socket == numbers.socket]
        fits = [(distance, one) for one in here if (distance := one.distance(number, t)) is not None]
        if fits:
            return min(fits, key=lambda fit: fit[0])[1]
        if here and number > here[0].high:
            return here[0]  # more are missing than may come early: by one socket it goes on
        if not here and (before := next((one for one in self.sequences if one.high + 1 == number), None)) is not None:
            return before  # it has a new connection, and goes on where it was
        return self._begin(numbers.socket, run, here, now)

    def _begin(
        self, socket: int, run: tuple[int, int, int, int], here: list[NumberSequence], now: int
    ) -> NumberSequence:
        """Begin a sequence: a program began to count again, or a relay hands on those of another."""
        number, t = run[0], run[2]
        made = NumberSequence(number, number - 1, socket, -1)
        self.sequences.insert(0, made)
        if not here:
            return made
        if number <= BEGINNING:
            before = here[0]
            if before.high > SYSLOG_LAST - REACH and before.high < SYSLOG_LAST:
                before.gaps.append(Gap(before.high + 1, SYSLOG_LAST, before.newest, t, now))
                before.high = SYSLOG_LAST
            made.low, made.high, made.newest = 1, 0, before.newest
            return made
        for one in here:
            place = one._gap(number)
            if place is not None:
                # These numbers are not missing: another sequence, by the same relay, only now comes to them.
                one.begin_at(one.gaps[place].last + 1)
        return made

    def _bound(self) -> None:
        """Let go of what is too much, and keep its sums."""
        while len(self.sequences) > SEQUENCES:
            whole = [one for one in self.sequences[1:] if not one.gaps]
            gone = (whole or self.sequences)[-1]
            self.sequences.remove(gone)
            self.numbered_before += gone.numbered
            self._sum_up(gone.gaps)
        excess = sum(len(one.gaps) for one in self.sequences) - GAPS
        while excess > 0:
            gaps = next(one.gaps for one in reversed(self.sequences) if one.gaps)
            some, gaps[:excess] = gaps[:excess], []
            self._sum_up(some)
            excess -= len(some)

    def _sum_up(self, gaps: Iterable[Gap]) -> None:
        for gap in gaps:
            held = self.older
            if held is None:
                self.older = Gap(1, gap.logs, gap.since, gap.until, gap.noticed)
                continue
            held.last += gap.logs
            held.since = min((t for t in (held.since, gap.since) if t >= 0), default=-1)
            held.until, held.noticed = max(held.until, gap.until), max(held.noticed, gap.noticed)


_decode = codec.decoder(Numbering).decode


def opened(packed: bytes) -> Numbering:
    """Return the numbering that `Numbering` was packed from."""
    return _decode(packed)
