"""Retire: logs that a retention rule lets go leave record and index one by one; a preview counts exactly which would go."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.drain.expire import PAUSE_SECONDS, expire, in_steps, too_many
from app.errors import Damaged, LogIngestorError
from app.log.codec import encode
from app.log.record import LogRecord
from app.ports.deadline import Budget
from app.ports.index import IndexKeeper, Rebuildable, SearchIndex, WholeIndex
from app.ports.notes import NoteKeeper
from app.ports.parts import RecordParts
from app.ports.record import LogStore
from app.query.filter import Not, Or
from app.query.query import Query
from app.rules.rule import RetentionRule, RetentionRules
from app.settings.settings import Retention
from app.times import instant
from app.times.instant import now_ms

#: Seconds for one page of the search for what is to go.
SEARCH_SECONDS = 60.0
#: How often, in ms, all logs are looked at again: between, only those that came of age since the last time, and a while before.
FULL_MS, OVERLAP_MS = 24 * 3_600_000, 3_600_000
_NOTHING = Or(())


@dataclass(slots=True)
class Expiry:
    """Logs that one rule lets go, or let go: how many, their bytes as the record keeps them, when the first and last arrived (ms)."""

    rule: str
    logs: int = 0
    bytes: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, records: Sequence[LogRecord]) -> None:
        """Count records, the oldest first."""
        self.logs += len(records)
        self.bytes += sum(len(encode(record)) for record in records)
        if records:
            self.first = records[0].received if self.first is None else self.first
            self.last = records[-1].received

    def to_dict(self) -> dict[str, Any]:
        """Return it as commands and API show it."""
        times = {
            name: None if ms is None else instant.text((ms, 0))
            for name, ms in (("first", self.first), ("last", self.last))
        }
        return {"rule": self.rule, "logs": self.logs, "bytes": self.bytes, **times}


def preview(
    index: SearchIndex, rules: RetentionRules, retention: Retention, now: int, budget: Budget = Budget(SEARCH_SECONDS)
) -> list[Expiry]:
    """Return what would go at *now*, in ms, were these rules in force, by rule. Raises as the index does."""
    found = []
    for rule, query in _due(rules, retention, now):
        expiry = Expiry(rule.text)
        for records in index.scan(query, budget):
            expiry.add(records)
        found.append(expiry)
    return found


def retire(
    record: RecordParts,
    index: WholeIndex,
    retention: Retention,
    rules: RetentionRules | None,
    *,
    seconds: float = 50.0,
    now: int | None = None,
) -> list[Expiry]:
    """Delete what has expired, in small steps for at most *seconds*; return what went, by rule.

    A record goes before its document, so that a crash between leaves what the next run deletes. While a rebuild, which could
    bring back what it has read, is under way, rules wait.
    """
    if rules is None:
        return [Expiry("RETENTION", expire(record.store, index, retention, seconds=seconds))]
    until, now = time.monotonic() + seconds, now_ms() if now is None else now
    if isinstance(index, Rebuildable) and index.rebuilding() is not None:
        return []
    found, fault = list[Expiry](), None
    try:
        found = _by_rules(record, index, _due(rules, retention, now), now, until)
    except Exception as error:
        if isinstance(error, LogIngestorError) and not isinstance(error, Damaged):
            raise
        # A damaged log can't be asked whether a rule finds it; what is too old by every rule goes all the same.
        fault = error
    if not rules.holds:
        # No log is left of these times, so a system that keeps periods (partitions) drops whole ones.
        in_steps(record.store, index, now - rules.longest(retention.seconds) * 1000, None, until)
    if retention.bytes is not None:
        found.append(_for_room(record.store, index, retention.bytes, rules, until))
    index.compact()
    if fault is not None:
        raise fault
    return found


def _due(rules: RetentionRules, retention: Retention, now: int) -> list[tuple[RetentionRule, Query]]:
    """Return each rule with the query for what has expired by it."""
    return [
        (rule, Query(rule.filter, end=(now - (rule.seconds or 0) * 1000 - 1, 999_999), clock="received", sort="asc"))
        for rule in rules.classes(retention.seconds)
        if rule.filter != _NOTHING
    ]


def _by_rules(
    record: RecordParts, index: WholeIndex, due: Sequence[tuple[RetentionRule, Query]], now: int, until: float
) -> list[Expiry]:
    notes, found = record.notes, []
    name = f"retired {hashlib.blake2b(repr([(rule.text, rule.seconds) for rule, _ in due]).encode(), digest_size=8).hexdigest()}"
    full = now - notes.noted(name) >= FULL_MS
    for number, (rule, query) in enumerate(due):
        expiry, whole = Expiry(rule.text), True
        found.append(expiry)
        start = None if full else (max(notes.noted(f"{name} {number}") - OVERLAP_MS, 0), 0)
        for records in index.scan(replace(query, start=start), Budget(SEARCH_SECONDS)):
            _delete(record.store, index, records)
            expiry.add(records)
            whole = time.monotonic() < until
            if not whole:
                break
            time.sleep(PAUSE_SECONDS)
        if expiry.logs:
            index.refresh()
        if not whole:
            return found
        _note_end(notes, f"{name} {number}", query)
    if full:
        notes.note(name, now)
    return found


def _note_end(notes: NoteKeeper, name: str, query: Query) -> None:
    assert query.end is not None
    notes.note(name, max(query.end[0], 0))


def _delete(store: LogStore, index: IndexKeeper, records: Sequence[LogRecord]) -> None:
    ids = [record.id for record in records]
    store.delete(ids)
    index.remove(ids)


def _for_room(store: LogStore, index: WholeIndex, limit: int, rules: RetentionRules, until: float) -> Expiry:
    """Delete the oldest of what takes too much room; what is held stays."""
    expiry, most, held = Expiry("room"), too_many(store, limit), rules.held()
    if held is None:
        expiry.logs = in_steps(store, index, None, most, until)
        return expiry
    query = Query(Not(held), clock="received", sort="asc")
    for records in index.scan(query, Budget(SEARCH_SECONDS)) if most else ():
        some = records[: most - expiry.logs]
        _delete(store, index, some)
        expiry.add(some)
        if expiry.logs >= most or time.monotonic() >= until:
            break
        time.sleep(PAUSE_SECONDS)
    return expiry
