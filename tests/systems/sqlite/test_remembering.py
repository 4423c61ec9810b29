"""What senders make up as names costs the worker no memory without end."""

from __future__ import annotations

import tracemalloc

import pytest

from app.backends import Backends
from app.log.envelope import Envelope
from app.query.filter import Equals, Exists, Range
from app.query.meaning import predicate
from app.query.query import Query
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index import terms, writing
from app.systems.sqlite.index.scan import columns
from app.systems.sqlite.index.terms import REMEMBERED_LENGTH, REMEMBERED_PATHS
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import segment, stored
from app.systems.sqlite.segments.directory import directory
from tests.conftest import MakeRecord
from tests.sealing import seal_all


def test_made_up_names_take_bounded_memory(make_record: MakeRecord) -> None:
    """Names are remembered up to a number and a length: three times as many, of any length, take no more than a few MiB."""
    tracemalloc.start()
    try:
        for start in range(0, 3 * REMEMBERED_PATHS, 64):
            short = make_record(metadata={f"made.up.{n:06d}": n for n in range(start, start + 64)})
            long = make_record(metadata={f"{start:06d}" + ".a" * 1_000: 1})
            writing.prepare([short, long])
        assert tracemalloc.get_traced_memory()[0] < 12 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("field", ["message", "metadata"])
def test_what_is_open_of_segments_weighs_what_it_takes(
    database: SqliteDatabase, make_record: MakeRecord, field: str
) -> None:
    """However well it was compressed: it is let go of by that."""
    texts = ["words of a trace again and again " * 20_000 + f"{number}" for number in range(12)]
    store = SqliteStore(database)
    store.add([make_record(**{field: text if field == "message" else {"a": text}}) for text in texts])
    seal_all(database)
    with database.snapshot() as connection:
        there = directory(connection)
        found = [there.segment(number) for number in range(len(there))]
        tracemalloc.start()
        try:
            for one in found:
                one.texts(connection).one(0)
                for number in (segment.MESSAGE, segment.METADATA):
                    one.fields(connection).column(number)
                if one.fields(connection).left(one.digits(connection)):
                    one.chunk(connection, 0).column(segment.METADATA)
            taken = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
    weights = [stored._cache._weights[one.stamp] for one in found]
    assert taken > sum(map(len, texts)) // 2
    assert sum(weights) > taken // 2


def test_a_long_path_has_the_terms_of_a_short_one(make_record: MakeRecord) -> None:
    """Whether a name is remembered changes nothing of its terms."""
    for key in ("K", "K" * REMEMBERED_LENGTH):
        document = terms.document(make_record(metadata={key: {"x": "v"}})).split()
        escaped = "^k" * len(key)
        assert {f"e~m.{escaped}", f"e~m.{escaped}.x", f"m~.{escaped}.x=v"} <= set(document)


def test_names_of_many_dots_or_children_make_no_heap_of_terms(make_record: MakeRecord) -> None:
    """A key has as many paths as dots, and each of many keys stands beneath a long one: what is kept of them is bounded all the same."""
    dotted = make_record(metadata={"a" + ".a" * 5_000: 1})
    wide = make_record(metadata={"k" * 20_000: {f"k{n}": n for n in range(500)}})
    prepared = writing.prepare([dotted, wide])
    assert max(map(len, prepared.documents.values())) < 1 << 20
    assert sum(len(path) for _, path in prepared.counts) < 1 << 20


def test_what_lies_beneath_a_long_path_is_found(backends: Backends, make_record: MakeRecord) -> None:
    """By its value, its number and its being there, at each of its dots, as beneath a short one; and by no other path."""
    long = ".".join(["a" * 300] * 5)
    record = make_record(metadata={long: {"n": 7, "word": "Seven"}})
    backends.queue.put([Envelope([record])])
    assert backends.move is not None
    backends.move(100, 0)
    half, whole = f"metadata.{long[:1_203]}", f"metadata.{long}"
    for leaf in (
        Exists(half),
        Exists(whole),
        Exists(f"{whole}.n"),
        Equals(f"{whole}.word", "Seven"),
        Range(f"{whole}.n", 6, 8),
    ):
        assert [one.id for one in backends.index.find(Query(leaf)).records] == [record.id], leaf
        assert predicate(leaf)(record)
    for other in (Exists(f"{whole}x"), Exists(f"{half}.b"), Equals(f"{whole}.word", "seven"), Exists(f"{whole}.n.n")):
        assert backends.index.find(Query(other)).records == []
        assert not predicate(other)(record)


def test_answers_of_values_take_bounded_memory() -> None:
    """However many values differ, and however long they are: a filter of many leaves remembers those of each."""
    tracemalloc.start()
    try:
        answers = columns._Answers(Equals("resourceId", "a"), "resource_id")
        for number in range(20_000):
            assert not answers[f"{number:06d}" * 150]
            assert not answers[f"{number:06d}é"]
        assert tracemalloc.get_traced_memory()[0] < 12 << 20
        assert answers
    finally:
        tracemalloc.stop()
