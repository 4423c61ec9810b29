"""JSON schemas of what is sent and answered, for the OpenAPI document (3.1: JSON Schema 2020-12)."""

from __future__ import annotations

from typing import Any

from app.ports.notices import KINDS, SEVERITIES
from app.web.openapi import alert_schemas, preview_schema, rule_schemas

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_SHORT: Schema = {"type": ["string", "null"], "maxLength": 255}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TRUE: Schema = {"const": True}
_TIME: Schema = {"type": "string", "format": "date-time"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(properties: dict[str, Schema], optional: tuple[str, ...] = (), **more: Any) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False, **more}


_SENT: dict[str, Schema] = {
    "level": {**_SHORT, "default": "info"},
    "message": {"type": "string"},
    "resourceId": _SHORT,
    "timestamp": {"type": ["string", "number", "null"], "description": "RFC 3339, or an epoch number."},
    "traceId": _SHORT,
    "spanId": _SHORT,
    "commit": _SHORT,
    "metadata": {"type": ["object", "null"]},
}
_FOUND: dict[str, Schema] = {
    "id": {"type": "string", "format": "uuid"},
    "received": _TIME,
    "level": _TEXT,
    "message": _TEXT,
    "resourceId": _TEXT,
    "timestamp": _TIME,
    "traceId": _TEXT,
    "spanId": _TEXT,
    "commit": _TEXT,
    "metadata": {"type": "object"},
    "truncated": {**_TRUE, "description": "There when the message was cut at a limit."},
}
_PENDING: dict[str, Schema] = {
    "pending": {
        "type": ["integer", "null"],
        "minimum": 0,
        "description": "Accepted logs that this answer can't have seen; never too low; null when that can't be told.",
    },
    "pending_is": {"enum": ["exact", "at most", None]},
    "lag_ms": {"type": ["integer", "null"], "minimum": 0, "description": "Age of the oldest of them; 0 without any."},
}
_EXACT: Schema = {"type": "boolean", "description": "False when only the newest of many logs were counted."}
_MAYBE_COUNTED: Schema = {"oneOf": [_ref("Counted"), {"type": "null"}]}
_NEAREST: Schema = {"type": ["object", "null"], "properties": {"id": _TEXT, "at": _TIME}}
_UNASKED: Schema = {**_list(_TEXT), "description": "What could not be found out in the time there is."}
_PART = {"type": "object", "properties": {"ready": {"type": "boolean"}, "message": _TEXT}, "required": ["ready"]}

SCHEMAS: dict[str, Schema] = {
    "Log": {
        "type": "object",
        "properties": _SENT,
        "required": ["message"],
        "description": "Unknown names are kept under metadata.",
    },
    "Found": _object(
        _FOUND, ("resourceId", "traceId", "spanId", "commit", "metadata", "truncated"), description="A log, as stored."
    ),
    "Filter": _object(
        {
            "key": _TEXT,
            "operation": _TEXT,
            "value": {},
            "filters": _list(_ref("Filter")),
            "match": {"enum": ["all", "any"]},
            "query": _TEXT,
        },
        ("key", "operation", "value", "filters", "match", "query"),
    ),
    "Problem": _object(
        {"message": _TEXT, "field": _TEXT, "position": _COUNT, "index": _COUNT},
        ("field", "position", "index"),
        description="`position` counts characters from 0, `index` logs of the request from 0.",
    ),
    "Error": _object(
        {"status": {"const": False}, "message": _TEXT, "errors": _list(_ref("Problem")), "kept": {"const": "unknown"}},
        ("kept",),
    ),
    "Accepted": _object(
        {
            "status": _TRUE,
            "message": _TEXT,
            "accepted": _COUNT,
            "duplicates": _COUNT,
            "rejected": _list(_ref("Problem")),
            "receipt": {"type": ["string", "null"]},
            **dict.fromkeys(("queued", "stored", "indexed", "dead"), _COUNT),
            "read_as": {"type": "object", "additionalProperties": _COUNT},
            "unused": _list(_TEXT),
            "dropped": {"type": "object", "additionalProperties": _COUNT},
        },
        ("queued", "stored", "indexed", "dead", "read_as", "unused", "dropped"),
    ),
    "Receipt": _object(
        {
            "status": _TRUE,
            "receipt": _TEXT,
            **dict.fromkeys(("accepted", "queued", "stored", "indexed", "dead"), _COUNT),
        },
        description="accepted = queued + stored + dead.",
    ),
    "Page": _object(
        {
            "status": _TRUE,
            "results": _list(_ref("Found")),
            "total": {"type": ["integer", "null"], "minimum": 0},
            "total_is": {"enum": ["exact", "at least"]},
            "next": {"type": ["string", "null"], "description": "`cursor` of the next page; null on the last."},
            "source": {"enum": ["index", "record"]},
            **_PENDING,
        }
    ),
    "Histogram": _object(
        {
            "status": _TRUE,
            "interval_ms": {"type": "integer", "minimum": 1},
            "buckets": _list(
                _object(
                    {"start": _TIME, "count": _COUNT, "by": {"type": "object", "additionalProperties": _COUNT}},
                )
            ),
            **_PENDING,
        }
    ),
    "Facets": _object(
        {
            "status": _TRUE,
            "facets": {
                "type": "object",
                "additionalProperties": _list(_object({"value": _TEXT, "count": _COUNT})),
            },
            "exact": _EXACT,
            **_PENDING,
        }
    ),
    "Fields": _object(
        {
            "status": _TRUE,
            "fields": _list(
                _object(
                    {"name": _TEXT, "type": {"enum": ["string", "number", "boolean", "time", "mixed"]}, "count": _COUNT}
                )
            ),
            "exact": _EXACT,
            **_PENDING,
        }
    ),
    "Counted": _object({"total": _COUNT, "total_is": {"enum": ["exact", "at least"]}}),
    "Statistics": _object(
        {
            "status": _TRUE,
            "field": _TEXT,
            **dict.fromkeys(("logs", "having", "distinct"), _MAYBE_COUNTED),
            "looked_at": _COUNT,
            "types": {"type": "object", "additionalProperties": _COUNT},
            "numbers": {"type": ["object", "null"]},
            "values": _list(_object({"value": _TEXT, "count": _COUNT})),
            "exact": _EXACT,
            "first": {"type": ["string", "null"], "format": "date-time"},
            "last": {"type": ["string", "null"], "format": "date-time"},
            "unasked": _UNASKED,
            **_PENDING,
        }
    ),
    "Completions": _object(
        {
            "status": _TRUE,
            "start": _COUNT,
            "end": _COUNT,
            "completions": _list(
                _object(
                    {
                        "kind": {"enum": ["field", "value", "operator", "form"]},
                        "text": _TEXT,
                        "insert": _TEXT,
                        "count": _COUNT,
                        "about": _TEXT,
                        "caret": _COUNT,
                    },
                    ("count", "about", "caret"),
                )
            ),
            "exact": _EXACT,
            "problem": {"oneOf": [_ref("Problem"), {"type": "null"}]},
        },
        description="`start` and `end` are the characters of `q` that `insert` replaces.",
    ),
    "Explanation": _object(
        {
            "status": _TRUE,
            "clauses": _list(
                _object({"query": _TEXT, "rest": _TEXT, "without": _MAYBE_COUNTED, "alone": _MAYBE_COUNTED}, ("alone",))
            ),
            "range": _MAYBE_COUNTED,
            "nearest": _object({"match": {"type": "boolean"}, "before": _NEAREST, "after": _NEAREST}),
            "mistyped": _list(
                _object(
                    {
                        "field": _TEXT,
                        "value": {"type": ["string", "null"]},
                        "near": _list(_object({"text": _TEXT, "query": _TEXT})),
                    }
                )
            ),
            "skew": {"type": ["object", "null"]},
            "unasked": _UNASKED,
            **_PENDING,
        }
    ),
    "Patterns": _object(
        {
            "status": _TRUE,
            "patterns": _list(_ref("Pattern")),
            "more": {**_COUNT, "description": "Patterns beyond `size`."},
            "logs": {**_COUNT, "description": "Logs looked at: the newest."},
            "total": {"type": ["integer", "null"], "minimum": 0},
            "total_is": {"enum": ["exact", "at least"]},
            "exact": {"type": "boolean", "description": "False when not all logs that fit were looked at."},
            "source": {"enum": ["index", "record"]},
            **_PENDING,
        }
    ),
    "Pattern": _object(
        {
            "pattern": {**_TEXT, "description": "The first line; `<number>` and the like stand where messages differ."},
            "count": {"type": "integer", "minimum": 1},
            "share": {"type": "number", "minimum": 0, "maximum": 1},
            "levels": {"type": "object", "additionalProperties": _COUNT},
            "first": _TIME,
            "last": _TIME,
            "sample": _object({"id": {"type": "string", "format": "uuid"}, "message": _TEXT}),
            "query": {**_TEXT, "description": "Finds every log that was counted, in the query language."},
            "shared": {
                "type": ["integer", "null"],
                "minimum": 0,
                "description": "Other patterns whose logs it finds, too, as far as samples tell; null: not looked at.",
            },
        }
    ),
    "One": _object({"status": _TRUE, "log": _ref("Found")}),
    "Context": _object({"status": _TRUE, "results": _list(_ref("Found")), **_PENDING}),
    "Notice": _object(
        {
            "id": {"type": "string", "format": "uuid"},
            "kind": {"enum": list(KINDS)},
            "severity": {"enum": list(SEVERITIES)},
            "state": {"enum": ["open", "closed"]},
            "text": _TEXT,
            "since": _TIME,
            "until": {"type": ["string", "null"], "format": "date-time"},
            "details": {"type": "object"},
        }
    ),
    "Notices": _object(
        {
            "status": _TRUE,
            "notices": _list(_ref("Notice")),
            "source": {"enum": ["record", "memory"], "description": "`memory`: the record does not answer now."},
        }
    ),
    "Live": _object({"status": _TRUE}),
    "Ready": _object(
        {
            "status": {"type": "boolean"},
            "message": _TEXT,
            "errors": _list(_ref("Problem")),
            "parts": _object(dict.fromkeys(("queue", "store", "index", "disk"), _PART)),
        }
    ),
    **alert_schemas.SCHEMAS,
    **preview_schema.SCHEMAS,
    **rule_schemas.SCHEMAS,
}
