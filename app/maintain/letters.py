"""Which dead letters a query means, though they hold what could not be read, or not stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from app.errors import InvalidInput
from app.log import body
from app.log.envelope import DeadLetter
from app.log.fold import cleaned
from app.log.own import DEFAULT_LEVEL, merged
from app.log.record import LogRecord
from app.query.filter import And, Contains, Equals, Filter, In, Matches, Or, Phrase, Prefix, Wildcard, Words
from app.query.meaning import predicate
from app.query.query import Query
from app.times import instant
from app.times.instant import Instant


def fits(letter: DeadLetter, query: Query) -> bool:
    """Return whether the letter holds a log that *query* means.

    A log that was refused is read as far as it goes: what is of the wrong type counts as its text. Of
    a payload that can't be read at all the text is searched for what the filter names, except under NOT.
    """
    records = list(_records(letter))
    if records:
        holds = predicate(query.filter)
        return any(holds(record) and _within(record, query) for record in records)
    meant = _named(query.filter)
    record = _record({"message": letter.payload.decode("utf-8", "replace")}, letter)
    return meant is not None and predicate(meant)(record) and _within(record, query)


def _records(letter: DeadLetter) -> Iterator[LogRecord]:
    """Yield the logs in the payload that are JSON objects."""
    try:
        items = body.items(letter.payload, None)
        for item in items:
            if item.problem is None and isinstance(item.value, dict):
                yield _record(item.value, letter)
    except (InvalidInput, RecursionError):
        return


def _record(sent: dict[str, Any], letter: DeadLetter) -> LogRecord:
    value = cleaned(sent)

    def text(name: str) -> str | None:
        found = value.get(name)
        return found if found is None or isinstance(found, str) else msgspec.json.encode(found).decode()

    t, ns = _time(value.get("timestamp"), letter)
    metadata = value.get("metadata")
    metadata = merged({**value, "metadata": metadata if isinstance(metadata, dict) else None}, own=False)
    return LogRecord(
        letter.id,
        t,
        ns,
        text("level") or DEFAULT_LEVEL,
        text("message") or "",
        text("resourceId"),
        text("traceId"),
        text("spanId"),
        text("commit"),
        metadata,
    )


def _time(value: Any, letter: DeadLetter) -> Instant:
    try:
        if isinstance(value, str):
            return instant.parse(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return instant.from_number(value)
    except ValueError:
        pass
    return int.from_bytes(letter.id[:6], "big"), 0


def _within(record: LogRecord, query: Query) -> bool:
    when = (record.t, record.ns) if query.clock == "event" else (record.received, 0)
    return (query.start is None or when >= query.start) and (query.end is None or when <= query.end)


def _named(tree: Filter) -> Filter | None:
    """Return a filter over a bare text that asks for what *tree* names; None when it names nothing."""
    match tree:
        case And(parts) | Or(parts):
            named = [part for part in map(_named, parts) if part is not None]
            return type(tree)(tuple(named)) if named else None
        case Words() | Phrase():
            return tree
        case Equals(_, text) | Prefix(_, text) | Contains(_, text):
            return Contains("message", text)
        case In(_, texts):
            return Or(tuple(Contains("message", text) for text in texts))
        case Wildcard(_, pattern):
            return Wildcard("message", f"*{pattern}*")
        case Matches(_, pattern):
            return Matches("message", pattern)
        case _:  # NOT, a range, a field that exists: nothing that a text could show
            return None
