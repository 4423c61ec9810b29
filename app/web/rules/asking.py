"""Previews of rules and of costs, as the API answers and the page shows them."""

from __future__ import annotations

from typing import Any

from app import secret
from app.accept.ruling import read_counts
from app.drain import retire
from app.drain.retire import Expiry
from app.errors import InvalidInput, Problem
from app.find import ruled
from app.find.costs import CostTable
from app.find.costs import read as read_costs
from app.find.ruled import RulesPreview
from app.ports.deadline import Budget
from app.rules import retention
from app.rules.redact import redaction_key
from app.rules.rule import RetentionRules, RuleSet
from app.rules.text import parse
from app.times.instant import now_ms
from app.web.current import backends, settings

#: Longest text of rules, in characters.
TEXT_LIMIT = 100_000
#: Seconds that counting what would go may take for one page of logs.
RETENTION_SECONDS = 10.0
#: Days whose costs are shown, and rows of them.
COST_DAYS, COST_ROWS = 7, 20


def in_force() -> RuleSet:
    """Return the rules in force."""
    return settings().rules or RuleSet()


def described() -> list[dict[str, Any]]:
    """Return the rules in force, each with what was counted of it. Raises Unavailable."""
    counts = read_counts(in_force(), backends().record.notes)
    return [
        {"rule": rule.name, "kind": ruled.kind(rule), "text": rule.text, **counts[rule.name]}
        for rule in in_force().rules
    ]


def previewed(text: str | None) -> RulesPreview:
    """Return what the rules in *text*, or those in force, would do; raises InvalidInput with line and place of a fault."""
    if text is not None and len(text) > TEXT_LIMIT:
        raise InvalidInput(Problem(f"is longer than {TEXT_LIMIT:,} characters", "rules"))
    rules = in_force() if text is None else parse(text)
    return ruled.preview(rules, redaction_key(secret.load(settings())), backends().index)


def costs(days: int = COST_DAYS, by: str = "all") -> CostTable:
    """Return what the logs of the last days cost. Raises Unavailable."""
    return read_costs(backends().record.costs, days, by)


def kept() -> RetentionRules:
    """Return the rules of retention in force."""
    return settings().retention_rules or RetentionRules((), ())


def going(text: str | None) -> list[Expiry]:
    """Return what would go now by the rules of retention in *text*, or by those in force; raises InvalidInput with the place of a fault."""
    if text is not None and len(text) > TEXT_LIMIT:
        raise InvalidInput(Problem(f"is longer than {TEXT_LIMIT:,} characters", "rules"))
    rules = kept() if text is None else retention.parse(text)
    return retire.preview(backends().index, rules, settings().retention, now_ms(), Budget(RETENTION_SECONDS))
