"""The keys of a segment's logs, which place them, by column: its place, id, time and level."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from app.systems.sqlite.segments.columns import Coded
from app.systems.sqlite.segments.parts import Differences, IdRuns, Longs

#: So many ids are looked for one by one; for more a table of all is made.
_FEW_IDS = 8


#: Ids are looked for run by run where there are so few.
_FEW_RUNS = 64
#: Where there are so few an id is put together without the others.
_SOME_RUNS = 8
#: Keys of so many rows are put together at once.
_FEW_ROWS = 8


#: Bytes of an id in two halves, and as a key of a table with its row.
_HALVES_BYTES, _AT_BYTES = 16, 150


class Keys(msgspec.Struct, array_like=True, gc=False):
    """The columns as they are kept."""

    places: Differences
    ids: IdRuns
    t: Differences
    ns: Differences
    level: Coded


_decode = msgspec.msgpack.Decoder(Keys).decode


def _joined(high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]) -> bytes:
    """Return ids by their halves, one behind the other."""
    return np.stack((high, low), axis=1).astype(">u8").tobytes()


def _apart(ids: bytes) -> list[bytes]:
    return [ids[start : start + 16] for start in range(0, len(ids), 16)]


class OpenKeys:
    """The keys of a segment, decompressed column by column as they are asked for."""

    def __init__(self, packed: bytes, opened: Callable[[int], None] = lambda _: None) -> None:
        #: Notes how many bytes more are open once ids are.
        self._opened = opened
        self._keys = _decode(packed)
        self._first = self._keys.places.first
        self._count = self._keys.places.count
        if not self._keys.t.count == self._keys.ns.count == self._count > 0:
            raise ValueError("the columns of a segment's keys differ in length")
        #: Whether it has a log at each place from its first to its last.
        self._full = self._keys.places.step == 1 or self._count == 1
        #: The different levels.
        self.texts = self._keys.level.texts

    def __len__(self) -> int:
        return self._count

    @property
    def places(self) -> Longs:
        """The places, ascending."""
        if self._full:
            return np.arange(self._first, self._first + self._count)
        return self._some_places

    @cached_property
    def _some_places(self) -> Longs:
        return self._keys.places.values()

    def places_of(self, rows: Longs) -> Longs:
        """Return the places of the logs at *rows*."""
        return rows + self._first if self._full else self._some_places[rows]

    def place(self, row: int) -> int:
        """Return the place of the log at this row."""
        return self._first + row if self._full else int(self._some_places[row])

    @cached_property
    def t(self) -> Longs:
        """The times, in ms."""
        return self._keys.t.values()

    @cached_property
    def range_t(self) -> tuple[int, int]:
        """The lowest and the highest of the times."""
        return int(self.t.min()), int(self.t.max())

    @cached_property
    def ns(self) -> Longs:
        """The nanoseconds within the times' milliseconds."""
        return self._keys.ns.values()

    @cached_property
    def codes(self) -> npt.NDArray[Any]:
        """For each log the number of its level among the different ones."""
        return self._keys.level.opened(self._count)

    @cached_property
    def _halves(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        self._opened(_HALVES_BYTES * self._count)
        return self._keys.ids.halves()

    @property
    def high(self) -> npt.NDArray[np.uint64]:
        """The first 64 bits of each id."""
        return self._halves[0]

    @property
    def low(self) -> npt.NDArray[np.uint64]:
        """The last 64 bits of each id."""
        return self._halves[1]

    @cached_property
    def _at(self) -> dict[bytes, int]:
        self._opened(_AT_BYTES * self._count)
        return {identity: row for row, identity in enumerate(self.ids())}

    def id(self, at: int) -> bytes:
        """Return the id of the log at this row."""
        if "_halves" not in self.__dict__ and self._keys.ids.lengths.count <= _SOME_RUNS:
            first, _, row = next(run for run in reversed(self._runs) if run[2] <= at)
            return (int.from_bytes(first, "big") + at - row).to_bytes(16, "big")
        high, low = self._halves
        return (int(high[at]) << 64 | int(low[at])).to_bytes(16, "big")

    def ids(self) -> list[bytes]:
        """Return all ids, in the order of places."""
        return _apart(self.joined_ids())

    def joined_ids(self) -> bytes:
        """Return all ids, one behind the other."""
        return _joined(*self._halves)

    def level(self, row: int) -> str:
        """Return the level of the log at this row."""
        return self.texts[int(self.codes[row])]

    def levels(self, rows: Longs | None = None) -> list[str]:
        """Return the levels of the logs at *rows*, in that order; of all where none are given."""
        codes = self.codes if rows is None else self.codes[rows]
        return list(map(self.texts.__getitem__, codes.tolist()))

    def received(self) -> Longs:
        """Return when each log was accepted, in ms: the first 48 bits of its id."""
        return (self.high >> np.uint64(16)).astype(np.int64)

    def rows_at(self, places: Longs) -> Longs:
        """Return the rows of the logs at *places*, ascending, as far as they are here."""
        if self._full:
            at = places - self._first
            return at if at[0] >= 0 and at[-1] < self._count else at[(at >= 0) & (at < self._count)]
        at = self.places.searchsorted(places)
        inside = at < self._count
        at, places = at[inside], places[inside]
        found: Longs = at[self.places[at] == places]
        return found

    def row_at(self, place: int) -> int | None:
        """Return the row of the log at *place*; None where none is."""
        if self._full:
            at = place - self._first
            return at if 0 <= at < self._count else None
        at = int(self.places.searchsorted(place))
        return at if at < self._count and self.places[at] == place else None

    @cached_property
    def _runs(self) -> list[tuple[bytes, bytes, int]]:
        return list(self._keys.ids.runs())

    def rows_of(self, ids: Sequence[bytes]) -> list[int]:
        """Return the rows of those of *ids*, ascending, that are here."""
        if self._keys.ids.lengths.count <= _FEW_RUNS:
            return [
                row + int.from_bytes(identity, "big") - int.from_bytes(first, "big")
                for first, last, row in self._runs
                for identity in ids[bisect_left(ids, first) : bisect_right(ids, last)]
            ]
        if len(ids) > _FEW_IDS or "_at" in self.__dict__:
            at = self._at
            return [at[identity] for identity in ids if identity in at]
        found, (_, low) = list[int](), self._halves
        for identity in ids:
            same = (low == np.uint64(int.from_bytes(identity[8:], "big"))).nonzero()[0]
            found += [row for row in same.tolist() if self.id(row) == identity][-1:]
        return found

    def keys(self, rows: Longs) -> Iterable[tuple[int, int, bytes]]:
        """Return the keys of the logs at *rows*, in that order."""
        if len(rows) < _FEW_ROWS:
            return map(self.key, rows.tolist())
        ids = _apart(_joined(self.high[rows], self.low[rows]))
        return zip(self.t[rows].tolist(), self.ns[rows].tolist(), ids, strict=True)

    def key(self, at: int) -> tuple[int, int, bytes]:
        """Return the key of the log at this row."""
        return int(self.t[at]), int(self.ns[at]), self.id(at)
