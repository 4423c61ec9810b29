"""The routes of rules, for the table of routes."""

from __future__ import annotations

from app.find.costs import BY
from app.ports.costs import DAYS
from app.web.answers.rules import CostsAnswer, RetentionPreviewAnswer, RulesAnswer, RulesPreviewAnswer
from app.web.openapi.route import TEXT, Parameter, Route, choice, whole
from app.web.rules import api
from app.web.rules.asking import COST_DAYS

PARAMETERS = {
    "days": Parameter(whole(1, DAYS, COST_DAYS), "Of how many days, today included; days are those of UTC."),
    "rules": Parameter(TEXT, "Rules, one a line, as the setting `RULES` holds them; those in force, if left out."),
}

_OWN = (
    ("days", Parameter(whole(1, DAYS, COST_DAYS), "Of how many days, today included; days are those of UTC.")),
    ("by", Parameter(choice(*BY, default="all"), "Put together by one of them.")),
)

ROUTES = (
    Route(
        "/rules",
        ("GET",),
        "The rules in force, and what they did",
        RulesAnswer,
        "HOST/rules",
        about="What is taken out of logs, and which are dropped, before they are queued (docs/rules.md). A browser gets a page.",
    ),
    Route(
        "/rules/preview",
        ("POST",),
        "What rules would do to the newest 1,000 logs",
        RulesPreviewAnswer,
        """-d '{"rules": "mails: mask email"}' HOST/rules/preview""",
        api.NAMES,
        about="Nothing is kept. A fault is a 400 whose `field` is `line N`, with the character in that line.",
        errors=(400, 413, 415, 503),
        sample=(("rules", "mails: mask email"),),
    ),
    Route(
        "/retention/preview",
        ("POST",),
        "What rules of retention would let go now",
        RetentionPreviewAnswer,
        """-d '{"rules": "level:debug 3d; default 30d"}' HOST/retention/preview""",
        api.NAMES,
        about="By rule, exactly what would go, were they in force now; nothing goes.",
        errors=(400, 413, 415, 503),
        own=(
            (
                "rules",
                Parameter(
                    TEXT,
                    "Rules of retention, as the setting `RETENTION_RULES` holds them; those in force, if left out.",
                ),
            ),
        ),
        sample=(("rules", "level:debug 3d"),),
    ),
    Route(
        "/costs",
        ("GET",),
        "Which resources, levels and forms of messages take how many bytes",
        CostsAnswer,
        "'HOST/costs?days=7&by=resource'",
        api.COSTS,
        about="The most first, as a worker books the new logs every five minutes. `exact` is false where some logs stand for others.",
        own=_OWN,
    ),
)
