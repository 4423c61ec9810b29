"""JSON schemas for the OpenAPI document (3.1: JSON Schema 2020-12): those of the answers come from their structs."""

from __future__ import annotations

from typing import Any

import msgspec

from app.shown import Shown
from app.web.answers.reply import ErrorAnswer
from app.web.openapi.routes import ROUTES

Schema = dict[str, Any]

_PLACE = "#/components/schemas/"
_TEXT: Schema = {"type": "string"}
_SHORT: Schema = {"type": ["string", "null"], "maxLength": 255}

#: Schemas of what is sent. Readers of their own read it, which take more than a schema can say.
_SENT: dict[str, Schema] = {
    "Log": {
        "type": "object",
        "properties": {
            "level": {**_SHORT, "default": "info"},
            "message": _TEXT,
            "resourceId": _SHORT,
            "timestamp": {"type": ["string", "number", "null"], "description": "RFC 3339, or an epoch number."},
            "traceId": _SHORT,
            "spanId": _SHORT,
            "commit": _SHORT,
            "metadata": {"type": ["object", "null"]},
        },
        "required": ["message"],
        "description": "Unknown names are kept under metadata.",
    },
    "Filter": {
        "type": "object",
        "properties": {
            "key": _TEXT,
            "operation": _TEXT,
            "value": {},
            "filters": {"type": "array", "items": {"$ref": f"{_PLACE}Filter"}},
            "match": {"enum": ["all", "any"]},
            "query": _TEXT,
        },
        "additionalProperties": False,
    },
}


def reference(answer: type[Shown]) -> Schema:
    """Return what stands for an answer's schema elsewhere in the document."""
    return {"$ref": _PLACE + answer.__name__}


def _answered() -> dict[str, Schema]:
    answers = [ErrorAnswer, *(route.answer for route in ROUTES if route.answer is not None)]
    return msgspec.json.schema_components(answers, ref_template=f"{_PLACE}{{name}}")[1]


SCHEMAS: dict[str, Schema] = _SENT | _answered()
