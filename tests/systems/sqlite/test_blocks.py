"""Blocks are found by their bounds in the order of a question, whichever way they are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.log.record import first_id
from app.query.query import Query
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index.blocks import BlockCache
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.window import Block, Blocks, KeyBounds
from tests.conftest import MakeRecord
from tests.prepared import empty

TIMES = st.tuples(st.integers(0, 6), st.integers(0, 2))


@st.composite
def some_blocks(draw: st.DrawFn) -> list[Block]:
    """Blocks whose times overlap in any way."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        low, high = sorted([draw(TIMES), draw(TIMES)])
        ids = first_id(number), first_id(number + draw(st.integers(0, 3)))
        found.append(Block(number, (*low, ids[0]), (*high, ids[1]), *ids))
    return found


@st.composite
def windows(draw: st.DrawFn) -> KeyBounds:
    """Windows of either clock and order, open ones, and such that go on behind a log."""
    start, end = draw(st.none() | TIMES), draw(st.none() | TIMES)
    after = draw(st.none() | st.tuples(*[st.integers(0, 6), st.integers(0, 2), st.integers(0, 9).map(first_id)]))
    clock, sort = draw(st.sampled_from(["event", "received"])), draw(st.sampled_from(["asc", "desc"]))
    return KeyBounds.of(Query(start=start, end=end, clock=clock, sort=sort, after=after))


@settings(deadline=None, max_examples=500)
@given(blocks=some_blocks(), window=windows())
def test_a_window_finds_the_same_among_all_blocks_as_of_each(blocks: list[Block], window: KeyBounds) -> None:
    """Those that it touches, the best first, and those that it covers."""
    together = Blocks(blocks)
    best = window.highest if window.descending else window.lowest
    touched = [block for block in blocks if window.touches(block)]
    found = window.best_first(together)
    assert sorted(block.number for block in found) == [block.number for block in touched]
    keys = list(map(best, found))
    assert keys == sorted(keys, reverse=window.descending)
    assert list(map(best, window.best_first(blocks))) == keys
    covered = {block.number for block in blocks if window.covers(block)}
    assert window.covered(together) == covered
    assert window.covers_all(together) == (len(covered) == len(blocks))
    assert [together[at] for at in together.order("high")] == sorted(blocks, key=lambda block: block.high)


def test_blocks_are_kept_until_they_change(tmp_path: Path, make_record: MakeRecord) -> None:
    """Only the newest are read again; a transaction that began before sees them as they were, or with more that it has no logs of."""
    path = tmp_path / "index.db"
    empty(path)
    database = SqliteDatabase(path)
    index, cache = SqliteIndex(database, shared=False), BlockCache()

    def numbers(found: Sequence[Block]) -> list[int]:
        return [block.number for block in found]

    with database.snapshot() as connection:
        assert not cache.read(connection)
    index.add([make_record() for _ in range(10)])
    with database.snapshot() as before:
        first = cache.read(before)
        assert len(first) == 1
        assert cache.read(before) is first
        index.add([make_record() for _ in range(2 * BLOCK)])
        second = SqliteDatabase(path)
        with second.snapshot() as connection:
            found = cache.read(connection)
            assert numbers(found) == sorted(numbers(found))
            assert len(found) > 2
            assert cache.read(connection) is found
            assert list(found) == list(BlockCache().read(connection))
        assert set(numbers(first)) <= set(numbers(cache.read(before)))
    with second.snapshot() as connection:
        assert list(cache.read(connection)) == list(found)
    second.close()
    database.close()
