"""The meaning of a filter: a predicate over one record. Every backend must agree with it.

The rules, in short: comparison without case is `fold`; words are `words`; a metadata path names all
scalars whose keys joined by dots give it (elements of an array share the array's path); numbers and
booleans have one text; null, [] and {} are no value; a leaf on an absent field is false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, assert_never

import re2

from app.log.fold import fold, words
from app.log.ranks import RANKS
from app.log.record import LogRecord, id_text
from app.log.scalars import as_text, number, scalars
from app.query.filter import (
    And,
    Contains,
    Equals,
    Exists,
    Filter,
    In,
    Matches,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Wildcard,
    Words,
)
from app.times import instant

Predicate = Callable[[LogRecord], bool]

#: Memory that one compiled pattern may use, in bytes; a larger automaton is refused.
_PATTERN_MEMORY = 8 << 20


def severity(record: LogRecord) -> int | None:
    """Return the severity rank of the record's level, None for a level without one."""
    return RANKS.get(fold(record.level))


_ATTRIBUTES = {
    "level": "level",
    "message": "message",
    "resourceId": "resource_id",
    "traceId": "trace_id",
    "spanId": "span_id",
    "commit": "commit",
}


def values(record: LogRecord, field: str) -> list[Any]:
    """Return the scalars at *field*; empty when the field is absent."""
    attribute = _ATTRIBUTES.get(field)
    if attribute is not None:
        value = getattr(record, attribute)
        return [] if value is None else [value]
    if field == "id":
        return [id_text(record.id)]
    if field == "timestamp":
        return [record.timestamp]
    if field == "received":
        return [instant.text((record.received, 0))]
    if record.metadata is None:
        return []
    return [value for path, value in scalars(record.metadata, "metadata") if path == field]


def values_of(record: LogRecord, fields: Iterable[str]) -> set[tuple[str, str]]:
    """Return each value of *record* at these fields, as (field, text of the value), once."""
    return {(field, as_text(value)) for field in fields for value in values(record, field)}


def texts(record: LogRecord, field: str) -> list[str]:
    """Return the texts of the values at *field*."""
    return [as_text(value) for value in values(record, field)]


@lru_cache(maxsize=512)
def regex(pattern: str) -> Any:
    """Return the compiled RE2 pattern; raises ValueError with RE2's own words."""
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "not a pattern"
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from None


def matching(pattern: str) -> Callable[[bytes], bool]:
    """Return the function that decides whether a text in UTF-8 holds a match of the RE2 pattern; raises as `regex`.

    RE2's wrapper makes a generator and an object for each match, which takes as long as four searches.
    """
    compiled = regex(pattern)
    match = getattr(getattr(compiled, "_regexp", None), "Match", None)
    anywhere = getattr(getattr(re2, "_Anchor", None), "UNANCHORED", None)
    if match is None or anywhere is None:
        return lambda text: compiled.search(text) is not None
    nowhere = (-1, -1)
    return lambda text: match(anywhere, text, 0, len(text))[0] != nowhere


def wildcard_regex(pattern: str) -> str:
    """Return a RE2 pattern over folded text for a wildcard pattern; a trailing backslash is itself."""
    parts = []
    escaped = False
    for character in pattern:
        if not escaped and character == "\\":
            escaped = True
            continue
        if not escaped and character in "*?":
            parts.append(".*" if character == "*" else ".")
        else:
            parts.append(re2.escape(fold(character)))
        escaped = False
    if escaped:
        parts.append(re2.escape("\\"))
    return f"(?s)\\A(?:{''.join(parts)})\\z"


def predicate(tree: Filter) -> Predicate:
    """Return the function that decides whether a record satisfies *tree*."""
    match tree:
        case And(parts):
            inner = [predicate(part) for part in parts]
            return lambda record: all(holds(record) for holds in inner)
        case Or(parts):
            inner = [predicate(part) for part in parts]
            return lambda record: any(holds(record) for holds in inner)
        case Not(part):
            holds = predicate(part)
            return lambda record: not holds(record)
        case Words(text):
            wanted = frozenset(words(text))
            return lambda record: wanted.issubset(words(record.message))
        case Phrase(text):
            run = f" {' '.join(words(text))} "
            return lambda record: run == "  " or run in f" {' '.join(words(record.message))} "
        case Range():
            return _range(tree)
        case Exists(field, but):
            return _exists(field, but)
        case _:
            return _any_text(tree)


def _any_text(leaf: Equals | In | Prefix | Contains | Wildcard | Matches) -> Predicate:
    field = leaf.field
    test = text_test(leaf)
    attribute = _ATTRIBUTES.get(field)
    if attribute is None:
        return lambda record: any(test(text) for text in texts(record, field))

    def holds(record: LogRecord) -> bool:
        value = getattr(record, attribute)
        return value is not None and test(value)

    return holds


def text_test(leaf: Equals | In | Prefix | Contains | Wildcard | Matches) -> Callable[[str], bool]:
    """Return the function that decides whether one text of the leaf's field satisfies it."""
    folds = leaf.field == "level"
    match leaf:
        case Equals(_, wanted):
            if folds:
                folded = fold(wanted)
                return lambda text: fold(text) == folded
            return lambda text: text == wanted
        case In(_, options):
            if folds:
                among = frozenset(map(fold, options))
                return lambda text: fold(text) in among
            exact = frozenset(options)
            return lambda text: text in exact
        case Prefix(_, start):
            if folds:
                folded = fold(start)
                return lambda text: fold(text).startswith(folded)
            return lambda text: text.startswith(start)
        case Contains(_, part):
            folded = fold(part)
            return lambda text: folded in fold(text)
        case Wildcard(_, pattern):
            search = matching(wildcard_regex(pattern))
            return lambda text: search(fold(text).encode())
        case Matches(_, pattern):
            find = matching(pattern)
            return lambda text: find(text.encode())
        case _:
            assert_never(leaf)


def _range(leaf: Range) -> Predicate:
    inside = within(leaf)
    match leaf.field:
        case "timestamp":
            return lambda record: inside((record.t, record.ns))
        case "received":
            return lambda record: inside((record.received, 0))
        case "level":

            def ranks(record: LogRecord) -> bool:
                rank = severity(record)
                return rank is not None and inside(rank)

            return ranks

    def numbers(record: LogRecord) -> bool:
        found = (number(value) for value in values(record, leaf.field))
        return any(value is not None and inside(value) for value in found)

    return numbers


def within(leaf: Range) -> Callable[[Any], bool]:
    """Return the function that decides whether a comparable value lies in the range."""
    lower, upper = leaf.lower, leaf.upper

    def inside(value: Any) -> bool:
        if lower is not None and (value < lower or (value == lower and not leaf.includes_lower)):
            return False
        return upper is None or value < upper or (value == upper and leaf.includes_upper)

    return inside


def _exists(field: str, but: tuple[str, ...] = ()) -> Predicate:
    attribute = _ATTRIBUTES.get(field)
    if attribute is not None:
        return lambda record: getattr(record, attribute) is not None
    if field in ("id", "timestamp", "received"):
        return lambda record: True
    beneath, others = f"{field}.", tuple(f"{one}." for one in but)

    def holds(record: LogRecord) -> bool:
        if record.metadata is None:
            return False
        paths = (path for path, _ in scalars(record.metadata, "metadata"))
        return any((path == field or path.startswith(beneath)) and not f"{path}.".startswith(others) for path in paths)

    return holds
