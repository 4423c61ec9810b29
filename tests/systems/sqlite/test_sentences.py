"""Totals of words and phrases by the skeletons of messages: the same as those of the messages, and gone with the logs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from app.log.record import LogRecord
from app.query.filter import And, Contains, Equals, Filter, Not, Phrase, Words
from app.query.meaning import predicate
from app.query.query import Query
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.index.scan import marking, sentences
from app.systems.sqlite.index.scan.columns import SegmentFilter
from app.systems.sqlite.index.scan.sentences import GROUP, SentenceCounts
from app.systems.sqlite.segments.messages import MOST
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.window import Block
from tests.conftest import MakeRecord
from tests.prepared import empty

#: Two batches of so many logs don't fit in a block.
EACH = BLOCK // 2 + 1
BLOCKS = GROUP + 3

SECRET = "xkpzqvwm"


TEXTS = ("timeout after {}ms", "slow query in {} db", "Slow: in {} query", "no number", "Größe {} slow query in")


def filled(path: Path, make_record: MakeRecord, texts: Sequence[str] = TEXTS) -> tuple[SqliteDatabase, list[LogRecord]]:
    """Return a file of a group of blocks and some more, and its logs."""
    empty(path)
    database = SqliteDatabase(path)
    index, found = SqliteIndex(database, shared=False), list[LogRecord]()
    for block in range(BLOCKS):
        some = [
            make_record(
                message=texts[(number + block * EACH) % len(texts)].format(number * 7919 % 1000),
                t=1_700_000_000_000 + block * 60_000 + number,
                level="error" if number % 3 else "info",
            )
            for number in range(EACH)
        ]
        if block == 9:
            some[3].message = f"{SECRET} of one log"
        index.add(some)
        found += some
    while marking.mark(database):
        pass
    return database, found


def of_all_blocks(database: SqliteDatabase, tree: Filter) -> tuple[int, list[int]]:
    """Return how many logs of a filter are known by skeletons, and the blocks that are left."""
    with database.snapshot() as connection:
        numbers = [number for (number,) in connection.execute("SELECT block FROM blocks ORDER BY block")]
        key = (0, 0, b"")
        known, left = SentenceCounts(connection, tree).split([Block(one, key, key, b"", b"") for one in numbers])
        return known, [block.number for block in left]


def test_totals_are_those_of_the_messages(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all time and within windows; segments are asked only where their blocks are in no group, and where words have digits."""
    database, records = filled(tmp_path / "search.db", make_record)
    index, asked = SqliteIndex(database, shared=False), list[object]()
    rows = SegmentFilter.rows

    def watched(self: SegmentFilter, one: object, at: object) -> object:
        asked.append(one)
        return rows(self, one, at)  # type: ignore[arg-type]

    monkeypatch.setattr(SegmentFilter, "rows", watched)
    first = records[0].t
    windows = [(None, None), ((first + 150_000, 0), (first + 40 * 60_000, 0)), ((first + 90_000, 0), None)]
    plain = [Words("timeout"), Words("query SLOW"), Phrase("slow query in"), Words("größe"), Words("nothing")]
    others = [
        Words("after 7919"),
        Words("3ms"),
        Contains("message", "query"),
        Not(Words("slow")),
        And((Words("slow"), Equals("level", "info"))),
    ]
    for tree in (*plain, *others):
        held = [(record.t, record.ns) for record in filter(predicate(tree), records)]
        for start, end in windows:
            asked.clear()
            query = Query(tree, limit=1, count="exact", start=start, end=end)
            low, high = start or (0, 0), end or (1 << 62, 0)
            expected = sum(low <= moment <= high for moment in held)
            assert index.find(query).total == expected, (tree, start)
            # The newest blocks and the page itself, and the blocks at either end of a window.
            assert tree in others or expected == 0 or len(asked) < 12, tree
    database.close()


def test_a_deleted_log_leaves_no_skeleton(tmp_path: Path, make_record: MakeRecord) -> None:
    """Its group's are gone from the file, and the segments are asked instead."""
    path = tmp_path / "search.db"
    database, records = filled(path, make_record)
    index = SqliteIndex(database, shared=False)
    known, left = of_all_blocks(database, Words(SECRET))
    assert (known, len(left)) == (1, BLOCKS - GROUP)
    (hers,) = index.find(Query(Words(SECRET))).records
    index.remove([hers.id])
    assert of_all_blocks(database, Words(SECRET))[1] == list(range(BLOCKS))
    index.erase()
    assert [one.name for one in (path, Path(f"{path}-wal")) if SECRET.encode() in one.read_bytes()] == []
    total = sum(record.message == "no number" for record in records)
    assert index.find(Query(Phrase("no number"), limit=1, count="exact")).total == total
    database.close()


def test_as_many_skeletons_as_are_kept_are_read(tmp_path: Path, make_record: MakeRecord) -> None:
    """A group has more of them than a segment has logs."""
    letters = "abcdefghijklmnop"
    texts = [f"job {a}{b}{c} done" for a in letters for b in letters for c in letters]
    # One block has a text of its own.
    database, records = filled(tmp_path / "search.db", make_record, texts[: MOST - 1])
    known, left = of_all_blocks(database, Words("done"))
    assert (known, len(left)) == (GROUP * EACH - 1, BLOCKS - GROUP)
    index = SqliteIndex(database, shared=False)
    assert index.find(Query(Words("done"), limit=1, count="exact")).total == len(records) - 1
    database.close()


def test_too_many_skeletons_are_not_kept(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then all blocks are asked."""
    monkeypatch.setattr(sentences, "MOST", 3)
    database, _ = filled(tmp_path / "search.db", make_record)
    assert of_all_blocks(database, Words("timeout"))[0] == 0
    assert of_all_blocks(database, Words("timeout"))[1]
    database.close()
