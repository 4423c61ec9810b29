"""The current request's access to its process: settings, backends, and the time it may take."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, cast

from flask import current_app, request

from app.backends import Backends
from app.find.bound import BoundIndex, BoundLetters, BoundQueue, BoundStore, Closed, ReaderSearches, Sight
from app.ports.alerts import AlertKeeper
from app.ports.deadline import Budget
from app.ports.parts import RecordParts
from app.process import Parts
from app.settings.settings import Settings
from app.web.accounts.identity import Identity
from app.web.security.access import who

#: Seconds that a query may take; for an export, that each piece of it may take.
QUERY_SECONDS = 10.0


def parts() -> Parts:
    """Return what the current application has opened."""
    return cast(Parts, current_app.extensions["logingestor"])


def space() -> str:
    """Return the space of whoever made the request; empty where there is none."""
    return space_of(who())


def space_of(asks: Identity | None) -> str:
    """Return the space of an identity; empty where there is none."""
    return "" if asks is None else asks.space


def backends() -> Backends:
    """Return the backends as whoever made the request may use them: readers have no others."""
    asks, held = who(), parts().backends()
    if asks is None or asks.role != "reader":
        return held
    sight = asks.sight
    searches = cast(Any, ReaderSearches(held.record.alerts, asks.owner, bound=sight is not None, key=asks.key))
    if sight is None:
        return replace(held, record=replace(held.record, alerts=searches))
    return _bound(held, sight, searches)


def _bound(held: Backends, sight: Sight, searches: AlertKeeper) -> Backends:
    """Return the backends in which only what a reader may see is, with nothing but what finding asks for."""
    # A part that a record gets later is closed by itself.
    parts: dict[str, Any] = dict.fromkeys((one.name for one in fields(RecordParts)), Closed())
    parts |= {"store": BoundStore(held.record.store, sight), "letters": BoundLetters(), "alerts": searches}
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
