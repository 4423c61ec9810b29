"""GET /audit-log: who did what, by the query language of logs; a page for browsers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.audit_log import search
from app.errors import InvalidQuery, TimedOut
from app.find.find import NOTHING_UNSEEN
from app.log.record import LogRecord
from app.query.query import Page, encode_cursor
from app.web.alerts import saved
from app.web.answers.find import PageAnswer
from app.web.answers.reply import reply
from app.web.api.asked import Asked
from app.web.current import backends, budget
from app.web.security import caching
from app.web.security.recording import returned

bp = Blueprint("audit_log", __name__)
bp.after_request(caching.keep_none)

#: Parameters, those of a search.
NAMES = ("q", "from", "to", "tz", "sort", "limit", "cursor", "count")
#: Fields that the page has columns of; what else an entry says is listed.
_COLUMNS = ("action", "actor", "by", "address", "subject", "outcome", "seq")


@bp.get("/audit-log")
def show() -> BaseResponse:
    """Answer with one page of entries, newest first."""
    if saved.wants_page():
        return _page()
    found = _found()
    return reply(PageAnswer.of(found, NOTHING_UNSEEN))


def _found() -> Page:
    """Return the page of entries that the request asks for. Raises InvalidQuery and Unavailable."""
    asked = Asked(NAMES)
    query = asked.query()
    asked.check()
    found = search.page(backends().record.audit_log, query, budget())
    returned(len(found.records))
    return found


def _page() -> Response:
    form = {name: request.args.get(name, "") for name in ("q", "from", "to", "cursor")}
    shown: dict[str, Any] = {"form": form, "entries": (), "problems": (), "older": None, "total": None}
    status = 200
    try:
        found = _found()
        shown |= {"entries": [_entry(record) for record in found.records], "total": found.total, "exact": found.exact}
        shown["older"] = None if found.next is None else encode_cursor(found.next)
    except InvalidQuery as error:
        status, shown["problems"] = 400, saved.labelled(error)
    except TimedOut as error:
        status, shown["problems"] = 503, [{"label": "", "message": str(error)}]
    return make_response(render_template("audit_log.html", **shown), status)


def _entry(record: LogRecord) -> dict[str, Any]:
    held = record.metadata or {}
    found = {name: held.get(name, "") for name in _COLUMNS}
    found |= {"at": record.timestamp, "level": record.level, "details": list(held.get("details", {}).items())}
    return found | {"unread": "" if found["outcome"] else record.message}
