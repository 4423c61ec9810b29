"""What the figures of a record have in common in all databases: their statements and rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.ports.figures import FlowSample, Key, Source, SourceRefusal, Visit

SAMPLE = "at, accepted, stored, indexed, refused, waiting"
_COUNTS = ("requests", "logs", "refused")
SOURCE = (
    "sender, agent, first, last, requests, logs, refused, minute, minute_logs, before_logs, "
    "refused_at, reason, field, sample"
)
_NAMES = SOURCE.split(", ")[:10]
#: State under which the sources are counted that were forgotten because there were too many.
FORGOTTEN = "sources_forgotten"


def see(mark: str) -> str:
    """Return the statement that adds a visit to its source; *mark* stands for a parameter.

    What is told of a later minute moves the counts of the minute on.
    """
    adds = ", ".join(f"{name} = sources.{name} + excluded.{name}" for name in _COUNTS)
    newest = ", ".join(
        f"{name} = CASE WHEN excluded.refused_at IS NULL THEN sources.{name} ELSE excluded.{name} END"
        for name in ("refused_at", "reason", "field", "sample")
    )
    marks = ", ".join([mark] * len(SOURCE.split(",")))
    return (
        f"INSERT INTO sources ({SOURCE}) VALUES ({marks}) ON CONFLICT (sender, agent) DO UPDATE SET {adds}, {newest}, "
        "last = excluded.last, minute = excluded.minute, "
        "minute_logs = excluded.minute_logs + CASE WHEN excluded.minute = sources.minute THEN sources.minute_logs ELSE 0 END, "
        "before_logs = CASE excluded.minute - sources.minute WHEN 0 THEN sources.before_logs "
        "WHEN 1 THEN sources.minute_logs ELSE 0 END"
    )


def visited(key: Key, visit: Visit, now: int) -> tuple[Any, ...]:
    """Return the parameters of `see`."""
    refusal = visit.refusal
    told = (None,) * 4 if refusal is None else (now, refusal.reason, refusal.field, refusal.sample)
    return (*key, now, now, visit.requests, visit.logs, visit.refused, now // 60_000, visit.logs, 0, *told)


def source(row: Sequence[Any]) -> Source:
    """Return the source in a row of SOURCE."""
    at, reason, field, sample = row[10:]
    refusal = None if at is None else SourceRefusal(reason, field, bytes(sample))
    return Source(**dict(zip(_NAMES, row[:10], strict=True)), refused_at=at, refusal=refusal)


def sample_row(one: FlowSample) -> tuple[int, ...]:
    """Return the row of SAMPLE."""
    return one.at, one.accepted, one.stored, one.indexed, one.refused, one.waiting
