"""What a sent log must be, and that nothing good is lost beside what is bad."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import combinations
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidRecord, UnsupportedMedia
from app.log import body, own, schema
from app.log.limits import Limits
from app.log.own import LogSchema
from app.log.parsed import Parsed
from app.log.record import IdSource, LogRecord, id_text
from app.times import instant

NOW = 1_700_000_000_000
LIMITS = Limits(message=1000, metadata=2000, retention_ms=30 * 86_400_000)
EXAMPLE: dict[str, Any] = {
    "level": "error",
    "message": "Failed to connect to DB",
    "resourceId": "server-1234",
    "timestamp": "2023-09-15T08:00:00Z",
    "traceId": "abc-xyz-123",
    "spanId": "span-456",
    "commit": "5e5342f",
    "metadata": {"parentResourceId": "server-0987"},
}


def parsed(value: Any, *, strict: bool = False) -> Parsed:
    """Read one JSON body."""
    return schema.read(json.dumps(value).encode(), None, LIMITS, NOW, strict=strict)


def one(value: Any) -> LogRecord:
    """Read a body of one log that must be taken."""
    (log,) = parsed(value).logs
    return log


def problem(value: Any) -> dict[str, Any]:
    """Read a body of one log that must be refused where only our own form is taken."""
    (refused,) = parsed(value, strict=True).refused
    return refused.problem.to_dict()


def test_original_example_is_taken_whole() -> None:
    """Every field of the original format arrives as it was sent."""
    assert one(EXAMPLE).sent_fields() == EXAMPLE


def test_only_message_is_required() -> None:
    """A log without time and level gets the accept time and `info`; null is the same as absent."""
    for sent in ({"message": "m"}, {"message": "m", "level": None, "timestamp": None, "metadata": None}):
        log = one(sent)
        assert (log.t, log.ns, log.level, log.resource_id, log.metadata) == (NOW, 0, "info", None, None)


def test_a_time_beneath_the_metadata_counts_where_there_is_no_other() -> None:
    """As winston's metadata() puts it; it stays there too. A log's own time wins, and what is no time says nothing."""
    sent = {"level": "error", "message": "m", "metadata": {"timestamp": "2023-09-15T08:00:00.123Z", "amount": 12}}
    log = one(sent)
    assert (log.t, log.metadata) == (1_694_764_800_123, sent["metadata"])
    assert one({**sent, "timestamp": "2023-09-15T08:00:01Z"}).t == 1_694_764_801_000
    for value in ("tomorrow", 1_694_764_800, None):
        assert one({**sent, "metadata": {"timestamp": value}}).t == NOW
    assert one({"message": "m", "metadata": sent["metadata"]}).t == NOW


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({}, "message", "is missing"),
        ({"message": None}, "message", "is missing"),
        ({"message": 5}, "message", "is not a text"),
        ({"message": "m", "level": 3}, "level", "is not a text"),
        ({"message": "m", "commit": "c" * 256}, "commit", "is longer than 255 characters"),
        ({"message": "m", "metadata": [1]}, "metadata", "is not a JSON object"),
        ({"message": "m", "metadata": {"a": "x" * 2000}}, "metadata", "is larger than 2,000 bytes of JSON"),
        ({"message": "m", "timestamp": True}, "timestamp", "is neither a text nor a number"),
        ({"message": "m", "timestamp": "yesterday"}, "timestamp", "is not an RFC 3339 time"),
        ({"message": "m", "timestamp": "2023-02-30T00:00:00Z"}, "timestamp", "names a day that does not exist"),
        ({"message": "m", "timestamp": 1e30}, "timestamp", "lies outside the years"),
    ],
)
def test_fault_names_field_and_reason(sent: dict[str, Any], field: str, said: str) -> None:
    """What is refused says which field is at fault and why."""
    found = problem(sent)
    assert found["field"] == field
    assert found["message"].startswith(said)
    assert found["index"] == 0


def test_bad_logs_cost_their_neighbours_nothing() -> None:
    """Of an array the good logs are taken, the bad ones named by their place and kept as they were sent."""
    body = b'[{"message":"a"}, 7, {"message":"b","level":[]}, {"message":"c"}]'
    read = schema.read(body, "application/json", LIMITS, NOW, strict=True)
    assert [(log.message, place) for log, place in zip(read.logs, read.places, strict=True)] == [("a", 0), ("c", 3)]
    assert [(bad.problem.index, bad.payload) for bad in read.refused] == [(1, b"7"), (2, b'{"message":"b","level":[]}')]


@pytest.mark.parametrize("wrong", [None, "", "x", -5, 1.5, True, [], [1], {}, {"a": 1}])
def test_a_field_of_another_type_costs_its_neighbours_nothing(wrong: Any) -> None:
    """Whichever two fields of our own form have it, and whatever is beside them."""
    for one, other in combinations(sorted(own.NAMES), 2):
        for beside in ({}, {"message": "m"}, {"message": "m", "resourceId": "r"}, {"message": "m", "x": 1}):
            log = {**beside, one: wrong, other: wrong}
            read = schema.read(json.dumps([log, {"message": "good"}]).encode(), None, LIMITS, NOW)
            assert len(read.logs) + len(read.refused) == 2, log
            assert read.logs[-1].message == "good"


def test_bad_line_costs_its_neighbours_nothing() -> None:
    """Of lines each is read alone; blank ones count for nothing."""
    body = b'{"message":"a"}\r\n\n{"message":\n{"message":"\xff"}\n{"message":"c"}\n'
    read = schema.read(body, "application/x-ndjson; charset=utf-8", LIMITS, NOW)
    assert [log.message for log in read.logs] == ["a", "c"]
    assert [bad.problem.index for bad in read.refused] == [1, 2]
    assert "is not JSON" in read.refused[0].problem.message
    assert "is not UTF-8" in read.refused[1].problem.message


def test_lines_are_known_without_their_type() -> None:
    """What `curl --data-binary @file.ndjson` sends is read line by line."""
    read = schema.read(b'{"message":"a"}\n{"message":"b"}\n', "application/x-www-form-urlencoded", LIMITS, NOW)
    assert [log.message for log in read.logs] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "position"), [(b"", 0), (b'{"message":"x",}', 15), ('["ü", x]'.encode(), 6), (b"[1", 2), (b'{"a":NaN}', 5)]
)
def test_body_that_is_not_json_says_where(body: bytes, position: int) -> None:
    """The position counts characters from 0."""
    with pytest.raises(InvalidRecord) as caught:
        schema.read(body, None, LIMITS, NOW)
    assert caught.value.problems[0].position == position


def test_deep_nesting_is_an_error_and_no_crash() -> None:
    """However deep a body nests, it is refused in words."""
    deep = b'{"message":"m","metadata":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001
    with pytest.raises(InvalidRecord, match="nested too deeply"):
        schema.read(deep, None, LIMITS, NOW)
    assert (
        "nested more than 64 deep"
        in problem({"message": "m", "metadata": {"a": [[[[]]] * 1] * 1, "b": nested(70)}})["message"]
    )
    assert problem({"message": "\ud800", "metadata": nested(400)})["message"]


def nested(depth: int) -> dict[str, Any]:
    """Return objects within objects."""
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def test_other_content_type_is_named() -> None:
    """A type that isn't read is refused with those that are."""
    with pytest.raises(UnsupportedMedia, match="application/x-ndjson"):
        schema.read(b"<log/>", "application/xml", LIMITS, NOW)


def test_unknown_keys_go_under_metadata_where_an_existing_key_wins() -> None:
    """Nothing that is sent is dropped."""
    log = one({"message": "m", "host": "h", "pid": 7, "metadata": {"host": "inner"}})
    assert log.metadata == {"host": "inner", "pid": 7}


def test_long_message_is_cut_between_characters_and_marked() -> None:
    """Length alone never refuses a log; the cut never splits a character."""
    log = one({"message": "ü" * 501})
    assert (log.message, log.truncated) == ("ü" * 500, True)
    assert not one({"message": "ü" * 500}).truncated


def test_nul_and_lone_surrogates_become_the_replacement_character() -> None:
    """In every text and every key, whatever way the body comes."""
    body = b'[{"message":"a\\u0000b\\ud800c","metadata":{"k\\udc00":["\\u0000"]}},{"message":"fine \\ud83d\\ude00"}]'
    first, second = schema.read(body, None, LIMITS, NOW).logs
    assert (first.message, first.metadata) == ("a�b�c", {"k�": ["�"]})
    assert second.message == "fine 😀"
    assert one({"message": "\0"}).message == "�"


@pytest.mark.parametrize(
    "body",
    [
        b'{"MESSAGE":[97,0,98],"__REALTIME_TIMESTAMP":"1700000000000000","_HOSTNAME":"h"}',
        b'{"log":"{\\"message\\":\\"a\\u005cu0000b\\",\\"level\\":\\"error\\"}","stream":"stderr","time":"2024-01-01T00:00:00Z"}',
        b'{"log":"{\\"message\\":\\"a\\\\u\\u00300\\u00300b\\",\\"level\\":\\"error\\"}","stream":"stderr","time":"2024-01-01T00:00:00Z"}',
    ],
)
def test_nul_in_what_a_log_wraps_is_replaced_too(body: bytes) -> None:
    """Bytes as journald writes them, and JSON in a text, however it was escaped."""
    assert [log.message for log in schema.read(body, None, LIMITS, NOW).logs] == ["a\ufffdb"]


@pytest.mark.parametrize(
    ("body", "message"),
    [(b'{"message":[80,69]}', "[80,69]"), (b'{"msg":[1],"level":"info"}', "[1]"), (b'{"MESSAGE":[80,69]}', "PE")],
)
def test_a_list_of_small_numbers_is_text_for_journald_alone(body: bytes, message: str) -> None:
    """Elsewhere numbers stay numbers."""
    assert [log.message for log in schema.read(body, None, LIMITS, NOW).logs] == [message]


def test_number_out_of_range_costs_only_its_log() -> None:
    """JSON allows 1e999, float64 doesn't."""
    body = b'[{"message":"a","metadata":{"n":1e999}},{"message":"b"}]'
    read = schema.read(body, None, LIMITS, NOW, strict=True)
    assert [log.message for log in read.logs] == ["b"]
    assert read.refused[0].problem.field == "metadata"


def test_own_id_is_kept_when_it_is_a_time_that_is_kept() -> None:
    """Any other id is metadata."""
    ids = IdSource()
    good = ids.take(1, NOW - 1000).to_bytes(16, "big")
    assert one({"message": "m", "id": id_text(good)}).id == good
    assert one({"message": "m", "id": id_text(good)}).metadata is None
    old, ahead = NOW - LIMITS.retention_ms - 1, NOW + 700_000
    for sent in (id_text(IdSource().take(1, ms).to_bytes(16, "big")) for ms in (old, ahead)):
        assert one({"message": "m", "id": sent}).metadata == {"id": sent}
    for sent in ("abc", 7, "00000000-0000-4000-8000-000000000000", "é" * 36):
        log = one({"message": "m", "id": sent})
        assert (log.id, log.metadata) == (b"", {"id": sent})


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.just("x" * 256),
    st.sampled_from(["2023-09-15T08:00:00Z", 1694764800, 10**20]),
    st.lists(st.none(), max_size=1),
    st.dictionaries(
        st.text(max_size=2), st.one_of(st.text(max_size=4), st.just("x" * 1990), st.floats(allow_nan=False)), max_size=2
    ),
)
LOGS = st.one_of(
    st.fixed_dictionaries(
        {"message": st.text(max_size=3)},
        optional=dict.fromkeys((*(EXAMPLE.keys() - {"message"}), "id", "other"), VALUES),
    ),
    st.dictionaries(st.sampled_from([*EXAMPLE, "id", "other"]), VALUES),
    VALUES,
)


@given(LOGS)
def test_fast_path_and_schema_accept_and_refuse_the_same(value: Any) -> None:
    """The words come from the schema, the speed from the fast path; they must not disagree."""
    taken = own.record(value, 10**6, LIMITS, NOW) is not None
    assert taken == (not LogSchema(LIMITS).validate(value))


LARGE = Limits(message=65_536, metadata=65_536, retention_ms=10**12)


@given(st.lists(LOGS, min_size=1, max_size=3))
def test_logs_decoded_by_their_type_are_those_of_the_fast_path(values: list[Any]) -> None:
    """Lines are decoded so where nothing in them needs a second look; no line is read otherwise for it."""
    lines = [json.dumps(value).encode() for value in values]
    found = body.plain_logs(lines, LARGE, NOW)
    expected = [own.record(value, len(line), LARGE, NOW, alone=True) for value, line in zip(values, lines, strict=True)]
    assert found is None or found == expected


def test_ordinary_lines_are_decoded_by_their_type() -> None:
    """Among them such without most fields; none with other names, with a NUL, too long a text or a doubtful number."""
    small = {name: value for name, value in EXAMPLE.items() if name not in ("metadata", "commit")}
    plain = [
        json.dumps(value).encode()
        for value in ({"message": "m"}, small, {"message": "é", "metadata": {"a": [1.5, None]}})
    ]
    found = body.plain_logs(plain, LARGE, NOW)
    assert found is not None
    for value in (
        {"message": "m", "x": 1},
        {"message": 1},
        {"message": "m", "level": "x" * 256},
    ):
        assert body.plain_logs([*plain, json.dumps(value).encode()], LARGE, NOW) is None
    assert body.plain_logs(plain, LIMITS, NOW) is None  # one may be too large
    assert body.plain_logs([b'{"message": "m", "metadata": {"a": 1e999}}'], LARGE, NOW) is None
    read = schema.read(b"\n".join(plain), "application/x-ndjson", LARGE, NOW)
    assert (read.logs, read.places, read.sizes) == (found, [0, 1, 2], list(map(len, plain)))
    assert not body.several_lines(b'{"message": "\\u0000"}\n{}', "application/x-ndjson", 9)


@given(st.lists(st.datetimes(max_value=datetime(9999, 12, 31)), min_size=1, max_size=5))
def test_times_read_at_once_are_those_read_one_by_one(times: list[datetime]) -> None:
    """Of seconds that were read before as of others, more of them than are remembered; where one is written in another way, none is read so."""
    texts = [time.isoformat(timespec="milliseconds") + "Z" for time in times]
    expected = [instant.parse(text) for text in texts]
    with patch.object(instant, "_REMEMBERED", 3):
        assert instant.all_plain(texts) == [ms for ms, _ in expected]
        assert instant.all_plain([*texts, texts[0].replace("Z", "+00:00")]) is None
        assert instant.all_plain([*texts, texts[0][:17]]) is None
    lines = [json.dumps({"message": "m", "timestamp": text}).encode() for text in texts]
    found = body.plain_logs(lines, LARGE, NOW)
    assert found is not None
    assert [(log.t, log.ns) for log in found] == expected
