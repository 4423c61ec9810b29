"""JSON schema of what is answered to a preview."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}


def _object(properties: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_PREVIEWED = _object(
    {
        "log": {"type": "object"},
        "dialect": _TEXT,
        "from": {"type": "object", "additionalProperties": _TEXT},
        "unread": _list(_object({"field": _TEXT, "reason": _TEXT})),
        "lines": _list({"type": "integer", "minimum": 1}),
        "refused": {"$ref": "#/components/schemas/Problem"},
    },
    ("refused",),
)
SCHEMAS: dict[str, Schema] = {"Preview": _object({"status": {"const": True}, "logs": _list(_PREVIEWED)})}
