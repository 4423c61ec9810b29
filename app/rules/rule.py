"""Rules as data: what a rule looks for, where, and what is done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.query.filter import Filter

#: What is put in place of a secret: `[name]`, `[name:digest]`, or nothing.
Action = Literal["mask", "hash", "remove"]
ACTIONS: tuple[Action, ...] = ("mask", "hash", "remove")
#: What becomes of a log that a filter finds; `sample` keeps a share.
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
#: What begins a field that names a key at any depth of the metadata: `*.password`.
ANYWHERE = "*."


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is taken out of a log. Exactly one of detector and pattern is set, or none: then the whole values of the fields are meant."""

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
class RuleSet:
    """All rules in force, each kind in its order."""

    redactions: tuple[Redaction, ...] = ()
    thinnings: tuple[Thinning, ...] = ()

    @property
    def rules(self) -> list[Redaction | Thinning]:
        """All rules in the order of their lines."""
        both: list[Redaction | Thinning] = [*self.redactions, *self.thinnings]
        return sorted(both, key=lambda rule: rule.line)
