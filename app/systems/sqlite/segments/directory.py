"""Which segments there are, kept by each process: new ones are added, nearly always behind the last, the others rarely change.

A segment is looked for by place and by id here, in memory, for there may be many and a query asks for a few of them.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator
from operator import attrgetter
from typing import Any, TypeAlias

import numpy as np

from app.damage import passed
from app.log.record import first_id
from app.systems.sqlite import rows
from app.systems.sqlite.checksums import checksum
from app.systems.sqlite.file import Connection
from app.systems.sqlite.segments.parts import DAMAGED, Longs
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.stored import COLUMNS, Segment
from app.times import instant

log = logging.getLogger(__name__)

#: In the table `state`: changes whenever a segment is written anew or goes. Random, so that what a transaction that was undone
#: had seen is never taken for what another has made.
CHANGED = "segments_changed"

#: A state of the table, which differs from all others by CHANGED and by the number and stamp of the newest segment.
_STATE = f"SELECT (SELECT value FROM state WHERE name = '{CHANGED}'), number, stamp FROM segments ORDER BY number DESC LIMIT 1"
#: States that a process keeps: of few files, as the newest and some older transactions see them.
_KEPT = 8

#: A row of _STATE.
State: TypeAlias = tuple[int | None, int, int]

#: Above it no id has a time.
_HIGHEST = first_id(instant.LAST[0])

_first = attrgetter("first")
_lowest_id = attrgetter("first_id")


class LostSegment(Segment):
    """A segment whose row is damaged and can't be made out: nobody knows how many logs it has."""

    __slots__ = ()


class Directory:
    """The rows of the table `segments`, in the order of places; it never changes."""

    def __init__(self, segments: list[Segment]) -> None:
        self._segments = segments
        #: First and last places.
        self.firsts = [one.first for one in segments]
        self.lasts = [one.last for one in segments]
        self._starts: Longs = np.array(self.firsts, dtype=np.int64)
        self._ends: Longs = np.array(self.lasts, dtype=np.int64)
        #: The numbers of those with places between them and the one before.
        self._apart = [at for at in range(1, len(segments)) if self.firsts[at] != self.lasts[at - 1] + 1]
        self._sorted = sorted(segments, key=_lowest_id)
        self._lowest: list[bytes] = list(map(_lowest_id, self._sorted))
        #: For each of `_sorted` the highest id of all up to it.
        self._reached = list(itertools.accumulate([one.last_id for one in self._sorted], max))

    @property
    def stamp(self) -> int | None:
        """The stamp of the last by place; None without any."""
        return self._segments[-1].stamp if self._segments else None

    def __len__(self) -> int:
        return len(self._segments)

    def _behind(self, new: Segment) -> bool:
        return not self._segments or (new.first > self.lasts[-1] and new.first_id >= self._lowest[-1])

    def extended(self, new: list[Segment]) -> Directory:
        """Return these and *new* ones: nearly always the newest by place and by id."""
        found = Directory.__new__(Directory)
        found._segments, found.firsts, found.lasts = self._segments[:], self.firsts[:], self.lasts[:]
        found._apart, found._sorted = self._apart[:], self._sorted[:]
        found._lowest, found._reached = self._lowest[:], self._reached[:]
        for one in new:
            if not found._behind(one):
                return Directory(sorted([*self._segments, *new], key=_first))
            if found.lasts and one.first != found.lasts[-1] + 1:
                found._apart.append(len(found))
            found._segments.append(one)
            found.firsts.append(one.first)
            found.lasts.append(one.last)
            found._sorted.append(one)
            found._lowest.append(one.first_id)
            found._reached.append(max(one.last_id, found._reached[-1]) if found._reached else one.last_id)
        found._starts = np.append(self._starts, [one.first for one in new])
        found._ends = np.append(self._ends, [one.last for one in new])
        return found

    def renewed(self, connection: Connection) -> Directory:
        """Return those that the connection's transaction sees, with what is open of them."""
        known = {one.stamp: one for one in self._segments}
        found = sorted(_read(connection, "ORDER BY first"), key=_first)
        return Directory([known.get(one.stamp, one) for one in found])

    def without(self, stamps: Container[int | bytes]) -> Directory:
        """Return those that have none of these *stamps*."""
        return Directory([one for one in self._segments if one.stamp not in stamps])

    def segment(self, number: int) -> Segment:
        """Return one of them, counted in the order of places."""
        return self._segments[number]

    def holding(self, place: int) -> Segment | None:
        """Return the one between whose first and last place *place* lies."""
        number = bisect_left(self.lasts, place)
        return self._segments[number] if number < len(self.lasts) and self.firsts[number] <= place else None

    def between(self, first: int, last: int) -> range:
        """Return the numbers of those with places from *first* to *last*."""
        return range(bisect_left(self.lasts, first), bisect_right(self.firsts, last))

    def neighbours(self, numbers: range) -> Iterator[range]:
        """Yield *numbers* in runs of those that have no place between them."""
        start = numbers.start
        for number in self._apart[bisect_right(self._apart, start) : bisect_left(self._apart, numbers.stop)]:
            yield range(start, number)
            start = number
        if start < numbers.stop:
            yield range(start, numbers.stop)

    def logs(self, numbers: range) -> int:
        """Return how many logs these have."""
        return sum(one.logs for one in self._segments[numbers.start : numbers.stop])

    def at(self, places: Longs) -> Iterator[tuple[int, Longs]]:
        """Yield the numbers of those with some of *places*, ascending, and which places these are."""
        if not self._segments or not len(places):
            return
        number = self._ends.searchsorted(places)
        if number[-1] == len(self):
            places = places[: number.searchsorted(len(self))]
            number = number[: len(places)]
        inside = self._starts[number] <= places
        if not inside.all():
            places, number = places[inside], number[inside]
        borders = [0, *(np.flatnonzero(number[1:] != number[:-1]) + 1).tolist(), len(places)]
        for start, end in itertools.pairwise(borders if len(places) else ()):
            yield int(number[start]), places[start:end]

    def outside(self, places: Longs) -> Longs:
        """Return those of *places* that lie in none of these."""
        number = self._ends.searchsorted(places)
        outside = number == len(self)
        outside[~outside] = self._starts[number[~outside]] > places[~outside]
        found: Longs = places[outside]
        return found

    def with_ids(self, first: bytes, last: bytes) -> list[Segment]:
        """Return those that can hold ids from *first* to *last*, by their lowest id."""
        found, number = list[Segment](), bisect_right(self._lowest, last) - 1
        while number >= 0 and self._reached[number] >= first:
            one = self._sorted[number]
            if one.last_id >= first:
                found.append(one)
            number -= 1
        return found[::-1]

    def by_lowest_id(self) -> Iterator[Segment]:
        """Yield all of them, by their lowest id."""
        return iter(self._sorted)

    def ends(self) -> tuple[bytes | None, bytes | None]:
        """Return the lowest and the highest id; None without any segment."""
        return (self._lowest[0], self._reached[-1]) if self._segments else (None, None)


_NONE = Directory([])
#: Stamps of segments whose rows this process has found damaged.
_damaged = set[int]()


def _read(connection: Connection, which: str) -> list[Segment]:
    """Return the rows of *which* segments; a damaged one as its keys say it."""
    found = list[Segment]()
    for *row, kept in connection.execute(f"SELECT {COLUMNS} FROM segments {which}").fetchall():
        whole = kept is None or kept == checksum.of_row(row)
        found.append(Segment(*row, sealed=kept is not None) if whole else _mended(connection, row, kept))
    return found


def _mended(connection: Connection, row: list[Any], kept: int) -> Segment:
    """Return what the keys of a segment say that its row must be; the same segment where they can't be read."""
    one = Segment(_place(connection, row, kept), *row[1:], sealed=True)
    try:
        keys = one.keys(connection)
        ids, places = keys.ids(), keys.places
    except DAMAGED:
        if one.stamp not in _damaged:
            log.exception("the row of the segment of the place %d is damaged and can't be made out", one.first)
        _damaged.add(one.stamp)
        return _apart(connection, one)
    if one.stamp not in _damaged:
        log.error("the row of the segment of the place %d is damaged; its keys are taken for it", one.first)
    _damaged.add(one.stamp)
    return Segment(int(places[0]), int(places[-1]), len(keys), one.stamp, min(ids), max(ids), sealed=True)


def _apart(connection: Connection, one: Segment) -> LostSegment:
    """Return a segment that can't be read at one of its places where these can't be true: it hides no other there, and its block is not answered without it."""
    first, last = one.first, one.last
    if not isinstance(last, int) or first > last or first // BLOCK != last // BLOCK:
        found = connection.execute("SELECT first FROM segment_columns WHERE first = ?", (first,)).fetchone()
        first = last = last if found is None and isinstance(last, int) else first
    # It may hold any id where its bounds are none.
    lowest, highest = (
        min(end, _HIGHEST) if isinstance(end, bytes) else instead
        for end, instead in ((one.first_id, bytes(16)), (one.last_id, _HIGHEST))
    )
    # At least one: counts from which none is missing are taken for whole.
    logs = min(max(one.logs, 1), BLOCK)
    return LostSegment(first, last, logs, one.stamp, lowest, highest, sealed=True)


def _place(connection: Connection, row: list[Any], kept: int) -> int:
    """Return the first place of a segment whose row is damaged, by which its parts are found: that with which the row is what was written, if there is one."""
    first, last, *others = row
    # All of a segment lies in one block.
    statement = f"SELECT first FROM segment_columns WHERE first BETWEEN ? - {BLOCK - 1} AND ?"
    for (other,) in connection.execute(statement, (last, last)).fetchall():
        if checksum.of_row([other, last, *others]) == kept:
            return int(other)
    return next((place for place in (first, last) if isinstance(place, int)), 0)


class _States:
    """The directories of a process, by their states: shared by its connections."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[State, Directory] = {}

    def of(self, connection: Connection) -> Directory:
        """Return the one that the connection's transaction sees."""
        state = connection.execute(_STATE).fetchone()
        if state is None:
            return _NONE
        found = self._kept.get(state)
        if found is None:
            found = self._made(connection, state)
            with self._guard:
                self._kept[state] = found
                while len(self._kept) > _KEPT:
                    del self._kept[next(iter(self._kept))]
        return found

    def _made(self, connection: Connection, state: State) -> Directory:
        kept, newest = list(self._kept.items()), _NONE
        for (change, number, stamp), newest in reversed(kept):
            if change != state[0]:
                continue
            # While CHANGED stays segments are only added.
            new = _read(connection, f"WHERE number >= {number} ORDER BY number")
            if new and new[0].stamp == stamp:
                return newest.extended(new[1:])
        return newest.renewed(connection)


_states = _States()


def directory(connection: Connection, suffix: str = "") -> Directory:
    """Return the segments that the connection's transaction sees, but those that are passed over; those of a rebuild's tables are none yet."""
    found, lost = _NONE if suffix else every(connection), passed()
    return found.without(lost) if lost else found


def every(connection: Connection) -> Directory:
    """Return all segments that the connection's transaction sees."""
    return _states.of(connection)


def one_of(connection: Connection, number: int) -> Segment | None:
    """Return the segment whose row has this number, as its keys say it where the row is damaged; None where it is gone."""
    found = _read(connection, f"WHERE number = {number}")
    return found[0] if found else None


def changed(connection: Connection) -> None:
    """Note that segments were written anew, or went."""
    rows.set_state(connection, CHANGED, int.from_bytes(os.urandom(7), "big"))
