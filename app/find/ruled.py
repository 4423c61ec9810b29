"""Preview of rules on the newest logs that are stored: exact counts, and some logs before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.log.codec import decoder, encode
from app.log.record import LogRecord, id_text
from app.log.scalars import as_text, scalars
from app.ports.deadline import Budget
from app.ports.index import SearchIndex
from app.query.query import Query
from app.rules.redact import MARK, Redactor, compiled
from app.rules.rule import Redaction, RuleSet
from app.rules.thin import MARK as SAMPLED
from app.rules.thin import Thinner

#: Newest logs that are looked at.
NEWEST = 1_000
#: Logs of each rule that are shown, values of each, and characters of a value.
SHOWN, VALUES_SHOWN, SHOWN_LENGTH = 3, 5, 300
#: Seconds that reading them may take.
SECONDS = 10.0

_decode = decoder(LogRecord).decode


@dataclass(slots=True)
class Effect:
    """The effect of one rule."""

    rule: str
    text: str
    #: Logs that the rule would change, drop or keep from later rules, and the values that it would take out.
    logs: int = 0
    values: int = 0
    #: Bytes of the logs that it would drop, as the record keeps them.
    bytes: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return it as the API answers."""
        return {name: getattr(self, name) for name in ("rule", "text", "logs", "values", "bytes", "examples")}


@dataclass(slots=True)
class RulesPreview:
    """The effect of rules on the newest logs."""

    effects: list[Effect]
    #: Logs that were looked at, and their bytes as the record keeps them.
    looked: int = 0
    bytes: int = 0
    #: Logs that would be changed and stored, logs that would be dropped, and the bytes that would be stored.
    changed: int = 0
    dropped: int = 0
    bytes_after: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as the API answers."""
        found = {name: getattr(self, name) for name in ("looked", "bytes", "changed", "dropped", "bytes_after")}
        return {**found, "rules": [one.to_dict() for one in self.effects]}


def preview(rules: RuleSet, key: bytes, index: SearchIndex) -> RulesPreview:
    """Return what *rules* would do to the NEWEST logs by arrival, had they just been sent. Raises as the index does.

    Each rule sees a log as the door would show it: thinned after redaction. Nothing is kept.
    """
    records = index.find(Query(clock="received", limit=NEWEST, count="none"), Budget(SECONDS)).records
    return of_records(rules, key, records)


def of_records(rules: RuleSet, key: bytes, records: Sequence[LogRecord]) -> RulesPreview:
    """Return what *rules* would do to the records, which stay as they are."""
    redactor, thinner = Redactor([compiled(rule) for rule in rules.redactions], key), Thinner(rules.thinnings)
    effects = {rule.name: Effect(rule.name, rule.text) for rule in rules.rules}
    found = RulesPreview(list(effects.values()))
    for record in records:
        packed = encode(record)
        after = _decode(packed)
        counts = redactor.records([after])[0]
        rule = thinner.decides(after)
        dropped = thinner.dropped_by(after)
        found.looked += 1
        found.bytes += len(packed)
        if counts is not None:
            _note_changes(effects, counts, record, after)
        if dropped is not None:
            found.dropped += 1
            _note_drop(effects[dropped], record, len(packed))
            continue
        if rule is not None and rule.fate == "keep":
            effects[rule.name].logs += 1
        found.changed += counts is not None
        found.bytes_after += len(encode(after))
    return found


def _note_changes(effects: dict[str, Effect], counts: Counter[str], record: LogRecord, after: LogRecord) -> None:
    for name, values in counts.items():
        effect = effects[name]
        effect.logs += 1
        effect.values += values
        if len(effect.examples) < SHOWN:
            effect.examples.append({"id": id_text(record.id), "changes": _changes(record, after)})


def _note_drop(effect: Effect, record: LogRecord, size: int) -> None:
    effect.logs += 1
    effect.bytes += size
    if len(effect.examples) < SHOWN:
        effect.examples.append(
            {"id": id_text(record.id), "level": record.level, "message": record.message[:SHOWN_LENGTH]}
        )


def _changes(before: LogRecord, after: LogRecord) -> list[dict[str, Any]]:
    """Return the values that differ, each with its field; None for one that went as a whole."""
    old, new = _texts(before), _texts(after)
    names = [name for name in (*old, *(name for name in new if name not in old)) if old.get(name) != new.get(name)]
    return [{"field": name, "before": old.get(name), "after": new.get(name)} for name in names[:VALUES_SHOWN]]


def _texts(record: LogRecord) -> dict[str, str]:
    marks = (f"metadata.{MARK}", f"metadata.{SAMPLED}")
    found: dict[str, list[str]] = {}
    for name, value in record.sent_fields().items():
        for path, scalar in scalars(value, name):
            if not path.startswith(marks):
                found.setdefault(path, []).append(as_text(scalar))
    return {path: ", ".join(texts)[:SHOWN_LENGTH] for path, texts in found.items()}


def kind(rule: Any) -> str:
    """Return whether a rule is about parts of logs or about whole logs."""
    return "redaction" if isinstance(rule, Redaction) else "thinning"
