"""The page of the rules: those in force with what they did, forms that try others, and how long which logs are kept."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from app.errors import InvalidInput
from app.find.ruled import NEWEST
from app.web.current import settings
from app.web.partly import partly
from app.web.render import zone
from app.web.rules.asking import COST_DAYS, COST_ROWS, costs, described, going, in_force, kept, previewed
from app.web.security import caching

bp = Blueprint("page_rules", __name__)
bp.after_request(caching.keep_none)

#: Text of the form while no rule is in force.
EXAMPLE = """\
# name: mask | hash | remove   email, card, bearer, jwt, aws, ip, /a pattern/, or value in a field
mails: hash email
cards: mask card
tokens: mask bearer
passwords: remove value in *.password
# name: drop | sample 10% | keep   a query; the first that finds a log decides
noise: drop level:debug AND resourceId:web-*
"""


@bp.post("/page/rules")
@partly
def tried() -> str:
    """Show the page with what the rules of its form would do."""
    text = request.form.get("rules", "").replace("\r\n", "\n")
    try:
        return shown(text=text, preview=previewed(text))
    except InvalidInput as error:
        return shown(text=text, problems=error.problems)


@bp.post("/page/retention")
@partly
def counted() -> str:
    """Show the page with what would go by the rules of retention of its form."""
    text = request.form.get("retention", "").replace("\r\n", "\n")
    try:
        return shown(retention=text, going=going(text))
    except InvalidInput as error:
        return shown(retention=text, retention_problems=error.problems)


def shown(**more: Any) -> str:
    """Return the page: its forms as they were sent, with the effect that the rules would have, or their faults."""
    zone.check()
    rules = "\n".join(rule.text for rule in in_force().rules)
    in_rules = kept()
    found = {
        "text": rules or EXAMPLE,
        "problems": (),
        "preview": None,
        "retention": ";\n".join(rule.text for rule in (*in_rules.holds, *in_rules.rules)),
        "retention_problems": (),
        "going": None,
        "costs": costs(),
        "cost_days": COST_DAYS,
        "cost_rows": COST_ROWS,
    }
    return render_template(
        "rules.html", rules=described(), newest=NEWEST, kept=in_rules, rest=settings().retention, **{**found, **more}
    )
