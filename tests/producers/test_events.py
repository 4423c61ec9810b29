"""Texts of programs, as they are documented or as they were run: of each event what its user expects, by file and by HTTP.

Beside its text each has the rank of each event, how its message begins, the instant, resource, trace and metadata that it names, and a text
that its message must hold. The texts with a day were written by the named versions on that day.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.times.written import Assumed
from tests.files.reading import moment, rank, read

SAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "events.json").read_text(encoding="utf-8"))
#: When the first of the texts were written, which name no year, and when the others were.
_THEN = {
    "": Assumed(datetime(2026, 11, 29, 16, tzinfo=UTC)),
    "2026-11-30": Assumed(datetime(2026, 11, 30, 12, tzinfo=UTC)),
}


def _id(sample: dict[str, Any]) -> str:
    return f"{sample['program']}, {sample['layout']}"


@pytest.mark.parametrize("sample", SAMPLES, ids=_id)
def test_by_file(sample: dict[str, Any]) -> None:
    """One log for each event, with all that it names."""
    logs = read("\n".join(sample["text"]) + "\n", _THEN[sample["run"]])
    expected = sample["logs"]
    assert [(rank(log), log["message"][: len(one["message"])]) for log, one in zip(logs, expected, strict=True)] == [
        (one["rank"], one["message"]) for one in expected
    ]
    for log, one in zip(logs, expected, strict=True):
        if "time" in one:
            assert moment(log) == (None if one["time"] is None else datetime.fromisoformat(one["time"]))
        if "resource" in one:
            assert log.get("resourceId") == one["resource"]
        if "trace" in one:
            assert log.get("traceId") == one["trace"]
        assert one.get("holds", "") in log["message"]
        assert one.get("metadata", {}).items() <= log.get("metadata", {}).items()


def test_by_http(client: FlaskClient) -> None:
    """The same logs in a preview of each text."""
    for sample in SAMPLES:
        answer = client.post("/logs/preview", data="\n".join(sample["text"]).encode(), content_type="text/plain")
        assert answer.status_code == 200
        messages = [one["log"]["message"] for one in answer.json["logs"]]
        begins = [one["message"] for one in sample["logs"]]
        assert [message[: len(begin)] for message, begin in zip(messages, begins, strict=True)] == begins, _id(sample)
