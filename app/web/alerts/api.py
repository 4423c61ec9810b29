"""Alerts as JSON, for programs; the same paths show browsers their pages (app/web/alerts/pages.py)."""

from __future__ import annotations

from flask import Blueprint, Response
from werkzeug.wrappers import Response as BaseResponse

from app.alerts import change as alerts
from app.alerts import searches
from app.alerts.counts import CountSources
from app.alerts.shown import ShownAlert, ShownChange, ShownTry
from app.ports.alerts import Alert, AlertKeeper, Change
from app.times.instant import now_ms
from app.web.alerts import pages, saved
from app.web.answers.alerts import AlertAnswer, AlertsAnswer, TryAnswer
from app.web.answers.reply import DoneAnswer
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
    keeper, now = backends().record.alerts, now_ms()
    names = _names(keeper)
    shown = [ShownAlert.of(one, names.get(one.alert.search, ""), now) for one in keeper.alerts()]
    return saved.fresh(AlertsAnswer(True, shown))


@bp.post("/alerts")
def add() -> Response:
    """Make an alert on a saved search."""
    keeper = backends().record.alerts
    alert = alerts.keep(keeper, alerts.read(saved.body(NAMES), keeper), Change(now_ms(), "made", "Made.", saved.who()))
    return _reply(keeper, alert, 201)


@bp.get("/alerts/<which>")
def one(which: str) -> BaseResponse | str:
    """Show an alert, and what happened to it."""
    if saved.wants_page():
        return pages.one(which)
    saved.body(())
    keeper = backends().record.alerts
    alert = alerts.get(keeper, which).alert
    saved.shows(change.samples for change in keeper.alert_changes(alert.id))
    return _reply(keeper, alert)


@bp.put("/alerts/<which>")
def change(which: str) -> Response:
    """Change what the body names."""
    keeper = backends().record.alerts
    alert, given = alerts.get(keeper, which).alert, saved.body(NAMES)
    return _reply(keeper, alerts.mend(keeper, alert, lambda there: alerts.read(given, keeper, there)))


@bp.delete("/alerts/<which>")
def remove(which: str) -> Response:
    """Forget an alert, with its history."""
    keeper = backends().record.alerts
    keeper.drop_alert(alerts.get(keeper, which).alert.id)
    return saved.fresh(DoneAnswer(True))


@bp.post("/alerts/<which>/silence")
def silence(which: str) -> Response:
    """Let an alert open no notice until a time."""
    given, keeper = saved.body(SILENCE), backends().record.alerts
    alert = alerts.get(keeper, which).alert
    by = saved.who(str(given.get("by") or ""))
    return _reply(keeper, alerts.silence(keeper, alert, given.get("until"), given.get("reason"), by))


@bp.delete("/alerts/<which>/silence")
def unsilence(which: str) -> Response:
    """End an alert's silence: its notifiers hear of it again."""
    keeper = backends().record.alerts
    return _reply(keeper, alerts.unsilence(keeper, alerts.get(keeper, which).alert, saved.who()))


@bp.get("/alerts/<which>/test")
def test(which: str) -> Response:
    """Answer what an alert would do if it were evaluated now; nothing is changed."""
    saved.body(())
    held = backends()
    watched = alerts.get(held.record.alerts, which)
    question = searches.get(held.record.alerts, watched.alert.search).question
    found = alerts.attempt(CountSources(held.queue, held.store, held.index), watched.alert, question, watched.status)
    saved.shows([found.counted.samples])
    return saved.fresh(TryAnswer(True, ShownTry.of(found)))


def _reply(keeper: AlertKeeper, alert: Alert, status: int = 200) -> Response:
    shown = ShownAlert.of(alerts.get(keeper, alert.id), _names(keeper).get(alert.search, ""), now_ms())
    changes = [ShownChange.of(change) for change in keeper.alert_changes(alert.id)]
    return saved.fresh(AlertAnswer(True, shown, changes), status)


def _names(keeper: AlertKeeper) -> dict[str, str]:
    return {search.id: search.name for search in keeper.searches()}
