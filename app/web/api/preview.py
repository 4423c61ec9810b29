"""POST /logs/preview: how logs would be read, and what rules leave of them; nothing is kept."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, request

from app.errors import InvalidInput, Problem
from app.files import preview as files
from app.times.instant import now_ms
from app.times.written import Assumed
from app.times.zone import read_zone
from app.web.answers.ingest import PreviewAnswer
from app.web.answers.reply import reply_by_name
from app.web.current import parts, settings
from app.web.reading import inflated, raw_body

bp = Blueprint("preview", __name__)

PARAMETERS = ("as", "zone", "multiline", "first_line")


@bp.post("/logs/preview")
def preview() -> Response:
    """Answer how each log of the body would be read: as a file of it would be, whatever its type is called."""
    for name in request.args:
        if name not in PARAMETERS:
            raise InvalidInput(Problem(f"is not a parameter of this route; there are {', '.join(PARAMETERS)}", name))
    join = request.args.get("multiline", "auto")
    if join not in files.JOINS:
        raise InvalidInput(Problem(f"is neither {' nor '.join(files.JOINS)}", "multiline"))
    zone, first_line = read_zone(request.args.get("zone", "UTC")), request.args.get("first_line") or None
    assumed = replace(Assumed.here(zone), first_line=first_line)
    body = inflated(raw_body())
    form, rules = request.args.get("as"), settings().rules
    found = files.preview(body, assumed, parts().limits, now_ms(), name=form, join=join == "auto", rules=rules)
    return reply_by_name(PreviewAnswer(True, [one.shown() for one in found]))
