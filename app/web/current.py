"""The current request's access to its process: settings, backends, and the time it may take."""

from __future__ import annotations

from typing import cast

from flask import current_app, request

from app.backends import Backends
from app.ports.deadline import Budget
from app.process import Parts
from app.settings.settings import Settings

#: Seconds that a query may take; for an export, that each piece of it may take.
QUERY_SECONDS = 10.0


def parts() -> Parts:
    """Return what the current application has opened."""
    return cast(Parts, current_app.extensions["logingestor"])


def backends() -> Backends:
    """Return the backends of the current application."""
    return parts().backends()


def budget() -> Budget:
    """Return what a query of the current request may use; its client's leaving ends it."""
    return Budget(QUERY_SECONDS, request.environ.get("logingestor.left", _never))


def _never() -> bool:
    return False


def settings() -> Settings:
    """Return the settings of the current application."""
    return parts().settings
