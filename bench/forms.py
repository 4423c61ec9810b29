"""The logs of bench.logs as other programs write them and as shippers' protocols carry them: a body of the same logs for each.

Each form says the same: level, time, resource, ids, commit and one more field.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import cramjam
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

Log = dict[str, Any]

#: pino's numbers, OpenTelemetry's SeverityNumbers, and syslog's severities.
_PINO = {"debug": 20, "info": 30, "warn": 40, "error": 50, "fatal": 60}
_OTEL = {"debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
_SYSLOG = {"debug": 7, "info": 6, "warn": 4, "error": 3, "fatal": 2}
#: syslog's facility local0 (RFC 5424, section 6.2.1), times eight.
_LOCAL0 = 16 * 8
NDJSON, JSON, PROTOBUF = "application/x-ndjson", "application/json", "application/x-protobuf"


@dataclass(frozen=True, slots=True)
class Form:
    """One way to send logs: its door, and the body of some logs. The path is empty for what is sent over plain TCP."""

    path: str
    kind: str
    body: Callable[[Sequence[Log]], bytes]


def _ms(log: Log) -> int:
    return round(datetime.fromisoformat(log["timestamp"]).timestamp() * 1000)


def _dumped(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _lines(form: Callable[[Log], Log], before: bytes = b"") -> Callable[[Sequence[Log]], bytes]:
    return lambda logs: b"".join(before + _dumped(form(log)) + b"\n" for log in logs)


def _own(log: Log) -> Log:
    return log


def _more(log: Log) -> Log:
    return {"commit": log["commit"], "parentResourceId": log["metadata"]["parentResourceId"]}


def _ids(log: Log) -> Log:
    return {"traceId": log["traceId"], "spanId": log["spanId"]}


def _pino(log: Log) -> Log:
    head = {"level": _PINO[log["level"]], "time": _ms(log), "pid": 812, "hostname": log["resourceId"]}
    return {**head, **_ids(log), **_more(log), "msg": log["message"]}


def _ecs(log: Log) -> Log:
    head = {"@timestamp": log["timestamp"], "log.level": log["level"], "message": log["message"]}
    ids = {"service.name": log["resourceId"], "trace.id": log["traceId"], "span.id": log["spanId"]}
    return {**head, **ids, "ecs.version": "8.10.0", **_more(log)}


def _by_source(logs: Sequence[Log]) -> Iterator[tuple[str, list[Log]]]:
    """Yield the logs of each resource, as a collector that batches by source sends them."""
    found = defaultdict[str, list[Log]](list)
    for log in logs:
        found[log["resourceId"]].append(log)
    yield from found.items()


def _otlp(logs: Sequence[Log]) -> bytes:
    request = ExportLogsServiceRequest()
    for resource, some in _by_source(logs):
        within = request.resource_logs.add()
        within.resource.attributes.add(key="service.name").value.string_value = resource
        scope = within.scope_logs.add()
        for log in some:
            record = scope.log_records.add(time_unix_nano=_ms(log) * 10**6, severity_number=_OTEL[log["level"]])  # type: ignore[arg-type]
            record.severity_text, record.body.string_value = log["level"].upper(), log["message"]
            record.trace_id, record.span_id = bytes.fromhex(log["traceId"]), bytes.fromhex(log["spanId"][5:].zfill(16))
            for name, value in _more(log).items():
                record.attributes.add(key=name).value.string_value = value
    return request.SerializeToString()


def _loki(logs: Sequence[Log]) -> bytes:
    streams = [
        {
            "stream": {"service_name": resource},
            "values": [
                [str(_ms(log) * 10**6), log["message"], {**_ids(log), "level": log["level"], **_more(log)}]
                for log in some
            ],
        }
        for resource, some in _by_source(logs)
    ]
    return _dumped({"streams": streams})


def _loki_packed(logs: Sequence[Log]) -> bytes:
    """Return Loki's PushRequest (its pkg/push/push.proto) beneath one layer of Snappy."""
    streams = b""
    for resource, some in _by_source(logs):
        entries = b""
        for log in some:
            seconds, rest = divmod(_ms(log), 1000)
            pairs = {**_ids(log), "level": log["level"], **_more(log)}
            stamp = b"\x08" + _varint(seconds) + b"\x10" + _varint(rest * 10**6)
            more = b"".join(
                _field(3, _field(1, name.encode()) + _field(2, value.encode())) for name, value in pairs.items()
            )
            entries += _field(2, _field(1, stamp) + _field(2, log["message"].encode()) + more)
        streams += _field(1, _field(1, f'{{service_name="{resource}"}}'.encode()) + entries)
    return bytes(cramjam.snappy.compress_raw(streams))


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    made = bytearray()
    while number >= 0x80:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*made, number))


def _hec(event: Callable[[Log], Any]) -> Callable[[Sequence[Log]], bytes]:
    def body(logs: Sequence[Log]) -> bytes:
        return b"".join(
            _dumped({"time": _ms(log) / 1000, "host": log["resourceId"], "event": event(log), "fields": _more(log)})
            for log in logs
        )

    return body


def _object(log: Log) -> Log:
    return {"level": log["level"], "message": log["message"], **_ids(log)}


def _text(log: Log) -> str:
    """Return a log as a program writes it to its console, whose words a collector passes on."""
    return f"{log['level'].upper()} {log['message']} traceId={log['traceId']} spanId={log['spanId']}"


def _syslog(logs: Sequence[Log]) -> bytes:
    """Return lines of RFC 5424, with the ids as structured data."""
    lines = []
    for log in logs:
        data = " ".join(f'{name}="{value}"' for name, value in {**_ids(log), **_more(log)}.items())
        head = f"<{_LOCAL0 + _SYSLOG[log['level']]}>1 {log['timestamp']} {log['resourceId']} shop 812 -"
        lines.append(f"{head} [log@32473 {data}] {log['message']}\n")
    return "".join(lines).encode()


_ACTION = b'{"create":{"_index":"logs"}}\n'
#: By name; the first is what the others are compared with.
FORMS: dict[str, Form] = {
    "NDJSON, our own form": Form("/logs/ingest/", NDJSON, _lines(_own)),
    "NDJSON, pino's": Form("/logs/ingest/", NDJSON, _lines(_pino)),
    "NDJSON, ECS": Form("/logs/ingest/", NDJSON, _lines(_ecs)),
    "_bulk, our own form": Form("/_bulk", NDJSON, _lines(_own, _ACTION)),
    "_bulk, ECS": Form("/_bulk", NDJSON, _lines(_ecs, _ACTION)),
    "OTLP, protobuf": Form("/v1/logs", PROTOBUF, _otlp),
    "Loki, JSON": Form("/loki/api/v1/push", JSON, _loki),
    "Loki, protobuf": Form("/loki/api/v1/push", PROTOBUF, _loki_packed),
    "HEC, objects": Form("/services/collector/event", JSON, _hec(_object)),
    "HEC, texts": Form("/services/collector/event", JSON, _hec(_text)),
    "syslog over TCP": Form("", "", _syslog),
}
