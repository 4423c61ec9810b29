"""Splunk's door: framing, fields, codes, and acknowledgements that are true only when the logs are found."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.accept import acks
from app.backends import Backends
from app.errors import Unavailable
from app.log.limits import Limits
from app.log.schema import read_items
from app.times.written import Assumed
from app.web.doors import hec_events, hec_usual
from app.web.doors.taking import RECEIPT
from tests.conftest import fill_backends
from tests.thorough import examples

EVENT = "/services/collector/event"
SUCCESS = b'{"text":"Success","code":0}'


def taken(backends: Backends) -> list[Any]:
    """Return the logs that wait in the queue."""
    return backends.queue.take(1_000, 0).records


@pytest.mark.parametrize("path", ["/services/collector", EVENT, f"{EVENT}/1.0", f"{EVENT}/"])
@pytest.mark.parametrize("between", ["", " ", "\n", "\r\n\r\n", ","])
def test_objects_follow_one_another(client: FlaskClient, backends: Backends, path: str, between: str) -> None:
    """Whatever stands between them; a text may look like a join."""
    texts = ["one", 'a "}{" and }, {', "three"]
    body = between.join(json.dumps({"event": text}) for text in texts)
    answer = client.post(path, data=body, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.data, answer.content_type) == (200, SUCCESS, "application/json")
    assert [log.message for log in taken(backends)] == texts
    assert answer.headers[RECEIPT]


@pytest.mark.parametrize("escaped", ["\\u0000", "\\\\u0000", "\\ud800", "\\uD83D\\uDE00"])
def test_texts_with_escapes_are_looked_at(client: FlaskClient, backends: Backends, escaped: str) -> None:
    """A NUL and half a character are replaced, also where all that stands beside them is read at once."""
    plain = '{"time":1795963451.5,"host":"a","event":{"level":"info","message":"%s"}}'
    body = "".join(plain % text for text in ("one", "two", "three", f"x{escaped}y", "five"))
    assert client.post(EVENT, data=body).data == SUCCESS
    found = [log.message for log in taken(backends)]
    said = (
        json.loads(f'"x{escaped}y"')
        .replace("\0", "\ufffd")
        .encode("utf-16", "surrogatepass")
        .decode("utf-16", "replace")
    )
    assert found == ["one", "two", "three", said, "five"]


def test_fields_lie_where_they_belong(client: FlaskClient, backends: Backends) -> None:
    """Time in seconds, host, source, sourcetype, index and indexed fields."""
    event = {
        "time": 1_795_963_451.196,
        "host": "web-1",
        "source": "app.py",
        "sourcetype": "_json",
        "index": "main",
        "fields": {"order": 7, "index": "mine"},
        "event": "paid",
    }
    text = {"time": "1795963451.196", "event": {"message": "from JS", "severity": "error", "n": 1}}
    client.post(EVENT, data=gzip.compress(json.dumps([event, text]).encode()), headers={"Content-Encoding": "gzip"})
    one, two = taken(backends)
    assert (one.message, one.t, one.resource_id) == ("paid", 1_795_963_451_196, "web-1")
    assert one.metadata == {
        **{"host": "web-1", "source": "app.py", "sourcetype": "_json", "index": "main", "order": 7},
        "fields": {"index": "mine"},
    }
    assert (two.message, two.level, two.t, two.metadata) == ("from JS", "error", 1_795_963_451_196, {"n": 1})


def test_fields_that_are_a_logs_own(client: FlaskClient, backends: Backends) -> None:
    """Level, trace, span and commit, as OpenTelemetry's Collector writes them; what the event says itself wins."""
    fields = {
        "otel.log.severity.text": "WARN",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
    }
    events = [
        {"event": "stock is low", "fields": {**fields, "commit": "5e5342f", "otel.log.name": "shop"}},
        {"event": {"message": "paid", "level": "info", "traceId": "mine"}, "fields": fields},
        {"event": "ERROR it failed", "fields": {"level": "third", "trace_id": 7}},
    ]
    client.post(EVENT, data="".join(map(json.dumps, events)))
    one, two, three = taken(backends)
    assert (one.level, one.trace_id, one.span_id, one.commit) == (
        "WARN",
        fields["trace_id"],
        fields["span_id"],
        "5e5342f",
    )
    assert one.metadata == {"otel.log.name": "shop"}
    assert (two.level, two.trace_id, two.span_id) == ("info", "mine", fields["span_id"])
    assert two.metadata == {"level": "WARN", "traceId": fields["trace_id"]}
    assert (three.level, three.metadata) == ("ERROR", {"level": "third", "trace_id": 7})


_texts = st.sampled_from(
    (
        "paid",
        "é漢\n",
        "x" * 300,
        '{"level":"error"}',
        "ERROR it failed",
        "WARN: x",
        "ab" * 16,
        "error",
        "INFO",
        "5",
        "web-1",
    )
)
_values = _texts | st.integers(0, 400) | st.booleans() | st.just(None) | st.just({"a": [0.5, {"b": None}]})
_names = st.sampled_from(
    (
        "level",
        "severity",
        "message",
        "msg",
        "time",
        "timestamp",
        "trace_id",
        "traceId",
        "spanId",
        "commit",
        "host",
        "resourceId",
    )
)
_objects = st.dictionaries(_names | st.sampled_from(("line", "id", "order", "metadata")), _values, max_size=5)
_events = st.fixed_dictionaries(
    {"event": _texts | _objects | st.fixed_dictionaries({"message": _texts, "level": _texts, "traceId": _texts})},
    optional={
        "time": st.sampled_from((1_795_963_451.196, 1_795_963_451, "1795963451.196", 0.0, "odd")),
        "host": st.just("web-1") | _values,
        "source": _texts,
        "fields": st.dictionaries(_names | st.just("order"), _values, max_size=4),
    },
)


@settings(max_examples=examples(400), deadline=None)
@given(event=_events, most=st.sampled_from((100, 65_536)))
@example(event={"time": 1.5e9, "host": "web-1", "event": "ERROR it failed", "fields": {"commit": "a"}}, most=65_536)
@example(
    event={"time": 1.5e9, "host": "a", "event": {"message": "m", "level": "warn"}, "fields": {"n": 1}}, most=65_536
)
@example(event={"time": 1.5e9, "host": "a", "event": {"message": "x" * 300, "level": "warn"}}, most=100)
def test_a_log_that_is_taken_at_once_is_the_same(event: dict[str, Any], most: int) -> None:
    """Whatever an event and its envelope hold: as one that is searched, and then read in our own form."""
    assumed, limits = Assumed.here(), Limits(message=most, metadata=most, retention_ms=10**12)
    size = len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode())
    for _ in range(2):  # the first may teach the way that the second takes
        at_once, looked_at = hec_usual.logs([(event, size)], assumed), hec_events.log_of(event, assumed)
        if isinstance(at_once, list):
            found, wanted = read_items(at_once, limits, 5), read_items([looked_at], limits, 5)
            assert (repr(found.logs), len(found.refused)) == (repr(wanted.logs), len(wanted.refused))


@pytest.mark.parametrize("event", ["ERROR it failed", {"message": "it failed", "level": "error", "user": 7}])
def test_usual_events_are_taken_at_once(event: Any) -> None:
    """A text that begins with its level, and an object that has one."""
    sent = {"time": 1_795_963_451.196, "host": "web-1", "event": event, "fields": {"commit": "5e5342f", "order": 7}}
    hec_events.log_of(sent, Assumed.here())  # teaches the way
    found = hec_usual.logs([(sent, 100)], Assumed.here())
    assert isinstance(found, list)
    log = found[0].log
    assert (log.level.lower(), log.resource_id, log.commit, log.t) == ("error", "web-1", "5e5342f", 1_795_963_451_196)
    assert log.metadata is not None and log.metadata["order"] == 7


def test_events_of_splunk_hec_handler_are_found_by_level_and_words(client: FlaskClient, backends: Backends) -> None:
    """As its release 1.2.0 sends them: the level under `log_level`, the text with its arguments left out, or the dict that was logged."""
    beside = {"fields": {}, "host": "host-1", "source": "pay", "sourcetype": "_json", "time": 1_795_963_451.25}
    events = [
        {"log_level": "ERROR", "message": "payment %s refused"},
        {"log_level": "CRITICAL", "message": "with trace", "trace_id": "0af7651916cd43dd8448eb211c80319c"},
        {"log_level": "INFO", "message": 12345},
    ]
    for event in events:
        assert client.post(EVENT, data=json.dumps({**beside, "event": event}, sort_keys=True)).data == SUCCESS
    found = [(log.level, log.message, log.resource_id, log.trace_id, log.t) for log in taken(backends)]
    assert found == [
        ("ERROR", "payment %s refused", "host-1", None, 1_795_963_451_250),
        ("CRITICAL", "with trace", "host-1", "0af7651916cd43dd8448eb211c80319c", 1_795_963_451_250),
        ("INFO", "12345", "host-1", None, 1_795_963_451_250),
    ]


def test_no_value_gives_way_without_a_trace(client: FlaskClient, backends: Backends) -> None:
    """A line of JSON wins as an object does; what it differs from is in the metadata, also where two fields have one meaning."""
    events = [
        {"event": '{"message": "line", "level": "debug", "traceId": "own"}', "fields": {"level": "error", "traceId": "p"}},
        {"event": '{"message": "bare"}', "fields": {"level": "error", "traceId": "p"}},
        {"event": {"message": "object", "level": "debug"}, "fields": {"severity": "warn", "level": "error"}},
    ]  # fmt: skip
    client.post(EVENT, data="".join(map(json.dumps, events)))
    line, bare, both = taken(backends)
    assert (line.level, line.trace_id, line.metadata) == ("debug", "own", {"level": "error", "traceId": "p"})
    assert (bare.level, bare.trace_id) == ("error", "p")
    assert (both.level, both.metadata) == ("debug", {"level": "error", "fields": {"level": "warn"}})


def test_a_text_that_alone_has_a_time_keeps_it(client: FlaskClient, backends: Backends) -> None:
    """A level among the fields does not hide what the text says; without another time nothing would."""
    sent = {"event": "2026-11-30T08:00:00.123Z ERROR it failed", "fields": {"level": "info", "trace_id": "mine"}}
    client.post(EVENT, json=sent)
    client.post(EVENT, json={"event": "it failed", "fields": {"level": "error"}})
    one, two = taken(backends)
    assert (one.t, one.level, one.message, one.trace_id) == (1_796_025_600_123, "ERROR", "it failed", "mine")
    assert one.metadata == {"level": "info"}
    assert (two.level, two.message) == ("error", "it failed")


@pytest.mark.parametrize(
    ("event", "message", "level"),
    [
        ({"event": {"line": "plain", "source": "stdout", "tag": "c1"}}, "plain", "info"),
        ({"event": {"line": "ERROR it failed", "source": "stderr", "attrs": {"a": "b"}}}, "ERROR it failed", "ERROR"),
        ({"event": {"line": "one", "level": "warn"}}, "one", "warn"),
        ({"event": {"line": {"msg": "inner", "level": "warn"}, "source": "stdout"}}, "inner", "warn"),
        ({"event": '{"msg":"inner","level":"error"}', "host": "h"}, "inner", "error"),
        ({"event": "ERROR it failed\n", "time": 1_795_963_451}, "ERROR it failed", "ERROR"),
        ({"event": 7}, "7", "info"),
        ({"event": [1, 2]}, "[1, 2]", "info"),
        ({"event": {"n": 1}}, '{"n":1}', "info"),
    ],
)
def test_events_of_any_kind(
    client: FlaskClient, backends: Backends, event: dict[str, Any], message: str, level: str
) -> None:
    """Docker's driver, JSON as a text, texts, and what is neither."""
    assert client.post(EVENT, json=event).data == SUCCESS
    (log,) = taken(backends)
    assert (log.message, log.level) == (message, level)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 5),
        (b" \n", 5),
        (b"\x1c", 6),
        (b"nothing", 6),
        (b"[1]", 6),
        (b"{}", 12),
        (b'{"event":null}', 12),
        (b'{"event":""}', 13),
        (b'{"event":"x","fields":7}', 15),
        (b'{"event":"x","fields":{"n":1e999}}', 6),
    ],
)
def test_codes_of_what_is_refused(client: FlaskClient, body: bytes, code: int) -> None:
    """The code is Splunk's for this fault; 400 is final."""
    answer = client.post(EVENT, data=body)
    assert (answer.status_code, answer.json["code"]) == (400, code)  # type: ignore[index]
    assert answer.data.startswith(b'{"text":"')


def test_five_bad_of_a_hundred(client: FlaskClient, backends: Backends) -> None:
    """They are dead letters, and cost no other."""
    events = [{"event": ""} if n % 20 == 3 else {"event": f"n {n}"} for n in range(100)]
    assert client.post(EVENT, data="".join(map(json.dumps, events))).data == SUCCESS
    batch = backends.queue.take(1_000, 0)
    assert (len(batch.records), len(batch.dead)) == (95, 5)


def test_what_is_no_json_costs_its_neighbours_nothing(client: FlaskClient, backends: Backends) -> None:
    """Reading goes on behind it."""
    body = b'{"event":"one"}{"event":oops}{"event":"two"}\n{"event":"three'
    assert client.post(EVENT, data=body).data == SUCCESS
    batch = backends.queue.take(1_000, 0)
    assert [log.message for log in batch.records] == ["one", "two"]
    assert [letter.payload for letter in batch.dead] == [b'{"event":oops}', b'{"event":"three']


def test_raw_blanks_are_no_data(client: FlaskClient) -> None:
    """Blanks of Unicode too."""
    assert client.post("/services/collector/raw", data=b"\x1c").json["code"] == 5  # type: ignore[index]


def test_raw_lines(client: FlaskClient, backends: Backends) -> None:
    """Each line is a log, with the stack beneath it; the address says the rest."""
    body = b"2023-09-15 08:00:00,123 ERROR it failed\n  at one\n  at two\nplain\r\n\n"
    answer = client.post("/services/collector/raw?channel=c-1&host=web-1&sourcetype=app", data=body)
    assert answer.json["code"] == 0  # type: ignore[index]
    one, two = taken(backends)
    assert (one.level, one.timestamp, one.resource_id) == ("ERROR", "2023-09-15T08:00:00.123Z", "web-1")
    assert one.message.endswith("it failed\n  at one\n  at two")
    assert (two.message, two.metadata) == ("plain", {"host": "web-1", "sourcetype": "app"})


def test_an_acknowledgement_is_true_when_the_logs_are_found(client: FlaskClient, backends: Backends) -> None:
    """Not before; and within its channel alone."""
    channel = {"X-Splunk-Request-Channel": "FE0ECFAD-13D5-401B-847D-77833BD77131"}
    given_ids = [client.post(EVENT, json={"event": "x"}, headers=channel).json["ackId"] for _ in range(3)]  # type: ignore[index]
    assert len(set(given_ids)) == 3
    asked = {"acks": [*given_ids, 5]}

    def acks(headers: dict[str, str]) -> list[bool]:
        answer = client.post("/services/collector/ack", json=asked, headers=headers)
        return [answer.json["acks"][str(number)] for number in asked["acks"]]  # type: ignore[index]

    assert acks(channel) == [False, False, False, False]
    fill_backends(backends, [])
    assert acks(channel) == [True, True, True, False]
    assert acks({"X-Splunk-Request-Channel": "another"}) == [False] * 4
    no_channel = client.post("/services/collector/ack", json=asked)
    assert (no_channel.status_code, no_channel.json["code"]) == (400, 10)  # type: ignore[index]
    for body in (b"[]", b'{"acks":["x"]}', b'{"acks":[' + b"9" * 5_000 + b"]}", b'{"acks":[' + b"9" * 30 + b"]}"):
        assert client.post("/services/collector/ack?channel=x", data=body).json["code"] == 6  # type: ignore[index]


def test_health(client: FlaskClient) -> None:
    """Vector asks before it sends."""
    answer = client.get("/services/collector/health/1.0")
    assert (answer.status_code, answer.data) == (200, b'{"text":"HEC is healthy","code":17}')


def test_who_has_no_token_is_answered_in_splunks_words(protected: FlaskClient) -> None:
    """A client that looks at the code alone must not take a refusal for success."""
    for headers, code in (({}, 2), ({"Authorization": "Splunk wrong-one"}, 3)):
        answer = protected.post(EVENT, json={"event": "x"}, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (401, code)  # type: ignore[index]
    answer = protected.post(EVENT, json={"event": "x"}, headers={"Authorization": "Splunk right-password"})
    assert answer.data == SUCCESS


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=5), max_size=3), min_size=1, max_size=5))
def test_objects_are_what_was_joined(objects: list[dict[str, str]]) -> None:
    """Texts of any characters, joined without anything between."""
    assert hec_events.objects("".join(map(json.dumps, objects)).encode()) == objects


_joined_texts = st.sampled_from(("}{", "}\n{", "},{", "a", "é", "\\", "\0", "\ud800", "}")) | st.text(max_size=3)


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(
        st.dictionaries(_joined_texts, _joined_texts | st.dictionaries(_joined_texts, st.integers()), max_size=3),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.sampled_from(("", "\n", "\r\n", " ", "\n\n", ",", " ,\n")), min_size=6, max_size=6),
    st.booleans(),
)
def test_objects_and_sizes_are_those_of_each(objects: list[dict[str, Any]], between: list[str], ascii: bool) -> None:
    """Joined by anything; a join in a text is none, and a size is never less than what its texts take."""
    each = [json.dumps(one, ensure_ascii=ascii) for one in objects]
    body = "".join(map("".join, zip(each, [*between[: len(each) - 1], ""], strict=True)))
    found, lengths = hec_events._apart(body.encode("utf-8", "replace"))
    if ascii or body.isascii():
        assert found == objects
    assert len(found) == len(objects)
    for one, size in zip(each, lengths or (), strict=bool(lengths)):
        assert size >= len(one.encode("utf-8", "replace")) - 2


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=100), st.text('{}[]",:event \n\\1', max_size=60).map(str.encode)))
def test_no_body_is_answered_500(client: FlaskClient, body: bytes) -> None:
    """Whatever is sent is taken or refused."""
    for path in (EVENT, "/services/collector/raw", "/services/collector/ack"):
        assert client.post(path, data=body).status_code in (200, 400)


@pytest.mark.parametrize("blanks", [b" ", b"\n"])
def test_a_long_row_of_blanks_is_read_once(blanks: bytes) -> None:
    """It would take hours, were each of them tried as the beginning of what stands between two objects."""
    found = hec_events.objects(b'{"event": 1} x' + blanks * 1_000_000 + b'y {"event": 2}')
    assert next(one for one in found if isinstance(one, dict)) == {"event": 1}


def test_what_is_accepted_and_has_no_number_is_taken_once(
    client: FlaskClient, backends: Backends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is an error, so that the client sends its events again: they are the same."""
    channel = {"X-Splunk-Request-Channel": "c"}

    def away(*_: object) -> int:
        raise Unavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(acks, "give", away)
        assert client.post(EVENT, json={"event": "x"}, headers=channel).status_code == 503
    assert client.post(EVENT, json={"event": "x"}, headers=channel).json["code"] == 0  # type: ignore[index]
    assert [log.message for log in taken(backends)] == ["x"]
