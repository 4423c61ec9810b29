"""What a door takes at once is what it would take one by one, each part by itself: of random requests as of usual ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.log.body import Item
from app.log.limits import Limits
from app.log.loki import push
from app.log.otlp import packed, usual
from app.log.own import Ready
from app.log.parsed import Parsed, Refused
from app.log.schema import read_items
from app.times.written import Assumed
from app.web.doors import hec_events, hec_usual, loki
from app.web.doors.elastic import bulk
from tests.log.loki.test_push import packed as packed_push
from tests.log.otlp.test_records import TRACE, _attributes, _records, request
from tests.thorough import examples
from tests.web.doors.test_hec import _events, _objects
from tests.web.doors.test_loki import NS, _entries

LIMITS = Limits(message=65_536, metadata=65_536, retention_ms=10**12)
#: When the logs come, in ms.
NOW = 1_795_963_451_196


def taken(values: list[Any]) -> tuple[Any, ...]:
    """Return what a request with these values comes to, as text, for NaN."""
    parsed: Parsed = read_items(values, LIMITS, NOW)
    return repr(parsed.logs), parsed.places, [one.problem for one in parsed.refused], parsed.recognised


def _usual(number: int) -> dict[str, Any]:
    """Return a record as exporters send it."""
    common = {"time_unix_nano": 1_795_963_451_196_003_841 + number, "severity_number": 9, "severity_text": "INFO"}
    return {**common, "body": f"order {number}", "trace_id": TRACE, "attributes": {"order": number, "paid": False}}


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(_records | st.integers(0, 9).map(_usual), min_size=1, max_size=5), _attributes)
def test_records_of_otlp(records: list[dict[str, Any]], resource: dict[str, Any]) -> None:
    """Whatever their neighbours are."""
    sent = request(*records, *records * 5, resource=resource).SerializeToString()
    at_once = taken(packed.read(sent, packed.log_records()))
    with patch.object(usual, "logs", return_value=None):
        found = packed.read(sent, packed.log_records())
    assert Ready not in map(type, found)
    assert at_once == taken(found)


_texts = st.text(st.sampled_from('aB0 \n\x1bé漢😀{}"'), max_size=20) | st.sampled_from(("", "x" * 300, "a\0", "\ud800"))
_times = st.sampled_from(("2026-11-30T10:02:03.004Z", "2026-11-30T10:02:03.004005006+01:00", "now", 1_795_963_451))
_deep = st.recursive(_texts | st.integers() | st.floats() | st.none(), lambda inner: st.lists(inner, max_size=2))
_own = st.fixed_dictionaries(
    {"message": _texts},
    optional={
        **dict.fromkeys(("level", "resourceId", "traceId", "spanId", "commit"), _texts | st.none() | st.just(5)),
        "timestamp": _times | st.none(),
        "metadata": st.dictionaries(_texts | st.sampled_from(("_index", "timestamp")), _deep, max_size=3) | st.none(),
        **dict.fromkeys(("id", "_index", "more"), _texts | st.just("0193763e-6f5a-7000-8000-000000000000")),
    },
)
_plainly = st.builds(
    lambda number, more: {"message": f"order {number}", "timestamp": "2026-11-30T10:02:03Z", **more},
    st.integers(0, 9),
    st.sampled_from(({"resourceId": "shop"}, {"metadata": {}}, {"metadata": {"_index": "own"}}, {})),
)


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(_plainly, min_size=1, max_size=4)
    | st.lists(_own | _plainly, min_size=1, max_size=4)
    | st.lists(
        _objects | st.just({"@timestamp": "2026-11-30T10:02:03Z", "log.level": "warn", "message": "x"}),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.sampled_from(("", " ", "\r")), min_size=4, max_size=4),
    st.sampled_from(("logs", "sh\u00f6p", 'a"b')),
    st.sampled_from(("index", "create")),
)
def test_documents_of_bulk(documents: list[dict[str, Any]], ends: list[str], index: str, action: str) -> None:
    """In our own form or in another's, with and without what is odd; their sizes too."""
    line = json.dumps({action: {"_index": index}})
    pairs = zip(documents, ends, strict=False)
    body = "".join(f"{line}\n{json.dumps(document)}{end}\n" for document, end in pairs).encode()
    at_once = bulk.read(body, None)
    with patch.object(bulk, "_alike", return_value=None):
        found = bulk.read(body, None)
    assert Ready not in [type(one.value) for one in found]
    assert [(one.action, one.raw) for one in at_once] == [(one.action, one.raw) for one in found]
    values = [[one.value for one in some if not isinstance(one.value, Refused)] for some in (at_once, found)]
    assert taken(values[0]) == taken(values[1])
    assert read_items(values[0], LIMITS, NOW).sizes == read_items(values[1], LIMITS, NOW).sizes


def test_usual_documents_are_taken_at_once() -> None:
    """In our own form, with a time; others in the next hundred."""
    line, plainly = b'{"create":{}}\n', b'{"message":"x","timestamp":"2026-11-30T10:02:03Z","resourceId":"shop"}\n'
    found = bulk.read((line + plainly) * 100 + line + b'{"msg":"x"}\n', None)
    assert [type(one.value) for one in found] == [Ready] * 100 + [Item]


def test_usual_documents_of_other_programs_are_taken_at_once() -> None:
    """A hundred of them are looked at by themselves only where one of them has to be."""
    line, usual = b'{"create":{"_index":"shop"}}\n', b'{"msg":"x","pid":7}\n'
    with patch.object(bulk, "document_of", side_effect=AssertionError):
        found = bulk.read((line + usual) * 150, None)
    assert [(one.value.value, one.value.raw) for one in found] == [
        ({"msg": "x", "pid": 7, "_index": "shop"}, b'{"msg":"x","pid":7,"_index":"shop"}')
    ] * 150
    odd = bulk.read((line + usual) * 99 + line + b'{"msg":"x","_index":"own"}\n' + (line + usual) * 100, None)
    assert [one.value.value["_index"] for one in odd] == ["shop"] * 99 + ["own"] + ["shop"] * 100


def _event(number: int) -> dict[str, Any]:
    """Return an event as collectors send it."""
    event = {"level": "warn", "message": f"order {number}", "traceId": "ab" * 16, "user": 1.5}
    return {"time": 1_795_963_451.196 + number, "host": "web-1", "event": event, "fields": {"commit": "a", "n": "1"}}


_usual_events = st.integers(0, 9).map(_event) | st.builds(
    lambda number, event, more: {**_event(number), "event": event, **more},
    st.integers(0, 2),
    st.sampled_from(("ERROR it failed", {"level": "info", "msg": "x", "time": "2026-11-30T10:02:03Z"})) | _objects,
    st.sampled_from(({}, {"fields": {"level": "warn"}}, {"host": ""}, {"fields": {"level": "x"}}, {"fields": None})),
)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(_usual_events, min_size=1, max_size=5) | st.lists(_events | _usual_events, min_size=1, max_size=5))
def test_events_of_hec(events: list[dict[str, Any]]) -> None:
    """Of one layout or of several; the second time by the ways that the first has taught."""
    body = "".join(json.dumps(event, ensure_ascii=False) for event in events * 6).encode()
    with patch.object(hec_events, "assumed_of_source", Assumed.here):
        with patch.object(hec_usual, "logs", return_value=None):
            found = hec_events.read(body)
        assert Ready not in map(type, found)
        refused = [one for one in found if isinstance(one, Refused)]
        wanted = taken([one for one in found if not isinstance(one, Refused)])
        for _ in range(2):
            found = hec_events.read(body)
            assert [one for one in found if isinstance(one, Refused)] == refused
            assert taken([one for one in found if not isinstance(one, Refused)]) == wanted


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("time", ["NaN", "Infinity", "-1.5", "1e300"])
def test_an_event_whose_time_is_no_number_leaves_its_neighbours_usual(time: str, place: int) -> None:
    """Wherever it stands among them."""
    events = [json.dumps(_event(number)) for number in range(3)]
    odd = events[:]
    odd[place] = odd[place].replace(f'"time": {_event(place)["time"]}', f'"time": {time}')
    body = "".join(odd).encode()
    with patch.object(hec_events, "assumed_of_source", Assumed.here):
        with patch.object(hec_usual, "logs", return_value=None):
            wanted = taken(hec_events.read(body))
        hec_events.read("".join(events).encode())
        assert taken(hec_events.read(body)) == wanted


def test_events_of_several_layouts_are_taken_at_once() -> None:
    """Each with its like, in the order in which they were sent."""
    events = [_event(0), {**_event(1), "event": {"level": "info", "msg": "b"}}, _event(2), {**_event(3), "host": "b"}]
    body = "".join(map(json.dumps, events * 3)).encode()
    with patch.object(hec_events, "assumed_of_source", Assumed.here):
        hec_events.read(body)
        found = hec_events.read(body)
    wanted = [(Ready, text) for text in ("order 0", "b", "order 2", "order 3")] * 3
    assert [(type(one), one.log.message) for one in found] == wanted


def _entry(number: int) -> dict[str, Any]:
    """Return an entry as promtail sends it, with the labels of its stream."""
    more = {"trace_id": f"{number + 1:032x}", "span_id": f"s{number:07x}", "zone": "a"}
    return {"labels": {"service_name": "shop", "level": "warn"}, "line": f"order {number}", "time": NS, "more": more}


def _json_push(entries: list[dict[str, Any]]) -> bytes:
    values = [[entry.get("time", NS), entry["line"], entry.get("more", {})] for entry in entries]
    streams = [{"stream": entry["labels"], "values": [value]} for entry, value in zip(entries, values, strict=True)]
    return json.dumps({"streams": streams}).encode()


def _packed_push(entries: list[dict[str, Any]]) -> bytes:
    streams = []
    for entry in entries:
        time = entry.get("time", NS)
        seconds, nanos = divmod(int(time), 10**9) if str(time).isdecimal() else (0, 0)
        more = {name.encode(): value.encode() for name, value in entry.get("more", {}).items()}
        pairs = ",".join(f"{name}={json.dumps(value)}" for name, value in entry["labels"].items())
        streams.append((f"{{{pairs}}}".encode(), [(seconds, nanos, entry["line"].encode(), more)]))
    return packed_push(*streams)


def _taken_of_loki(read: Callable[[push.Take], list[Any]]) -> tuple[Any, ...]:
    assumed = Assumed.here()
    return taken([loki._log(one, assumed) for one in read(lambda held: loki.usual(held, assumed))])


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(st.integers(0, 99).map(_entry), min_size=1, max_size=5)
    | st.lists(_entries | st.integers(0, 99).map(_entry), min_size=1, max_size=5)
)
def test_entries_of_loki(entries: list[dict[str, Any]]) -> None:
    """In JSON and in protobuf, of one layout or of several; the second time by the ways that the first has taught."""
    ours, packed_body = _json_push(entries * 6), _packed_push(entries * 6)
    for read in (
        lambda take: push.from_json(ours, take=take),
        lambda take: push.from_protobuf(packed_body, 1 << 20, take=take),
    ):
        with patch.object(loki, "usual", return_value=None):
            wanted = _taken_of_loki(read)
        for _ in range(2):
            assert _taken_of_loki(read) == wanted


def test_usual_entries_are_taken_at_once() -> None:
    """Once the first has taught its layout, and beside others."""
    assumed = Assumed.here()
    loki._log(push.from_json(_json_push([_entry(0)]))[0], assumed)
    other = {"labels": {"service_name": "shop"}, "line": "x", "time": NS}
    body = _packed_push([*map(_entry, range(9)), other, _entry(9)])
    found = push.from_protobuf(body, 1 << 20, take=lambda held: loki.usual(held, assumed))
    assert [type(one) for one in found] == [*[Ready] * 9, dict, Ready]
    assert [one.log.trace_id for one in found if isinstance(one, Ready)] == [
        f"{number + 1:032x}" for number in range(10)
    ]


def test_a_record_that_is_odd_leaves_its_neighbours_usual() -> None:
    """It and a few others are looked at by themselves."""
    sent = request(*map(_usual, range(30)), {**_usual(30), "body": [1]}).SerializeToString()
    found = packed.read(sent, packed.log_records())
    assert [type(one) for one in found] == [*[Ready] * 30, dict]
