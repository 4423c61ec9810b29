"""Logs as their sender would have sent them without some fields: what readers from whom these are hidden must see."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.log.record import LogRecord

#: Fields that are hidden from readers in the tests; paths of the samples' metadata among them.
HIDEABLE = (
    *("message", "level", "resourceId", "traceId", "spanId", "commit", "metadata"),
    *("metadata.a", "metadata.a.b", "metadata.user", "metadata.status", "metadata.n", "metadata.list", "metadata."),
)


def stripped(record: LogRecord, fields: Collection[str]) -> LogRecord:
    """Return a copy of a log that was sent without these fields."""

    def gone(path: str) -> bool:
        return any(path == field or path.startswith(f"{field}.") for field in fields)

    def left(value: Any, path: str) -> list[Any]:
        """Return what is left of a value, in a list; an empty list where nothing is."""
        if gone(path):
            return []
        if isinstance(value, dict):
            parts: Any = {key: found[0] for key, one in value.items() if (found := left(one, f"{path}.{key}"))}
        elif isinstance(value, list):
            parts = [found[0] for one in value if (found := left(one, path))]
        else:
            return [value]
        return [parts] if parts or not value else []

    metadata = [] if record.metadata is None else left(record.metadata, "metadata")
    return LogRecord(
        record.id,
        record.t,
        record.ns,
        "" if "level" in fields else record.level,
        "" if "message" in fields else record.message,
        None if "resourceId" in fields else record.resource_id,
        None if "traceId" in fields else record.trace_id,
        None if "spanId" in fields else record.span_id,
        None if "commit" in fields else record.commit,
        metadata[0] if metadata else None,
        record.truncated and "message" not in fields,
    )
