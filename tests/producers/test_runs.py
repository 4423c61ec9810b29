"""Other programs, and other layouts of those that are known: each event of a run is one log, as its user expects it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.log.fold import fold
from app.log.ranks import RANKS
from app.log.record import SEVERITY_NAMES, LogRecord
from tests.files.reading import moment, rank, read, split
from tests.producers.runs import EVENTS, FOLDER, RUNS, TRACE, Run

#: What a stack has in it, in the languages of the runs.
STACKS = ("Traceback", "\tat ", "    at ", "\t/srv/", "#0 ")
_WRITTEN = {"s": ("%H:%M:%S", "%H:%M.%S"), "c": ("%H%M%S",), "m": ("%H:%M", "%I:%M")}


def sample(name: str) -> str:
    """Return the sample of a run."""
    return (FOLDER / f"{name}.log").read_text(encoding="utf-8")


def is_written(when: datetime, run: Run, text: str) -> bool:
    """Return whether the instant stands in the text of the event as its layout writes it."""
    if run.time == "e":
        return str(int(when.timestamp())) in text
    return any(when.strftime(form) in text for form in _WRITTEN[run.time])


def check(run: Run, logs: list[tuple[str, str, str | None, str | None, Any]]) -> None:
    """Compare rank, message, resource, trace and metadata of each log with what is expected of the run."""
    assert [(rank, message.partition("\n")[0]) for rank, message, *_ in logs] == [
        (EVENTS[event][0], _said(event, log[1])) for event, log in zip(run.events, logs, strict=True)
    ]
    for event, (_, message, resource, trace, metadata) in zip(run.events, logs, strict=True):
        if event in "iw":
            assert resource == run.resource
        if event in "eF":
            assert (trace == TRACE) is run.trace
            assert any(mark in json.dumps([message, metadata]).replace("\\t", "\t") for mark in STACKS) is run.stack
        if event == "d":
            assert "lines" in message


def _said(event: str, message: str) -> str:
    """Return the first line of the message where it begins as that of the event does; else how it should begin."""
    begin = EVENTS[event][1]
    first = message.partition("\n")[0]
    whole = begin if isinstance(begin, str) else begin[0]
    if event == "i":  # nothing stands behind this text
        return first if first in (whole, f"info: {whole}") or first.startswith(f"info: {whole} {{") else whole
    return first if first.removeprefix(f"{_level(first)}: ").startswith(begin) else whole


def _level(first: str) -> str:
    """Return the level that the line of a layout without a time keeps in its text."""
    word = first.partition(":")[0]
    return word if fold(word) in RANKS else ""


@pytest.mark.parametrize("name", RUNS)
def test_a_run_by_file(name: str) -> None:
    """As many logs as events; level, message, resource, trace and stack of each, and the instant that its line has."""
    run = RUNS[name]
    text = sample(name)
    logs = read(text)
    check(
        run,
        [(rank(log), log["message"], log.get("resourceId"), log.get("traceId"), log.get("metadata")) for log in logs],
    )
    _, found = split(text)
    for entry, log in zip(found, logs, strict=True):
        when = moment(log)
        if run.time == "-":
            assert when is None
        elif run.time != "?":
            assert when is not None
            assert is_written(when, run, entry.text)


#: Runs whose every line is an object.
OBJECTS = [name for name in RUNS if all(line.startswith("{") for line in sample(name).splitlines())]


@pytest.mark.parametrize("name", OBJECTS)
def test_a_run_by_http(name: str, client: FlaskClient, backends: Backends) -> None:
    """The same lines in one request."""
    run = RUNS[name]
    answer = client.post("/logs/ingest/", data=sample(name).encode(), content_type="application/x-ndjson")
    assert (answer.status_code, answer.json["accepted"]) == (202, len(run.events))
    records = backends.queue.take(100, 0).records
    check(run, [_told(record) for record in records])
    for record, line in zip(records, sample(name).splitlines(), strict=True):
        if run.time != "-":
            assert is_written(datetime.fromtimestamp(record.t / 1000, UTC), run, line)


def _told(record: LogRecord) -> tuple[str, str, str | None, str | None, Any]:
    named = SEVERITY_NAMES[RANKS[fold(record.level)]]
    return named, record.message, record.resource_id, record.trace_id, record.metadata
