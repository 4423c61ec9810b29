"""Lines of text that are sent: by themselves, or within what a container or a shipper wrapped around them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.log import schema
from app.log.limits import Limits
from app.log.ranks import RANKS
from app.log.record import SEVERITY_NAMES, LogRecord

NOW = 1_795_960_800_000
LIMITS = Limits(message=65_536, metadata=65_536, retention_ms=10**12)


def sent(value: Any) -> LogRecord:
    """Return the one log that a body holds."""
    parsed = schema.read(json.dumps(value).encode(), "application/json", LIMITS, NOW)
    assert parsed.refused == []
    (log,) = parsed.logs
    return log


@pytest.mark.parametrize(
    ("line", "rank", "resource", "message"),
    [
        ("2026-01-02T03:04:05.678Z [app] error: payment failed", "error", "app", "payment failed"),
        ("[2026-11-29T13:21:14Z WARN shop] disk", "warn", "shop", "disk"),
        ("2026-01-02 03:04:05,678 - shop - ERROR - [404] page missing", "error", "shop", "[404] page missing"),
        ("\u001b[31mERROR\u001b[0m [shop] failed", "error", "shop", "failed"),
        ("2026-01-02 03:04:05 ERROR shop: failed\nTraceback (most recent call last):\n  File x\nKeyError: 1", "error", "shop", None),
    ],
)  # fmt: skip
def test_a_text_within_a_wrapper_is_read_as_by_file(line: str, rank: str, resource: str, message: str | None) -> None:
    """Docker's line, and a text that is a log by itself."""
    wrapped = sent({"log": f"{line}\n", "stream": "stderr", "time": "2026-01-02T03:04:06Z"})
    assert (SEVERITY_NAMES[RANKS[wrapped.level.lower()]], wrapped.resource_id) == (rank, resource)
    assert wrapped.message == message or (message is None and wrapped.message.endswith("KeyError: 1"))


@pytest.mark.parametrize(
    ("text", "level", "resource", "message"),
    [
        ("<11>Nov 30 08:00:00 Printer out of paper", "err", "Printer", "out of paper"),
        ("Nov 30 08:00:00 Berlin last message repeated 3 times", "info", "Berlin", "last message repeated 3 times"),
        ("Nov 30 08:00:00 Berlin -- MARK --", "info", "Berlin", "-- MARK --"),
        ("Nov 30 08:00:00 Loading zones", "info", None, "Loading zones"),
    ],
)
def test_a_host_in_capitals_and_a_word_of_the_text_differ(
    text: str, level: str, resource: str | None, message: str
) -> None:
    """A priority, or what syslogd itself says, shows that the word is a host."""
    found = sent({"log": text, "stream": "stderr", "time": "2026-11-30T08:00:01Z"})
    assert (found.level, found.resource_id, found.message) == (level, resource, message)


def test_a_text_that_tells_nothing_keeps_what_its_wrapper_told() -> None:
    """No level is made up."""
    log = sent({"log": "just words\n", "stream": "stderr", "time": "2026-01-02T03:04:06Z"})
    assert (log.message, log.t) == ("just words", 1_767_323_046_000)


@pytest.mark.parametrize(
    "text",
    ["Sync Error: none", "Max Error: 0.5", "Status: Error: N/A", "Mean Squared Error: low", "user: verbose: true"],
)
def test_a_field_that_holds_a_value_is_no_label(text: str) -> None:
    """What has an error in its name, and says that there is none, is no error."""
    assert sent({"log": text, "stream": "stderr", "time": "2026-11-30T08:00:01Z"}).level == "info"
