"""Which places a query must read: blocks of 1,024 places with their lowest and highest keys.

Places are given in the order of storing, which is nearly the order of time; the keys show how nearly.
A query reads blocks in the order of their best key and stops when no block left can hold a better
hit. Hence order and paging by (timestamp, ns, id) need no B-tree over time, however logs arrive.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from app.log.record import LogRecord, first_id
from app.query.query import Key, Query
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index.grams import BLOCK

_COLUMNS = "block, low_t, low_ns, low_id, high_t, high_ns, high_id, first_id, last_id"
_LAST_ID = b"\xff" * 16


@dataclass(frozen=True, slots=True)
class Block:
    """A run of BLOCK places and the bounds of the records in it."""

    number: int
    low: Key
    high: Key
    first_id: bytes
    last_id: bytes

    @property
    def first(self) -> int:
        """Its first place."""
        return self.number * BLOCK

    @property
    def last(self) -> int:
        """Its last place."""
        return self.number * BLOCK + BLOCK - 1


@dataclass(frozen=True, slots=True)
class KeyBounds:
    """A query's window and start as bounds of keys, and the SQL condition that says the same of a row."""

    clock: str
    descending: bool
    #: Inclusive bounds: (t, ns) by event time, or ids by arrival.
    low: Any
    high: Any
    #: Exclusive: the key after which the page begins.
    after: Any

    @classmethod
    def of(cls, query: Query) -> KeyBounds:
        """Return the window of *query*."""
        descending = query.sort == "desc"
        if query.clock == "event":
            return cls("event", descending, query.start, query.end, query.after)
        low = None if query.start is None else first_id(query.start[0] + (query.start[1] > 0))
        high = None if query.end is None else (first_id(query.end[0])[:6] + _LAST_ID[6:] if query.end[0] >= 0 else b"")
        return cls("received", descending, low, high, None if query.after is None else query.after[2])

    def lowest(self, block: Block) -> Any:
        """Return the lowest key in *block* by this window's clock."""
        return block.low if self.clock == "event" else block.first_id

    def highest(self, block: Block) -> Any:
        """Return the highest key in *block* by this window's clock."""
        return block.high if self.clock == "event" else block.last_id

    def touches(self, block: Block) -> bool:
        """Return whether *block* can hold a record of the window."""
        lowest, highest = self.lowest(block), self.highest(block)
        if self.low is not None and (highest[:2] if self.clock == "event" else highest) < self.low:
            return False
        if self.high is not None and (lowest[:2] if self.clock == "event" else lowest) > self.high:
            return False
        if self.after is None:
            return True
        return bool(lowest < self.after if self.descending else highest > self.after)

    def covers(self, block: Block) -> bool:
        """Return whether every record of *block* lies in the window."""
        lowest, highest = self.lowest(block), self.highest(block)
        if self.clock == "event":
            lowest, highest = lowest[:2], highest[:2]
        inside = (self.low is None or lowest >= self.low) and (self.high is None or highest <= self.high)
        return inside and self.after is None

    def condition(self) -> tuple[str, list[Any]]:
        """Return the condition on a row `l` of `logs`, starting with AND, and its parameters."""
        text = ""
        parameters: list[Any] = []
        columns, marks = ("(l.t, l.ns)", "(?, ?)") if self.clock == "event" else ("l.id", "?")
        for bound, sign in ((self.low, ">="), (self.high, "<=")):
            if bound is not None:
                text += f" AND {columns} {sign} {marks}"
                parameters.extend(bound if self.clock == "event" else [bound])
        if self.after is not None:
            columns, marks = ("(l.t, l.ns, l.id)", "(?, ?, ?)") if self.clock == "event" else ("l.id", "?")
            text += f" AND {columns} {'<' if self.descending else '>'} {marks}"
            parameters.extend(self.after if self.clock == "event" else [self.after])
        return text, parameters

    @property
    def order(self) -> str:
        """The ORDER BY of a row `l` of `logs`."""
        direction = "DESC" if self.descending else "ASC"
        columns = ("l.t", "l.ns", "l.id") if self.clock == "event" else ("l.id",)
        return ", ".join(f"{column} {direction}" for column in columns)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Blocks to read next; no block after it holds a key better than `bound` (None: none is left)."""

    blocks: list[Block]
    bound: Any

    def intervals(self) -> list[tuple[int, int]]:
        """Return the places of the blocks, neighbours joined, in ascending order."""
        return intervals(self.blocks)


def intervals(blocks: Iterable[Block]) -> list[tuple[int, int]]:
    """Return (first, last) places of *blocks*, neighbours joined, ascending."""
    joined: list[tuple[int, int]] = []
    for block in sorted(blocks, key=lambda block: block.number):
        if joined and joined[-1][1] + 1 == block.first:
            joined[-1] = (joined[-1][0], block.last)
        else:
            joined.append((block.first, block.last))
    return joined


def chunks(blocks: Iterable[Block], window: KeyBounds, largest: int) -> Iterator[Chunk]:
    """Yield the blocks that the window touches, best keys first, in chunks that double up to *largest*."""
    touched = [block for block in blocks if window.touches(block)]
    best = window.highest if window.descending else window.lowest
    touched.sort(key=best, reverse=window.descending)
    at, size = 0, 2
    while at < len(touched):
        following = touched[at + size : at + size + 1]
        yield Chunk(touched[at : at + size], best(following[0]) if following else None)
        at += size
        size = min(size * 2, largest)


class BlockCache:
    """The table `blocks`, kept in memory: only the newest blocks change, the others just vanish."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._blocks: dict[int, Block] = {}
        self._sealed_until = -1
        self._generation = -1

    def read(self, connection: Connection) -> list[Block]:
        """Return all blocks as *connection*'s transaction sees them."""
        generation, newest = connection.execute(
            "SELECT (SELECT value FROM state WHERE name = 'removals'), (SELECT max(block) FROM blocks)"
        ).fetchone()
        with self._guard:
            if (generation or 0) != self._generation:
                self._blocks, self._sealed_until, self._generation = {}, -1, generation or 0
            known = {number: block for number, block in self._blocks.items() if number <= self._sealed_until}
            for row in connection.execute(f"SELECT {_COLUMNS} FROM blocks WHERE block > ?", (self._sealed_until,)):
                known[row[0]] = Block(row[0], tuple(row[1:4]), tuple(row[4:7]), row[7], row[8])
            self._blocks = known
            if newest is not None:
                self._sealed_until = max(self._sealed_until, newest - 1)
            return list(known.values())


def widen(connection: Connection, first_place: int, records: list[LogRecord], suffix: str = "") -> None:
    """Take new records, stored from *first_place* on, into the bounds of their blocks."""
    by_block: dict[int, list[LogRecord]] = {}
    for place, record in enumerate(records, first_place):
        by_block.setdefault(place // BLOCK, []).append(record)
    for number, some in by_block.items():
        keys = [record.key for record in some]
        ids = [record.id for record in some]
        row = connection.execute(f"SELECT {_COLUMNS} FROM blocks{suffix} WHERE block = ?", (number,)).fetchone()
        if row is not None:
            keys += [tuple(row[1:4]), tuple(row[4:7])]
            ids += [row[7], row[8]]
        connection.execute(
            f"INSERT OR REPLACE INTO blocks{suffix} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, *min(keys), *max(keys), min(ids), max(ids)),
        )
