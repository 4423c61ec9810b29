"""A login whose password was right, until the code comes: signed, in the form that asks for it, for five minutes."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, make_response, render_template
from itsdangerous import BadData, URLSafeTimedSerializer

from app import secret
from app.settings.settings import Settings
from app.web.current import settings

#: Seconds within which the code must come, and within which an app must be set up.
LOGIN_SECONDS, SETUP_SECONDS = 300, 1_800


def ask(key: str, way: str, fault: str | None = None, status: int = 200) -> Response:
    """Ask for a code that lets the session of *key* begin, and leads to *way*."""
    kept = signer(settings(), "login").dumps([key, way])
    return make_response(render_template("code.html", pending=kept, fault=fault), status)


def read(sent: str, purpose: str, seconds: int) -> Any:
    """Return what a form of this server held; None for what is forged or too old."""
    try:
        return signer(settings(), purpose).loads(sent, max_age=seconds)
    except BadData:
        return None


def signer(given: Settings, purpose: str) -> URLSafeTimedSerializer:
    """Return what signs a form, by a key of its own."""
    key = hashlib.blake2b(secret.load(given), person=b"totp forms").digest()
    return URLSafeTimedSerializer(key, salt=purpose)
