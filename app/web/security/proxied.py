"""The current request and its notes themselves: each look through one of Flask's proxies costs half a microsecond."""

from __future__ import annotations

from typing import Any, cast

from flask import Request, g, request
from flask.ctx import _AppCtxGlobals


def current_request() -> Request:
    """Return the current request."""
    return cast(Request, cast(Any, request)._get_current_object())


def current_notes() -> _AppCtxGlobals:
    """Return the `g` of the current request."""
    return cast(_AppCtxGlobals, cast(Any, g)._get_current_object())
