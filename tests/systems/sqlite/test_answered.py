"""What one question found in segments is known to the next: it is the same as if it were asked anew, and takes bounded memory."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.log.record import IdSource, LogRecord
from app.query.filter import EVERYTHING, And, Contains, Equals, Filter, Matches, Not, Or, Words
from app.query.meaning import predicate
from app.query.query import Clock, Query, Sort, Value
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.index.scan import answered, facets, numbering, summed
from app.systems.sqlite.index.scan.answered import Answers, answers
from app.systems.sqlite.segments.columns import OpenFewValues
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.stored import Segment
from tests.former import forget_answers
from tests.prepared import empty
from tests.thorough import examples

#: Logs of a batch, of which one fits in a block.
LOGS = 520
FIELDS = ["level", "resourceId", "commit", "traceId", "metadata.user", "metadata.tags"]
FILTERS: tuple[Filter, ...] = (
    Words("common"),
    Words("rare"),
    Contains("message", "omm"),
    Matches("message", "number [0-9]*7"),
    Equals("metadata.user", "u3"),
    And((Equals("level", "warn"), Words("common"))),
    Or((Words("rare"), Equals("metadata.user", "u3"))),
    Not(Words("common")),
)


def log_of(ids: IdSource, number: int) -> LogRecord:
    """Return one of many logs, a second apart."""
    chance = random.Random(number)
    return LogRecord(
        id=ids.take(1).to_bytes(16, "big"),
        t=1_694_764_800_000 + 1_000 * number,
        ns=0,
        level=chance.choice(("info", "info", "warn")),
        message=f"{chance.choice(('common', 'seldom'))} number {number}" + " rare" * (number % 997 == 0),
        resource_id=chance.choice((None, "a", "b", f"r{number % 400}")),
        commit=f"c{number}" if number // LOGS == 3 else "c",
        trace_id=None if number % 3 else f"{chance.getrandbits(128):032x}",
        metadata=None if number % 7 == 0 else {"user": f"u{chance.randrange(5)}", "tags": ["x", f"t{number % 3}"]},
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[LogRecord]]:
    """A file of two groups of segments, some behind them, and rows; and its logs."""
    path, ids = tmp_path_factory.mktemp("answered") / "index.db", IdSource()
    empty(path)
    database = SqliteDatabase(path)
    index = SqliteIndex(database, shared=False)
    logs = [log_of(ids, number) for number in range((2 * summed.GROUP + 2) * LOGS + 100)]
    for start in range(0, len(logs), LOGS):
        index.add(logs[start : start + LOGS])
    database.checkpoint()
    database.close()
    return path, logs


@pytest.fixture
def filled(whole: tuple[Path, list[LogRecord]], tmp_path: Path) -> Iterator[tuple[SqliteIndex, list[LogRecord]]]:
    """An index on a copy of it, of which nothing is known yet."""
    path, logs = whole
    shutil.copy(path, tmp_path / "index.db")
    forget_answers()
    database = SqliteDatabase(tmp_path / "index.db")
    yield SqliteIndex(database, shared=False), logs
    database.close()


def top(logs: list[LogRecord], field: str) -> list[Value]:
    """Return the ten most frequent values of a field, counted plainly."""
    counts = Counter[str]()
    for log in logs:
        match field:
            case "level":
                counts[log.level] += 1
            case "metadata.user":
                counts.update([log.metadata["user"]] if log.metadata else [])
            case "metadata.tags":
                counts.update(log.metadata["tags"] if log.metadata else [])
            case _:
                value = {"resourceId": log.resource_id, "commit": log.commit, "traceId": log.trace_id}[field]
                counts.update([] if value is None else [value])
    return [Value(*pair) for pair in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:10]]


def compare(index: SqliteIndex, logs: list[LogRecord], times: int) -> None:
    """Ask again and again: totals and values are those of the logs themselves."""
    chance = random.Random(times)
    for _ in range(times):
        tree = chance.choice((*FILTERS, EVERYTHING, EVERYTHING, EVERYTHING))
        start, end = sorted(chance.choice(logs).t for _ in range(2))
        start, end = chance.choice(((start, end), (logs[0].t, logs[-1].t), (start, logs[-1].t)))
        query = Query(tree, start=(start, 0), end=(end, 0), count="exact", limit=3)
        wanted = [log for log in logs if start <= log.t <= end and predicate(tree)(log)]
        assert index.find(query).total == len(wanted)
        fields = chance.sample(FIELDS, chance.randint(1, 3))
        found = index.facets(query, fields, 10)
        assert found.exact
        assert found.fields == {field: top(wanted, field) for field in fields}


def test_answers_that_are_known_are_those_of_the_logs(filled: tuple[SqliteIndex, list[LogRecord]]) -> None:
    """Of any filter, in any window, however often it was asked."""
    compare(*filled, times=examples(40))
    index, logs = filled
    query = Query(Words("common"), end=(logs[-2].t, 0), count="exact")
    for _ in range(2):
        assert index.find(query).total == sum(map(predicate(Words("common")), logs[:-1]))
        assert index.facets(Query(end=query.end), FIELDS[:3], 10).fields == {
            field: top(logs[:-1], field) for field in FIELDS[:3]
        }
    assert answered._cache._kept
    assert summed.sums._kept


def test_where_little_is_kept_they_are_too(
    filled: tuple[SqliteIndex, list[LogRecord]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers and sums go while they are asked, and numbers of values begin anew."""
    monkeypatch.setattr(answered, "MOST_BYTES", 4_000)
    monkeypatch.setattr(summed, "MOST_BYTES", 4_000)
    monkeypatch.setattr(numbering, "MOST_BYTES", 60_000)
    compare(*filled, times=examples(40))
    assert answered._cache._weight <= 4_000
    assert summed.sums._weight <= 4_000


def test_a_log_that_is_deleted_is_in_no_answer(filled: tuple[SqliteIndex, list[LogRecord]]) -> None:
    """Its segment is written anew, with another stamp."""
    index, logs = filled
    rare = Query(Words("rare"), count="exact", limit=3)
    window = Query(start=(logs[0].t, 0), end=(logs[-1].t - 1, 0))
    total = index.find(rare).total
    before = index.facets(window, ["level"], 10).fields["level"]
    index.remove([logs[997].id])
    assert index.find(rare).total == (total or 0) - 1
    after = index.facets(window, ["level"], 10).fields["level"]
    assert sum(value.count for value in before) - sum(value.count for value in after) == 1


def test_a_filter_keeps_at_most_half_of_what_all_may() -> None:
    """What is behind is asked anew, and what was asked last stays."""
    forget_answers()
    first, second = answers(Words("first")), answers(Words("second"))
    fill(first, 1_000_000)
    assert first.weight <= answered.MOST_BYTES // 2
    fill(second, 1_000_000)
    assert answered._cache._weight <= answered.MOST_BYTES
    assert answers(Words("first")) is first
    fill(answers(Words("third")), 1_000_000)
    assert answers(Words("first")) is first
    assert answers(Words("second")) is not second


def fill(known: Answers, most: int) -> None:
    """Note that nothing was found in segments, until no more is kept."""
    for number in range(most):
        before = known.weight
        known.keep(Segment(number * BLOCK, number * BLOCK, 1, number, b"", b""), answered._NONE)
        if known.weight == before:
            return


@pytest.mark.parametrize("sort", ["asc", "desc"])
@pytest.mark.parametrize("clock", ["event", "received"])
def test_pages_hold_each_log_once(filled: tuple[SqliteIndex, list[LogRecord]], sort: Sort, clock: Clock) -> None:
    """Of blocks that lie wholly behind the last page too, of which the answer is known."""
    index, logs = filled
    tree = Contains("message", "common number 1")
    wanted = [log.id for log in logs if predicate(tree)(log)]
    for _ in range(2):
        found, query = list[bytes](), Query(tree, sort=sort, clock=clock, limit=700, count="none")
        while True:
            page = index.find(query)
            found += [log.id for log in page.records]
            if page.next is None:
                break
            query = replace(query, after=page.next)
        assert found == (wanted if sort == "asc" else wanted[::-1])


def test_a_sum_is_by_the_names_that_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though another thread lets them begin anew while it is made."""
    field = 1_000
    numbers = numbering.numbering(field)
    assert numbers.of(OpenFewValues(["other"], np.zeros(4, dtype=np.uint8)))
    of = numbers.of

    def of_and_anew(column: OpenFewValues) -> tuple[numbering.Names, numbering.Numbers] | None:
        found = of(column)
        numbers._names = numbering.Names(numbers.names.generation + 1)
        return found

    monkeypatch.setattr(numbers, "of", of_and_anew)
    found = facets._Counts(field).sum_of([OpenFewValues(["a", "b"], np.array([0, 0, 0, 1]))], b"stamps")
    assert found is not None
    assert [found.names.by_number[number] for number in found.numbers] == ["a", "b"]
    assert found.counts.tolist() == [3, 1]
