"""Redaction: what rules find is taken out of a log, at any depth, and what was done is counted and marked."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.log.own import DEFAULT_LEVEL
from app.log.record import LogRecord
from app.log.scalars import as_text
from app.rules import look, pattern, places
from app.rules.detectors import DETECTORS, is_secret_of
from app.rules.look import JsonLook, MayHold, always
from app.rules.places import Place
from app.rules.rule import METADATA, TEXTS, Redaction
from app.rules.spans import Finder, merged

log = logging.getLogger(__name__)

#: Under which name in its metadata a log says which rules changed it, and how many values each took out.
MARK = "redacted"
#: Hexadecimal digits of a keyed hash: 64 bits.
_DIGEST = 16
#: Logs that are looked at together: most hold nothing.
_AT_ONCE = 64
#: The texts of a log beside its message.
_BESIDE = [(name, attribute) for name, attribute in TEXTS.items() if name != "message"]

_json = msgspec.json.Encoder().encode


def _whole(text: str) -> list[tuple[int, int]]:
    return [(0, len(text))] if text else []


@dataclass(slots=True)
class Compiled:
    """A rule, made ready to be applied."""

    rule: Redaction
    covers: Callable[[Place], bool]
    find: Finder
    may_hold: MayHold = always
    #: The form of a secret that is hashed.
    canonical: Callable[[str], str] = str
    #: Whether the whole value is meant: then names are left, and a value of any type goes.
    whole: bool = False
    #: How often it failed, said once.
    failed: bool = field(default=False, init=False)


def redaction_key(secret: bytes) -> bytes:
    """Return the key of hashes, from the secret that signs receipts: neither can be computed from the other."""
    return hashlib.blake2b(secret, digest_size=32, person=b"redaction").digest()


def compiled(rule: Redaction) -> Compiled:
    """Return the rule ready to be applied; raises ValueError for a pattern that RE2 refuses."""
    covers = places.test(rule.fields)
    if rule.detector is not None:
        known = DETECTORS[rule.detector]
        return Compiled(rule, covers, known.find, known.may_hold, known.canonical)
    if rule.pattern is not None:
        return Compiled(rule, covers, pattern.finder(rule.pattern))
    names = tuple(name.rpartition(".")[2] for name in rule.fields)
    may_hold = always if set(rule.fields) & {*TEXTS, METADATA} else look.name(names)
    return Compiled(rule, covers, _whole, may_hold, whole=True)


class Redactor:
    """Takes out of logs what rules find; for all threads of a process."""

    def __init__(self, rules: Sequence[Compiled], key: bytes) -> None:
        self.rules = rules
        self._key = key

    def records(self, records: Sequence[LogRecord]) -> list[Counter[str] | None]:
        """Take out of the records, in place, what the rules find, and mark it; return how many values of each by rule, None for none."""
        found: list[Counter[str] | None] = [None] * len(records)
        for start in range(0, len(records), _AT_ONCE):
            some = records[start : start + _AT_ONCE]
            rules = self._candidates(some, self.rules)
            if not rules:
                continue
            for at, record in enumerate(some, start):
                if own := self._candidates((record,), rules) if len(some) > 1 else rules:
                    found[at] = self._redact(record, own) or None
        return found

    def _redact(self, record: LogRecord, rules: Sequence[Compiled]) -> Counter[str]:
        work = Work(rules, self._key)
        message = work.value(record.message, ("message",))
        record.message = "" if message is None else message
        for name, attribute in _BESIDE:
            value = getattr(record, attribute)
            if value is not None:
                left = work.value(value, (name,))
                setattr(record, attribute, DEFAULT_LEVEL if left is None and name == "level" else left)
        if record.metadata is not None:
            metadata = work.value(record.metadata, (METADATA,))
            record.metadata = metadata if isinstance(metadata, dict) else None
        if work.counts:
            record.metadata = marked(record.metadata, work.counts)
        return work.counts

    def _candidates(self, records: Sequence[LogRecord], rules: Sequence[Compiled]) -> list[Compiled]:
        """Return the rules that may find something in one of the records."""
        try:
            body = JsonLook(
                _json(
                    [
                        (one.message, one.metadata, one.level, one.resource_id, one.trace_id, one.span_id, one.commit)
                        for one in records
                    ]
                )
            )
            return [rule for rule in rules if rule.may_hold(body)]
        except Exception:
            # Looked through in full rather than passed by.
            return list(rules)

    def work(self) -> Work:
        """Return the rules at work on what has no certain place: those that look for a form look everywhere."""
        return Work(self.rules, self._key, everywhere=True)


def marked(metadata: dict[str, Any] | None, counts: Counter[str]) -> dict[str, Any]:
    """Return the metadata with the mark: how often each rule took something out. Counts of an earlier mark are added."""
    before = (metadata or {}).get(MARK)
    if isinstance(before, dict) and all(type(count) is int for count in before.values()):
        counts = counts + Counter(before)
    elif before is not None:
        metadata = {**(metadata or {}), f"{MARK}.sent": before}
    return {**(metadata or {}), MARK: dict(counts)}


class Work:
    """The rules at work on one log: walks through its values, counts what was taken out."""

    def __init__(self, rules: Sequence[Compiled], key: bytes, *, everywhere: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self._rules = rules
        self._key = key
        self._everywhere = everywhere

    def value(self, value: Any, place: Place) -> Any:
        """Return the value at *place* without what is to go; None where all of it went."""
        for one in self._rules:
            if one.whole and value is not None and one.covers(place) and place != (METADATA,):
                self.counts[one.rule.name] += 1
                return self._instead(one, value if isinstance(value, str) else _text(value)) or None
        if isinstance(value, str):
            return self.text(value, place)
        if isinstance(value, dict):
            return self._object(value, place)
        if isinstance(value, list):
            return [self.value(inner, place) for inner in value]
        if type(value) is int or type(value) is float:
            text = as_text(value)
            changed = self.text(text, place)
            return value if changed == text else changed
        return value

    def document(self, value: Any) -> Any:
        """Return a value as it was sent, which may be a log, or hold some, without what is to go."""
        if isinstance(value, list):
            return [self.document(inner) for inner in value]
        return self._object(value, ()) if isinstance(value, dict) else self.value(value, (METADATA,))

    def _object(self, value: dict[str, Any], place: Place) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, inner in value.items():
            if name == MARK and place == (METADATA,):
                made[name] = inner
                continue
            within = (*place, name)
            if not place and name not in TEXTS and name != METADATA:
                within = (METADATA, name)  # as which a log keeps it
            shown = self.text(name, within, name=True)
            while shown in made:
                shown += "'"
            left = self.value(inner, within)
            if left is not None or inner is None:
                made[shown] = left
        return made

    def text(self, text: str, place: Place, *, name: bool = False) -> str:
        """Return the text at *place* without what is to go; of a *name* only what has a form of its own."""
        found: list[tuple[int, int, int]] = []
        broken: Compiled | None = None
        for number, one in enumerate(self._rules):
            if one.whole or not (self._everywhere or one.covers(place)):
                continue
            try:
                found += [(start, end, number) for start, end in one.find(text)]
                if not name and place and is_secret_of(one.rule.detector, place[-1], text):
                    found.append((0, len(text), number))
            except Exception:
                broken = one
                _failed(one)
        if broken is not None:
            # The rule failed, so nobody knows which secrets it would have found: the text is not shown at all, and the log is kept.
            self.counts[broken.rule.name] += 1
            return f"[{broken.rule.name} failed]"
        return self._without(text, merged(found)) if found else text

    def _without(self, text: str, spans: Sequence[tuple[int, int, int]]) -> str:
        pieces, at = [], 0
        for start, end, number in spans:
            one = self._rules[number]
            pieces += [text[at:start], self._instead(one, text[start:end])]
            at = end
            self.counts[one.rule.name] += 1
        return "".join((*pieces, text[at:]))

    def _instead(self, one: Compiled, secret: str) -> str:
        name = one.rule.name
        if one.rule.action == "mask":
            return f"[{name}]"
        if one.rule.action == "remove":
            return ""
        keyed = hmac.digest(self._key, one.canonical(secret).encode("utf-8", "surrogateescape"), hashlib.sha256)
        return f"[{name}:{keyed.hex()[:_DIGEST]}]"


def _text(value: Any) -> str:
    return as_text(value) if isinstance(value, bool | int | float) else _json(value).decode()


def _failed(one: Compiled) -> None:
    if not one.failed:
        one.failed = True
        # Without the exception's own text, which may hold the log's.
        log.error("the rule %s failed; the texts on which it does are masked as a whole", one.rule.name)
