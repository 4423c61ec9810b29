"""Headers for caches between server and reader; each blueprint names one of these."""

from __future__ import annotations

from flask import Response


def ask_again(response: Response) -> Response:
    """Let no shared cache keep the answer, and a browser's only if it asks again each time: pages come back at once by "Back"."""
    response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


def keep_none(response: Response) -> Response:
    """Let no cache keep the answer at all: what logs hold, and what holds for a moment."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response
