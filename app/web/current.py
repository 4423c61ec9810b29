"""The current request's access to its process: settings, backends, and the time it may take."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, cast

from flask import current_app, request

from app.backends import Backends
from app.find.bound import BoundIndex, BoundLetters, BoundQueue, BoundStore, Closed, Sight
from app.ports.deadline import Budget
from app.ports.parts import RecordParts
from app.process import Parts
from app.settings.settings import Settings
from app.web.security.access import who

#: Seconds that a query may take; for an export, that each piece of it may take.
QUERY_SECONDS = 10.0


def parts() -> Parts:
    """Return what the current application has opened."""
    return cast(Parts, current_app.extensions["logingestor"])


def backends() -> Backends:
    """Return the backends as whoever made the request may use them: bound readers have no others."""
    asks = who()
    sight = None if asks is None else asks.sight
    return parts().backends() if sight is None else _bound(parts().backends(), sight)


def _bound(held: Backends, sight: Sight) -> Backends:
    """Return the backends in which only what a reader may see is, with nothing but what finding asks for."""
    # A part that a record gets later is closed by itself.
    parts: dict[str, Any] = dict.fromkeys((one.name for one in fields(RecordParts)), Closed())
    parts |= {"store": BoundStore(held.record.store, sight), "letters": BoundLetters()}
    record = RecordParts(**parts)
    index, queue = cast(Any, BoundIndex(held.index, sight)), cast(Any, BoundQueue(held.queue))
    return replace(held, queue=queue, record=record, index=index, move=None, tidy=[], hurry=[], places=[], closers=[])


def budget() -> Budget:
    """Return what a query of the current request may use; its client's leaving ends it."""
    return Budget(QUERY_SECONDS, request.environ.get("logingestor.left", _never))


def _never() -> bool:
    return False


def settings() -> Settings:
    """Return the settings of the current application."""
    return parts().settings
