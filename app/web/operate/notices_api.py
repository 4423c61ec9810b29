"""GET /notices: what is wrong, and was, as data or as a page; and what Flask has to say of its socket (app/web/server/noticing.py)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.errors import Unavailable
from app.ports.notices import KINDS, SEVERITIES, Notice
from app.web.answers.alerts import NoticesAnswer, NoticesSource
from app.web.answers.reply import reply
from app.web.api.asked import Asked
from app.web.current import backends, parts
from app.web.operate import notices_page
from app.web.operate.notices_page import STATES
from app.web.security.access import sees_all
from app.web.security.credentials import is_foreign
from app.web.security.errors import answer

bp = Blueprint("notices", __name__)

PARAMETERS = ("state", "severity", "kind")
#: Most notices in an answer.
LIMIT = 1_000


@bp.get("/notices")
def notices() -> Response:
    """Answer with the notices, newest first; 204 to a socket that may follow."""
    if request.headers.get("Upgrade", "").lower() == "websocket":
        # A browser opens sockets for any page, and sends its password along: no rule of its own protects what they bring.
        if is_foreign(request):
            return answer(403, "the socket was opened by a page of another site")
        return Response(status=204)
    html = request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html"
    asked = Asked((*PARAMETERS, "older") if html else PARAMETERS)
    choices = {"state": STATES, "severity": SEVERITIES, "kind": KINDS}
    chosen = {name: asked.text(name, "", choices[name]) for name in PARAMETERS}
    older = asked.text("older", "")
    asked.check()
    response = Response(notices_page.page(chosen, older)) if html else _data(chosen)
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def _data(chosen: dict[str, str]) -> Response:
    state = chosen["state"] or None
    source: NoticesSource = "record"
    try:
        found = backends().record.notices.notices(LIMIT, state)
    except Unavailable:
        # That the record can't be reached is itself a notice.
        found, source = _from_memory(state), "memory"
    found = [one for one in found if chosen["severity"] in ("", one.severity) and chosen["kind"] in ("", one.kind)]
    return reply(NoticesAnswer(True, [notice.shown() for notice in found], source))


def _from_memory(state: str | None) -> list[Notice]:
    known = reversed(parts().board.known())
    return [one for one in known if state is None or (one.until is None) == (state == "open")][:LIMIT]


@bp.app_context_processor
def shown() -> dict[str, object]:
    """Give pages what is open; nothing to those who may not see every log, or were not let in: pages of errors are theirs too."""
    return {"open_notices": parts().board.open() if sees_all() else None}
