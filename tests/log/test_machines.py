"""Lines of supercomputers and devices, in the documented formats of LogHub's sets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.log.lines import forms
from app.times.written import Assumed
from tests.files.reading import moment, rank, read

NOW = Assumed(datetime(2026, 11, 29, 16, tzinfo=UTC))


def utc(*parts: int) -> datetime:
    """Return an instant."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("line", "instant", "level", "resource", "message", "metadata"),
    [
        (
            "- 1117838570 2005.06.03 R02-M1-N0-C:J12-U11 2005-06-03-15.42.50.675872 R02-M1-N0-C:J12-U11 RAS KERNEL FATAL data cache failed",
            utc(2005, 6, 3, 22, 42, 50, 675_872), "fatal", "R02-M1-N0-C:J12-U11", "data cache failed", {"type": "RAS", "component": "KERNEL"},
        ),
        (
            "KERNDTLB 1117838570 2005.06.03 R02-M1-NE 2005-06-03-15.42.50.000009 R02-M1-NE NULL DISCOVERY SEVERE",
            utc(2005, 6, 3, 22, 42, 50, 9), "error", "R02-M1-NE", "", {"label": "KERNDTLB", "type": "NULL", "component": "DISCOVERY"},
        ),
        (
            "- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 crond(pam_unix)[2915]: session opened",
            utc(2005, 11, 9, 20, 1, 1), "info", "dn228", "session opened", {"app": "crond(pam_unix)", "pid": "2915"},
        ),
        (
            "134681 node-246 unix.hw net.niff.up 1077804742 1 NIFF: node node-246 has detected an available network",
            utc(2004, 2, 26, 14, 12, 22), "info", "node-246", "NIFF: node node-246 has detected an available network",
            {"record": "134681", "component": "unix.hw", "state": "net.niff.up", "flag": "1"},
        ),
        ("20171223-22:15:29:606|Step_LSC|30002312|onStand 3579", utc(2017, 12, 23, 22, 15, 29, 606_000), "info", "Step_LSC", "onStand 3579", {"pid": "30002312"}),
        ("20171224-0:7:5:8|Step_LSC|30002312| saved= true", utc(2017, 12, 24, 0, 7, 5, 8_000), "info", "Step_LSC", " saved= true", {"pid": "30002312"}),
        (
            "[10.30 16:49:06] chrome.exe *64 - shop.example.org:443 close, 0 bytes sent, 0 bytes received, lifetime 00:01",
            utc(2026, 10, 30, 16, 49, 6), "info", "chrome.exe *64", "shop.example.org:443 close, 0 bytes sent, 0 bytes received, lifetime 00:01", {},
        ),
    ],
)  # fmt: skip
def test_a_line_is_read(
    line: str, instant: datetime, level: str, resource: str, message: str, metadata: dict[str, Any]
) -> None:
    """Seconds since 1970 are the instant where they stand beside a time without a zone."""
    log = forms.read(line, NOW)
    assert log is not None
    assert (moment(log), rank(log), log["resourceId"], log["message"]) == (instant, level, resource, message)
    assert log["metadata"] == metadata


def test_each_line_of_a_device_is_a_log() -> None:
    """A text that begins with a blank continues none before it."""
    text = "20171224-0:0:0:218|Step|3|counter\n20171224-0:0:0:218|Step|3| counter= 7\n20171224-0:0:0:233|Step|3|done\n"
    assert [log["message"] for log in read(text, NOW)] == ["counter", " counter= 7", "done"]


@pytest.mark.parametrize(
    "line",
    [
        "[30.11 16:49:06] pay - shop.example.org:443 open",
        "[10.30 16:49:06] pay - refused",
        "20171323-22:15:29:606|a|1|month 13",
        "7 of 9 nodes 2077804742 1 text",
    ],
)
def test_what_only_resembles_such_a_line_is_none(line: str) -> None:
    """No instant, no log of the form."""
    assert forms.read(line, NOW) is None
