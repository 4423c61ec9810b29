"""Buckets of whole minutes are summed from kept counts, of few levels and of many, as the logs themselves are counted."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from app.query.filter import EVERYTHING, Equals, In
from app.query.query import Query
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index import kept
from app.systems.sqlite.index.index import SqliteIndex
from tests.conftest import MakeRecord
from tests.prepared import empty

#: Whole minutes in ms, and whole hours.
MINUTE, HOUR = 60_000, 3_600_000
FIRST = 1_700_000_000_000
LEVELS = ("info", "error", "Error", "warn")


@pytest.mark.parametrize("at_once", [kept._LEVELS_AT_ONCE, 1])
def test_minutes_are_summed_as_their_logs_are_counted(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """In any window, by any bucket, from any offset."""
    monkeypatch.setattr(kept, "_LEVELS_AT_ONCE", at_once)
    path, chance = tmp_path / "index.db", random.Random(5)
    empty(path)
    database = SqliteDatabase(path)
    index = SqliteIndex(database, shared=False)
    nothing = index.histogram(Query(start=(FIRST, 0), end=(FIRST + HOUR, 0)), MINUTE, True)
    assert not any(bucket.count for bucket in nothing)
    records = [make_record(t=FIRST + chance.randrange(5 * HOUR), level=chance.choice(LEVELS)) for _ in range(400)]
    index.add(records)
    for number in range(60):
        tree = (EVERYTHING, Equals("level", "error"), In("level", ("info", "warn")), Equals("level", "none"))[
            number % 4
        ]
        start, end = sorted(FIRST + chance.randrange(-HOUR, 6 * HOUR) for _ in range(2))
        if number % 3 == 0:
            start, end = start // MINUTE * MINUTE, end // MINUTE * MINUTE + MINUTE - 1
        interval, offset = chance.choice([1, 7, 60, 240]) * MINUTE, chance.choice([0, 60, -90]) * MINUTE
        wanted = (
            {"info", "warn"}
            if isinstance(tree, In)
            else {"error", "Error"}
            if tree == Equals("level", "error")
            else set(LEVELS)
        )
        if tree == Equals("level", "none"):
            wanted = set()
        there = [one for one in records if one.level in wanted and start <= one.t <= end]
        query = Query(filter=tree, start=(start, 0), end=(end, 999_999))
        buckets = index.histogram(query, interval, True, offset)
        expected = Counter((one.t - (one.t - offset) % interval, one.level) for one in there)
        assert {(one.start, level): count for one in buckets for level, count in one.by.items() if count} == expected
        assert index.find(
            Query(filter=tree, start=(start, 0), end=(end, 999_999), limit=1, count="exact")
        ).total == len(there)
    database.close()
