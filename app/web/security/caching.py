"""Headers for caches between server and reader; each blueprint names one of these."""

from __future__ import annotations

from flask import Response


def ask_again(response: Response) -> Response:
    """Let no shared cache keep the answer, and a browser's only if it asks again each time: pages come back at once by "Back"."""
    return _cached(response, "private, no-cache")


def keep_none(response: Response) -> Response:
    """Let no cache keep the answer at all: what logs hold, and what holds for a moment."""
    return _cached(response, "no-store")


def _cached(response: Response, how: str) -> Response:
    """Say how the answer is cached, unless its view has said it."""
    # `setdefault` costs werkzeug an exception where there is none, as nearly always.
    if all(name.lower() != "cache-control" for name, _ in response.headers):
        response.headers.add("Cache-Control", how)
    return response
