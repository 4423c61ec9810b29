"""Alerts as JSON, for programs; the same paths show browsers their pages (page_alerts.py)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from werkzeug.wrappers import Response as BaseResponse

from app.alerts import change as alerts
from app.alerts import searches
from app.alerts.counts import CountSources
from app.ports.alerts import Alert, Change, WatchedAlert
from app.ports.record import LogStore
from app.times.instant import now_ms
from app.web.alerts import pages, saved
from app.web.current import backends
from app.web.security import caching

bp = Blueprint("alerts", __name__)
bp.after_request(caching.ask_again)

#: Names of what makes an alert, and a silence.
NAMES = ("name", "search", *alerts.FIELDS)
SILENCE = ("until", "reason", "by")


@bp.get("/alerts")
def every() -> BaseResponse | str:
    """Show the alerts with their states."""
    if saved.wants_page():
        return pages.every()
    saved.body(())
    store, now = backends().store, now_ms()
    names = _names(store)
    shown = [alerts.describe(one, names.get(one.alert.search, ""), now) for one in store.alerts()]
    return saved.reply({"alerts": shown})


@bp.post("/alerts")
def add() -> Response:
    """Make an alert on a saved search."""
    store = backends().store
    alert = alerts.keep(store, alerts.read(saved.body(NAMES), store), Change(now_ms(), "made", "Made.", saved.who()))
    return _reply(store, alert, 201)


@bp.get("/alerts/<which>")
def one(which: str) -> BaseResponse | str:
    """Show an alert, and what happened to it."""
    if saved.wants_page():
        return pages.one(which)
    saved.body(())
    store = backends().store
    return _reply(store, alerts.get(store, which).alert)


@bp.put("/alerts/<which>")
def change(which: str) -> Response:
    """Change what the body names."""
    store = backends().store
    alert, given = alerts.get(store, which).alert, saved.body(NAMES)
    return _reply(store, alerts.mend(store, alert, lambda there: alerts.read(given, store, there)))


@bp.delete("/alerts/<which>")
def remove(which: str) -> Response:
    """Forget an alert, with its history."""
    store = backends().store
    store.drop_alert(alerts.get(store, which).alert.id)
    return saved.reply({})


@bp.post("/alerts/<which>/silence")
def silence(which: str) -> Response:
    """Let an alert open no notice until a time."""
    given, store = saved.body(SILENCE), backends().store
    alert = alerts.get(store, which).alert
    by = saved.who(str(given.get("by") or ""))
    return _reply(store, alerts.silence(store, alert, given.get("until"), given.get("reason"), by))


@bp.delete("/alerts/<which>/silence")
def unsilence(which: str) -> Response:
    """Let an alert be told again."""
    store = backends().store
    return _reply(store, alerts.unsilence(store, alerts.get(store, which).alert, saved.who()))


@bp.get("/alerts/<which>/test")
def test(which: str) -> Response:
    """Tell what an alert would do if it were evaluated now; nothing is changed."""
    saved.body(())
    held = backends()
    watched = alerts.get(held.store, which)
    question = searches.get(held.store, watched.alert.search).question
    found = alerts.attempt(CountSources(held.queue, held.store, held.index), watched.alert, question, watched.status)
    return saved.reply({"test": found.to_dict()})


def _reply(store: LogStore, alert: Alert, status: int = 200) -> Response:
    watched: WatchedAlert = alerts.get(store, alert.id)
    described: dict[str, Any] = alerts.describe(watched, _names(store).get(alert.search, ""), now_ms())
    changes = [change.to_dict() for change in store.alert_changes(alert.id)]
    return saved.reply({"alert": described, "changes": changes}, status)


def _names(store: LogStore) -> dict[str, str]:
    return {search.id: search.name for search in store.searches()}
