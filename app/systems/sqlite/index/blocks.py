"""Which places a query must read: blocks of 1,024 places with their lowest and highest keys.

Places are given in the order of storing, which is nearly the order of time; the keys show how nearly.
A query reads blocks in the order of their best key and stops when no block left can hold a better
hit. Hence order and paging by (timestamp, ns, id) need no B-tree over time, however logs arrive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.query.query import Key
from app.systems.sqlite.file import Connection
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.segment import LogColumns
from app.systems.sqlite.segments.window import Block, Blocks, KeyBounds

_COLUMNS = "block, low_t, low_ns, low_id, high_t, high_ns, high_id, first_id, last_id"


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


def chunks(blocks: Sequence[Block], window: KeyBounds, largest: int) -> Iterator[Chunk]:
    """Yield the blocks that the window touches, best keys first, in chunks that double up to *largest*."""
    touched, at, size = window.best_first(blocks), 0, 2
    best = window.highest if window.descending else window.lowest
    while at < len(touched):
        following = touched[at + size : at + size + 1]
        yield Chunk(touched[at : at + size], best(following[0]) if following else None)
        at += size
        size = min(size * 2, largest)


class BlockCache:
    """The table `blocks`, kept in memory: only the newest blocks change, the others just vanish."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        #: Those that change no more, those behind them as they were read last, and both.
        self._sealed: list[Block] = []
        self._newest: list[Block] = []
        self._blocks = Blocks()
        self._sealed_until = -1
        self._generation = -1

    def read(self, connection: Connection) -> Blocks:
        """Return all blocks as *connection*'s transaction sees them."""
        generation, newest = connection.execute(
            "SELECT (SELECT value FROM state WHERE name = 'removals'), (SELECT max(block) FROM blocks)"
        ).fetchone()
        with self._guard:
            if (generation or 0) != self._generation:
                self._sealed, self._newest, self._blocks = [], [], Blocks()
                self._sealed_until, self._generation = -1, generation or 0
            statement = f"SELECT {_COLUMNS} FROM blocks WHERE block > ? ORDER BY block"
            rows = connection.execute(statement, (self._sealed_until,))
            some = [Block(row[0], tuple(row[1:4]), tuple(row[4:7]), row[7], row[8]) for row in rows]
            if some != self._newest:
                self._newest, self._blocks = some, Blocks([*self._sealed, *some])
            found = self._blocks
            if newest is not None and newest - 1 > self._sealed_until:
                self._sealed_until = newest - 1
                self._sealed += [block for block in some if block.number <= self._sealed_until]
                self._newest = [block for block in some if block.number > self._sealed_until]
            return found


def widen(connection: Connection, first_place: int, logs: LogColumns, suffix: str = "") -> None:
    """Take new logs, stored from *first_place* on, into the bounds of their blocks."""
    for number in range(first_place // BLOCK, (first_place + len(logs.id) - 1) // BLOCK + 1):
        some = logs.part(max(number * BLOCK - first_place, 0), (number + 1) * BLOCK - first_place)
        keys, ids = [_end(some, min), _end(some, max)], [min(some.id), max(some.id)]
        row = connection.execute(f"SELECT {_COLUMNS} FROM blocks{suffix} WHERE block = ?", (number,)).fetchone()
        if row is not None:
            keys += [tuple(row[1:4]), tuple(row[4:7])]
            ids += [row[7], row[8]]
        connection.execute(
            f"INSERT OR REPLACE INTO blocks{suffix} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, *min(keys), *max(keys), min(ids), max(ids)),
        )


def _end(logs: LogColumns, first: Callable[[Any], Any]) -> Key:
    """Return the lowest or the highest key: few logs have the time of either."""
    t, found = first(logs.t), list[Key]()
    at = -1
    for _ in range(logs.t.count(t)):
        at = logs.t.index(t, at + 1)
        found.append((t, logs.ns[at], logs.id[at]))
    end: Key = first(found)
    return end
