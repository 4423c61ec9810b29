"""What a file of logs says must arrive: time, level, origin and text, whatever program wrote it."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.errors import InvalidRecord
from app.files import arrays, structured
from app.files.formats import recognise
from app.files.split import entries as formats_entries
from app.files.split.entry import Entry, Line
from app.times.written import Assumed

NOW = Assumed(datetime(2026, 3, 1, tzinfo=UTC))


def read(line: str) -> dict[str, Any]:
    """Read *line* as the only one of its source."""
    return recognise([line], NOW).log(line, NOW)


def split(text: str, assumed: Assumed = NOW) -> list[Entry]:
    """Split *text* into the entries of a source of its own."""
    lines, place = [], 0
    for number, line in enumerate(text.splitlines(keepends=True)):
        lines.append(Line(line.rstrip("\n"), place, place + len(line), number))
        place += len(line)
    format = recognise([line.text for line in lines], assumed)
    return [entry for entry in formats_entries.entries(lines, format, assumed) if entry is not None]


def logs(text: str) -> list[dict[str, Any]]:
    """Return the logs in *text*."""
    format = recognise(text.splitlines(), NOW)
    return [log for entry in split(text) for log in entry.logs(format, NOW)]


@pytest.mark.parametrize(
    ("line", "timestamp", "level", "resource", "message"),
    [
        # RFC 5424 and 3164, their own examples
        (
            '<165>1 2003-10-11T22:14:15.003Z host.example.com evntslog - ID47 [a@1 iut="3"] An event',
            "2003-10-11T22:14:15.003Z",
            "notice",
            "host.example.com",
            "An event",
        ),
        ("<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "2025-10-11T22:14:15Z", "crit", "mymachine", "'su root' failed"),
        ("<34>1 - - - - - -", None, "crit", None, ""),
        # without structured data, with it malformed, without an application, and with words where none of these can be
        ("<11>1 2026-01-02T03:04:05.221179Z shop-1 shop - - payment failed", "2026-01-02T03:04:05.221179Z", "err", "shop-1", "payment failed"),
        ("<11>1 2026-01-02T03:04:05Z shop-1 shop 7 ID47 payment failed", "2026-01-02T03:04:05Z", "err", "shop-1", "payment failed"),
        ('<11>1 2026-01-02T03:04:05Z shop-1 shop 7 - [a k="say "hi""] failed', "2026-01-02T03:04:05Z", "err", "shop-1", '[a k="say "hi""] failed'),
        ("<187>1 2026-01-02T03:04:05+00:00 web-1  7 - - failed", "2026-01-02T03:04:05+00:00", "err", "web-1", "failed"),
        ("<187>Jan  2 03:04:05 web-1  failed", "2026-01-02T03:04:05Z", "err", "web-1", "failed"),
        ("<11>1 2026-01-02T03:04:05Z shop-1 shop 7 failed to pay", None, "info", None, "<11>1 2026-01-02T03:04:05Z shop-1 shop 7 failed to pay"),
        # as they stand in files
        ("Feb 14 15:16:01 combo sshd(pam_unix)[19939]: check pass", "2026-02-14T15:16:01Z", "info", "combo", "check pass"),
        ("Mar  3 15:16:01 combo kernel: error: gone", "2025-03-03T15:16:01Z", "error", "combo", "error: gone"),
        ("2023-09-15T08:00:00.123456+02:00 web1 sshd[12]: Accepted", "2023-09-15T08:00:00.123456+02:00", "info", "web1", "Accepted"),
        # web servers
        ("[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok", "2005-12-04T04:47:44Z", "notice", None, "workerEnv.init() ok"),
        ("2023/09/15 08:00:00 [error] 31#31: *1 open() failed", "2023-09-15T08:00:00Z", "error", None, "open() failed"),
        # Java, Python, Go, Rust, Android, Kubernetes and others
        ("081109 203615 148 INFO dfs.DataNode$Packet: block ends", "2008-11-09T20:36:15Z", "INFO", "dfs.DataNode$Packet", "block ends"),
        ("17/06/09 20:10:40 WARN exec.Backend: Registered", "2017-06-09T20:10:40Z", "WARN", "exec.Backend", "Registered"),
        ("2015-10-18 18:01:47,978 INFO [main] org.a.B: Created x", "2015-10-18T18:01:47.978Z", "INFO", "org.a.B", "Created x"),
        ("2015-07-29 17:41:44,747 - WARN  [Q[id=1]/0:2181:F@774] - Time out: 3", "2015-07-29T17:41:44.747Z", "WARN", None, "Time out: 3"),
        ("2023-09-15T08:00:00.000+02:00  WARN 1 --- [  main] o.s.App : Started", "2023-09-15T08:00:00.000+02:00", "WARN", "o.s.App", "Started"),
        ("2023-09-15 08:00:00,123 - app.db - ERROR - Lost", "2023-09-15T08:00:00.123Z", "ERROR", "app.db", "Lost"),
        ("ERROR:root:bad", None, "ERROR", "root", "bad"),
        ("2023-09-15T08:00:00.123456Z ERROR my_crate::mod: gone", "2023-09-15T08:00:00.123456Z", "ERROR", "my_crate::mod", "gone"),
        ("[2023-09-15 08:00:00] production.ERROR: Gone", "2023-09-15T08:00:00Z", "ERROR", None, "Gone"),
        ("I0215 08:00:00.123456  1234 file.go:12] started", "2026-02-15T08:00:00.123456Z", "info", None, "started"),
        ("02-17 16:13:38.811  1702  2395 D WindowManager: print", "2026-02-17T16:13:38.811Z", "debug", "WindowManager", "print"),
        ("2023-09-15T08:00:00.5Z stdout F WARN: hi", "2023-09-15T08:00:00.5Z", "WARN", None, "WARN: hi"),
        ('2023-09-15T08:00:00.5Z stderr F {"msg":"hi","level":50}', "2023-09-15T08:00:00.5Z", "error", None, "hi"),
        ("1694764800.125 INFO ready", 1694764800.125, "INFO", None, "ready"),
        # logfmt and JSON under other names
        ('time="2023-09-15T08:00:00Z" level=error msg="fail \\"q\\"" n=1', "2023-09-15T08:00:00Z", "error", None, 'fail "q"'),
        ('level=50 time=1694764800000 order=5 msg="payment failed:', 1694764800000, "error", None, "payment failed:"),
        ('level=error said "hello there', None, "info", None, 'level=error said "hello there'),
        ('level=error msg="it\\\'s \\u{e9} \\u{1F600} \\u00e9 a\\0b" n=1', None, "error", None, "it's \u00e9 \U0001f600 \u00e9 a\0b"),
        ('level=error msg="\\u{} \\u{110000} \\u{d800}" n=1', None, "error", None, "u{} u{110000} \ufffd"),
        ('{"level":30,"time":1694764800000,"msg":"pino","hostname":"h"}', 1694764800000, "info", "h", "pino"),
        ('{"@t":"2023-09-15T08:00:00Z","@m":"clef","@l":"Warning"}', "2023-09-15T08:00:00Z", "Warning", None, "clef"),
        ('{"short_message":"gelf","host":"h","level":3,"timestamp":1694764800.5}', 1694764800.5, "err", "h", "gelf"),
        ('{"asctime":"2026-01-02T04:04:05Z+0100","levelname":"ERROR","message":"failed"}', "2026-01-02T04:04:05+0100", "ERROR", None, "failed"),
        ('{"timestamp":"2026-12-31T24:00:00Z","level":"error","message":"late"}', "2027-01-01T00:00:00Z", "error", None, "late"),
        ('{"timestamp":"2026-01-02T24:00","level":"error","message":"late"}', "2026-01-03T00:00:00Z", "error", None, "late"),
        ('{"log":"WARN: x\\n","stream":"stderr","time":"2023-09-15T08:00:00Z"}', "2023-09-15T08:00:00Z", "WARN", None, "WARN: x"),
        # no form at all: the line is the message
        ("disk is on fire", None, "info", None, "disk is on fire"),
        ("ERROR something broke", None, "ERROR", None, "ERROR something broke"),
        ("error in the middle of words", None, "info", None, "error in the middle of words"),
        ("123456 654321 not a time", None, "info", None, "123456 654321 not a time"),
        ("2023-13-45 08:00:00 no such day", None, "info", None, "2023-13-45 08:00:00 no such day"),
        ("a=b but words too", None, "info", None, "a=b but words too"),
    ],
)  # fmt: skip
def test_a_line_tells_its_time_level_origin_and_text(
    line: str, timestamp: Any, level: str, resource: str | None, message: str
) -> None:
    """Each known form is understood; a line of none is its own message."""
    log = read(line)
    assert (log.get("timestamp"), log.get("level", "info"), log.get("resourceId")) == (timestamp, level, resource)
    assert log["message"] == message


def test_an_access_log_keeps_its_line_and_tells_its_parts() -> None:
    """The line stays findable by its words, the parts by metadata; a server's fault is an error."""
    line = '10.0.0.1 - ann [10/Oct/2000:13:55:36 -0700] "GET /a?b=1 HTTP/1.1" 503 12 "https://x/" "Curl \\"8\\""'
    log = read(line)
    assert (log["message"], log["level"], log["timestamp"]) == (line, "error", "2000-10-10T13:55:36-0700")
    parts = {"client": "10.0.0.1", "user": "ann", "method": "GET", "path": "/a?b=1", "protocol": "HTTP/1.1"}
    assert log["metadata"] == {**parts, "status": 503, "bytes": 12, "referrer": "https://x/", "agent": 'Curl \\"8\\"'}


@pytest.mark.parametrize(
    ("written", "meant"),
    [("+0550", "+0530"), ("+0575", "+0545"), ("-0250", "-0230"), ("+0025", "+0015"), ("+0200", "+0200")],
)
def test_minutes_of_an_offset_may_be_hundredths_of_an_hour(written: str, meant: str) -> None:
    """Paste's TransLogger writes them so; no zone has such minutes."""
    log = read(f'192.0.2.1 - - [02/Jan/2026:08:34:05 {written}] "GET /a HTTP/1.1" 500 2 "-" "-"')
    assert (log["timestamp"], log["level"], log["metadata"]["status"]) == (f"2026-01-02T08:34:05{meant}", "error", 500)


def test_our_own_form_is_taken_as_over_http() -> None:
    """No key is moved and no value mended: what is wrong is refused as it is by the server."""
    sent = {"message": "m", "resourceId": 5, "host": "h", "metadata": {"a": 1}}
    assert read(json.dumps(sent)) == sent


def test_a_foreign_value_that_fits_no_field_stays_where_it_was() -> None:
    """`name` may be an object, `time` a duration: then they are metadata, and nothing is lost."""
    sent = {"msg": "m", "name": {"first": "Ann"}, "time": "0.12s", "level": "info"}
    assert read(json.dumps(sent)) == {
        "message": "m",
        "level": "info",
        "metadata": {"name": {"first": "Ann"}, "time": "0.12s"},
    }


def test_an_object_without_a_message_is_its_own_message() -> None:
    """Every JSON object is a log."""
    assert read('{"a": 1}') == {"message": '{"a":1}', "metadata": {"a": 1}}


@pytest.mark.parametrize("line", ['{"message": "x"', '{"message": NaN}', '{"a":1}}', "{'a': 1}"])
def test_a_broken_object_among_json_is_refused(line: str) -> None:
    """It was to be a log with fields; as a text it would be lost among others."""
    format = recognise(['{"message": "good"}', line], NOW)
    with pytest.raises(InvalidRecord, match="is not JSON"):
        format.log(line, NOW)


def test_other_lines_among_json_are_texts() -> None:
    """A program that logs JSON still prints its banner."""
    good, banner, other = logs('{"message":"a"}\nStarting up\n{"message":"b"}\n')
    assert (good["message"], banner["message"], other["message"]) == ("a", "Starting up", "b")


def test_a_brace_in_a_text_is_no_json() -> None:
    """In a source of texts a line with a brace is a text."""
    assert [log["message"] for log in logs("begin\n{oops\nend\n")] == ["begin", "{oops", "end"]


PYTHON = """2023-09-15 08:00:00,123 ERROR app: Failed
Traceback (most recent call last):
  File "a.py", line 1, in f
    g()
ValueError: bad

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in f
KeyError: 'x'
2023-09-15 08:00:01,000 INFO app: Next
"""
JAVA = """2023-09-15 08:00:00,123 ERROR a.B: Failed
java.lang.IllegalStateException: bad
\tat a.B.c(B.java:1)
Caused by: java.io.IOException: disk
\t... 3 more
2023-09-15 08:00:01,000 INFO a.B: Next
"""


@pytest.mark.parametrize(("text", "last"), [(PYTHON, "KeyError: 'x'"), (JAVA, "\t... 3 more")])
def test_a_stack_trace_belongs_to_the_log_before_it(text: str, last: str) -> None:
    """The trace is one log with its cause, and the next log is apart."""
    first, second = logs(text)
    assert first["message"].startswith("Failed\n")
    assert first["message"].endswith(last)
    assert (first["level"], second["message"]) == ("ERROR", "Next")


def test_a_traceback_alone_is_one_error() -> None:
    """A program without logging still tells why it died."""
    (log,) = logs('Traceback (most recent call last):\n  File "a.py", line 1\nValueError: bad\n')
    assert (log["level"], log["message"].splitlines()[-1]) == ("error", "ValueError: bad")


def test_indented_logs_are_logs() -> None:
    """Indentation joins only what is no log by its form."""
    text = "2023-09-15 08:00:00 INFO a: one\n  2023-09-15 08:00:01 INFO a: two\n   more\n"
    assert [log["message"] for log in logs(text)] == ["one", "two\n   more"]


def test_objects_over_several_lines_are_one_log_each() -> None:
    """What `jq .` prints is read."""
    text = "".join(json.dumps({"message": word, "a": [1, {"b": "}{"}]}, indent=2) + "\n" for word in ("one", "two"))
    assert [log["message"] for log in logs(text)] == ["one", "two"]


def test_an_object_that_is_never_closed_costs_no_other() -> None:
    """A line that was cut behind a comma looks like the begin of an object over several lines."""
    entries = split('{"message":"a"}\n{"level":"error",\n{"message":"b"}\n')
    assert [entry.text for entry in entries] == ['{"message":"a"}', '{"level":"error",', '{"message":"b"}']


def test_elements_of_an_array_come_one_by_one() -> None:
    """Each element has its own bytes, so that a longer array later adds only what is new."""
    text = '[{"message": "é"},\n {"message": "b"}]'
    assert structured.ARRAY.match(text)
    first, second = arrays.elements(text, 0)
    assert (first.text, first.number, second.text, second.number) == ('{"message": "é"}', 0, '{"message": "b"}', 1)
    assert text.encode()[second.start : second.end].decode() == second.text
    (only,) = arrays.elements(text, first.end)
    assert only.text == second.text


@pytest.mark.parametrize("text", ['[{"a":1}, {"b":', '[{"a":1}, oops]', '[{"a":1}] more'])
def test_a_broken_array_gives_what_stands_before_the_fault(text: str) -> None:
    """What follows the fault is refused as a whole, not dropped."""
    first, rest = arrays.elements(text, 0)
    assert first.text == '{"a":1}'
    assert rest.problem is not None
    assert text.endswith(rest.text)


def test_offsets_cover_every_byte_of_a_log() -> None:
    """Entries are told apart by their bytes: a grown file goes on where the last entry ended."""
    text = "one\n  more\n\ntwo\n"
    assert [(entry.start, entry.end) for entry in split(text)] == [(0, 11), (12, 16)]


def test_a_time_without_offset_is_of_the_zone_that_is_given() -> None:
    """Syslog writes the local time of its host, summer time included."""
    berlin = Assumed(datetime(2026, 8, 1, tzinfo=ZoneInfo("Europe/Berlin")), ZoneInfo("Europe/Berlin"))
    line = "Jul 14 15:16:01 combo su: x"
    assert recognise([line], berlin).log(line, berlin)["timestamp"] == "2026-07-14T15:16:01+02:00"
    line = "Jan 14 15:16:01 combo su: x"
    assert recognise([line], berlin).log(line, berlin)["timestamp"] == "2026-01-14T15:16:01+01:00"


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        ("5xx=7 a%b=1 x[0]=2 y{a}=3 a:b=4 $c=5", {"5xx": 7, "a%b": 1, "x[0]": 2, "y{a}": 3, "a:b": 4, "$c": 5}),
        ("by='tis said='a b' n=rock'n'roll", {"by": "'tis", "said": "a b", "n": "rock'n'roll"}),
    ],
)
def test_names_and_values_of_logfmt_may_have_any_sign(pairs: str, found: dict[str, Any]) -> None:
    """As Go's writers take them; a quote that nothing closes is a sign of the value."""
    log = read(f"level=error msg=failed {pairs}")
    assert (log["level"], log["message"], log["metadata"]) == ("error", "failed", found)


def test_a_format_that_is_asked_for_is_used() -> None:
    """`plain` keeps every line as it is."""
    assert recognise(['{"a":1}'], NOW, "plain").log('{"a":1}', NOW)["message"] == '{"a":1}'


@pytest.mark.parametrize(
    "text", ["user level=admin ip=192.0.2.1", "level=admin user=ann", "fan level=auto speed=3", "level=debugging x=1"]
)
def test_a_value_within_syslog_that_is_no_level_stays_in_the_text(text: str) -> None:
    """A word before the pairs says that the text is about them, and not each word is a level."""
    line = f"Nov 29 14:00:00 host app[12]: {text}"
    log = recognise([line], NOW).log(line, NOW)
    assert (log["message"], log["level"], log["metadata"]) == (text, "info", {"app": "app", "pid": "12"})


@pytest.mark.parametrize(
    "head",
    ["", "2023-09-15 08:00:00 ", "2023-09-15 08:00:00 INFO ", "2023-09-15 08:00:00 INFO [", "<1>1 - - - - - [a", "1.1.1.1 - "]
)  # fmt: skip
@pytest.mark.parametrize(
    "part", ["-", "[]", "[", "[a] ", " ", "a.", "a=", 'a="', "\\", ' b="c"', ".log", "a::", "{", "x "]
)
def test_a_hostile_line_costs_no_time(head: str, part: str) -> None:
    """No pattern needs more than a moment for a long line."""
    line = head + part * 20_000
    begin = time.process_time()
    with suppress(InvalidRecord):
        read(line)
    assert time.process_time() - begin < 2
