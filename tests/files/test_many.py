"""What of one entry is read apart: objects that hold many logs, objects one behind the other, literals of JavaScript."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.files import literals
from app.files.formats import recognise
from app.times.written import Assumed
from tests.files.reading import NOW, rank, read, split


def test_an_object_that_holds_many_logs_gives_them_all() -> None:
    """OTLP in a file, one export a line, and CloudWatch's batch."""
    records = [
        {"timeUnixNano": "1795963600000000000", "severityNumber": number, "body": {"stringValue": f"log {number}"}}
        for number in (9, 13, 17)
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "pay"}}]}
    otlp = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]}
    events = [
        {"id": "1", "timestamp": 1795963600000, "message": "one"},
        {"id": "2", "timestamp": 1795963601000, "message": "ERROR two"},
    ]
    cloud = {"logGroup": "/aws/pay", "logStream": "s", "logEvents": events}
    logs = read(f"{json.dumps(otlp)}\n{json.dumps(cloud)}\n")
    assert [(log["message"], rank(log), log.get("resourceId")) for log in logs] == [
        ("log 9", "info", "pay"),
        ("log 13", "warn", "pay"),
        ("log 17", "error", "pay"),
        ("one", "info", "/aws/pay"),
        ("ERROR two", "error", "/aws/pay"),
    ]
    assert all(log["timestamp"] for log in logs)


def test_objects_without_a_line_feed_between_them() -> None:
    """Each is a log; half of one at the end is refused with its reason."""
    logs = read(
        '{"level":"info","msg":"a","time":1}{"level":"error","msg":"b","time":1} {"level":"warn","msg":"c","time":1}\n'
    )
    assert [(log["message"], rank(log)) for log in logs] == [("a", "info"), ("b", "error"), ("c", "warn")]


def test_a_dialect_that_is_named_is_used() -> None:
    """40 is an error for Python though the object looks like pino's."""
    line = '{"level":40,"time":1795963600000,"msg":"x","hostname":"vm"}'
    assert [rank(log) for log in read(line)] == ["warn"]
    said = replace(NOW, form="structlog")
    format = recognise([line], said, said.form)
    (entry,) = split(line)[1]
    assert [rank(log) for log in entry.logs(format, said)] == ["error"]


#: Literals as Node 20 prints them, and the objects that they stand for.
LITERALS: dict[str, tuple[str, dict[str, object] | None]] = {
    "winston's prettyPrint": ("{\n  path: '/var',\n  free: 5,\n  level: 'warn',\n  message: 'disk\\n\"full\"'\n}", {"path": "/var", "free": 5, "level": "warn", "message": 'disk\n"full"'}),
    "values of all kinds": (
        "{ a: null, b: undefined, c: -1.5, d: 10n, e: true, f: [Function: x], g: [ 1, 2, ... 3 more items ], h: Map(1) { 'k' => 'v' }, i: Pay { id: 1 }, j: 2026-11-29T13:00:00.000Z, k: [Object], 'l-m': `x'y` }",
        {"a": None, "b": None, "c": -1.5, "d": 10, "e": True, "f": "[Function: x]", "g": [1, 2], "h": {"k": "v"}, "i": {"id": 1}, "j": "2026-11-29T13:00:00.000Z", "k": "[Object]", "l-m": "x'y"},
    ),
    "a long text in parts": ("{\n  level: 'info',\n  message: 'a' +\n    'b'\n}", {"level": "info", "message": "ab"}),
    "an error with a cause": (
        "{\n  err: TypeError: boom\n      at f (/a.js:1:2)\n      ... 7 lines matching cause stack trace ...\n      at g (/a.js:2:3) {\n    code: 'X',\n    [cause]: Error: disk\n        at f (/a.js:1:2)\n  },\n  level: 'error'\n}",
        {
            "err": {
                "code": "X",
                "cause": {"type": "Error", "message": "disk", "stack": "Error: disk\n        at f (/a.js:1:2)"},
                "type": "TypeError",
                "message": "boom",
                "stack": "TypeError: boom\n      at f (/a.js:1:2)\n      ... 7 lines matching cause stack trace ...\n      at g (/a.js:2:3)",
            },
            "level": "error",
        },
    ),
    "no literal": ("{ status: ok }", None),
    "one that is never closed": ("{ a: 1,", None),
    "too deep": ("{a:" * 200 + "1" + "}" * 200, None),
}  # fmt: skip


@pytest.mark.parametrize("name", LITERALS)
def test_a_literal(name: str) -> None:
    """The object; what is none stays a text."""
    text, expected = LITERALS[name]
    assert literals.read(text) == expected


def test_a_literal_is_the_log_that_it_means() -> None:
    """Its level and time are those of the log; a literal without a message is its own text."""
    first, second = read(
        "{\n  level: 'error',\n  message: 'a',\n  timestamp: '2026-11-29T13:00:00Z'\n}\n{ level: 'warn', id: 1 }\n"
    )
    assert (first["message"], rank(first), first["timestamp"]) == ("a", "error", "2026-11-29T13:00:00Z")
    assert (second["message"], rank(second)) == ("{ level: 'warn', id: 1 }", "warn")


@pytest.mark.parametrize("part", ["{a:", "[", "'", "{ a: 1, ", "Error: x\n at ", "'a' + ", "<ref *1> "])
def test_a_literal_costs_no_more_than_its_length(part: str) -> None:
    """However it repeats."""
    text = "{ a: " + part * (300_000 // len(part)) + "}"
    began = datetime.now(UTC)
    literals.log(text, Assumed(NOW.now))
    assert (datetime.now(UTC) - began).total_seconds() < 6


#: The same name twice: by who writes his own message last, and by who writes it first.
DOUBLED = {
    "pino's child": ('{"level":30,"time":1795963600000,"pid":1,"hostname":"h","msg":"user","a":1,"msg":"own"}', "own"),
    "zerolog": ('{"level":"info","message":"user","time":"2026-11-29T13:00:00Z","message":"own"}', "own"),
    "slog": ('{"time":"2026-11-29T13:00:00Z","level":"INFO","msg":"own","msg":"user"}', "own"),
    "zap": ('{"level":"info","ts":1795963600.5,"msg":"own","a":1,"msg":"user"}', "own"),
}


@pytest.mark.parametrize("name", DOUBLED)
def test_of_a_name_that_stands_twice_the_loggers_own_counts(name: str) -> None:
    """The other one is kept."""
    line, message = DOUBLED[name]
    (log,) = read(line)
    assert log["message"] == message
    assert "user" in json.dumps(log["metadata"])


def test_logbacks_template_gets_its_arguments() -> None:
    """JsonEncoder writes the template, its arguments, nanoseconds and pairs apart."""
    line = {"sequenceNumber": 0, "timestamp": 1795963600056, "nanoseconds": 56835072, "level": "WARN", "loggerName": "a.B", "message": "disk {} {} {}", "arguments": ["5", "GB"], "kvpList": [{"path": "/var"}, {"free": 5}]}  # fmt: skip
    (log,) = read(json.dumps(line))
    assert (log["message"], log["timestamp"]) == ("disk 5 GB {}", "2026-11-29T14:46:40.056835072Z")
    assert (log["metadata"]["message"], log["metadata"]["kvpList"]) == ("disk {} {} {}", {"path": "/var", "free": 5})


def test_a_text_in_quotes_may_hold_line_feeds() -> None:
    """As a format string of Python's logging writes JSON, and Log4j's a CSV; the line behind is read by itself."""
    logs = read(
        '{"time":"2026-11-29 13:00:00,5","level":"ERROR","message":"two\nlines of \\"it\\""}\n{"level":"INFO","message":"next","time":"2026-11-29 13:00:01"}\n'
    )
    assert [(log["message"], rank(log)) for log in logs] == [('two\nlines of "it"', "error"), ("next", "info")]
    logs = read(
        '2026-11-29 13:00:00,5,ERROR,acme.App,"two\nlines"\n2026-11-29 13:00:01,5,INFO,acme.App,"one, ""it"""\n'
    )
    assert [(log["message"], rank(log)) for log in logs] == [("two\nlines", "error"), ('one, "it"', "info")]


def test_an_error_of_postgresql_that_quotes_a_part_is_a_log_of_its_own() -> None:
    """The head of a line that goes on with another names no level."""
    head = "2026-11-29 14:19:49.960 CET [20047] "
    first, second = read(
        f"{head}ERROR:  division by zero\n{head}STATEMENT:  SELECT 1/0;\n{head}ERROR:  no function HINT:  take another\n"
    )
    assert (first["message"], second["message"]) == (
        "division by zero\nSTATEMENT:  SELECT 1/0;",
        "no function HINT:  take another",
    )


def test_loggers_of_one_program_are_none_in_the_texts_of_another() -> None:
    """What a word before a colon is shows only in lines that have it there themselves."""
    named = "2026-11-29 13:18:34,702 INFO acme.pay: payment taken\n" * 20
    logs = read(f"{named}2026/11/29 14:26:19 [notice] 7#7: OS: Linux\n2026/11/29 14:26:20 [notice] 7#7: exiting\n")
    assert [log["message"] for log in logs[-2:]] == ["OS: Linux", "exiting"]
