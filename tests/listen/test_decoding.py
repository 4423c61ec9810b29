"""From messages of syslog to logs: header, text, and a log that the text itself is."""

from __future__ import annotations

from typing import Any

import pytest

from app.listen.decoding import syslog_log
from app.times.written import Assumed

HEADER = b"<14>1 2026-01-02T03:04:05Z web-1 shop 7 - - "


def log(data: bytes) -> dict[str, Any]:
    """Return the log in a message from 192.0.2.7."""
    return syslog_log(data, "192.0.2.7", Assumed.here())


def test_header_and_text() -> None:
    """Priority, host and program are where they belong."""
    found = log(HEADER + b"order failed\n")
    assert (found["level"], found["message"], found["resourceId"]) == ("info", "order failed", "web-1")
    assert found["metadata"]["app"] == "shop"


@pytest.mark.parametrize("mark", [b"", b"@cee:", b" @cee: "])
def test_a_text_of_json_is_read(mark: bytes) -> None:
    """Its own level and time win over those of the header, which says how it was carried."""
    sent = b'{"level":50,"time":1694764800123,"pid":7,"hostname":"inner","msg":"order failed"}'
    found = log(HEADER + mark + sent)
    assert (found["level"], found["message"], found["resourceId"]) == ("error", "order failed", "web-1")
    assert str(found["timestamp"]).startswith(("2023-09-15T08:00:00.123", "1694764800123"))
    assert found["metadata"]["app"] == "shop"


@pytest.mark.parametrize("head", [b"<132>Nov 30 05:34:43 web-1 ", b"<132>Nov 30 05:34:43 web-1 shop: ", b"<132>shop: "])
def test_json_behind_a_header_without_a_program(head: bytes) -> None:
    """Logback's SyslogAppender names none: the first name of the object is not taken for one."""
    found = log(head + b'{"message":"order failed","level":"error","order":{"id":7}} ')
    assert (found["level"], found["message"], found["metadata"]["order"]) == ("error", "order failed", {"id": 7})
    assert found["metadata"].get("app") == ("shop" if b"shop" in head else None)


@pytest.mark.parametrize(
    ("text", "message"),
    [(b'"quoted": x', '"quoted": x'), (b"key=a:b c", "key=a:b c"), (b"%ASA-4-106023: Deny", "Deny")],
)
def test_what_is_no_program(text: bytes, message: str) -> None:
    """A word before a colon is one where no sign stands in it that programs' names don't have."""
    assert log(b"<132>Nov 30 05:34:43 web-1 " + text)["message"] == message


@pytest.mark.parametrize(
    "data", [b"no header at all", b"<14>shop: no time\0", b"<13>Jan  2 03:04:05 localhost shop: x"]
)
def test_a_host_that_says_nothing_is_its_peer(data: bytes) -> None:
    """Where it sends from says more than `localhost`, and than nothing."""
    assert log(data)["metadata"]["peer"] == "192.0.2.7"


@pytest.mark.parametrize(
    ("data", "trace", "span"),
    [
        # log4j2's Syslog appender with includeMDC, as it runs in tests/e2e/test_shippers.py
        (
            rb'[mdc@18060 trace_id="0af7651916cd43dd8448eb211c80319c" span_id="b7ad6b7169203331"]',
            "0af7651916cd43dd8448eb211c80319c",
            "b7ad6b7169203331",
        ),
        (rb'[a@1 x="1"][b@1 traceId="order-7"]', "order-7", None),
        (
            rb'[a@1 traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]',
            "0af7651916cd43dd8448eb211c80319c",
            None,
        ),
        (rb'[a@1 trace_id="00000000000000000000000000000000" traceId=""]', None, None),
        (rb'[meta sequenceId="7"]', None, None),
    ],
)
def test_ids_of_structured_data(data: bytes, trace: str | None, span: str | None) -> None:
    """A parameter by the name of a trace or a span is the log's own, and stays in the metadata."""
    found = log(b"<11>1 2026-01-02T03:04:05Z web-1 shop 7 - " + data + b" order failed")
    assert (found.get("traceId"), found.get("spanId")) == (trace, span)
    assert found["message"] == "order failed"
    assert len(found["metadata"]) > 3


@pytest.mark.parametrize("time", [b"Nov 30 05:34:43", b"2026-11-30T05:34:43Z", b"2026-11-30T05:34:43.123+00:00"])
@pytest.mark.parametrize("host", [b"Printer", b"printer", b"SWITCHa"])
def test_a_host_without_a_program_is_one_however_it_is_written(time: bytes, host: bytes) -> None:
    """Behind a priority the line is syslog's: its time and its text stay whole."""
    found = log(b"<11>" + time + b" " + host + b" out of paper")
    assert (found["level"], found["message"], found["resourceId"]) == ("err", "out of paper", host.decode())
    assert "05:34:43" in found["timestamp"]
