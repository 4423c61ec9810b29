"""GET /rules: the rules in force and what they did. POST /rules/preview, POST /retention/preview: what others would do. GET /costs: what takes the room."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response
from werkzeug.wrappers import Response as BaseResponse

from app.errors import InvalidInput, Problem
from app.find.costs import BY
from app.ports.costs import DAYS, ROWS
from app.web.alerts import saved
from app.web.answers.rules import CostsAnswer, RetentionPreviewAnswer, RulesAnswer, RulesPreviewAnswer, ShownExpiry
from app.web.api.asked import Asked
from app.web.partly import partly
from app.web.rules import page
from app.web.rules.asking import COST_DAYS, costs, described, going, previewed

bp = Blueprint("rules", __name__)

#: Names of a preview's body.
NAMES = ("rules",)
#: Names by which costs are chosen.
COSTS = ("days", "by")


@bp.get("/rules")
def every() -> BaseResponse | str:
    """Show the rules in force, and what was counted of each."""
    if saved.wants_page():
        return page.shown()
    saved.body(())
    return saved.fresh(msgspec.convert({"status": True, "rules": described()}, RulesAnswer))


@bp.post("/rules/preview")
@partly
def preview() -> Response:
    """Answer what the rules of the body, or those in force, would do to the newest logs; nothing is kept."""
    return saved.fresh(msgspec.convert({"status": True, **previewed(_given()).to_dict()}, RulesPreviewAnswer))


@bp.post("/retention/preview")
@partly
def retention_preview() -> Response:
    """Answer what would go now by the rules of retention of the body, or by those in force; nothing goes."""
    return saved.fresh(
        RetentionPreviewAnswer(status=True, rules=[ShownExpiry(**one.to_dict()) for one in going(_given())])
    )


@bp.get("/costs")
def cost_table() -> Response:
    """Answer which resources, levels and forms of messages took how many bytes."""
    asked = Asked(COSTS)
    days, by = asked.whole("days", COST_DAYS, 1, DAYS), asked.text("by", "all", BY)
    asked.check()
    return saved.fresh(msgspec.convert({"status": True, **costs(days, by).to_dict(ROWS)}, CostsAnswer))


def _given() -> str | None:
    given = saved.body(NAMES).get("rules")
    if given is not None and not isinstance(given, str):
        raise InvalidInput(Problem("is not a text", "rules"))
    return given
