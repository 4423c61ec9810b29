"""What goes on is one log: the exceptions of each language, at error, with stack and causes; and what else has many lines."""

from __future__ import annotations

import pytest

from app.files.split.entry import JOINED_LINES
from tests.files.reading import rank, read, split

#: Exceptions as each language prints them; each is one log at error, of this type.
CRASHES: dict[str, tuple[str, str | None]] = {
    "javascript": (
        "TypeError: price is null\n    at pay (/app/pay.js:7:11)\n    at main (/app/main.js:3:1) {\n  [cause]: Error: inner\n"
        "      at x (/app/x.js:1:1)\n}\n",
        "TypeError",
    ),
    "node": (
        "/app/pay.js:1\nthrow new TypeError('boom')\n^\n\nTypeError: boom\n    at Timeout._onTimeout (/app/pay.js:1:7) {\n"
        "  code: 'X'\n}\n\nNode.js v20.20.2\n",
        "TypeError",
    ),
    "python": (
        'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\nKeyError: 1\n\n'
        "During handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "a.py", line 3, in f\nacme.errors.PaymentError: refused\n',
        "acme.errors.PaymentError",
    ),
    "java": (
        'Exception in thread "worker-1" java.lang.IllegalStateException: inner\n\tat acme.App.f(App.java:22)\n'
        "Caused by: java.io.IOException: disk\n\t... 3 more\n",
        "java.lang.IllegalStateException",
    ),
    "go": (
        "panic: assignment to entry in nil map\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x425\n"
        "created by main.start in goroutine 1\n\t/src/main.go:3 +0x1\nexit status 2\n",
        "panic",
    ),
    "rust": (
        "thread 'main' (24387) panicked at src/main.rs:4:5:\ncalled `Option::unwrap()` on a `None` value\nstack backtrace:\n"
        "   0: std::panicking::begin_panic\n             at /rustc/src/panicking.rs:5:5\n"
        "note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n",
        "panic",
    ),
    "anyhow": ("Error: load config\n\nCaused by:\n    0: read /var/x\n    1: no such file\n\nStack backtrace:\n   0: shop::inner\n", "Error"),
    "ruby": ("r.rb:5:in `rescue in <main>': boom (RuntimeError)\n\tfrom r.rb:5:in `<main>'\nr.rb:4:in `f': inner (ArgumentError)\n", "RuntimeError"),
    "php": (
        "PHP Fatal error:  Uncaught LogicException: inner in /srv/e.php:4\nStack trace:\n#0 /srv/e.php(5): f()\n#1 {main}\n\n"
        "Next RuntimeException: boom in /srv/e.php:4\nStack trace:\n#0 {main}\n  thrown in /srv/e.php on line 4\n",
        "LogicException",
    ),
    "dotnet": (
        "Unhandled exception. System.InvalidOperationException: price is null\n ---> System.IO.IOException: disk\n"
        "   at Shop.Db.Read() in /src/Db.cs:line 4\n   --- End of inner exception stack trace ---\n"
        "   at Shop.Pay.Run() in /src/Pay.cs:line 7\n",
        "System.InvalidOperationException",
    ),
    "erlang": ("** (RuntimeError) boom\n    x.exs:4: anonymous fn/0 in :elixir_compiler_0.__FILE__/1\n", "RuntimeError"),
    "c++": ("terminate called after throwing an instance of 'std::runtime_error'\n  what():  disk\nAborted (core dumped)\n", None),
}  # fmt: skip


@pytest.mark.parametrize("language", CRASHES)
def test_an_exception_alone_is_one_error(language: str) -> None:
    """First line, stack and causes are one log at error, its type is told, and the next line is apart."""
    text, kind = CRASHES[language]
    before, crash, after = read(f"ready\n\n{text}2026-11-29 08:00:01 INFO shop: next\n")
    assert (before["message"], after["message"]) == ("ready", "next")
    assert (crash["message"], rank(crash)) == (text.rstrip(), "error")
    assert crash.get("metadata", {}).get("exception", {}).get("type") == kind


@pytest.mark.parametrize("language", ["javascript", "python", "php", "ruby"])
def test_an_exception_behind_an_error_belongs_to_it(language: str) -> None:
    """What a logger printed of an error is a part of its log; between logs of other levels it stands alone."""
    text, _ = CRASHES[language]
    first, second = read(f"2026-11-29 08:00:00 ERROR shop: failed\n{text}2026-11-29 08:00:01 INFO shop: next\n")
    assert (first["message"], second["message"]) == (f"failed\n{text.rstrip()}", "next")
    logs = read(f"2026-11-29 08:00:00 INFO shop: request 1 done\n{text}2026-11-29 08:00:01 INFO shop: next\n")
    assert [(log["message"], rank(log)) for log in logs] == [
        ("request 1 done", "info"),
        (text.rstrip(), "error"),
        ("next", "info"),
    ]


#: Texts, and the messages that their logs must have.
JOINED: dict[str, tuple[str, list[str]]] = {
    "a message of an exception of two lines, and a cause that wraps": (
        "2026-11-29 13:27:37,260 ERROR acme.App - failed\njava.lang.IllegalStateException: inner bad\nsecond line of message\n"
        "\tat acme.App.inner(App.java:6)\nWrapped by: java.lang.RuntimeException: boom\n\tat acme.App.boom(App.java:7)\n"
        "2026-11-29 13:27:37,262 WARNING acme.App - line one\nline two\n",
        [
            "failed\njava.lang.IllegalStateException: inner bad\nsecond line of message\n\tat acme.App.inner(App.java:6)\n"
            "Wrapped by: java.lang.RuntimeException: boom\n\tat acme.App.boom(App.java:7)",
            "line one\nline two",
        ],
    ),
    "a closing bracket in the first column": (
        "2026-01-02T03:04:05.678Z INFO shop: order {\n  id: 1,\n}\n2026-01-02T03:04:06.678Z INFO shop: next\n",
        ["order {\n  id: 1,\n}", "next"],
    ),
    "an object literal is no JSON": ("{\n  level: 'error',\n  id: 1\n}\n{\n  level: 'info'\n}\n", ["{\n  level: 'error',\n  id: 1\n}", "{\n  level: 'info'\n}"]),
    "a prefix before every line": (
        "2026-01-02T03:04:05: TypeError: price is null\n2026-01-02T03:04:05:     at pay (/app/pay.js:7:11)\n"
        "2026-01-02T03:04:05: next\n",
        ["TypeError: price is null\n    at pay (/app/pay.js:7:11)", "next"],
    ),
    "a Go stack in the first column": (
        '2026-11-29T14:19:07.019+0100\tERROR\tmain.go:20\tfailed\t{"error": "boom"}\nmain.main\n\t/src/main.go:20\nruntime.main\n'
        "\t/src/runtime/proc.go:283\n2026-11-29T14:19:07.020+0100\tINFO\tmain.go:21\tnext\n",
        ["failed\nmain.main\n\t/src/main.go:20\nruntime.main\n\t/src/runtime/proc.go:283", "next"],
    ),
    "a query of several lines": (
        "2026-11-29 08:00:00 ERROR db: query failed:\nSELECT *\nFROM t\n2026-11-29 08:00:01 INFO db: next\n",
        ["query failed:\nSELECT *\nFROM t", "next"],
    ),
    "PostgreSQL's parts, and an empty line": (
        "2026-11-29 14:19:49.960 CET [20047] WARNING:  first line\n\tsecond line\n\t\n\tfourth\n"
        "2026-11-29 14:19:49.960 CET [20047] CONTEXT:  inline line 1\n2026-11-29 14:19:49.961 CET [20047] LOG:  next\n",
        ["first line\n\tsecond line\n\t\n\tfourth\nCONTEXT:  inline line 1", "next"],
    ),
    "MySQL's slow log": (
        "# Time: 2026-11-29T14:48:34.123456Z\n# User@Host: root[root] @ localhost []\n# Query_time: 2.0  Lock_time: 0.0\n"
        "SET timestamp=1795960114;\nselect 1,\n2;\n# User@Host: ann[ann] @ localhost []\nSET timestamp=1795960115;\nselect 3;\n",
        [
            "# Time: 2026-11-29T14:48:34.123456Z\n# User@Host: root[root] @ localhost []\n# Query_time: 2.0  Lock_time: 0.0\n"
            "SET timestamp=1795960114;\nselect 1,\n2;",
            "# User@Host: ann[ann] @ localhost []\nSET timestamp=1795960115;\nselect 3;",
        ],
    ),
    "the kernel's block": (
        "Nov 29 14:48:34 vm kernel: [  1.000001] ------------[ cut here ]------------\n"
        "Nov 29 14:48:34 vm kernel: [  1.000002] WARNING: CPU: 0 PID: 1 at x.c:1\n"
        "Nov 29 14:48:34 vm kernel: [  1.000003] ---[ end trace 0000000000000000 ]---\n"
        "Nov 29 14:48:35 vm kernel: [  2.000001] usb 1-1: new device\n",
        [
            "[  1.000001] ------------[ cut here ]------------\n[  1.000002] WARNING: CPU: 0 PID: 1 at x.c:1\n"
            "[  1.000003] ---[ end trace 0000000000000000 ]---",
            "[  2.000001] usb 1-1: new device",
        ],
    ),
    "two lines of java.util.logging": (
        "Nov 29, 2026 1:30:59 PM acme.App main\nSEVERE: failed\njava.lang.RuntimeException: boom\n\tat App.f(App.java:5)\n\n"
        "Nov 29, 2026 1:31:00 PM acme.App main\nFINE: done\n",
        ["failed\njava.lang.RuntimeException: boom\n\tat App.f(App.java:5)", "done"],
    ),
    "two lines of tinylog": ("2026-11-29 13:31:41 [main] App.main()\nERROR: failed\n2026-11-29 13:31:42 [main] App.main()\nINFO: next\n", ["failed", "next"]),
    "signs in a column are logs": ("   • started\n   • disk almost full\n   ⨯ failed\n", ["started", "disk almost full", "failed"]),
    "logs that begin with a blank": ("   INFO[0000] one\n   INFO[0000] two\n", ["one", "two"]),
    "Erlang's reports": (
        "=ERROR REPORT==== 29-Nov-2026::14:55:49.334 ===\nfailed\n  boom\n=INFO REPORT==== 29-Nov-2026::14:55:50.334 ===\nnext\n",
        ["failed\n  boom", "next"],
    ),
    "rich's box": ("2026-11-29 13:18:23 [error    ] failed\n╭── Traceback (most recent call last) ──╮\n│ a.py:7 in f │\n╰──╯\nKeyError: 1\n2026-11-29 13:18:24 [info     ] next\n",
        ["failed\n╭── Traceback (most recent call last) ──╮\n│ a.py:7 in f │\n╰──╯\nKeyError: 1", "next"]),
    "ActiveSupport's and Elixir's blank lines": ("\n14:55:50.820 [error] zwei\nZeilen\n\n14:55:50.821 [info] next\n\n", ["zwei\nZeilen", "next"]),
}  # fmt: skip


@pytest.mark.parametrize("name", JOINED)
def test_lines_of_one_event_are_one_log(name: str) -> None:
    """Each event is one log with all its lines."""
    text, messages = JOINED[name]
    assert [log["message"] for log in read(text)] == messages


@pytest.mark.parametrize(
    "warned",
    ["started\ndisk\nready\n(node:14670) [DEP0001] DeprecationWarning: old thing", "level=error msg=refused"],
)
def test_an_error_behind_a_warning_without_a_time_is_its_own(warned: str) -> None:
    """Node's process warns, and something else fails: an error within a warning would not be found."""
    failed = "Unhandled Error: rejected\n    at Timeout._onTimeout (/srv/app/unc.js:1:178)"
    *before, last = read(f"{warned}\n{failed}\n")
    assert (rank(last), last["message"]) == ("error", failed)
    assert len(before) == len(warned.split("\n"))


def test_two_lines_tell_time_and_level_of_one_log() -> None:
    """The first line has time and place, the second level and text, in whatever language."""
    (log,) = read("Nov. 29, 2026 1:30:59 PM acme.App main\nSCHWERWIEGEND: kaputt\n")
    assert (log["timestamp"], rank(log), log["message"]) == ("2026-11-29T13:30:59Z", "error", "kaputt")
    assert (log["resourceId"], log["metadata"]["method"]) == ("acme.App", "main")


def test_a_record_of_xml_is_one_log() -> None:
    """java.util.logging's XML: message, level, logger and the time with all its digits."""
    text = (
        '<?xml version="1.0"?>\n<log>\n<record>\n  <date>2026-11-29T13:31:00.165814774Z</date>\n  <logger>acme.App</logger>\n'
        "  <level>SEVERE</level>\n  <message>a &lt;b&gt;\nc</message>\n</record>\n<record>\n"
        "  <date>2026-11-29T13:31:01Z</date>\n  <level>INFO</level>\n  <message>next</message>\n</record>\n</log>\n"
    )
    first, second = read(text)
    assert (first["message"], first["level"], first["resourceId"]) == ("a <b>\nc", "SEVERE", "acme.App")
    assert (first["timestamp"], second["message"]) == ("2026-11-29T13:31:00.165814774Z", "next")


def test_a_line_that_tells_no_time_has_that_of_the_log_before() -> None:
    """What can't be joined is of about that time, and the log says so."""
    text = '[29/Nov/2026 13:22:46] "GET / HTTP/1.1" 200 2\nNot Found: /nope\nservice started\n'
    logs = read(text)
    assert [log["timestamp"] for log in logs] == ["2026-11-29T13:22:46Z"] * 3
    assert [log["metadata"].get("timestampOf") for log in logs] == [None, "the log before", "the log before"]


def test_what_is_joined_is_bounded_and_said() -> None:
    """A log takes so many lines; that more followed stands in it, and what followed is kept."""
    text = "2026-11-29 08:00:00 ERROR a.b: failed\n" + "\tat a.B.c(B.java:1)\n" * (JOINED_LINES + 5)
    _, found = split(text)
    first, *rest = read(text)
    assert "rest follows" in first["metadata"]["cut"]
    assert (len(found[0].more), sum(1 + len(entry.more) for entry in found[1:])) == (JOINED_LINES, 5)
    assert "\n".join(entry.text for entry in found) + "\n" == text
    assert rest


#: What programs write whose samples lie nowhere: text, and message and rank of each log.
PROGRAMS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "RabbitMQ's crash report": (
        "2026-11-29 14:45:21.042405+01:00 [error] <0.1.0> Supervisor: failed\n"
        "2026-11-29 14:45:21.042405+01:00 [error] <0.1.0>     Context: x\n"
        "2026-11-29 14:45:21.042405+01:00 [error] <0.1.0> \n2026-11-29 14:45:21.042405+01:00 [error] <0.1.0>     Reason: y\n"
        "2026-11-29 14:45:21.042500+01:00 [info] <0.2.0> next\n",
        [("Supervisor: failed\n    Context: x\n\n    Reason: y", "error"), ("next", "info")],
    ),
    ".NET's console": (
        "info: Microsoft.Hosting.Lifetime[14]\n      Now listening on: http://localhost:5000\nfail: Shop.Pay[0]\n      payment failed\n"
        "      System.InvalidOperationException: price is null\n         at Shop.Pay.Run() in /src/Pay.cs:line 7\n",
        [
            ("Now listening on: http://localhost:5000", "info"),
            ("payment failed\nSystem.InvalidOperationException: price is null\n   at Shop.Pay.Run() in /src/Pay.cs:line 7", "error"),
        ],
    ),
    "Serilog's console": (
        "[14:19:07 INF] Starting\n[14:19:08 ERR] failed\nSystem.InvalidOperationException: price is null\n   at Shop.Pay.Run()\n[14:19:09 INF] next\n",
        [("Starting", "info"), ("failed\nSystem.InvalidOperationException: price is null\n   at Shop.Pay.Run()", "error"), ("next", "info")],
    ),
    "Laravel": (
        '[2026-11-29 14:55:48] local.ERROR: boom {"exception":"[object] (RuntimeException(code: 0): boom at /srv/x.php:3)\n[stacktrace]\n'
        '#0 {main}\n"} \n[2026-11-29 14:55:49] local.INFO: next\n',
        [
            ('boom {"exception":"[object] (RuntimeException(code: 0): boom at /srv/x.php:3)\n[stacktrace]\n#0 {main}\n"}', "error"),
            ("next", "info"),
        ],
    ),
    "net/http's panic": (
        "2026/11/29 14:19:07 http: panic serving 127.0.0.1:1: boom\ngoroutine 34 [running]:\nnet/http.(*conn).serve.func1()\n"
        "\t/src/server.go:1898 +0xbe\npanic({0x1, 0x2})\n\t/src/panic.go:770 +0x132\n2026/11/29 14:19:08 next\n",
        [
            (
                "http: panic serving 127.0.0.1:1: boom\ngoroutine 34 [running]:\nnet/http.(*conn).serve.func1()\n"
                "\t/src/server.go:1898 +0xbe\npanic({0x1, 0x2})\n\t/src/panic.go:770 +0x132",
                "error",
            ),
            ("next", "info"),
        ],
    ),
    "cloud-init": (
        "2026-11-29 14:48:34,123 - util.py[WARNING]: failed\nTraceback (most recent call last):\n  File x\n"
        "cloudinit.subp.ProcessExecutionError: x\nCommand: ['a']\nExit code: 1\n2026-11-29 14:48:35,123 - handlers.py[DEBUG]: next\n",
        [
            ("failed\nTraceback (most recent call last):\n  File x\ncloudinit.subp.ProcessExecutionError: x\nCommand: ['a']\nExit code: 1", "warn"),
            ("next", "debug"),
        ],
    ),
    "klog's values over lines": (
        'W1129 14:19:07.621702   18917 main.go:3] "disk almost full" err=<\n\tfirst\n\tsecond\n >\nI1129 14:19:07.621580   18917 main.go:3] next\n',
        [("disk almost full\n\tfirst\n\tsecond\n >", "warn"), ("next", "info")],
    ),
    "Logback and dbt, whose times are of the day": (
        "13:27:33.201 [main] WARN acme.App -- disk\n13:38:44  Running with dbt=1.10.23\n13:38:45  [WARNING]: old\n",
        [("disk", "warn"), ("Running with dbt=1.10.23", "info"), ("old", "warn")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_other_programs_are_read_by_the_same_rules(name: str) -> None:
    """No rule fits one sample only."""
    text, expected = PROGRAMS[name]
    assert [(log["message"], rank(log)) for log in read(text)] == expected


#: What follows a log in XML, and is none of its lines.
AFTER = "plain\n2026-11-29 14:00:00 ERROR failed\n"


@pytest.mark.parametrize(
    "event",
    [
        '<log4j:event logger="a" timestamp="1795960800000" level="WARN"><log4j:message><![CDATA[said]]></log4j:message></log4j:event>\n',
        '<log4j:event logger="a" timestamp="1795960800000" level="WARN">\n<log4j:message><![CDATA[said]]></log4j:message>\n</log4j:event>\n',
        "<record>\n<date>2026-11-29T14:00:00Z</date>\n<level>WARNING</level>\n<message>said</message>\n</record>\n",
    ],
    ids=["log4j", "log4j over lines", "java.util.logging"],
)
def test_what_follows_a_log_in_xml_is_none_of_it(event: str) -> None:
    """The log keeps of its own lines what they say; of others it would lose all."""
    logs = read(event * 2 + AFTER)
    assert [(log["message"], rank(log)) for log in logs] == [
        ("said", "warn"),
        ("said", "warn"),
        ("plain", "info"),
        ("failed", "error"),
    ]


def test_a_crash_is_none_of_the_lines_behind_another() -> None:
    """A path with a number may begin one, again and again."""
    logs = read("/data/a.csv:10\nbad row\n/data/a.csv:20\nbad row\n")
    assert [log["message"] for log in logs] == ["/data/a.csv:10\nbad row", "/data/a.csv:20\nbad row"]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-29 14:00:00 INFO started\n2026-11-29 14:00:00 INFO --> GET /pay\n"
        "2026-11-29 14:00:00 INFO <-- 200 OK\n2026-11-29 14:00:00 INFO --> GET /shop",
        "Nov 29 14:00:00 h mail[1]: connected\nNov 29 14:00:00 h mail[1]: --> HELO\n"
        "Nov 29 14:00:00 h mail[1]: <-- 250\nNov 29 14:00:00 h mail[1]: --> QUIT",
        "--> EHLO shop\n<-- 250 ok\n--> MAIL FROM\n<-- 250 fine",
    ],
)
def test_an_arrow_before_a_text_begins_what_was_sent(text: str) -> None:
    """Only behind a log of VMware's it is a line that goes on."""
    assert len(read(text)) == 4
