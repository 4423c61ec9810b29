"""A Span of OTLP becomes a log of kind span (opentelemetry-proto, trace/v1/trace.proto), from which the trace's page draws its lane."""

from __future__ import annotations

from typing import Any

from app.log.otlp import logs
from app.times import instant

#: Names of SpanKind 0 to 5 and of Status.code 0 to 2.
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
CODES = ("unset", "ok", "error")
_MS = 1_000_000


def log(
    span: Any, attributes: dict[str, Any], inner: dict[str, Any], shared: dict[str, Any], resource: str | None
) -> dict[str, Any]:
    """Return the log of a *span*: its name at its start. *inner* are its events and links, as plain values."""
    start, end = span.start_time_unix_nano, span.end_time_unix_nano
    code = span.status.code if span.status is not None else 0
    own: dict[str, Any] = {
        "kind": "span",
        "spanKind": _named(KINDS, span.kind),
        "parentSpanId": logs.hexadecimal(span.parent_span_id),
        "startTime": _time(start),
        "endTime": _time(end),
        "durationMs": (end - start) / _MS if end >= start > 0 else None,
        "status": {"code": _named(CODES, code), "message": (span.status.message if code else "") or None},
        **inner,
        **shared,
        "traceState": span.trace_state or None,
    }
    own["status"] = {name: value for name, value in own["status"].items() if value is not None}
    own = {name: value for name, value in own.items() if value not in (None, [], {})}
    # The span's own attributes come first: a reader that shows only a few shows these.
    joined = logs.joined(attributes, own)
    return {
        "message": span.name,
        "level": "error" if code == CODES.index("error") else "info",
        "timestamp": logs.timestamp(start),
        "resourceId": resource,
        "traceId": logs.hexadecimal(span.trace_id),
        "spanId": logs.hexadecimal(span.span_id),
        "metadata": {**own, **joined},
    }


def event(name: str, at: int, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return an event of a span."""
    found = {"name": name, "time": _time(at), "attributes": attributes}
    return {key: value for key, value in found.items() if value}


def link(trace_id: bytes | str, span_id: bytes | str, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return a link to another span."""
    found = {"traceId": logs.hexadecimal(trace_id), "spanId": logs.hexadecimal(span_id), "attributes": attributes}
    return {key: value for key, value in found.items() if value}


def _named(names: tuple[str, ...], number: int) -> str:
    return names[number] if 0 <= number < len(names) else str(number)


def _time(nanoseconds: int) -> str | None:
    return instant.text((nanoseconds // _MS, nanoseconds % _MS)) if nanoseconds > 0 else None
