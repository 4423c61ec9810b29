"""Saved searches: JSON for programs, and for browsers the list, and the way from a name to the search page."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.core.alerting import SavedSearch
from app.core.errors import InvalidInput
from app.pipeline import searches
from app.web import backends, saved
from app.web.page_form import Form

bp = Blueprint("searches", __name__)

#: Names of what makes a search.
NAMES = ("name", *saved.PARAMETERS)


@bp.after_request
def keep_private(response: Response) -> Response:
    """Let no shared cache keep what people search for."""
    response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


@bp.get("/searches")
def every() -> BaseResponse | str:
    """Show the saved searches."""
    if saved.wants_page():
        return page()
    return saved.reply({"searches": [search.to_dict() for search in backends().store.searches()]})


@bp.post("/searches")
def add() -> Response:
    """Save a search under a name that no other has."""
    given = saved.body(NAMES)
    name = given.pop("name", None)
    problems = saved.Gathered()
    problems.take(lambda: searches.check_name(name))
    parameters = problems.take(lambda: searches.check_parameters(given, saved.PARAMETERS))
    problems.check()
    return saved.reply({"search": searches.add(backends().store, name, parameters or {}).to_dict()}, 201)


@bp.get("/searches/<which>")
def one(which: str) -> BaseResponse:
    """Lead a browser to the search; tell a program what it is."""
    search = searches.get(backends().store, which)
    if saved.wants_page():
        return saved.go(path(search))
    return saved.reply({"search": search.to_dict()})


@bp.put("/searches/<which>")
def change(which: str) -> Response:
    """Change what the body names; an empty parameter is removed."""
    given, store = saved.body(NAMES), backends().store
    search = searches.get(store, which)
    name = given.pop("name", None)
    parameters = searches.check_parameters({**search.parameters, **given}, saved.PARAMETERS)
    return saved.reply({"search": searches.change(store, search, name=name, parameters=parameters).to_dict()})


@bp.delete("/searches/<which>")
def remove(which: str) -> Response:
    """Forget a search that no alert watches."""
    store = backends().store
    searches.remove(store, searches.get(store, which))
    return saved.reply({})


@bp.post("/page/searches")
def submit() -> BaseResponse | tuple[str, int]:
    """Save, change or remove a search as a form of a page says."""
    form, store = request.form, backends().store
    given = dict(Form.read(form).state(*searches.PASSING))
    try:
        if form.get("do") == "remove":
            searches.remove(store, searches.get(store, form.get("id", "")))
            return saved.go("/searches")
        parameters = searches.check_parameters(given, saved.PARAMETERS)
        if form.get("do") == "change":
            search = searches.get(store, form.get("id", ""))
            search = searches.change(store, search, name=form.get("name", ""), parameters=parameters)
        else:
            search = searches.add(store, form.get("name", ""), parameters, replace=form.get("do") == "replace")
    except InvalidInput as error:
        return page(error), 400
    return saved.go(f"/searches#s-{search.id}")


def page(error: InvalidInput | None = None) -> str:
    """Return the page of saved searches; with what was wrong in the form that was sent."""
    store, sent = backends().store, None
    if error is not None:
        sent = {"name": request.form.get("name", ""), "id": request.form.get("id", ""), "form": Form.read(request.form)}
        sent["taken"] = any("another saved search" in problem.message for problem in error.problems)
    alerts: dict[str, list[str]] = {}
    for watched in store.alerts():
        alerts.setdefault(watched.alert.search, []).append(watched.alert.name)
    shown = [(search, Form.read(search.parameters), alerts.get(search.id, [])) for search in store.searches()]
    problems = saved.labelled(error) if error else []
    return render_template("searches.html", searches=shown, sent=sent, problems=problems, passing=searches.PASSING)


def path(search: SavedSearch) -> str:
    """Return the path of the search page in the state of a search, without the prefix."""
    query = Form.read(search.parameters).query()
    return f"/?{query}" if query else "/"
