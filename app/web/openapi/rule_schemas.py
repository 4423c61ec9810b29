"""JSON schemas of what is answered about rules."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TRUE: Schema = {"const": True}


def _object(properties: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_COUNTED = ("changed", "values", "letters", "dropped", "bytes")
_RULE = _object(
    {"rule": _TEXT, "kind": {"enum": ["redaction", "thinning"]}, "text": _TEXT, **dict.fromkeys(_COUNTED, _COUNT)},
    _COUNTED,
)
_MAYBE: Schema = {"type": ["string", "null"]}
_CHANGE = _object({"field": _TEXT, "before": _MAYBE, "after": _MAYBE})
_EXAMPLE = _object(
    {"id": _TEXT, "changes": _list(_CHANGE), "level": _TEXT, "message": _TEXT}, ("changes", "level", "message")
)
_EFFECT = _object(
    {"rule": _TEXT, "text": _TEXT, "logs": _COUNT, "values": _COUNT, "bytes": _COUNT, "examples": _list(_EXAMPLE)}
)
_SUMS = ("looked", "bytes", "changed", "dropped", "bytes_after")

_EXPIRY = _object({"rule": _TEXT, "logs": _COUNT, "bytes": _COUNT, "first": _MAYBE, "last": _MAYBE})

SCHEMAS: dict[str, Schema] = {
    "Rules": _object({"status": _TRUE, "rules": _list(_RULE)}),
    "RetentionPreview": _object({"status": _TRUE, "rules": _list(_EXPIRY)}),
    "RulesPreview": _object({"status": _TRUE, **dict.fromkeys(_SUMS, _COUNT), "rules": _list(_EFFECT)}),
}
