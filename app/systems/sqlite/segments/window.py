"""A query's window over keys: which blocks it touches, which rows of `logs` and of a segment lie in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from app.log.record import first_id
from app.query.query import Key, Query
from app.systems.sqlite.segments.keys import OpenKeys
from app.systems.sqlite.segments.parts import Longs
from app.systems.sqlite.segments.places import BLOCK

_LAST_ID = b"\xff" * 16
#: For each block whether something is so.
Marks = npt.NDArray[np.bool_]


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


class Blocks(tuple[Block, ...]):
    """All blocks of a file, in the order of places; what else is asked of them is made once, for millions of logs have thousands of blocks."""

    @cached_property
    def times(self) -> tuple[Longs, Longs]:
        """The event times in ms of their lowest and highest keys."""
        low, high = ([key[0] for key in map(attrgetter(bound), self)] for bound in ("low", "high"))
        return np.array(low, dtype=np.int64), np.array(high, dtype=np.int64)

    @cached_property
    def _orders(self) -> dict[str, Longs]:
        return {}

    def order(self, bound: str) -> Longs:
        """Return their places in the tuple, in the order of one of their bounds. Nobody may change it."""
        found = self._orders.get(bound)
        if found is None:
            bounds = list(map(attrgetter(bound), self))
            found = self._orders[bound] = np.array(sorted(range(len(self)), key=bounds.__getitem__), dtype=np.int64)
        return found


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

    @property
    def open(self) -> bool:
        """Whether every key lies in the window."""
        return self.low is None and self.high is None and self.after is None

    def _marked(self, blocks: Blocks, asked: Callable[[Block], bool], near: Marks, sure: Marks) -> Marks:
        """Return which of *blocks* do what is *asked*: all that surely do by their times in ms, and some of those that may."""
        for at in (near & ~sure).nonzero()[0].tolist():
            sure[at] = asked(blocks[at])
        return sure

    def _touched(self, blocks: Blocks) -> Marks:
        """Return for each of all blocks whether the window touches it."""
        near = np.ones(len(blocks), dtype=np.bool_)
        if self.open:
            return near
        if self.clock != "event":
            return self._marked(blocks, self.touches, near, ~near)
        (lows, highs), sure = blocks.times, near.copy()
        if self.low is not None:
            near, sure = near & (highs >= self.low[0]), sure & (highs > self.low[0])
        if self.high is not None:
            near, sure = near & (lows <= self.high[0]), sure & (lows < self.high[0])
        if self.after is not None:
            at = self.after[0]
            near &= lows <= at if self.descending else highs >= at
            sure &= lows < at if self.descending else highs > at
        return self._marked(blocks, self.touches, near, sure)

    def best_first(self, blocks: Sequence[Block]) -> list[Block]:
        """Return those of *blocks* that it touches, the one with the best key first."""
        bounds = ("high", "low") if self.clock == "event" else ("last_id", "first_id")
        bound = bounds[0] if self.descending else bounds[1]
        if not isinstance(blocks, Blocks):
            touched = [block for block in blocks if self.open or self.touches(block)]
            return sorted(touched, key=attrgetter(bound), reverse=self.descending)
        order = blocks.order(bound)[:: -1 if self.descending else 1]
        return [blocks[at] for at in order[self._touched(blocks)[order]].tolist()]

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
        if self.after is not None and not (highest < self.after if self.descending else lowest > self.after):
            return False
        if self.clock == "event":
            lowest, highest = lowest[:2], highest[:2]
        return bool((self.low is None or lowest >= self.low) and (self.high is None or highest <= self.high))

    def covers_all(self, blocks: Blocks) -> bool:
        """Return whether every record of all *blocks* lies in the window."""
        if self.open or not blocks:
            return True
        low, high = ("low", "high") if self.clock == "event" else ("first_id", "last_id")
        first, last = blocks[blocks.order(low)[0]], blocks[blocks.order(high)[-1]]
        return self.covers(Block(0, first.low, last.high, first.first_id, last.last_id))

    def covered(self, blocks: Blocks) -> set[int]:
        """Return the numbers of the blocks whose records all lie in the window."""
        near = np.ones(len(blocks), dtype=np.bool_)
        if self.open:
            return {block.number for block in blocks}
        if self.clock != "event" or self.after is not None:
            found = self._marked(blocks, self.covers, near, ~near)
        else:
            (lows, highs), sure = blocks.times, near.copy()
            if self.low is not None:
                near, sure = near & (lows >= self.low[0]), sure & (lows > self.low[0])
            if self.high is not None:
                near, sure = near & (highs <= self.high[0]), sure & (highs < self.high[0])
            found = self._marked(blocks, self.covers, near, sure)
        return {blocks[at].number for at in found.nonzero()[0].tolist()}

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

    def holds(self, key: Key) -> bool:
        """Return whether the log with *key* lies in the window."""
        near = key[:2] if self.clock == "event" else key[2]
        if (self.low is not None and near < self.low) or (self.high is not None and near > self.high):
            return False
        if self.after is None:
            return True
        whole = key if self.clock == "event" else key[2]
        return bool(whole < self.after if self.descending else whole > self.after)

    def rows(self, keys: OpenKeys, rows: Longs | None = None) -> Longs:
        """Return the rows of a segment that lie in the window, of *rows* where they are given."""
        at = np.arange(len(keys)) if rows is None else rows
        event = self.clock == "event"
        if self.low is not None and not (event and self.low[0] < keys.range_t[0]):
            at = at[self._sides(keys, at, self.low) >= 0]
        if self.high is not None and not (event and self.high[0] > keys.range_t[1]):
            at = at[self._sides(keys, at, self.high) <= 0]
        if self.after is not None and len(at):
            at = at[self._sides(keys, at, self.after) * (1 if self.descending else -1) < 0]
        return at

    def _sides(self, keys: OpenKeys, at: Longs, bound: Any) -> npt.NDArray[np.int64]:
        """Return for each row whether its key lies before *bound* (-1), at it (0) or behind it (1)."""
        columns: list[tuple[Any, Any]] = []
        if self.clock == "event":
            columns = [(keys.t, bound[0]), (keys.ns, bound[1])]
        identity = bound if self.clock != "event" else bound[2] if len(bound) == 3 else None
        if identity is not None:
            whole = int.from_bytes(identity.ljust(16, b"\0"), "big")
            columns += [(keys.high, np.uint64(whole >> 64)), (keys.low, np.uint64(whole & (1 << 64) - 1))]
        sides = np.zeros(len(at), dtype=np.int64)
        for values, limit in columns:
            some = values[at]
            sides = np.where(sides != 0, sides, (some > limit).astype(np.int64) - (some < limit))
        return sides

    def ordered(self, keys: OpenKeys, rows: Longs, most: int | None = None) -> Longs:
        """Return *rows* of a segment in the window's order, the first *most* of them."""
        if len(rows) <= 1:
            return rows[:most]
        columns: list[Any] = [keys.low[rows], keys.high[rows]]
        if self.clock == "event":
            columns += [keys.ns[rows], keys.t[rows]]
        order = np.lexsort(columns)
        return rows[order[::-1] if self.descending else order][:most]
