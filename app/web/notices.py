"""GET /notices: what is wrong, and was; and what Flask has to say of its socket (app/web/noticing.py)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.core.errors import Unavailable
from app.core.watching import Notice
from app.pipeline.export import json_bytes
from app.web import backends, parts
from app.web.access import is_foreign, is_let_in
from app.web.asked import Asked
from app.web.errors import answer

bp = Blueprint("notices", __name__)

PARAMETERS = ("state",)
STATES = ("open", "closed")
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
    asked = Asked(PARAMETERS)
    state = asked.text("state", "", STATES) or None
    asked.check()
    try:
        found, source = backends().store.notices(LIMIT, state), "record"
    except Unavailable:
        # That the record can't be reached is itself a notice.
        found, source = _from_memory(state), "memory"
    shown = {"status": True, "notices": [notice.to_dict() for notice in found], "source": source}
    response = Response(json_bytes(shown), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _from_memory(state: str | None) -> list[Notice]:
    known = reversed(parts().board.known())
    return [one for one in known if state is None or (one.until is None) == (state == "open")][:LIMIT]


@bp.app_context_processor
def shown() -> dict[str, object]:
    """Give pages what is open; nothing to those who were not let in, who get pages too: of errors, and of the API."""
    return {"open_notices": parts().board.open() if is_let_in() else None}
