"""Words, ids and fields of what a log is about that look like its level, thread or time, and are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.log import schema
from app.log.limits import Limits
from app.log.lines import reader
from tests.files.reading import NOW, rank, read

LIMITS = Limits(message=65_536, metadata=65_536, retention_ms=10**12)


@pytest.mark.parametrize(
    ("line", "metadata"),
    [
        ("AAPL 2026-11-29 14:00:00 price went up", {"context": "AAPL"}),
        ("MSFT   2026-11-29 14:00:00 price went up", {"context": "MSFT"}),
        ("ALL 2026-11-29 14:00:00 price went up", {"context": "ALL"}),
        ("GET 2026-11-29 14:00:00 price went up", {"context": "GET"}),
        ("Berlin Nov 29 14:00:00 price went up", {"program": "Berlin"}),
    ],
)
def test_a_word_before_a_date_is_neither_a_level_nor_lost(line: str, metadata: dict[str, Any]) -> None:
    """Nor is it a day of the week, which may be skipped."""
    log = reader.read_text(line, NOW)
    assert (log.get("level"), log["message"], log["timestamp"]) == (None, "price went up", "2026-11-29T14:00:00Z")
    assert log["metadata"] == metadata


@pytest.mark.parametrize(
    "line",
    ["Sun 2026-11-29 14:00:00 x", "So, 29 Nov 2026 14:00:00 x", "dimanche 29 nov. 2026 14:00:00 x", "søn 29 nov 2026 14:00:00 x", "Sun Nov 29 14:00:00 2026 x"],
)  # fmt: skip
def test_a_day_of_the_week_before_a_date_is_none_of_the_text(line: str) -> None:
    """In the languages of the names of months."""
    log = reader.read_text(line, NOW)
    assert (log["message"], log["timestamp"], log.get("metadata")) == ("x", "2026-11-29T14:00:00Z", None)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("ALL systems go", "info"),
        ("OK computer is an album", "info"),
        ("START of the day", "info"),
        ("MARK arrived home", "info"),
        ("FAILED login attempt from 192.0.2.1", "error"),
    ],
)
def test_a_word_in_capitals_stays_in_the_text_where_any_text_may_hold_it(text: str, level: str) -> None:
    """What says that something failed gives the level all the same."""
    for line in (f"2026-11-29 14:00:00 {text}", text):
        log = reader.read_text(line, NOW)
        assert (rank({"level": "info", **log}), log["message"]) == (level, text)


@pytest.mark.parametrize("line", ["2026-11-29 14:00:00 [OK] x", "2026-11-29 14:00:00 LOG:  x", "2026-11-29 14:00:00 | FAIL | x", "2026-11-29 14:00:00 [7] LOG x"])  # fmt: skip
def test_such_a_word_in_a_place_of_its_own_is_the_level(line: str) -> None:
    """In brackets or bars, before a colon, behind a process in brackets."""
    assert reader.read_text(line, NOW)["message"] == "x"


@pytest.mark.parametrize("commit", ["5e5342f", "5e5342fa1", "deadbeef", "5e5342fa9c01"])
def test_the_id_of_a_commit_is_no_thread(commit: str) -> None:
    """It stays in the text; between time and level it is context."""
    for text in (f"{commit} Deploy: done", f"INFO [{commit}] done", f"INFO ({commit}) done"):
        log = reader.read_text(f"2026-11-29 14:00:00 {text}", NOW)
        assert log["message"] == text.removeprefix("INFO ") and log.get("metadata") is None
    log = reader.read_text(f"2026-11-29 14:00:00 [{commit}] INFO done", NOW)
    assert (log.get("resourceId"), log["metadata"]) == (None, {"context": commit})


def test_the_address_of_a_thread_is_one() -> None:
    """Threads of glibc begin at multiples of 64."""
    log = reader.read_text("2026-11-29 14:00:00.123 7f3a6a6656c0 Error: no", NOW)
    assert (log["level"], log["metadata"]) == ("Error", {"thread": "7f3a6a6656c0"})


@pytest.mark.parametrize("word", ["Error", "ERROR", "error", "warning"])
def test_a_level_before_a_comma_is_one(word: str) -> None:
    """But a word that rarely is one is a word of the text."""
    log = reader.read_text(f"2026-11-29 14:00:00 {word}, disk full", NOW)
    assert (log["level"], log["message"]) == (word, "disk full")
    log = reader.read_text("2026-11-29 14:00:00 panic, error=boom", NOW)
    assert (log.get("level"), log["message"]) == (None, "panic, error=boom")


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Errors: 0", "info"),
        ("Error rate is 0.1 %", "info"),
        ("Error handling is on", "info"),
        ("Exceptions are listed below", "info"),
        ("Error reporting to the vendor is off", "info"),
        ("Exception in worker 5", "error"),
        ("Exception while processing", "error"),
        ("Error in database connection", "error"),
        ("Error reading a reply", "error"),
        ("Error reading is fun", "info"),
        ("Error reading file /etc/x", "error"),
        ("Error while reading from socket", "error"),
        ("[1234] INFO text", "info"),
        ("[0003] ERROR text", "error"),
        ("Error in rule a: no such column", "error"),
        ("Error in `f': no such column", "error"),
        ("Error on line 7", "error"),
        ("Error at main.c", "error"),
        ("Error while reading /etc/shop", "error"),
        ("Error during init", "error"),
        ("Exception ignored in: <a>", "error"),
        ("Unhandled error in Deferred", "error"),
    ],
)
def test_a_text_that_begins_with_error_says_that_something_failed_or_not(text: str, level: str) -> None:
    """A program names a place, a line or what it was doing; else it may speak of errors in general."""
    assert rank({"level": "info", **reader.read_text(text, NOW)}) == level
    assert rank(read(text + "\n")[0]) == level


@pytest.mark.parametrize(
    ("sent", "level"),
    [
        ({"message": "levelled up", "meta": {"level": 50}}, "info"),
        ({"msg": "tank", "data": {"level": 50}, "time": 1_700_000_000_000}, "info"),
        ({"msg": "ticket", "payload": {"severity": "critical"}}, "info"),
        ({"msg": "battery", "event": {"level": 20}, "info": {"level": 10}}, "info"),
        ({"payload": {"message": "failed", "level": 50}}, "error"),
        ({"msg": "failed", "meta": {"level": "error", "timestamp": "2023-11-14T22:13:20Z"}}, "error"),
        ({"msg": "failed", "meta": {"level": 50, "timestamp": "2023-11-14T22:13:20Z"}}, "error"),
        ({"msg": "failed", "header": {"level": "error"}}, "error"),
    ],
)
def test_a_level_of_what_a_log_is_about_is_not_the_logs(sent: dict[str, Any], level: str) -> None:
    """An object that holds the message, or the only time, holds the log; what is no level stays where it was."""
    parsed = schema.read(json.dumps(sent).encode(), "application/json", LIMITS, 1_700_000_000_000)
    (log,) = parsed.logs
    assert log.level == level
    inner = {name: value for name, value in sent.items() if isinstance(value, dict)}
    assert log.metadata is not None and inner.items() <= log.metadata.items()


@pytest.mark.parametrize(
    ("sent", "message", "level"),
    [
        ({"request": {"id": 5}, "method": "GET", "path": "/pay", "status": 500}, "GET /pay 500", "error"),
        ({"req": {"id": 5}, "method": "GET", "url": "/pay", "status": 404}, "GET /pay 404", "warn"),
        ({"method": "GET", "path": "/pay", "status": 500, "description": "the shop's API"}, "GET /pay 500", "error"),
        ({"error": "no route to bank", "description": "the shop's API"}, "no route to bank", "error"),
        ({"type": "alert", "description": "disk full", "severity": "critical"}, "disk full", "critical"),
        ({"level": "info", "app": "shop", "file": "pay.py", "line": "42", "text": "paid"}, "paid", "info"),
        ({"level": "warn", "app": "cc", "line": "12", "description": "unused variable"}, "unused variable", "warn"),
        ({"app": "bvg", "line": "U4", "event": "departure"}, "departure", "info"),
        ({"CreationTime": "2026-11-30T08:00:00", "Operation": "rm", "message": "no", "level": "error"}, "no", "error"),
        ({"detail-type": "a", "source": "b", "time": "2026-11-30T08:00:00Z", "message": "no"}, "no", "info"),
        ({"rule": "r1", "priority": "high", "output": "out.txt", "message": "no", "level": "error"}, "no", "error"),
        ({"Events": [{"name": "a"}, {"name": "b"}], "msg": "two events"}, "two events", "info"),
    ],
)  # fmt: skip
def test_a_message_gives_not_way_to_what_it_is_about(sent: dict[str, Any], message: str, level: str) -> None:
    """However a program whose names are the same uses them; read twice, as what was read once is read faster."""
    for _ in range(2):
        (log,) = schema.read(json.dumps(sent).encode(), "application/json", LIMITS, 0).logs
        assert (log.message, log.level) == (message, level)


def test_what_failed_counts_more_than_a_description_in_each_log() -> None:
    """An earlier log of the same names, in which nothing failed, does not hide it."""
    for error, message in (("", "the shop's API"), ("no route", "no route")):
        body = json.dumps({"error": error, "description": "the shop's API", "level": "warn"}).encode()
        (log,) = schema.read(body, "application/json", LIMITS, 0).logs
        assert log.message == message


@pytest.mark.parametrize("tags", [["all", "web"], ["http", "slow"], ["c", "d"], ["box", "start"]])
def test_a_tag_is_a_level_only_by_its_whole_name(tags: list[str]) -> None:
    """Kibana's are; of others any short word may be one."""
    sent = {"tags": tags, "@timestamp": "2026-11-30T08:00:00Z", "type": "shop", "pid": 7, "message": "x"}
    (log,) = schema.read(json.dumps(sent).encode(), "application/json", LIMITS, 0).logs
    assert log.level == "info"
