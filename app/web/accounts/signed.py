"""Forms that bring back what this server gave them: signed, each kind of form by a key of its own, and only for so long."""

from __future__ import annotations

import hashlib
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from app import secret
from app.settings.settings import Settings
from app.web.current import settings


def read(sent: str, purpose: str, seconds: int) -> Any:
    """Return what a form of this server held; None for what is forged or too old."""
    try:
        return signer(settings(), purpose).loads(sent, max_age=seconds)
    except BadData:
        return None


def signer(given: Settings, purpose: str) -> URLSafeTimedSerializer:
    """Return what signs a form of this purpose."""
    key = hashlib.blake2b(secret.load(given), person=b"signed forms").digest()
    return URLSafeTimedSerializer(key, salt=purpose)
