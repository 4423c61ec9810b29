"""Real programs' output of text: one log an event, with the message, level, instant and logger that its user expects."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.files.reading import moment, rank, read
from tests.producers.texts import SAMPLES, events

PRODUCERS = Path(__file__).resolve().parents[3] / "shared" / "data" / "producers"


def sample_text(name: str) -> str:
    """Return the sample's text; skips, aloud, where there are no samples."""
    path = PRODUCERS / name
    if not path.exists():
        pytest.skip(f"no samples of producers in {PRODUCERS}")
    return path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_producer_is_read_as_its_user_would(name: str) -> None:
    """As many logs as events, each with its text and stack, its level by rank, its instant to the digit, its logger."""
    sample = SAMPLES[name]
    expected = list(events(sample_text(name), sample))[: sample.compared]
    logs = read(sample_text(name))[: sample.compared]
    if sample.skip is not None:
        first = next(number for number, log in enumerate(logs) if log["message"].startswith(expected[0].message))
        logs = logs[first:]
    got = [(log["message"].strip(" \t"), log.get("resourceId")) for log in logs]
    assert [message for message, _ in got] == [event.message for event in expected]
    for event, log in zip(expected, logs, strict=True):
        if event.level is not None:
            assert (event.message, rank(log)) == (event.message, event.level)
        if event.time is not None:
            told = moment(log)
            assert told is not None
            assert abs(told - event.time) < timedelta(microseconds=2), event
        if event.resource is not None:
            assert (event.message, log.get("resourceId")) == (event.message, event.resource)
