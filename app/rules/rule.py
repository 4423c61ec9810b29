"""Rules as data: what a rule looks for, where, and what is done about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from app.query.filter import EVERYTHING, And, Filter, Not, Or
from app.query.normal import normal

#: Replacement of a secret: `[name]`, `[name:digest]`, or nothing.
Action = Literal["mask", "hash", "remove"]
ACTIONS: tuple[Action, ...] = ("mask", "hash", "remove")
#: Fate of a log that a filter finds; `sample` keeps a share.
Fate = Literal["keep", "drop", "sample"]
FATES: tuple[Fate, ...] = ("keep", "drop", "sample")
#: The texts of a log beside its metadata, by the names that rules know them by, and the record's attributes.
TEXTS = {
    "message": "message",
    "level": "level",
    "resourceId": "resource_id",
    "traceId": "trace_id",
    "spanId": "span_id",
    "commit": "commit",
}
METADATA = "metadata"
#: Beginning of a field that names a key at any depth of the metadata: `*.password`.
ANYWHERE = "*."


@dataclass(frozen=True, slots=True)
class Redaction:
    """A rule that takes secrets out of logs, by a detector or a pattern; with neither it takes the whole values of its fields."""

    name: str
    action: Action
    #: Name of a built-in detector (app/rules/detectors.py).
    detector: str | None
    #: An expression in RE2's syntax; with groups only what these hold is taken out.
    pattern: str | None
    #: Where: names of TEXTS, `metadata`, a path in it with all beneath, or `*.key`.
    fields: tuple[str, ...]
    #: The rule as it was written, and its line, from 1.
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Thinning:
    """Which logs are left out: the first of these rules whose filter finds a log decides."""

    name: str
    fate: Fate
    filter: Filter
    #: The share that is kept, from 0 to 1; 0 for `drop`, 1 for `keep`.
    share: float
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """How long the logs that a filter finds are kept."""

    filter: Filter
    #: From their arrival; None keeps them for ever: a hold.
    seconds: int | None
    #: The rule as it was written.
    text: str


#: Seconds that stand for ever: longer than the times of ids reach.
FOR_EVER = 1 << 39


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """How long which logs are kept: holds first, then the first rule whose filter finds a log, else RETENTION."""

    holds: tuple[RetentionRule, ...]
    rules: tuple[RetentionRule, ...]

    def longest(self, rest: int) -> int:
        """Return for how many seconds a log may be kept, where the rest is kept for *rest*."""
        return FOR_EVER if self.holds else max(rest, *(rule.seconds or 0 for rule in self.rules), 0)

    def held(self) -> Filter | None:
        """Return the filter of what is held, None where nothing is."""
        found = tuple(rule.filter for rule in self.holds)
        return None if not found else found[0] if len(found) == 1 else Or(found)

    def classes(self, rest: int) -> list[RetentionRule]:
        """Return the rules with what earlier ones leave to each as its filter, and last the rest, kept for *rest* seconds."""
        found, taken = [], [rule.filter for rule in self.holds]
        for rule in (*self.rules, RetentionRule(EVERYTHING, rest, "RETENTION")):
            left = tuple(Not(other) for other in taken)
            found.append(replace(rule, filter=normal(And((rule.filter, *left))) if left else rule.filter))
            taken.append(rule.filter)
        return found


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules in force, each kind in its order."""

    redactions: tuple[Redaction, ...] = ()
    thinnings: tuple[Thinning, ...] = ()

    @property
    def rules(self) -> list[Redaction | Thinning]:
        """All rules in the order of their lines."""
        both: list[Redaction | Thinning] = [*self.redactions, *self.thinnings]
        return sorted(both, key=lambda rule: rule.line)
