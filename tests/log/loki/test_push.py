"""A push of Loki, in JSON and in protobuf, to the names and values of its entries."""

from __future__ import annotations

from contextlib import suppress

import cramjam
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InvalidRecord, TooLarge
from app.log.loki import labels, messages, push
from app.log.parsed import Refused
from tests.thorough import examples

LIMIT = 1 << 20


def packed(*streams: tuple[bytes, list[tuple[int, int, bytes, dict[bytes, bytes]]]]) -> bytes:
    """Return a push as promtail sends it."""
    request = messages.kind("PushRequest", texts=False)()
    for text, entries in streams:
        stream = request.streams.add(labels=text)
        for seconds, nanos, line, more in entries:
            entry = stream.entries.add(line=line)
            entry.timestamp.seconds, entry.timestamp.nanos = seconds, nanos
            for name, value in more.items():
                entry.metadata.add(name=name, value=value)
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{app="shop", level="info"}', {"app": "shop", "level": "info"}),
        ("{}", {}),
        ("", {}),
        (r'{path="C:\\x", said="say \"hi\"\n"}', {"path": "C:\\x", "said": 'say "hi"\n'}),
        ('{level="info",query="say "hi"", app="shop"}', {"level": "info", "query": 'say "hi"', "app": "shop"}),
        ('{a="x",}', {"a": "x"}),
        ("not labels", {"labels": "not labels"}),
        ("{a=1}", {"labels": "{a=1}"}),
    ],
)
def test_labels_are_read(text: str, found: dict[str, str]) -> None:
    """By the book, and as winston-loki writes them; what is no label is kept as it is."""
    assert labels.read(text) == found


def test_protobuf_is_read() -> None:
    """Time to the nanosecond, labels and structured metadata; what is not UTF-8 costs only its characters."""
    body = packed(
        (b'{app="shop"}', [(1_700_000_000, 123_456_789, b"paid\n", {b"trace_id": b"abc"}), (1, 0, b"\xff", {})])
    )
    assert push.from_protobuf(body, LIMIT) == [
        {"message": "paid", "app": "shop", "trace_id": "abc", "timestamp": 1_700_000_000_123_456_789},
        {"message": "\ufffd", "app": "shop", "timestamp": 1_000_000_000},
    ]


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["", "a", "level", "n" * 127, "n" * 128]), st.text(max_size=140)), max_size=4)
)
def test_pairs_are_those_that_protobuf_reads(pairs: list[tuple[str, str]]) -> None:
    """Whatever their lengths are, and though only some of a name are remembered."""
    kind = messages.kind("Pair", texts=True)
    for name, value in pairs * 2:
        assert messages.read_pair(kind(name=name, value=value).SerializeToString()) == (name, value)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", ("", "")),
        (b"\x0a\x01a\x12\x01b\x0a\x01c", ("c", "b")),
        (b"\x12\x01b\x0a\x01c", ("c", "b")),
        (b"\x0a\x01a\x12\x80\x00", ("a", "")),
        (b"\x0a\x01a", ("a", "")),
    ],
)
def test_pairs_of_any_order_are_read(raw: bytes, found: tuple[str, str]) -> None:
    """As protobuf has it, also once the name is known."""
    messages.read_pair(b"\x0a\x01a\x12\x01b")
    assert messages.read_pair(raw) == found


@pytest.mark.parametrize("raw", [b"\x0a", b"\x0a\x01a\x12", b"\x0a\x01a\x12\x02b", b"\x0a\x01a\x12\x01\xff"])
def test_broken_pairs_are_refused(raw: bytes) -> None:
    """Also those that begin as one that is known."""
    messages.read_pair(b"\x0a\x01a\x12\x01b")
    with pytest.raises((DecodeError, UnicodeDecodeError)):
        messages.read_pair(raw)


@pytest.mark.parametrize("body", [b"", b"\xff" * 9, b"\x05abc", bytes(cramjam.snappy.compress_raw(b"\xff\xff"))])
def test_what_is_no_push_is_refused(body: bytes) -> None:
    """With a reason."""
    with pytest.raises(InvalidRecord):
        push.from_protobuf(body, LIMIT)


def test_what_inflates_too_far_is_refused_before_it_does() -> None:
    """Its first bytes say how far."""
    with pytest.raises(TooLarge):
        push.from_protobuf(bytes(cramjam.snappy.compress_raw(bytes(LIMIT + 1))), LIMIT)


def test_json_is_read() -> None:
    """Structured metadata wins over labels; foreign keys in a stream are passed over."""
    body = b"""{"streams": [{"stream": {"level": "info", "message": "own"}, "message_in_json_format": 1,
        "values": [["1700000000123456789", "one"], ["1700000000000000000", "two", {"level": "error"}]]}]}"""
    assert push.from_json(body) == [
        {"message": "one", "level": "info", "label.message": "own", "timestamp": 1_700_000_000_123_456_789},
        {"message": "two", "level": "error", "label.message": "own", "timestamp": 1_700_000_000_000_000_000},
    ]


@pytest.mark.parametrize("time", ['"NaN"', "1.5", '"2023-09-15T08:00:00Z"', "true"])
def test_a_time_that_is_none_costs_no_log(time: str) -> None:
    """pino-loki sends NaN: the log has the time of its arrival, and says so."""
    [log] = push.from_json(b'{"streams":[{"stream":{},"values":[[%s,"x"]]}]}' % time.encode())
    assert "timestamp" not in log
    assert "no time" in log["unread"]["timestamp"]


def test_bad_values_cost_no_good_ones() -> None:
    """Each is refused in its place."""
    body = b'{"streams":[1,{"stream":{}},{"stream":{"a":"b"},"values":[["1","good"],["1"],"x",["1",5],["1","also"]]}]}'
    found = push.from_json(body)
    assert [isinstance(one, Refused) for one in found] == [True, True, False, True, True, True, False]


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda plain: bytes(cramjam.snappy.compress_raw(plain))))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Nothing but our own errors."""
    for read in (push.from_json, lambda raw: push.from_protobuf(raw, LIMIT)):
        with suppress(InvalidRecord, TooLarge):
            read(body)


@settings(max_examples=examples(200), deadline=None)
@given(st.text(alphabet='{}a="\\, \n', max_size=40))
def test_any_labels_are_read(text: str) -> None:
    """As labels or as they are."""
    assert isinstance(labels.read(text), dict)
    assert isinstance(labels.read("{" + text + "}"), dict)


_pair = st.builds(
    lambda name, value: messages.kind("Pair", texts=True)(name=name, value=value).SerializeToString(),
    st.sampled_from(("level", "zone", "", "n" * 200)),
    st.sampled_from(("info", "warn", "", "é", "v" * 130)) | st.text(max_size=4),
)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(_pair, min_size=1, max_size=9), st.integers(1, 4))
def test_pairs_are_read_together_as_by_themselves(pairs: list[bytes], times: int) -> None:
    """Whether they come again or not; None only where they have several names."""
    found, each = messages.read_alike(pairs * times), list(map(messages.read_pair, pairs * times))
    if found is None:
        assert len({name for name, _ in each}) > 1
    else:
        assert [(found[0], value) for value in found[1]] == each
