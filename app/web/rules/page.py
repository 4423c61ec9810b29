"""The page of the rules: those in force with what they did, and a form that tries others on the newest logs."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request

from app.errors import InvalidInput, Problem
from app.find.ruled import NEWEST, RulesPreview
from app.web.render import zone
from app.web.rules.asking import described, in_force, previewed
from app.web.security import caching

bp = Blueprint("page_rules", __name__)
bp.after_request(caching.keep_none)

#: What the form shows where no rule is in force.
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
def tried() -> str:
    """Show the page with what the rules of its form would do."""
    text = request.form.get("rules", "").replace("\r\n", "\n")
    try:
        return shown(text, previewed(text))
    except InvalidInput as error:
        return shown(text, problems=error.problems)


def shown(text: str | None = None, preview: RulesPreview | None = None, problems: Sequence[Problem] = ()) -> str:
    """Return the page; with the *text* of its form and what it would do, or what is wrong with it."""
    zone.check()
    rules = "\n".join(rule.text for rule in in_force().rules)
    return render_template(
        "rules.html",
        rules=described(),
        text=rules or EXAMPLE if text is None else text,
        preview=preview,
        problems=problems,
        newest=NEWEST,
    )
