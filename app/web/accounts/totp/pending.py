"""A login whose password was right, until the code comes: signed, in the form that asks for it, for five minutes."""

from __future__ import annotations

from flask import Response, make_response, render_template

from app.web.accounts import signed
from app.web.current import settings

#: Seconds within which the code must come, and within which an app must be set up.
LOGIN_SECONDS, SETUP_SECONDS = 300, 1_800


def ask(key: str, way: str, fault: str | None = None, status: int = 200) -> Response:
    """Ask for a code that lets the session of *key* begin, and leads to *way*."""
    kept = signed.signer(settings(), "login").dumps([key, way])
    return make_response(render_template("code.html", pending=kept, fault=fault), status)
