"""LogHub's sets, each line written again in its set's documented format: time, level, origin and text of every line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.times.written import Assumed
from tests.files.reading import moment, rank, read

LOGHUB = Path(os.environ.get("LOGHUB_DIR") or Path(__file__).resolve().parents[3] / "shared" / "data" / "loghub")

Log = dict[str, Any]


def _apache(log: Log, when: datetime) -> str:
    return f"[{when:%a %b %d %H:%M:%S %Y}] [{log['level']}] {log['message']}"


def _hdfs(log: Log, when: datetime) -> str:
    return f"{when:%y%m%d %H%M%S} 148 {log['level'].upper()} {log['resourceId']}: {log['message']}"


def _hadoop(log: Log, when: datetime) -> str:
    return f"{_comma(when)} {log['level'].upper()} [main] {log['resourceId']}: {log['message']}"


def _zookeeper(log: Log, when: datetime) -> str:
    return f"{_comma(when)} - {log['level'].upper():5} [{log['resourceId']}:Class@774] - {log['message']}"


def _openstack(log: Log, when: datetime) -> str:
    time = _comma(when).replace(",", ".")
    request = f"{log['traceId']} 113d3a99 - - -" if log["traceId"].startswith("req-") else "-"
    return f"{time} 25746 {log['level'].upper()} {log['resourceId']} [{request}] {log['message']}"


def _linux(log: Log, when: datetime) -> str:
    return f"{when:%b} {when.day:2} {when:%H:%M:%S} combo {log['resourceId']}[19939]: {log['message']}"


def _comma(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S},{when.microsecond // 1000:03}"


def _text(message: str) -> str:
    """Return the text, without the client that Apache names before it."""
    return message.partition("] ")[2] if message.startswith("[client ") else message.strip()


#: How the lines of each set look, and whether they name a level and a logger.
FORMATS: dict[str, tuple[Callable[[Log, datetime], str], bool, bool]] = {
    "Apache": (_apache, True, False),
    "HDFS": (_hdfs, True, True),
    "Hadoop": (_hadoop, True, True),
    "Zookeeper": (_zookeeper, True, False),
    "OpenStack": (_openstack, True, True),
    "Linux": (_linux, False, False),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_line_of_a_set_is_read(name: str) -> None:
    """One log a line, each with the time, level, logger and text that stood in it."""
    path = LOGHUB / f"{name}.ndjson"
    if not path.exists():
        pytest.skip(f"no real logs in {LOGHUB}: set LOGHUB_DIR to a folder with NDJSON files")
    write, levelled, named = FORMATS[name]
    sent = [json.loads(line) for line in path.read_text().splitlines()]
    whens = [datetime.fromisoformat(log["timestamp"]) for log in sent]
    text = "\n".join(write(log, when) for log, when in zip(sent, whens, strict=True))
    # Linux names no year: it is that of the newest line.
    logs = read(text, Assumed(max(whens).astimezone(UTC)))
    assert len(logs) == len(sent)
    for log, when, wanted in zip(logs, whens, sent, strict=True):
        assert moment(log) == when, wanted
        assert _text(wanted["message"]).endswith(log["message"]) or log["message"].endswith(wanted["message"]), wanted
        if levelled:
            assert rank(log) == rank(wanted), wanted
        if named:
            assert log["resourceId"] == wanted["resourceId"]
