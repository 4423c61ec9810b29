"""Entries of Loki that are alike: what is found of all at once is what protobuf reads of each."""

from __future__ import annotations

from typing import Any

import cramjam
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from app.log.foreign.many import Columns, Odd
from app.log.loki import messages, packed, push
from app.log.own import Ready
from tests.thorough import examples

LIMIT = 1 << 20
FEW = 50

_texts = st.sampled_from(("paid", "", "é", "v" * 127, "v" * 128, "漢" * 50, "x\r\n")) | st.text(max_size=4)
_names = st.lists(st.sampled_from(("traceId", "level", "n" * 127, "n" * 128, "é", "")), max_size=4)
_seconds = st.sampled_from((0, 1, 1_700_000_000, 2**35 - 1, 2**35, -1))
_nanos = st.sampled_from((0, 1, 127, 128, 999_999_999, -1))


def entry(seconds: int, nanos: int, line: str, pairs: list[tuple[str, str]]) -> Any:
    """Return an entry as a message."""
    made = messages.kind("Entry")(line=line)
    made.timestamp.seconds, made.timestamp.nanos = seconds, nanos
    for name, value in pairs:
        made.metadata.add(name=name, value=value)
    return made


@st.composite
def _entries(draw: st.DrawFn) -> list[bytes]:
    names = draw(_names)
    values = [draw(_texts) for _ in range(5)]
    usual = [
        entry(1_700_000_000 + place, place * 10**6, f"paid {place}", [(name, f"{place:032x}") for name in names])
        for place in range(FEW)
    ]
    made = [one.SerializeToString() for one in usual]
    for place in draw(st.lists(st.integers(0, FEW - 1), max_size=3)):
        names_here = names if draw(st.booleans()) else draw(_names)
        pairs = [(name, values[index]) for index, name in enumerate(names_here)]
        made[place] = entry(draw(_seconds), draw(_nanos), draw(_texts), pairs).SerializeToString()
    if draw(st.booleans()):
        place = draw(st.integers(0, FEW - 1))
        raw = bytearray(made[place])
        at = draw(st.integers(0, len(raw) - 1))
        raw[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
        made[place] = bytes(raw)
    return made


@settings(max_examples=examples(600), deadline=None)
@given(entries=_entries())
def test_parts_are_those_that_protobuf_reads(entries: list[bytes]) -> None:
    """Or nothing is found: where an entry has another layout, is broken, or holds what is looked for by no short way."""
    try:
        found = packed.read(entries)
    except UnicodeDecodeError:
        with pytest.raises(DecodeError):
            list(map(messages.kind("Entry").FromString, entries))
        return
    if found is None:
        return
    read = list(map(messages.kind("Entry").FromString, entries))
    assert found.times == [one.timestamp.seconds * 10**9 + one.timestamp.nanos for one in read]
    assert found.lines == [one.line for one in read]
    assert [dict(zip(found.pairs, values, strict=True)) for values in zip(*found.pairs.values(), strict=True)] == [
        {pair.name: pair.value for pair in one.metadata} for one in read if one.metadata
    ]


@pytest.mark.parametrize("names", [(), ("level",), ("traceId", "spanId", "é")])
@pytest.mark.parametrize("nanos", [0, 5, 123_456_789])
def test_usual_entries_are_read_at_once(names: tuple[str, ...], nanos: int) -> None:
    """With any number of pairs, and with a time that is a whole second in some."""
    made = [
        entry(1_700_000_000, nanos * (place % 3), "é" * (place + 1), [(name, "v" * (place + 1)) for name in names])
        for place in range(FEW * 3)
    ]
    found = packed.read([one.SerializeToString() for one in made])
    assert found is not None
    assert list(found.pairs) == list(names)
    assert packed.read([one.SerializeToString() for one in made[: FEW - 1]]) is None


def body(entries: list[bytes]) -> bytes:
    """Return a push of the entries, in two streams."""
    request = messages.kind("PushRequest", packed="Entry")()
    for labels, some in (('{app="shop"}', entries[: FEW // 2]), ('{app="desk"}', entries[FEW // 2 :])):
        request.streams.add(labels=labels, entries=some)
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


def _take(held: Columns) -> list[Ready] | Odd | None:
    """Find odd what has no text, and make nothing of the rest but a log each that can be compared."""
    empty = Odd(place for place, message in enumerate(held["message"]) if not message)
    return empty or [
        Ready(repr([(name, values[place]) for name, values in held.items()]), 1)
        for place in range(len(held["message"]))
    ]  # type: ignore[arg-type]


@settings(max_examples=examples(200), deadline=None)
@given(entries=_entries())
def test_a_push_is_read_alike_both_ways(entries: list[bytes]) -> None:
    """Whether its entries are found at once or one by one."""
    with pytest.MonkeyPatch.context() as patch:
        found = push.from_protobuf(body(entries), LIMIT, take=_take) if _is_push(entries) else None
        patch.setattr(packed, "read", lambda entries: None)
        assert found is None or found == push.from_protobuf(body(entries), LIMIT, take=_take)


def _is_push(entries: list[bytes]) -> bool:
    try:
        return bool(list(map(messages.kind("Entry").FromString, entries)))
    except DecodeError:
        return False
