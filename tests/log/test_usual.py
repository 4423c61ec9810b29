"""A body whose logs are read many at once comes to the same as one that is read value by value, whatever stands in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.log import schema
from app.log.body import Item
from app.log.foreign import fits, layouts, usual
from app.log.limits import Limits
from app.log.own import Ready
from app.log.record import LogRecord
from app.times.written import Assumed
from tests.log.test_layouts import _objects
from tests.thorough import examples

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "producers"
LIMITS = Limits(message=65_536, metadata=65_536, retention_ms=10**12)
#: When the logs come, in ms.
NOW = 1_795_963_451_196
NDJSON = "application/x-ndjson"


def _pino(number: int, more: dict[str, Any]) -> dict[str, Any]:
    head = {"level": (20, 30, 50)[number % 3], "time": NOW + number, "pid": 812, "hostname": "web-1"}
    return {**head, "traceId": f"{number + 1:032x}", "spanId": f"span-{number}", **more, "msg": f"order {number}"}


def _ecs(number: int, more: dict[str, Any]) -> dict[str, Any]:
    head = {"@timestamp": f"2026-11-30T10:02:{number:02}.004Z", "log.level": "warn", "message": f"order {number}"}
    return {**head, "service.name": "shop", "trace.id": "ab" * 16, "ecs.version": "8.10.0", **more}


def _own(number: int, more: dict[str, Any]) -> dict[str, Any]:
    return {"level": "info", "message": f"order {number}", "timestamp": "2026-11-30T10:02:03Z", **more}


def _named(number: int, more: dict[str, Any]) -> dict[str, Any]:
    return {"severity": "ERROR", "msg": f"order {number}", "user": {"id": number}, **more}


#: What makes a usual log odd, or another layout.
_MORE: tuple[dict[str, Any], ...] = (
    *(
        {},
        {"n": 1},
        {"n": 2},
        {"n": 1.5},
        {"n": float("inf")},
        {"n": None},
        {"msg": "", "level": 35},
        {"hostname": "-"},
    ),
    *({"time": 5}, {"time": NOW * 10**6}, {"@timestamp": "yesterday"}, {"time": None}, {"traceId": "x" * 300}),
    *(
        {"level": "?"},
        {"level": "warn"},
        {"log.level": "none"},
        {"message": "x" * 300},
        {"a": [1, [2]]},
        {"a": {"b": {}}},
    ),
    *({"a": "\x1b[31mred\x1b[0m"}, {"a": "\0"}, {"a": 'say "message"'}, {"a": "\\"}, {"a": "é漢😀"}, {"n": 2**70}),
    *(
        {"ctx": {"trace_id": "cd" * 16}},
        {"user": 5},
        {"timestamp": "x"},
        {"metadata": {"a": 1}},
        {"metadata": "x"},
        {"id": 5},
        {"spanId": "0" * 16},
        {"levelname": 1},
    ),
    *({"logs": [{"message": "x"}]}, {"msg": '{"level":50,"msg":"within"}'}, {"status": 500}, {"error.level.text": "x"}),
)
_usual_logs = st.builds(
    lambda make, number, more: make(number, more),
    st.sampled_from((_pino, _pino, _ecs, _own, _named)),
    st.integers(0, 59),
    st.just({}) | st.just({}) | st.sampled_from(_MORE),
)
_alike = _objects(2).flatmap(lambda one: st.lists(one, min_size=4, max_size=6))
_texts = st.sampled_from(
    [
        *(
            "",
            " ",
            "\r",
            "null",
            "7",
            '"text"',
            '"ERROR it failed"',
            "[]",
            "{}",
            '{"a":1},{"b":2}',
            '{"msg":"a"',
            "\x0b",
        ),
        *('{"level":30,"time":1,"msg":"a","msg":"b"}', '{"level":30,"pid":1,"hostname":"h","level":50,"msg":"a"}'),
        *('{"level":"info","message":"a","message":"b"}', '{"message":"\\ud800"}', '{"level":30,"msg":"\\u0000"}'),
        *(
            '{"level":30,"msg":NaN}',
            '{"level":30,"msg":"a"}x',
            '{"level":30 , "msg" : "a"}',
            '{"a":' * 200 + "1" + "}" * 200,
        ),
        *(
            '{"level":30,"msg":"a","a":' + "[" * 70 + "]" * 70 + "}",
            "\ufeff{}",
            '{"level":30,"msg":"a","m":{"a":1,"a":2}}',
        ),
    ]
)
_dumped = st.builds(lambda value, spaced: json.dumps(value, ensure_ascii=spaced), _usual_logs, st.booleans())
_lines = st.one_of(
    st.lists(_dumped, min_size=2, max_size=12),
    st.lists(_dumped | _dumped | _texts, min_size=2, max_size=12),
    _alike.map(lambda some: [json.dumps(one) for one in some]),
)


def whole(lines: list[str], **how: Any) -> str:
    """Return all that a body with these lines comes to; as text, for NaN."""
    body = "\n".join(lines).encode("utf-8", "surrogatepass")
    with patch.object(usual, "FEW", 3):
        return repr(schema.read(body, NDJSON, how.pop("limits", LIMITS), NOW, **how))


def one_by_one(lines: list[str], **how: Any) -> str:
    """Return the same with each value read by itself."""
    with patch.object(usual, "logs", lambda items, *_: [None] * len(items)):
        return whole(lines, **how)


_sources = st.sampled_from((None, None, Assumed(datetime(2026, 11, 29, tzinfo=UTC)), Assumed(datetime(2026, 11, 29, tzinfo=UTC), form="pino")))  # fmt: skip


@settings(max_examples=examples(400), deadline=None)
@given(
    st.lists(_lines, min_size=1, max_size=2).flatmap(lambda some: st.permutations([*chain(*some)] * 2)),
    st.sampled_from((20, 300, 1_500, 65_536)),
    st.sampled_from((None, None, 10_000)),
    _sources,
)
@example(['{"level":30,"time":1795963451196,"msg":"a"}', '{"level":30,"time":1795963451196,"msg":"a","msg":"b"}'] * 4, 300, None, None)  # fmt: skip
def test_lines(lines: list[str], most: int, log: int | None, source: Assumed | None) -> None:
    """Bad ones amid good ones, our own form amid others; the second time by the ways that the first has taught."""
    how = {"limits": Limits(message=most, metadata=most, retention_ms=10**12, log=log), "source": source}
    layouts._layouts.clear()
    wanted = one_by_one(lines, **how)
    layouts._layouts.clear()
    assert [whole(lines, **how) for _ in range(3)] == [wanted] * 3


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(_usual_logs, min_size=3, max_size=8), st.booleans())
def test_arrays_and_what_doors_have_decoded(logs: list[dict[str, Any]], strict: bool) -> None:
    """With and without what a door has read already among them."""
    sent = [json.dumps(log).encode() for log in logs * 3]
    body, ready = b"[" + b",".join(sent) + b"]", Ready(LogRecord(b"", NOW, 0, "info", "ready"), 5)
    values = [
        Item(log, raw) if place % 7 else ready for place, (log, raw) in enumerate(zip(logs * 3, sent, strict=True))
    ]
    for read in (
        lambda: schema.read(body, "application/json", LIMITS, NOW, strict=strict),
        lambda: schema.read_items(logs * 3, LIMITS, NOW, strict=strict),
        lambda: schema.read_items(values, LIMITS, NOW, strict=strict),
    ):
        with patch.object(usual, "logs", lambda items, *_: [None] * len(items)):
            wanted = repr(read())
        with patch.object(usual, "FEW", 3):
            assert repr(read()) == wanted


def _read_at_once(lines: list[str]) -> list[bool]:
    """Return of each line whether it is read with others, the second time."""
    found: list[bool] = []
    read = usual.logs

    def noted(*given: Any) -> Any:
        some = read(*given)
        found.extend(one is not None for one in some)
        return some

    whole(lines)
    with patch.object(usual, "logs", noted):
        whole(lines)
    return found


@pytest.mark.parametrize("make", [_pino, _ecs, _named])
def test_logs_of_one_layout_are_read_at_once(make: Any) -> None:
    """A whole hundred, and what is left; one that is odd goes by itself."""
    lines = [json.dumps(make(number % 60, {})) for number in range(150)]
    assert _read_at_once(lines) == [True] * 150
    assert _read_at_once([*lines[:50], lines[0][:-1] + ',"msg":"again"}', *lines[50:90]]) == [
        *[True] * 50,
        False,
        *[True] * 40,
    ]


def test_logs_of_several_layouts_are_read_with_their_like() -> None:
    """From the first on that is not in our own form."""
    made = (_own, _pino, _ecs)
    lines = [json.dumps(made[number % 3](number, {})) for number in range(30)]
    assert _read_at_once(lines) == ([True, True, False] * 10)[:29]


def test_few_logs_are_read_one_by_one() -> None:
    """That takes less time."""
    lines = [json.dumps(_pino(number, {})) for number in range(usual.FEW)]
    for count in (usual.FEW - 1, usual.FEW):
        with patch.object(usual, "together", wraps=usual.together) as together:
            schema.read("\n".join(lines[:count]).encode(), NDJSON, LIMITS, NOW)
        assert together.called == (count == usual.FEW)


def test_a_log_in_a_text_is_read_whose_wrapper_names_no_level() -> None:
    """However its names are written."""
    inner = '{"level"  :"error","msg"  :"within","time"  :"2026-11-30T10:02:03Z"}'
    texts = [f"order {number}" for number in range(20)] + [inner] * 3
    lines = [json.dumps({"ts": NOW, "caller": "a.go:1", "msg": text, "v": 0}) for text in texts]
    layouts._layouts.clear()
    found = [[log.level for log in schema.read("\n".join(lines).encode(), NDJSON, LIMITS, NOW).logs] for _ in range(2)]
    assert found == [["info"] * 20 + ["error"] * 3] * 2


@pytest.mark.parametrize("make", [_own, _pino])
@pytest.mark.parametrize("strict", [False, True])
def test_a_byte_order_mark_before_the_lines_is_no_part_of_them(make: Any, strict: bool) -> None:
    """Shippers of Windows write one at the beginning of a file."""
    body = "\n".join(json.dumps(make(number, {})) for number in range(20)).encode()
    assert schema.read(b"\xef\xbb\xbf" + body, NDJSON, LIMITS, NOW, strict=strict) == schema.read(
        body, NDJSON, LIMITS, NOW, strict=strict
    )


def test_samples_of_producers() -> None:
    """All that programs wrote, twice over, in one body and in bodies of some lines."""
    if not SAMPLES.is_dir():
        pytest.skip(f"no samples of producers in {SAMPLES}")
    lines = [
        line.decode("utf-8", "replace")
        for path in sorted(SAMPLES.iterdir())
        for line in path.read_bytes().splitlines()
        if line.startswith(b"{")
    ]
    assert len(lines) > 500
    for size in (7, len(lines) * 3):
        several = [line for line in lines for _ in range(3)]
        for start in range(0, len(several), size):
            some = several[start : start + size]
            assert one_by_one(some) == whole(some)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.sampled_from(("web-1", "db", "info", "", " ", "-", "12ms", "x" * 256, "é")), min_size=1, max_size=4))
def test_names_that_are_known(texts: list[str]) -> None:
    """None is that is not taken as it is, whatever was asked before."""
    for _ in range(2):
        assert fits.are_known(texts) == all(fits.short(text) == text for text in texts)
    assert not fits.are_known([5, 7])


def test_names_that_are_remembered_are_bounded() -> None:
    """A sender can have any number."""
    for number in range(10_000):
        assert fits.are_known([f"host-{number}"])
    assert len(fits._names) <= 5_000
