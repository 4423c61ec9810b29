"""Segments: what comes back is what was stored, whatever it is; what is small stays small."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.log import codec
from app.log.record import IdSource, LogRecord
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import columns, parts, segment, stored
from app.systems.sqlite.segments.columns import Coded, Hexadecimal
from app.systems.sqlite.segments.directory import directory
from app.systems.sqlite.segments.keys import OpenKeys
from app.systems.sqlite.segments.places import CHUNK
from app.systems.sqlite.segments.segment import LogColumns, OpenChunk
from tests.conftest import MakeRecord
from tests.sealing import seal_all

#: Texts without lone surrogates, which no log has.
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
#: Few texts again and again, or hex digits, so that all kinds of columns occur.
FIELD = st.none() | st.sampled_from(["", "a", "server-1", "ä\0b"]) | st.text("0123456789abcdef", min_size=8, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
#: Numbers that Python takes for equal, and keys that look like paths.
LOOKALIKE = st.sampled_from(
    [
        *({"a": 1}, {"a": 1.0}, {"a": True}, {"a": "1"}, {"a": None}, {}, None),
        *({"a": {"b": 1}}, {"a.b": 1}, {"a": {}}, {"a": {"b": {}}}, {"b": "x", "a": "y"}, {"a": "y", "b": "x"}),
    ]
)
RECORD = st.builds(
    LogRecord,
    st.binary(min_size=16, max_size=16)
    | st.integers(0, 2**20).map(lambda number: (2**100 + number).to_bytes(16, "big")),
    st.integers(-(2**45), 2**45),
    st.integers(0, 999_999) | st.just(0),
    TEXT,
    TEXT,
    FIELD,
    FIELD,
    FIELD,
    FIELD,
    st.none() | LOOKALIKE | st.dictionaries(TEXT, JSON, max_size=4),
    st.booleans(),
)


@settings(deadline=None)
@given(records=st.lists(RECORD, min_size=1, max_size=40), repeated=st.integers(1, 30), start=st.integers(1, 2**40))
def test_logs_come_back_as_they_were(records: list[LogRecord], repeated: int, start: int) -> None:
    """Read together or one by one: equal, with the order of keys and the types of numbers, at their places."""
    whole = (records * repeated)[:1024]
    places = [start + 2 * number for number in range(len(whole))]
    if any("\0" in record.message for record in whole):
        # No clean message holds one (app/log/fold.py): such a log stays a row.
        with pytest.raises(ValueError, match="come back"):
            segment.pack(places, LogColumns.of(whole))
        return
    kept = segment.pack(places, LogColumns.of(whole))
    keys, chunks = OpenKeys(kept.keys), list(map(OpenChunk, kept.chunks))
    placed = list(zip(keys.ids(), keys.t.tolist(), keys.ns.tolist(), keys.levels(), strict=True))
    fields, digits = segment.OpenSegmentFields(kept.fields, len(whole)), segment.open_digits(kept.digits)
    one = stored.Segment(0, 0, len(whole), 0, b"", b"")
    one._keys, one._fields, one._digits = keys, fields, digits
    texts = one._texts = segment.messages.OpenMessages(kept.skeletons, len(whole), lambda: kept.variables)
    connection: Any = None
    together = list(zip(*(one.column(connection, number, chunks) for number in range(7)), strict=True))
    assert bool(chunks) == fields.left(digits)
    one_by_one = [
        [texts.one(row).decode(), *stored._doc(fields, digits, chunks[row // CHUNK] if chunks else None, row)]
        for row in range(len(whole))
    ]
    for docs in (together, one_by_one):
        found = [LogRecord(*key, *doc) for key, doc in zip(placed, docs, strict=True)]
        assert list(map(codec.encode, found)) == list(map(codec.encode, whole))
        assert [list(record.metadata or ()) for record in found] == [list(record.metadata or ()) for record in whole]
    assert [(keys.key(row), level) for row, level in enumerate(keys.levels())] == [
        (record.key, record.level) for record in whole
    ]
    assert keys.places.tolist() == places
    assert texts.all() == [record.message for record in whole]
    some = np.arange(len(whole))[::-3]
    assert [text.decode() for text in texts.some(some)] == [whole[row].message for row in some]


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("gap", [1, 3])
def test_ids_and_places_lead_to_rows(make_record: MakeRecord, step: int, gap: int) -> None:
    """Few ids are looked for one by one, many in a table, and all run by run where they are neighbours."""
    start = int.from_bytes(make_record().id, "big") >> 20 << 20
    ids = [(start + gap * number).to_bytes(16, "big") for number in range(200)]
    ids = ids[100:] + ids[:100]
    sent = [make_record(id=identity) for identity in ids]
    keys = OpenKeys(segment.pack(range(1, 1 + 200 * step, step), LogColumns.of(sent)).keys)
    stranger, beside = bytes(8) + ids[7][8:], (start + gap * 199 + 1).to_bytes(16, "big")
    few = sorted([ids[199], stranger, ids[7], beside])
    for some in (few, sorted([*ids, stranger, beside]), few):
        assert sorted(keys.rows_of(some)) == [row for row, identity in enumerate(ids) if identity in some]
    assert keys.rows_of([]) == []
    assert keys.rows_at(np.array([1, 1 + 5 * step, 1 + 199 * step])).tolist() == [0, 5, 199]
    assert keys.rows_at(np.array([0, 1 + 5 * step, 1 + 200 * step])).tolist() == [5]
    assert [keys.row_at(place) for place in (0, 1, 1 + 199 * step, 1 + 200 * step)] == [None, 0, 199, None]


def test_the_highest_half_of_an_id_has_no_neighbour(make_record: MakeRecord) -> None:
    """Though it is one less than 0 where numbers have 64 bits."""
    high = (7).to_bytes(8, "big")
    ids = [high + low.to_bytes(8, "big") for low in (2**64 - 2, 2**64 - 1, 0, 1)]
    keys = OpenKeys(segment.pack(range(1, 5), LogColumns.of([make_record(id=identity) for identity in ids])).keys)
    assert [keys.id(row) for row in range(4)] == keys.ids() == ids
    assert sorted(keys.rows_of(sorted(ids))) == [0, 1, 2, 3]


@settings(deadline=None)
@given(numbers=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50))
def test_numbers_come_back(numbers: list[int]) -> None:
    """Over the whole range of 64 bits, where differences go round."""
    assert parts.Differences.of(np.array(numbers, dtype=np.int64)).values().tolist() == numbers


HEX = [value.to_bytes(16, "big").hex() for value in map(random.Random(1).getrandbits, [128] * 100)]


@pytest.mark.parametrize(
    ("values", "size"),
    [
        (HEX, 16),
        ([f"span-{value[:8]}" for value in HEX], 4),
        ([*HEX, None], 16),
        ([None, *HEX], 16),
        (["00ab", "00ac"], 1),
        ([value.upper() for value in HEX], None),
        ([*HEX, "00"], None),
        ([*HEX, "x" * 32], None),
        (["", ""], None),
        ([None] * 9, None),
        ([f"{number:0102x}" for number in range(9)], None),
    ],
)
def test_hex_digits_take_half_the_bytes(values: list[str | None], size: int | None) -> None:
    """Behind whatever all begin with; anything else is no such column."""
    column = Hexadecimal.of(values)
    assert size == (None if column is None else column.size)
    if column is not None:
        assert column.opened().all(len(values)) == [column.opened()[row] for row in range(len(values))] == values


@pytest.mark.parametrize("different", [1, 2, 256, 257, 1024])
def test_few_texts_are_codes(different: int) -> None:
    """However many differ, each comes back."""
    values = [f"level {number % different}" for number in range(1024)]
    column = Coded.of(values)
    assert [column.texts[code] for code in column.opened(1024)] == values


def test_ids_of_requests_take_next_to_nothing() -> None:
    """1,000 ids in runs of 100 need a few bytes for each run."""
    source = IdSource()
    ids = [
        (first + number).to_bytes(16, "big") for first in [source.take(100) for _ in range(10)] for number in range(100)
    ]
    packed = parts.IdRuns.of(ids)
    high, low = packed.halves()
    assert [int(first) << 64 | int(last) for first, last in zip(high, low, strict=True)] == [
        int.from_bytes(identity, "big") for identity in ids
    ]
    assert len(codec.encode(packed)) < 250


def test_an_id_behind_the_last_of_64_bits_begins_a_run() -> None:
    """It is no neighbour: 0 follows the highest number only where numbers go round."""
    ids = [bytes(7) + b"\x01" + low.to_bytes(8, "big") for low in (2**64 - 2, 2**64 - 1, 0, 1)]
    assert [(first, last) for first, last, _ in parts.IdRuns.of(ids).runs()] == [(ids[0], ids[1]), (ids[2], ids[3])]


def test_one_log_is_read_without_the_others(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord
) -> None:
    """What has no column is taken from its chunk; the other chunks are not fetched."""
    sent = [make_record(message=f"message {number}", metadata={"long": f"{number} " * 20}) for number in range(1023)]
    store.add(sent)
    seal_all(database)
    with database.snapshot() as connection:
        one = directory(connection).segment(0)
        assert one.records(connection, [700]) == [sent[700]]
        assert list(one._chunks) == [700 // CHUNK]


def test_a_process_keeps_so_much_open(
    database: SqliteDatabase, store: SqliteStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was used last stays; what was let go is fetched again."""
    monkeypatch.setattr(stored._cache, "_room", 10_000)
    sent = [make_record(message=f"message {number}") for number in range(600)]
    for start in range(0, 600, 100):
        store.add(sent[start : start + 100])
    seal_all(database, most=20)
    assert [record for _, record in store.after(0, 1_000)] == sent
    with database.snapshot() as connection:
        there = directory(connection)
        opened = [number for number in range(len(there)) if there.segment(number)._keys is not None]
        assert 0 < len(opened) < len(there)
        assert opened[-1] == len(there) - 1
    assert [record for _, record in store.after(0, 1_000)] == sent


@given(st.lists(st.none() | st.dictionaries(TEXT, JSON, max_size=3), max_size=6))
def test_metadata_are_packed_and_decoded_together_as_by_themselves(metadata: list[dict[str, Any] | None]) -> None:
    """With integers of any size."""
    packed = codec.encode_each(metadata)
    assert packed == [None if one is None else codec.encode(one) for one in metadata]
    there = [one for one in packed if one is not None]
    assert segment.several_metadata(there) == [segment.metadata(one) for one in there]


@given(st.lists(st.sampled_from([None, True, False, "", "ab", b"", b"abc", "\u00e9" * 70, b"x" * 65]), min_size=1))
def test_the_longest_of_values_is_found(values: list[Any]) -> None:
    """Of texts and bytes; truths and nothing have no length."""
    assert columns._longest(values) == max(len(one) if isinstance(one, str | bytes) else 0 for one in values)
