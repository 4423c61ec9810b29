"""The search page and the page of one log: rendered here, complete without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.backends import Backends
from app.damage import passed
from app.errors import InvalidQuery, TimedOut, Unavailable
from app.find import find, follow
from app.query.parameters import Parameters
from app.query.query import Query
from app.query.request import read_query
from app.query.sentence import logs
from app.query.text import text
from app.times import instant
from app.web.accounts.identity import tail_key
from app.web.api.hints import memory
from app.web.current import backends, budget, settings
from app.web.logs import compare as page_compare
from app.web.logs import log as page_log
from app.web.partly import lacking, partly
from app.web.render import display, zone
from app.web.search import columns, one, table, window
from app.web.search import counts as page_counts
from app.web.search.empty import RANGES, Advice, advise
from app.web.search.form import ACTIONS, NAMES, SHOWN, SearchForm, revise
from app.web.search.rows import OPERATIONS, FilterRow, Rows
from app.web.search.said import pending_of, sentence_of
from app.web.search.turn import Turned, turn
from app.web.security import caching
from app.web.security.access import who
from app.web.security.recording import returned

bp = Blueprint("pages", __name__)
bp.after_request(caching.ask_again)

CLOCKS = (("event", "event time"), ("received", "arrival time"))
ORDERS = (("desc", "newest first"), ("asc", "oldest first"))
LIMITS = ("25", "50", "100", "250", "500", "1000")
_ROW = re.compile(r"filters\[(\d+)\]")
LABELS = window.LABELS | {
    "columns": "Columns",
    "q": "Query",
    "limit": "Rows",
    "sort": "Order",
    "clock": "Clock",
}

bp.record_once(lambda setup: display.install(setup.app))
bp.record_once(lambda setup: zone.install(setup.app))
bp.add_app_template_global(lacking)
bp.add_app_template_filter(lambda form, records: table.build(form, records=records), "table")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer, for the place where it would have been."""

    title: str
    message: str


@bp.get("/")
@partly
def search() -> BaseResponse | tuple[str, int]:
    """Show the search page."""
    form, now = SearchForm.read(request.args), instant.now_ms()
    acts = bool(ACTIONS & request.args.keys())
    if request.args.get("tz") == zone.LOCAL and not (acts or zone.is_unknown()):
        return redirect(form.link())
    try:
        form = window.settled(form, request.args, now)
        form, begun = revise(form, request.args, now)
        if acts and not begun:
            return redirect(_location(form), 303)
        return _answer(form, _query(form, now), begun, now)
    except InvalidQuery as error:
        return _render(form, Rows.sent(request.args), now, problems=_problems(form, error)), 400


@bp.get("/page/counts")
@partly
def counts() -> tuple[str, int]:
    """Return chart and fields of the state in the URL, to be put beside its rows."""
    form, query = _part()
    found = page_counts.count(backends().index, query, form, budget())
    return render_template("_counts.html", form=form, counts=found), 503 if found.no_chart else 200


@bp.get("/page/window")
def meant_window() -> dict[str, Any]:
    """Say what From and To mean, as they are typed: in words, and for calendars in the zone."""
    return window.meant(request.args, instant.now_ms())


@bp.get("/page/values")
@partly
def values() -> tuple[str, int]:
    """Return the most frequent values of a field in the logs of the state in the URL."""
    form, query = _part("field")
    listed = page_counts.values(backends().index, query, form, request.args.get("field", ""), budget())
    return render_template("_values.html", form=form, listed=listed), 503 if listed.trouble else 200


def _part(*also: str) -> tuple[SearchForm, Query]:
    """Return state and query of a part of the page."""
    form = SearchForm.read(request.args)
    return form, _query(form, instant.now_ms(), *also)


@bp.get("/log/<identity>")
@partly
def log(identity: str) -> BaseResponse | tuple[str, int]:
    """Show one log whole, between its neighbours; `part` gives only its fields, for the table, or a text to be copied."""
    held = backends()
    record = find.one(held.queue, held.record, identity)
    returned(1)
    part = request.args.get("part", "")
    if part in one.COPIES:
        url, user = f"{request.url_root}logs/ingest/", request.authorization is not None
        return Response(one.copied(record, part, url, user=user), content_type="text/plain; charset=utf-8")
    asked = page_log.read(request.args, record, instant.now_ms())
    form, remembered = asked.form, request.cookies.get(table.COOKIE, "")
    shown = one.One(record, asked.tree, asked.whole)
    if part == "fields":
        return render_template("_record.html", one=shown, table=table.build(form), form=form), 200
    around = page_log.around(held, record, asked, budget())
    returned(len(around.records) - 1)
    logs = table.build(form, asked.tree, around.records, remembered)
    page = render_template("log.html", one=shown, asked=asked, around=around, table=logs, form=form, whole=True)
    return page, 400 if asked.problems else 200


@bp.get("/compare")
@partly
def compare() -> BaseResponse | tuple[str, int]:
    """Show two logs beside each other; `log`, twice, is what the boxes of the table send."""
    chosen = list(dict.fromkeys(request.args.getlist("log")))
    if len(chosen) in (1, 2):
        named = urlencode(list(zip("ab", chosen, strict=False)))
        return redirect(f"{settings().path_prefix}/compare?{named}", 303)
    held, only = backends(), request.args.get("only") == "differences"
    sides = [page_compare.side(held, name, request.args.get(name, "")) for name in "ab"]
    a, b = (side.record for side in sides)
    returned((a is not None) + (b is not None))
    found = page_compare.compared(a, b, only=only) if a and b else None
    many = len(chosen) if not request.args.keys() & {"a", "b"} else None
    page = render_template("compare.html", sides=sides, found=found, only=only, chosen=many)
    return page, max(200 if many is None else 400, *(side.status for side in sides))


def _location(form: SearchForm) -> str:
    """Return the state's URL, with the place to scroll to where a log was opened or closed, or a field was."""
    if zone.is_unknown() and "zone" not in request.args:
        form = replace(form, tz=zone.LOCAL)  # the page that follows says why it is in UTC
    if "list" in request.args:
        return f"{form.link()}#facets"
    if any(action in request.args for action in ("zone", *columns.ACTIONS)):
        return form.link()  # the button's own place: a browser keeps it where the redirect names none
    row = form.open or request.args.get("hide", "")
    return form.link() + (f"#log-{row}" if row else "")


def _query(form: SearchForm, now: int, *also: str) -> Query:
    """Return what the state asks for; a name that no state has is refused: the page's links would lose it."""
    given = Parameters(request.args)
    given.only(NAMES.values(), "parameter of this page", (*also, *ACTIONS))
    given.check()
    return read_query(dict(form.state(*SHOWN)), now=now)


def _problems(form: SearchForm, error: InvalidQuery) -> list[dict[str, Any]]:
    """Return the problems with a label each, and the query with the place at fault marked."""
    shown = []
    for problem in error.problems:
        field = "q" if problem.field in (None, "query") else problem.field
        marked = field == "q" and problem.position is not None
        place = display.mark(form.q, problem.position or 0) if marked else None
        at = problem.position if marked else None
        shown.append(
            {"field": field, "label": _label(field), "message": problem.message, "place": place, "position": at}
        )
    return shown


def _label(field: str) -> str:
    row = _ROW.match(field)
    return f"Filter {int(row[1]) + 1}" if row else LABELS.get(field, field)


def _answer(form: SearchForm, query: Query, begun: Sequence[FilterRow], now: int) -> tuple[str, int]:
    held, rows = backends(), Rows.of(query.filter).beginning(begun)
    parts: dict[str, Any] = {"sentence": sentence_of(query.filter, form, now)}
    remembered = request.cookies.get(table.COOKIE, "")
    table.build(form)  # what it refuses is refused before the search
    try:
        # Both asked before the search: a log that is stored meanwhile is shown twice, or shown and said to be pending, never neither.
        live, pending = _live(held, query, form), pending_of(held)
        page = turn(partial(find.page, held.store, held.index, budget=budget()), query, form)
        parts |= {"live": live, "pending": pending}
        returned(len(page.records))
        logs = table.build(form, query.filter, page.records, remembered)
        parts |= {"page": page, "total": _total(page), "pages": page.links(form.sort)}
        parts |= {"table": logs, "exports": table.exports(form, logs.names)}
        if page.from_record:
            parts["advice"] = Advice()
        elif page.records:
            parts["counts"] = page_counts.at_once(held.index, query, form, budget())
        elif not (form.cursor or form.back):
            parts["advice"] = advise(held.index, query, form, now, memory(), budget())
    except Unavailable as error:
        title = "The search took too long" if isinstance(error, TimedOut) else "Search is not available now"
        return _render(form, rows, now, **{**parts, "page": None}, failure=Failure(title, str(error))), 503
    return _render(form, rows, now, **parts), 200


def _live(held: Backends, query: Query, form: SearchForm) -> dict[str, str] | None:
    """Return filter and cursor for following on from this page; None where it doesn't end with the newest logs."""
    if form.sort != "desc" or form.cursor or form.back or form.end:
        return None
    try:
        asks = who()
        place = follow.encode(held.store.newest_place(), tail_key(settings(), asks) if asks else b"")
        return {"query": text(query.filter), "after": place, "look": form.row()}
    except Unavailable:
        return None


def _total(page: Turned) -> str:
    if page.total is None:
        return "Logs"
    number = logs(page.total)
    return number if page.exact and not passed() else f"At least {number}"


def _render(form: SearchForm, rows: Rows, now: int, **parts: Any) -> str:
    page = parts.get("page")
    sizes = LIMITS if form.limit in LIMITS else (form.limit, *LIMITS)
    return render_template(
        "search.html",
        form=form,
        rows=rows,
        faults={problem["field"] for problem in parts.get("problems", ())},
        ranges=RANGES,
        days=window.DAYS,
        window=window.view(form, now),
        clocks=CLOCKS,
        orders=ORDERS,
        limits=[(size, size) for size in sizes],
        operations=OPERATIONS,
        fields=columns.offered(page.records if page else ()),
        host=request.url_root,
        **parts,
    )
