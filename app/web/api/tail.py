"""GET /logs/tail, as far as Flask has a say: who may follow. What follows is served beside Flask (app/web/server/live.py)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.web.security.credentials import is_foreign
from app.web.security.errors import answer

bp = Blueprint("tail", __name__)


@bp.get("/logs/tail")
def tail() -> Response:
    """Let a reader follow: 204, where nothing that is asked before every request kept it out."""
    # A browser opens sockets for any page, and sends its password along: no rule of its own protects what they bring.
    if request.headers.get("Upgrade", "").lower() == "websocket" and is_foreign(request):
        return answer(403, "the socket was opened by a page of another site")
    return Response(status=204)
