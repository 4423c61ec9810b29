"""Marks of blocks: no block that holds a hit is ever left out, by itself or in a group; and most others are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.log.fold import clean
from app.log.record import LogRecord
from app.query.filter import (
    And,
    Contains,
    Equals,
    Exists,
    Filter,
    In,
    Matches,
    Not,
    Or,
    Phrase,
    Prefix,
    Wildcard,
    Words,
)
from app.query.meaning import predicate
from app.systems.sqlite import rows
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index.scan import marking, marks, possible
from app.systems.sqlite.index.scan.columns import SegmentFilter
from app.systems.sqlite.index.scan.marks import Wanted
from app.systems.sqlite.index.scan.messages import MessageTest, Text
from app.systems.sqlite.index.scan.possible import BlockMarks
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import sealing, table
from app.systems.sqlite.segments.directory import directory
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.segment import LogColumns
from tests.conftest import MakeRecord
from tests.prepared import empty

#: Letters that folding keeps, changes, shortens and lengthens, accents apart from theirs, digits and what is between words.
LETTERS = "aAbBkK\u212a\u017fsS\u00e9\u0301e\u00dfn\u0130i09 .,_-\u65e5\u0e01\ufb01\n"
MESSAGE = st.text(LETTERS, max_size=12) | st.text("abAB 1", max_size=200) | st.text("aB1 .", max_size=20)
PIECE = st.text(LETTERS, min_size=1, max_size=6) | st.text("aAb1 .", min_size=1, max_size=5)
LEAF = st.one_of(
    *(PIECE.map(kind) for kind in (Words, Phrase)),
    PIECE.map(lambda text: Contains("message", text)),
    PIECE.map(lambda text: Equals("message", text)),
    PIECE.map(lambda text: Prefix("message", text)),
    PIECE.map(lambda text: Wildcard("message", f"*{text}?*")),
    st.lists(PIECE, max_size=3).map(lambda texts: In("message", tuple(texts))),
    st.sampled_from(["a+b", "(?i)k", "[ab]{2}", "é|1 ", "^a", "", "a1.*b", "[0-9] B"]).map(
        lambda text: Matches("message", text)
    ),
    st.sampled_from(["r1", "r2", ""]).map(lambda text: Equals("resourceId", text)),
    st.sampled_from(["1", "true", "1.5", "x"]).map(lambda text: Equals("metadata.a.b", text)),
    st.just(Exists("metadata.a")),
    st.sampled_from([f"{number:032x}" for number in range(3)]).map(lambda text: Equals("traceId", text)),
)
TREE = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, max_size=3).map(lambda parts: Or(tuple(parts)))
        | inner.map(Not)
    ),
    max_leaves=4,
)
RECORD = st.builds(
    LogRecord,
    st.just(bytes(16)),
    st.integers(0, 5),
    st.just(0),
    st.sampled_from(["error", "ERROR", "info"]),
    MESSAGE.map(clean),
    st.sampled_from([None, "r1", "r2", ""]),
    st.sampled_from([None, *(f"{number:032x}" for number in range(9))]),
    metadata=st.sampled_from([None, {}, {"a": {"b": 1}}, {"a": {"b": True}}, {"a": {"b": [1.5, "x"]}}, {"a": None}]),
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabase:
    """A file for the segments of all examples, one after the other."""
    path: Path = tmp_path_factory.mktemp("marks") / "store.db"
    empty(path)
    return SqliteDatabase(path)


@settings(deadline=None)
@given(records=st.lists(RECORD, min_size=1, max_size=30), repeated=st.sampled_from([1, 9]), tree=TREE)
def test_a_filter_means_the_same_of_columns(
    database: SqliteDatabase, records: list[LogRecord], repeated: int, tree: Filter
) -> None:
    """The rows of a segment that satisfy a filter are those whose logs do; its block is not left out where there are any."""
    whole = [
        LogRecord(number.to_bytes(16, "big"), *(getattr(one, name) for name in one.__struct_fields__[1:]))
        for number, one in enumerate(records * repeated)
    ]
    holds = predicate(tree)
    expected = [row for row, record in enumerate(whole) if holds(record)]
    with database.write(durable=False) as connection:
        for name in ("segments", "segment_columns"):
            connection.execute(f"DELETE FROM {name}")
        columns, places = LogColumns.of(whole), range(BLOCK, BLOCK + len(whole))
        parts = table.packed(places, columns)
        assert parts is not None
        table.insert(connection, places, columns, parts)
        one = directory(connection).segment(0)
        found = SegmentFilter(tree, connection).rows(one, np.arange(len(whole)))
        assert found.tolist() == expected
        some = np.arange(0, len(whole), 3)
        few = SegmentFilter(tree, connection).rows(one, some)
        assert few.tolist() == [row for row in expected if row % 3 == 0]
        bits = marking.of_block(connection, 1)
        assert bits is not None
        # First from memory, then as it is stored.
        assert marking.of_block(connection, 1) == bits
        for name in ("marks", "mark_groups"):
            connection.execute(f"DELETE FROM {name}")
        connection.execute("INSERT INTO marks VALUES (1, ?)", (bits,))
        left = BlockMarks(connection, Wanted(tree)).possible(np.arange(2))
        assert left[0]
        assert left[1] or not expected


def test_blocks_are_asked_together(tmp_path: Path, make_record: MakeRecord) -> None:
    """In groups and before: the block that holds a word or a value is found, and few others are asked."""
    path = tmp_path / "store.db"
    empty(path)
    database = SqliteDatabase(path)
    store = SqliteStore(database)
    blocks = marking.GROUP + 5
    for number in range(blocks):
        store.add(
            [
                make_record(message=f"wörd{number}x {at} hello", resource_id=f"server-{number}", metadata={"n": number})
                for at in range(300)
            ]
            + [make_record(message="full") for _ in range(BLOCK - 301)]
        )
    assert marking.mark(database, 10) == 10
    while marking.mark(database):
        pass
    with database.snapshot() as connection:
        kept = connection.execute("SELECT (SELECT count(*) FROM marks), (SELECT count(*) FROM mark_groups)").fetchone()
        # The newest block is not full.
        assert kept == (blocks - marking.GROUP - 1, marking.PIECES)
        for number in (0, 17, marking.GROUP - 1, marking.GROUP, blocks - 2):
            for tree in (
                Words(f"word{number}x"),
                Contains("message", f"Örd{number}X"),
                Equals("resourceId", f"server-{number}"),
                Equals("metadata.n", str(number)),
            ):
                left = BlockMarks(connection, Wanted(tree)).possible(np.arange(blocks))
                assert left[number], tree
                assert sum(left) < blocks / 4, tree
        for whole in (Not(Words("hello")), Contains("message", "he"), Exists("resourceId"), And(())):
            assert all(BlockMarks(connection, Wanted(whole)).possible(np.arange(blocks)))
    database.close()


def read_groups(database: SqliteDatabase, tree: Filter, numbers: range) -> tuple[list[bool], int]:
    """Return which blocks may satisfy a filter, and from how many groups bits were read for it."""
    with database.snapshot() as connection:
        asked, read = BlockMarks(connection, Wanted(tree)), list[int]()
        pieces = asked._pieces

        def counted(group: int, some: np.ndarray[Any, Any]) -> Any:
            read.append(group)
            return pieces(group, some)

        asked._pieces = counted  # type: ignore[method-assign]
        return asked.possible(np.array(numbers)).tolist(), len(read)


def test_bits_of_groups_are_kept_for_the_next_question(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until others are there; in so much room, and none of them where a filter asks for many."""
    path = tmp_path / "store.db"
    empty(path)
    database, kept = SqliteDatabase(path), possible._GroupsCache()
    monkeypatch.setattr(possible, "_of_groups", kept)
    store, blocks = SqliteStore(database), 2 * marking.GROUP

    def fill(start: int, end: int) -> None:
        for number in range(start, end):
            some = [make_record(message=f"word{number}x {at}", resource_id=f"server-{number}") for at in range(300)]
            store.add(some + [make_record(message="full") for _ in range(BLOCK - 301)])
        while marking.mark(database):
            pass

    fill(0, marking.GROUP + 1)
    word, other = Words("word17x"), And((Words("word17x"), Equals("resourceId", "server-17")))
    right, read = read_groups(database, word, range(marking.GROUP))
    assert (right[17], sum(right), read) == (True, 1, 1)
    assert read_groups(database, word, range(marking.GROUP)) == (right, 0)
    # Of the word nothing is read again.
    assert read_groups(database, other, range(marking.GROUP)) == (right, 1)
    assert read_groups(database, other, range(marking.GROUP)) == (right, 0)
    fill(marking.GROUP + 1, blocks + 1)
    for _ in range(2):
        found, read = read_groups(database, Words("word100x"), range(blocks))
        assert (found[100], sum(found) < 5) == (True, True)
    assert read == 0
    assert read_groups(database, word, range(marking.GROUP, blocks))[0] == [False] * marking.GROUP
    assert read_groups(database, word, range(blocks))[0] == right + [False] * marking.GROUP
    many = Or(tuple(Words(f"word{number}x") for number in range(blocks)))
    assert all(read_groups(database, many, range(blocks))[0])
    assert read_groups(database, many, range(blocks))[1] == 2
    monkeypatch.setattr(possible, "GROUPS_BYTES", 3_000)
    for number in range(blocks):
        assert read_groups(database, Words(f"word{number}x"), range(blocks))[0][number]
        assert kept._weight == sum(map(possible._weight, kept._kept.values())) <= 3_000
    database.close()


def test_words_longer_than_any_are_cut_alike() -> None:
    """A word beyond the limit is found by what is kept of it, in ASCII text as in any other."""
    for letter in ("a", "é", "1"):
        text = Text(f"x {letter * 150} y\0{letter * 99}\0".encode())
        among = np.ones(2, dtype=np.bool_)
        many = MessageTest(Words(letter * 100))._left(text, 2)
        assert many.tolist() == [True, False]
        assert MessageTest(Words(letter * 120)).of_whole(text, among).tolist() == [True, False]


@given(
    st.text("az09-\u00e9", max_size=8),
    st.integers(1, 50).flatmap(lambda size: st.lists(st.binary(min_size=size, max_size=size), min_size=1)),
)
def test_hex_digits_hash_as_their_texts(beginning: str, values: list[bytes]) -> None:
    """What is hashed from bytes at once is what a question hashes from a text."""
    found = marks.digit_hashes("traceId", beginning, len(values[0]), b"".join(values))
    assert found.tolist() == marks.value_hashes("traceId", [beginning + value.hex() for value in values])


def test_marks_wait_while_many_logs_do(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is stored first, until too many blocks lack marks; where little waits it is stored between two blocks."""
    path = tmp_path / "store.db"
    empty(path)
    database = SqliteDatabase(path)
    store = SqliteStore(database)
    for _ in range(5):
        store.add([make_record() for _ in range(BLOCK)])

    def waiting(logs: int) -> None:
        with database.write(durable=False) as connection:
            rows.set_state(connection, "queued_logs", logs)

    waiting(sealing.BUSY_LOGS + 1)
    assert marking.mark(database) == 0
    waiting(1)
    assert marking.mark(database) == 1
    waiting(sealing.BUSY_LOGS + 1)
    monkeypatch.setattr(marking, "BEHIND_BLOCKS", 3)
    assert marking.mark(database) > 1
    database.close()
