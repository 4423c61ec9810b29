"""A line of text tells its level, its logger, its time and its text, wherever in its head they stand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.log.lines import reader
from app.times.written import Assumed
from tests.files.reading import NOW, rank, read


def one(line: str, assumed: Assumed = NOW) -> dict[str, Any]:
    """Read *line* as a text that was sent by itself."""
    return reader.read_text(line, assumed)


#: Line, rank of its level, resource, message.
HEADS = [
    # behind a name, lower case, in brackets, padded, cut, lengthened, after a slash, a letter
    ("2026-01-02T03:04:05.678Z [app] error: payment failed", "error", "app", "payment failed"),
    ("2026-01-02T03:04:05.678Z [app] [error]: x", "error", "app", "x"),
    ("2026-01-02 03:04:05.678 +00:00 [FTL] app: out of memory", "fatal", "app", "out of memory"),
    ("2026-11-29 13:18:23 [warning  ] disk almost full", "warn", None, "disk almost full"),
    ("[2026-11-29T13:37:36,242][WARN ][o.o.b.Natives            ] [node-1] x", "warn", "o.o.b.Natives", "x"),
    ("[2026-11-29T13:37:34.552+0000][13973][warning][gc,init  ] x", "warn", None, "x"),
    ("[2026-11-29 13:24:10,012: ERROR/ForkPoolWorker-1] Task pay.charge[cdab] raised", "error", None, "Task pay.charge[cdab] raised"),
    ("2026-11-29 15:03:18.782212 I | etcdmain: etcd Version", "info", "etcdmain", "etcd Version"),
    ("2026-11-29 14:48:34 5 [Warning] Access denied", "warn", None, "Access denied"),
    ("2026-11-29 14:48:34,123 fail2ban.database       [28265]: WARNING New", "warn", "fail2ban.database", "New"),
    ("2026-11-29 14:48:34,123 - util.py[WARNING]: failed", "warn", "util.py", "failed"),
    ("2026-11-29T13:52:10.556Z zoneload: error: zone bad.test/IN", "error", "zoneload", "zone bad.test/IN"),
    ("29-Nov-2026 14:52:10.556 general: debug 1: now using", "debug", "general", "now using"),
    ("2026/11/29 14:19:07 DEBUG-4 cache miss", "debug", None, "cache miss"),
    ("2026/11/29 14:19:07 ERROR+4 db down", "error", None, "db down"),
    ("2026-11-29T14:19:07+01:00 WRN disk", "warn", None, "disk"),
    ("2026-11-29 13:24:37,089 Level 25 acme.pay: custom", "info", "acme.pay", "custom"),
    ("2026-11-29 13:18:30.716 | SUCCESS  | shop.pay:run:11 - done", "info", "shop.pay", "done"),
    ("Nov 29 14:19:07.584 WRN disk almost full", "warn", None, "disk almost full"),
    ("2026-11-29T13:33:09.974Z  WARN 8497 --- [pay] [           main] acme.App         : disk", "warn", "acme.App", "disk"),
    ("2026-11-29T13:33:09.974Z  WARN 8497 --- [           main] acme.App         : disk", "warn", "acme.App", "disk"),
    ("13:27:33.201 [main] ERROR acme.App -- failed", "error", "acme.App", "failed"),
    ("29-Nov-2026 14:59:40.263 SEVERE [main] org.apache.x.Foo.bar text", "error", "org.apache.x.Foo.bar", "text"),
    ("[2026-11-29T13:21:14Z ERROR shop] failed", "error", "shop", "failed"),
    ("[2026-11-29][14:21:14][shop][ERROR] x", "error", "shop", "x"),
    ("[2026-11-29 14:21:15.49 +01:00] ERROR [shop] src/lib.rs:45: x", "error", "shop", "x"),
    ("2026-11-29T13:21:13.042298Z  INFO shop::db: started", "info", "shop::db", "started"),
    ("2026-11-29T13:21:13.042298Z  INFO request: shop::pay: in a span", "info", "shop::pay", "in a span"),
    ("2026-11-29T13:21:13.042298Z  INFO request{id=7}: shop::pay: in a span", "info", "shop::pay", "in a span"),
    # what begins otherwise than with the time
    ("[Nest] 11191  - 11/29/2026, 1:34:33 PM   ERROR [PayService] payment failed", "error", "PayService", "payment failed"),
    ("[2426] 2026/11/29 15:03:18.779219 [INF] Starting", "info", None, "Starting"),
    ("shop: 2026/11/29 13:19:07.505181 main.go:5: ERROR: x", "error", None, "x"),
    ("E, [2026-11-29T14:54:56.652696 #1] ERROR -- : x", "error", None, "x"),
    ("21865:M 29 Nov 2026 14:45:38.297 # x", "warn", None, "x"),
    ("E [29/Nov/2026:14:53:57 +0100] x", "error", None, "x"),
    ("WARN[0000] disk almost full                              path=/var", "warn", None, "disk almost full"),
    ("✖  error     payment failed", "error", None, "payment failed"),
    # no time at all
    ("[03:04:05.678] ERROR (1234): payment failed", "error", None, "payment failed"),
    ("WARNING:  disk almost full", "warn", None, "disk almost full"),
    ("ERROR [shop] failed", "error", "shop", "failed"),
    # the first word of the text is no level, no logger and no host
    ("2026/11/29 14:19:07 ERROR-503 upstream", "info", None, "ERROR-503 upstream"),
    ("2026/11/29 14:19:07 failed: open /x: no such file", "info", None, "failed: open /x: no such file"),
    ("2026-11-29 14:55:48 success story of the year", "info", None, "success story of the year"),
    ("2026/11/29 14:19:07 ERROR: failed: boom", "error", None, "failed: boom"),
    ("2026-01-02T03:04:05Z TypeError: price is null", "error", None, "TypeError: price is null"),
    ("all is fine", "info", None, "all is fine"),
    ("2026-11-29T14:55:48.556 zone bad.test/IN: not loaded", "info", None, "zone bad.test/IN: not loaded"),
    ("2026-11-29 14:55:48 Zookeeper session expired", "info", None, "Zookeeper session expired"),
    ("2026-11-29 14:55:48 -1234 items removed", "info", None, "-1234 items removed"),
    ('2026-11-29 14:19:49.749 CET,"u","d",7,,6b.4e,1,,2026-11-29 14:19:49 CET,,0,ERROR,22012,"division by zero",,', "error", None, '2026-11-29 14:19:49.749 CET,"u","d",7,,6b.4e,1,,2026-11-29 14:19:49 CET,,0,ERROR,22012,"division by zero",,'),
    # syslog without a host, or what is near it
    ("<134>Nov 29 14:33:37 haproxy[1]: text", "info", None, "text"),
    ("Nov 29 14:51:20 dnsmasq[2]: text", "info", None, "text"),
    ("2026-11-29T14:39:06+0100 vm app[1]: text", "info", "vm", "text"),
    ("2026-11-29T13:21:54+01:00 vm app: text", "info", "vm", "text"),
    ("Sep 15 2021 08:30:03 core-sw1 sshd[311]: x", "info", "core-sw1", "x"),
    ("<22>1 2026-11-29T14:49:30.707647+01:00 vm postfix 1 - -  warning: x", "info", "vm", "warning: x"),
    ("Nov 29 14:00:00 vm app[1]: Traceback:#012  File x#012Boom", "info", "vm", "Traceback:\n  File x\nBoom"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "level", "resource", "message"), HEADS)
def test_a_head_tells_level_logger_and_text(line: str, level: str, resource: str | None, message: str) -> None:
    """By itself, coloured, and by file: the same."""
    log = one(line)
    assert (rank(log), log.get("resourceId"), log["message"]) == (level, resource, message)
    (same,) = read(line + "\n")
    assert (rank(same), same.get("resourceId"), same["message"]) == (level, resource, message)
    place = len(line) // 2
    coloured = one(f"\x1b[32m{line[:place]}\x1b[0;1m{line[place:]}\x1b[39m")
    assert (rank(coloured), coloured["message"]) == (level, message)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2018-05-18 01:20:10 PM ERROR x", "2018-05-18T13:20:10Z"),
        ("2023-07-31 10:00:00.585 CEST [4974] LOG:  x", "2023-07-31T10:00:00.585+02:00"),
        ("2026-11-29 08:00:02 GMT+3 ERROR x", "2026-11-29T08:00:02+03:00"),
        ("18/07/18 20:57:49,248 ERROR x", "2018-07-18T20:57:49.248Z"),
        ("Sep 15 08:30:04 2021 ERROR x", "2021-09-15T08:30:04Z"),
        ("Fri Sep 15 08:00:16 2023 ERROR x", "2023-09-15T08:00:16Z"),
        ("03-May-2022 07:15:49.643 SEVERE [main] x", "2022-05-03T07:15:49.643Z"),
        ("[14-Jun-2021 10:30:09 UTC] PHP Fatal error:  x", "2021-06-14T10:30:09Z"),
        ("[29-Nov-2026 14:55:02 Europe/Berlin] x", "2026-11-29T14:55:02+01:00"),
        ("Sun 2026-11-29 14:39:06 CET vm app[1]: x", "2026-11-29T14:39:06+01:00"),
        ("[Sun Nov 29 12:37:29 2026] x", "2026-11-29T12:37:29Z"),
        ("2026-11-29  9:08:33 0 [Note] x", "2026-11-29T09:08:33Z"),
        ("2026-11-29 9:08:33 0 [Note] x", "2026-11-29T09:08:33Z"),
        ("11/29/2026, 1:34:33 PM ERROR x", "2026-11-29T13:34:33Z"),
        ("15.09.2023 08:00:00 ERROR x", "2023-09-15T08:00:00Z"),
        ("17:07:12,479 ERROR x", "2026-11-28T17:07:12.479Z"),
        ("13:38:44  [WARNING]: x", "2026-11-29T13:38:44Z"),
        ("1795960859: x", 1795960859),
        ("1.7959583471204474e+09\terror\tx.go:1\tx", 1795958347.1204474),
        ("2026.11.29 15:01:02 LOG3[ui]: x", "2026-11-29T15:01:02Z"),
        ("29-Nov-2026::14:55:49.334 ERROR x", "2026-11-29T14:55:49.334Z"),
        ("2026-11-29T13:29:08.384036419Z main ERROR x", "2026-11-29T13:29:08.384036419Z"),
    ],
)  # fmt: skip
def test_a_time_is_read_whole(written: str, instant: str | int | float | None) -> None:
    """Zone, half of the day, all digits; where the day is open the latest such time is meant."""
    assert one(written).get("timestamp") == instant


def test_a_date_of_two_readings_is_not_guessed() -> None:
    """What it may be is said, the text stays whole; another line of the source may decide it."""
    log = one("03/04/2026 10:00:00 ERROR x")
    assert (log.get("timestamp"), log["metadata"]["time"], log["message"]) == (None, "03/04/2026 10:00:00", "x")
    first, second = read("03/04/2026 10:00:00 ERROR x\n13/04/2026 10:00:00 ERROR y\n")
    assert (first["timestamp"], second["timestamp"]) == ("2026-04-03T10:00:00Z", "2026-04-13T10:00:00Z")


def test_the_name_of_two_zones_is_the_assumed_one_or_said() -> None:
    """IST is of India, Israel and Ireland."""
    line = "2026-11-29 10:00:00 IST ERROR x"
    assert one(line)["metadata"]["zone"] == "IST"
    india = Assumed(datetime(2026, 11, 29, tzinfo=UTC), ZoneInfo("Asia/Kolkata"))
    assert (one(line, india)["timestamp"], one(line, india).get("metadata")) == ("2026-11-29T10:00:00+05:30", None)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('10.0.0.9 - jane doe [29/Nov/2026:13:34:38 +0000] "GET /var HTTP/1.1" 200 2 "-" "curl/8"', {"client": "10.0.0.9", "user": "jane doe", "status": 200}),
        ('10.0.0.9 - - [29/Nov/2026:13:34:38 +0000] "GET /abort HTTP/1.1" - - "-" "curl/8"', {"client": "10.0.0.9", "path": "/abort"}),
        ('127.0.0.1 - - [29/Nov/2026 13:22:38] "GET /boom HTTP/1.1" 500 -', {"status": 500, "client": "127.0.0.1"}),
        ('[29/Nov/2026 13:22:47] "GET /boom HTTP/1.1" 500 59998', {"status": 500, "bytes": 59998}),
        ('[2026-11-29 13:22:42 +0000] [7] [INFO] 10.0.0.1:34 - - [29/Nov/2026:13:22:38 +0000] "GET / 1.1" 500 12 "-" "x"', {"status": 500, "client": "10.0.0.1:34"}),
        ("127.0.0.1 - - [Sun, 29 Nov 2026 13:34:43 GMT] \"GET /boom HTTP/1.1\" 500 1013", {"status": 500}),
        ("1795959271.651     11 127.0.0.1 TCP_MISS/503 3457 GET http://h/ - HIER_DIRECT/127.0.0.1 text/html", {"status": 503, "client": "127.0.0.1"}),
        ("GET /boom 500 1.795 ms - 1013", {"status": 500, "method": "GET"}),
        ('10.1.1.1, 10.2.2.2 - - [29/Nov/2026:13:34:38 +0000] "GET / HTTP/1.1" 200 5', {"client": "10.1.1.1"}),
        ('<190>Nov 29 14:33:37 vm nginx: 10.0.0.1 - - [29/Nov/2026:14:34:31 +0100] "GET /x HTTP/1.1" 502 627 "-" "x"', {"status": 502, "app": "nginx"}),
    ],
)  # fmt: skip
def test_an_access_log_tells_its_parts(line: str, told: dict[str, Any]) -> None:
    """Users with blanks, answers that never came, times without a colon or in another line's message; 5xx are errors."""
    log = one(line)
    assert {name: log["metadata"].get(name) for name in told} == told
    assert rank(log) == ("error" if told.get("status", 0) >= 500 else "info")


@pytest.mark.parametrize(
    ("line", "message", "metadata"),
    [
        ('E1129 14:19:07.621725   18917 main.go:3] "disk almost full" path="/var" n=3', "disk almost full", {"path": "/var", "n": 3}),
        ('2026-11-29T14:19:07.019+0100\tWARN\tx.go:1\tdisk almost full\t{"path": "/var"}', "disk almost full", {"path": "/var"}),
        ("2026-11-29 13:18:23 [info     ] started                port=8080 ratio=1.5 ok=true", "started", {"port": 8080, "ratio": 1.5, "ok": True}),
        ("2026-11-29 13:18:23 WARN disk almost full path=/var", "disk almost full path=/var", {"path": "/var"}),
        ("2026-11-29 13:18:23 WARN x id=a id=b", "x id=a id=b", {"id": ["a", "b"]}),
        ("I1129 14:19:07.621725   18917 main.go:3] served status=200 duration=1.5", "served status=200 duration=1.5", {"status": 200, "duration": 1.5, "line": 3}),
        ("2026-11-29 13:18:23 WARN total = 5, state=0, i=1: x", "total = 5, state=0, i=1: x", {}),
    ],
)  # fmt: skip
def test_pairs_behind_the_text_are_fields(line: str, message: str, metadata: dict[str, Any]) -> None:
    """They leave the text only where that is certain."""
    log = one(line)
    assert log["message"] == message
    assert {name: log.get("metadata", {}).get(name) for name in metadata} == metadata


def test_ids_in_a_head_are_trace_and_span() -> None:
    """OpenTelemetry's own format; `0` is none."""
    line = "2026-11-29 13:24:37,087 INFO [acme.pay] [otl.py:30] [trace_id={} span_id=5bde8b849998f579] - served"
    log = one(line.format("4c18b8af743e638c0cfa4d348bcc6350"))
    assert (log["traceId"], log["spanId"]) == ("4c18b8af743e638c0cfa4d348bcc6350", "5bde8b849998f579")
    assert "traceId" not in one(line.format("0"))


def test_a_level_stays_as_written() -> None:
    """Cut or translated: it has the rank of what it means; what has none by itself stands beside the name."""
    assert one("2026-11-29T14:19:07+01:00 EROR x")["level"] == "EROR"
    log = one("29-Nov-2026 14:52:10.556 general: debug 1: now using")
    assert (log["level"], log["metadata"]["level"]) == ("debug", "debug 1")


def test_a_host_is_known_from_other_lines() -> None:
    """rsyslog writes RFC 5424 messages without the colon; the host of the source tells them."""
    logs = read(
        "2026-11-29T14:33:37+01:00 vm a[1]: one\n2026-11-29T14:33:37.003528+01:00 vm b text without colon\n"
        "2026-11-29T14:33:38+01:00 vm a[1]: three\n"
    )
    assert [(log["resourceId"], log["metadata"]["app"]) for log in logs] == [("vm", "a"), ("vm", "b"), ("vm", "a")]
    assert [log["message"] for log in logs] == ["one", "text without colon", "three"]


def test_a_level_in_capitals_is_told_at_once_as_by_a_reading() -> None:
    """Where only the level is asked for, a text that begins with one need not be read whole."""
    lines = [line for line, *_ in HEADS]
    lines += [line.partition(" ")[2] for line in lines] + ["ERROR status=200", "WARN: x", "INFO", "ERR! x", "MAY 1 x"]
    lines += ["ERROR:root:text", "FATAL 2026-11-29 10:00:00 x", "ERROR: DETAIL:  x", "NOTICE", "LOG:  x"]
    told = {line: level for line in lines if (level := reader.begins_with_level(line, NOW)) is not None}
    assert told == {line: one(line).get("level") for line in told}
    assert len(told) > 10


def test_a_line_means_the_same_whatever_stands_around_it() -> None:
    """Readers are tried in one order, not by how often each fitted."""
    lines = [line for line, *_ in HEADS if not line.startswith(("all", "   "))]
    alone = [one(line) for line in lines]
    together = [log for line in lines for log in read(f'{{"msg":"x"}}\n{line}\n{{"msg":"y"}}\n')[1:2]]
    for first, second in zip(alone, together, strict=True):
        assert (first["message"], first.get("level")) == (second["message"], second.get("level"))


@pytest.mark.parametrize("host", ["pm2", "pm-db1", "am.example.com", "am335x"])
@pytest.mark.parametrize("clock", ["02:00:01", "14:00:01"])
def test_a_host_is_no_half_of_the_day(host: str, clock: str) -> None:
    """Syslog's host stands where other programs write AM or PM."""
    log = one(f"Nov 29 {clock} {host} sshd[7]: said")
    assert (log["timestamp"], log["resourceId"], log["message"]) == (f"2026-11-29T{clock}Z", host, "said")


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        ("2026-11-29 14:00:01 +0000 INFO retrying after #<Net::ReadTimeoutError: x>", "info", None),
        ("2026-11-29 14:00:01 +0000 debug: rescued #<Pay::RetryError: x>", "debug", None),
        ("2026-11-29 14:00:01 +0000 Rack app (): #<RuntimeError: boom>", "error", None),
        ("2026-11-29 14:00:01 ERROR, disk, full, cannot write", "error", "disk, full, cannot write"),
        ("2026-11-29 14:00:01,123, ERROR, shop, cannot write", "error", "cannot write"),
    ],
)
def test_a_form_takes_no_other_text(line: str, level: str, message: str | None) -> None:
    """The level that a line names counts, and its words stay where they are no columns."""
    log = one(line)
    assert rank(log) == level
    assert message is None or log["message"] == message


def test_a_device_may_be_named_as_a_date() -> None:
    """Cisco's switches are often called by their model."""
    log = one("2960-48-floor1: *Nov 29 14:00:01.123: %SYS-3-CPUHOG: said")
    assert (log["resourceId"], log["message"]) == ("2960-48-floor1", "said")


@pytest.mark.parametrize("behind", [" second word", "\u00a0second word", "   \n  at x", " "])
def test_a_long_line_keeps_the_blanks_where_its_head_ends(behind: str) -> None:
    """Only so many characters are searched for fields; the message goes on behind them as it was written."""
    begin = "2026-01-02T03:04:05Z ERROR "
    text = begin + "x" * (16_384 - len(begin)) + behind
    assert one(text)["message"] == text[len(begin) :].rstrip("\n")
    text = begin + "x" * (16_381 - len(begin)) + "   " + behind
    assert one(text)["message"] == text[len(begin) :].rstrip("\n")
