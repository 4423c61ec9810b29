"""JSON schemas of what is answered about saved searches and alerts."""

from __future__ import annotations

from typing import Any, get_args

from app.alerts.change import KINDS
from app.ports.alerts import State
from app.ports.notices import SEVERITIES

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_TRUE: Schema = {"const": True}
_COUNT: Schema = {"type": ["integer", "null"], "minimum": 0}
_NUMBER: Schema = {"type": ["number", "null"], "description": "Mean of the windows before, where they are compared."}
_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_STATE: Schema = {
    "enum": list(get_args(State)),
    "description": "`cannot_tell`: the logs that would decide can't be counted; neither ok nor firing is said then.",
}


def _object(properties: dict[str, Schema], **more: Any) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        **more,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_WINDOW: Schema = {"type": ["object", "null"], "properties": {"from": _TIME, "to": _TIME}}
_SAMPLES = _list(_object({"id": _TEXT, "at": _TEXT, "level": _TEXT, "message": _TEXT}))
_ONE: dict[str, Schema] = {
    "id": {"type": "string", "format": "uuid"},
    "name": _TEXT,
    "search": _object({"id": _TEXT, "name": _TEXT}),
    "kind": {"enum": list(KINDS)},
    "window": _TEXT,
    "threshold": {"type": "integer"},
    "factor": {"type": "number"},
    "windows": {"type": "integer"},
    "fire_after": {"type": "integer"},
    "close_after": {"type": "integer"},
    "severity": {"enum": list(SEVERITIES)},
    "condition": _TEXT,
    "state": _STATE,
    "why": _TEXT,
    "since": _TIME,
    "evaluated": {**_TIME, "description": "End of the last window that was told."},
    "last_count": _COUNT,
    "earlier": _NUMBER,
    "cost_ms": {"type": "integer", "description": "What its last evaluation took."},
    "silence": {"type": ["object", "null"], "properties": {"until": _TIME, "reason": _TEXT, "by": _TEXT}},
    "recent": _list(_object({"at": _TIME, "count": _COUNT, "state": _STATE})),
}
_CHANGE: Schema = _object(
    {
        "at": _TIME,
        "what": {"enum": [*get_args(State), "made", "changed", "silenced", "unsilenced"]},
        "text": _TEXT,
        "by": {"type": ["string", "null"]},
        "window": _WINDOW,
        "query": {"type": ["string", "null"]},
        "tz": {"type": ["string", "null"]},
        "count": _COUNT,
        "earlier": _NUMBER,
        "samples": _SAMPLES,
    }
)

SCHEMAS: dict[str, Schema] = {
    "Searches": _object({"status": _TRUE, "searches": _list({"$ref": "#/components/schemas/SavedSearch"})}),
    "Search": _object({"status": _TRUE, "search": {"$ref": "#/components/schemas/SavedSearch"}}),
    "SavedSearch": _object(
        {
            "id": {"type": "string", "format": "uuid"},
            "name": _TEXT,
            "parameters": {"type": "object", "additionalProperties": _TEXT},
            "made": _MOMENT,
            "changed": _MOMENT,
        },
        description="`parameters` are those of the search page's URL.",
    ),
    "Alerts": _object({"status": _TRUE, "alerts": _list({"$ref": "#/components/schemas/WatchedAlert"})}),
    "Alert": _object(
        {
            "status": _TRUE,
            "alert": {"$ref": "#/components/schemas/WatchedAlert"},
            "changes": {**_list(_CHANGE), "description": "Newest first."},
        }
    ),
    "WatchedAlert": _object(_ONE),
    "Test": _object(
        {
            "status": _TRUE,
            "test": _object(
                {
                    "holds": {"type": ["boolean", "null"]},
                    "state": _STATE,
                    "text": _TEXT,
                    "window": _WINDOW,
                    "query": _TEXT,
                    "count": _COUNT,
                    "earlier": _NUMBER,
                    "samples": _SAMPLES,
                    "cost_ms": {"type": "integer"},
                }
            ),
        }
    ),
}
