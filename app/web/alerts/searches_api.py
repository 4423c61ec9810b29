"""Saved searches: JSON for programs, and for browsers the list, and the way from a name to the search page."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response
from werkzeug.wrappers import Response as BaseResponse

from app.alerts import searches
from app.alerts.shown import ShownSearch
from app.ports.alerts import SavedSearch
from app.web.alerts import saved, searches_pages
from app.web.answers.alerts import SavedSearchAnswer, SavedSearchesAnswer
from app.web.answers.reply import DoneAnswer
from app.web.current import backends
from app.web.search.form import SearchForm
from app.web.security import caching

bp = Blueprint("searches", __name__)
bp.after_request(caching.ask_again)

#: Names of what makes a search.
NAMES = ("name", *saved.PARAMETERS)


@bp.get("/searches")
def every() -> BaseResponse | str:
    """Show the saved searches."""
    if saved.wants_page():
        return searches_pages.page()
    saved.body(())
    return saved.fresh(
        SavedSearchesAnswer(True, [ShownSearch.of(search) for search in backends().record.alerts.searches()])
    )


@bp.post("/searches")
def add() -> Response:
    """Save a search under a name that no other has."""
    given = saved.body(NAMES)
    name = given.pop("name", None)
    problems = saved.Gathered()
    problems.take(lambda: searches.check_name(name))
    parameters = problems.take(lambda: searches.check_parameters(given, saved.PARAMETERS))
    problems.check()
    return _reply(searches.add(backends().record.alerts, name, parameters or {}, owner=saved.owner()), 201)


@bp.get("/searches/<which>")
def one(which: str) -> BaseResponse:
    """Lead a browser to the search; answer a program with its definition."""
    search = searches.get(backends().record.alerts, which)
    if saved.wants_page():
        return saved.go(path(search))
    saved.body(())
    return _reply(search)


@bp.put("/searches/<which>")
def change(which: str) -> Response:
    """Change what the body names; an empty parameter is removed."""
    given, keeper = saved.body(NAMES), backends().record.alerts
    search = searches.get(keeper, which)
    name = given.pop("name", None)
    parameters = searches.check_parameters({**search.parameters, **given}, saved.PARAMETERS)
    return _reply(searches.change(keeper, search, name=name, parameters=parameters))


@bp.delete("/searches/<which>")
def remove(which: str) -> Response:
    """Forget a search that no alert watches."""
    keeper = backends().record.alerts
    searches.remove(keeper, searches.get(keeper, which))
    return saved.fresh(DoneAnswer(True))


def _reply(search: SavedSearch, status: int = 200) -> Response:
    return saved.fresh(SavedSearchAnswer(True, ShownSearch.of(search)), status)


def path(search: SavedSearch) -> str:
    """Return the path of the search page in the state of a search, without the prefix."""
    # Without a zone its times are of UTC, as for its alerts, whatever zone the browser was in last.
    form = replace(SearchForm.read(search.parameters), tz=search.parameters.get("tz") or "UTC")
    return f"/?{form.query()}"
