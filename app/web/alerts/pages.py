"""The pages of alerts: the list, one with its history, and the form that makes and changes them. No script is needed."""

from __future__ import annotations

from collections.abc import Container, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.alerts import change as alerts
from app.alerts import condition, searches
from app.alerts.change import Try
from app.alerts.counts import CountSources
from app.alerts.probe import logs_link
from app.errors import Damaged, InvalidInput, NotFound, Unavailable
from app.ports.alerts import Alert, AlertKeeper, Change, Question, SavedSearch, WatchedAlert
from app.ports.notices import SEVERITIES
from app.times import lengths
from app.times.instant import now_ms
from app.web.alerts import saved
from app.web.current import backends
from app.web.render import sparkline, zone
from app.web.search.form import SearchForm
from app.web.security import caching

bp = Blueprint("page_alerts", __name__)
bp.after_request(caching.ask_again)

KINDS = (
    ("at_least", "at least so many logs"),
    ("at_most", "at most so many logs"),
    ("absent", "no logs"),
    ("rises", "more than before, by a factor"),
    ("falls", "fewer than before, by a factor"),
)
#: Silences that the form offers.
SILENCES = (("now+1h", "an hour"), ("now+4h", "4 hours"), ("now+1d", "a day"), ("now+7d", "a week"))
#: The values that the form shows for a new alert.
FRESH = {"kind": "at_least", "threshold": "1", "window": "5m", "factor": "2", "windows": "1"} | {
    "fire_after": "1",
    "close_after": "3",
    "severity": "error",
}
_WORDS = {"firing": "Firing", "cannot_tell": "Undecided", "ok": "OK"}


def every() -> str:
    """Return the list: what fires first."""
    zone.check()
    keeper, now = backends().record.alerts, now_ms()
    names = {search.id: search.name for search in keeper.searches()}
    shown = [_shown(one, names, now) for one in keeper.alerts()]
    shown.sort(key=lambda one: list(_WORDS).index(one["state"]))
    return render_template("alerts.html", alerts=shown, words=_WORDS)


def one(which: str) -> str:
    """Return the page of one alert; `test=1` in the URL tries it."""
    zone.check()
    watched = alerts.get(backends().record.alerts, which)
    return _one(watched, _tried(watched.alert, watched) if "test" in request.args else None)


def _one(watched: WatchedAlert, tried: Try | str | None = None, error: InvalidInput | None = None) -> str:
    keeper, now = backends().record.alerts, now_ms()
    names = {search.id: search.name for search in keeper.searches()}
    changes = [(change, _link(change)) for change in keeper.alert_changes(watched.alert.id)]
    saved.shows(change.samples for change, _ in changes)
    return render_template(
        "alert.html",
        one=_shown(watched, names, now),
        changes=changes,
        words=_WORDS,
        silences=SILENCES,
        tried=tried,
        tried_link=_tried_link(tried),
        problems=saved.labelled(error) if error else [],
        sent=request.form,
        points=watched.status.recent[::-1],
    )


def _shown(watched: WatchedAlert, names: Mapping[str, str], now: int) -> dict[str, Any]:
    alert, status = watched.alert, watched.status
    state, why = condition.now_state(watched, now)
    return {
        "alert": alert,
        "status": status,
        "state": state,
        "why": why,
        "says": condition.sentence(alert),
        "search": names.get(alert.search),
        "silence": alert.silence if alert.silenced(now) else None,
        "spark": sparkline.draw(alert, status, now),
        "since": zone.to_second(status.since) if status.since else None,
        "until": zone.to_second(alert.silence.until) if alert.silence else None,
    }


def _link(change: Change) -> str | None:
    if change.start is None or change.end is None:
        return None
    return logs_link(change.question, change.start, change.end)


def _tried_link(tried: Try | str | None) -> str | None:
    if not isinstance(tried, Try):
        return None
    return logs_link(tried.counted.question, tried.counted.start, tried.counted.end)


@bp.get("/page/alert")
def form() -> str | tuple[str, int]:
    """Show the form: for a new alert on the search in the URL or on a saved one, or for the alert named by `id`."""
    keeper = backends().record.alerts
    watched = alerts.get(keeper, request.args["id"]) if request.args.get("id") else None
    if "try" not in request.args:
        return _form(keeper, watched, _filled(watched))
    try:
        alert, query = _read(request.args, keeper, watched, tries=True)
    except InvalidInput as error:
        return _form(keeper, watched, request.args, error), 400
    return _form(keeper, watched, request.args, tried=_tried(alert, watched, query))


@bp.post("/page/alert")
def submit() -> BaseResponse | tuple[str, int]:
    """Make or change an alert as the form says."""
    keeper, sent = backends().record.alerts, request.form
    watched = alerts.get(keeper, sent["id"]) if sent.get("id") else None
    known = {search.id for search in keeper.searches()}
    try:
        alert, _ = _read(sent, keeper, watched)
        if watched is None:
            _keep(keeper, alert, known)
        else:
            # The form holds all of it but these.
            alert = alerts.mend(
                keeper,
                watched.alert,
                lambda there: msgspec.structs.replace(alert, id=there.id, made=there.made, silence=there.silence),
            )
    except InvalidInput as error:
        return _form(keeper, watched, sent, error), 400
    return saved.go(f"/alerts/{alert.id}")


def _keep(keeper: AlertKeeper, alert: Alert, known: Container[str]) -> None:
    try:
        alerts.keep(keeper, alert, Change(now_ms(), "made", "Made.", saved.who()))
    except InvalidInput:
        if alert.search not in known:
            # It was saved for this alert alone; if another has come upon it meanwhile, it stays.
            with suppress(InvalidInput, NotFound):
                searches.remove(keeper, searches.get(keeper, alert.search))
        raise


@bp.post("/page/alert/<which>")
def act(which: str) -> BaseResponse | tuple[str, int]:
    """Silence, unsilence or remove an alert, as a button says."""
    zone.check()
    keeper, sent = backends().record.alerts, request.form
    watched = alerts.get(keeper, which)
    by = saved.who(sent.get("by", ""))
    try:
        match sent.get("do"):
            case "silence":
                until = sent.get("until", "").strip()
                alerts.silence(keeper, watched.alert, until, sent.get("reason"), by, zone.current())
            case "unsilence":
                alerts.unsilence(keeper, watched.alert, by)
            case "remove":
                keeper.drop_alert(watched.alert.id)
                return saved.go("/alerts")
    except InvalidInput as error:
        return _one(watched, error=error), 400
    return saved.go(f"/alerts/{watched.alert.id}")


def _filled(watched: WatchedAlert | None) -> dict[str, str]:
    """Return what the form shows at first."""
    if watched is None:
        return FRESH | dict(request.args)
    alert = watched.alert
    parts = {name: str(getattr(alert, name)) for name in alerts.FIELDS}
    parts |= {"window": lengths.typed(alert.window * lengths.SECOND), "factor": f"{alert.factor:g}"}
    return {"id": alert.id, "name": alert.name, "search": alert.search, **parts}


def _read(
    sent: Mapping[str, str], keeper: AlertKeeper, watched: WatchedAlert | None, *, tries: bool = False
) -> tuple[Alert, Question]:
    """Return the alert that the form means, and its query. One on an unsaved search saves it under the alert's name."""
    given: dict[str, Any] = {name: sent[name] for name in ("name", "search", *alerts.FIELDS) if sent.get(name)}
    given.setdefault("name", "")
    if given.get("search"):
        alert = alerts.read(given, keeper, watched.alert if watched else None)
        return alert, searches.get(keeper, alert.search).question
    problems = saved.Gathered()
    parameters = problems.take(
        lambda: searches.check_parameters(dict(SearchForm.read(sent).state(*searches.PASSING)), saved.PARAMETERS)
    )
    # Read with a search in its place first: nothing is saved for an alert that has a fault.
    base = Alert(searches.new_id(), "", "", "at_least", 300, made=now_ms())
    alert = problems.take(lambda: alerts.read(given, keeper, base)) or base
    problems.check()
    if not tries:
        search = _search_for(keeper, alert.name, parameters or {})
        alert = alerts.read({"search": search.id}, keeper, alert)
    return alert, Question((parameters or {}).get("q", ""), (parameters or {}).get("tz", ""))


def _search_for(keeper: AlertKeeper, name: str, parameters: dict[str, str]) -> SavedSearch:
    try:
        there = searches.named(searches.shared(keeper), name, "saved search")
        # A search that names no zone is shown in UTC, and its page says so in its address.
        if there.name == name and {"tz": "UTC", **there.parameters} == {"tz": "UTC", **parameters}:
            return there
    except NotFound:
        pass
    return searches.add(keeper, name, parameters)


def _tried(alert: Alert, watched: WatchedAlert | None, question: Question | None = None) -> Try | str:
    """Return what the alert would do now, or why that can't be decided."""
    held = backends()
    try:
        if question is None:
            question = searches.get(held.record.alerts, alert.search).question
        sources = CountSources(held.queue, held.store, held.index)
        found = alerts.attempt(sources, alert, question, watched.status if watched else None)
    except (Unavailable, NotFound, Damaged) as error:
        return str(error)
    saved.shows([found.counted.samples])
    return found


def _form(
    keeper: AlertKeeper,
    watched: WatchedAlert | None,
    filled: Mapping[str, str],
    error: InvalidInput | None = None,
    tried: Try | str | None = None,
) -> str:
    state = SearchForm.read(filled)
    problems = saved.labelled(error) if error else []
    return render_template(
        "alert_form.html",
        watched=watched,
        filled=filled,
        state=state.state(*searches.PASSING),
        q=state.q,
        searches=searches.shared(keeper),
        kinds=KINDS,
        severities=SEVERITIES,
        problems=problems,
        faults={problem["field"] for problem in problems},
        tried=tried,
        tried_link=_tried_link(tried),
    )
