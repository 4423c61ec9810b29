"""The request that a log is about."""

from __future__ import annotations

from typing import Any

from app.log.dialects.dialect import at
from app.log.foreign.found import Search
from app.log.foreign.roles import REQUEST_OBJECTS, REQUESTS, STATUSES


def requested(search: Search) -> bool:
    """Make a message of the request that an access log is about: `GET /var 200`."""
    value = search.value
    inner = next((value[name] for name in REQUEST_OBJECTS if type(value.get(name)) is dict), value)
    line = value.get("request")
    if type(line) is not str:
        line = _called(inner) or _called(value)
    if line is None or not line.strip():
        return False
    places = ((one, path) for one in (inner, value) for path in STATUSES)
    status = next((found for one, path in places if type(found := at(one, path)) in (int, str)), None)
    search.log["message"] = line if status is None else f"{line} {status}"
    return True


def _called(value: dict[str, Any]) -> str | None:
    """Return method and address of a request whose names stand in an object; None where one of them is missing."""
    method, address = (next((value[name] for name in names if type(value.get(name)) is str), "") for names in REQUESTS)
    return f"{method} {address}" if method and address else None
