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


def test_a_text_that_tells_nothing_keeps_what_its_wrapper_told() -> None:
    """No level is made up."""
    log = sent({"log": "just words\n", "stream": "stderr", "time": "2026-01-02T03:04:06Z"})
    assert (log.message, log.t) == ("just words", 1_767_323_046_000)
