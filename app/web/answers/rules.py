"""Answers about the rules that take secrets out of logs and drop logs."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from app.shown import Count, Moment, Shown
from app.web.answers.find import PartialAnswer
from app.web.answers.reply import Answer


class ShownRule(Shown):
    """A rule in force, with its counts; their names depend on the rule's kind."""

    rule: str
    kind: Literal["redaction", "thinning"]
    text: str
    changed: Count | UnsetType = UNSET
    values: Count | UnsetType = UNSET
    letters: Count | UnsetType = UNSET
    dropped: Count | UnsetType = UNSET
    bytes: Count | UnsetType = UNSET


class RulesAnswer(Answer):
    """The rules in force, in their order."""

    rules: list[ShownRule]


class RuleChange(Shown):
    """A value of a log before and after a rule; null where there is none."""

    field: str
    before: str | None
    after: str | None


class RuleExample(Shown):
    """An example of a log that a rule matches: what the rule would change, or the log that it would drop."""

    id: str
    changes: list[RuleChange] | UnsetType = UNSET
    level: str | UnsetType = UNSET
    message: str | UnsetType = UNSET


class ShownEffect(Shown):
    """The effect of one rule: how many logs it would change, values take out, and bytes drop."""

    rule: str
    text: str
    logs: Count
    values: Count
    bytes: Count
    examples: list[RuleExample]


class RulesPreviewAnswer(PartialAnswer, kw_only=True):
    """The effect that rules would have on the newest logs."""

    looked: Count
    bytes: Count
    changed: Count
    dropped: Count
    bytes_after: Count
    rules: list[ShownEffect]


class ShownExpiry(Shown):
    """The logs that a rule of retention would let go: how many, their bytes, and when the first and last of them arrived."""

    rule: str
    logs: Count
    bytes: Count
    first: Moment | None
    last: Moment | None


class RetentionPreviewAnswer(PartialAnswer, kw_only=True):
    """The logs that rules of retention would let go now, by rule."""

    rules: list[ShownExpiry]


class ShownCost(Shown, kw_only=True):
    """The logs and bytes of one resource, level and form; of only one of the three where it alone groups them."""

    resource: str | UnsetType = UNSET
    level: str | UnsetType = UNSET
    form: str | UnsetType = UNSET
    logs: Count
    bytes: Count


class CostsAnswer(Answer):
    """The groups of logs that take the most room; `exact` is false where only some logs were looked at, and stand for the others."""

    logs: Count
    bytes: Count
    exact: bool
    costs: list[ShownCost]
