"""The page of saved searches, with its forms. No script is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.alerts import searches
from app.errors import InvalidInput
from app.web.alerts import saved
from app.web.current import backends
from app.web.search.form import SearchForm

bp = Blueprint("page_searches", __name__)


@bp.post("/page/searches")
def submit() -> BaseResponse | tuple[str, int]:
    """Save, change or remove a search as a form of a page says."""
    form, keeper = request.form, backends().record.alerts
    given = dict(_state(form).state(*searches.PASSING))
    try:
        if form.get("do") == "remove":
            searches.remove(keeper, searches.get(keeper, form.get("id", "")))
            return saved.go("/searches")
        parameters = searches.check_parameters(given, saved.PARAMETERS)
        if form.get("do") == "change":
            search = searches.get(keeper, form.get("id", ""))
            search = searches.change(keeper, search, name=form.get("name", ""), parameters=parameters)
        else:
            name, again = form.get("name", ""), form.get("do") == "replace"
            search = searches.add(keeper, name, parameters, replace=again, owner=saved.owner())
    except InvalidInput as error:
        return page(error), 400
    return saved.go(f"/searches#s-{search.id}")


def _state(parameters: Mapping[str, str]) -> SearchForm:
    """Return the search state in the parameters, read in the zone that they name rather than the editor's own."""
    return replace(SearchForm.read(parameters), tz=parameters.get("tz", ""))


def page(error: InvalidInput | None = None) -> str:
    """Return the page of saved searches; with what was wrong in the form that was sent."""
    keeper, sent = backends().record.alerts, None
    if error is not None:
        sent = {"name": request.form.get("name", ""), "id": request.form.get("id", ""), "form": _state(request.form)}
        sent["taken"] = any("another saved search" in problem.message for problem in error.problems)
    alerts: dict[str, list[tuple[str, str]]] = {}
    for watched in keeper.alerts():
        alerts.setdefault(watched.alert.search, []).append((watched.alert.id, watched.alert.name))
    shown = [(search, _state(search.parameters), alerts.get(search.id, [])) for search in keeper.searches()]
    problems = saved.labelled(error) if error else []
    return render_template(
        "searches.html",
        searches=shown,
        sent=sent,
        problems=problems,
        passing=searches.PASSING,
        owner=saved.owner(),
    )
