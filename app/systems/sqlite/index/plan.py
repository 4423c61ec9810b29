"""A filter as an expression over terms: exact where terms can say it, else a superset to be verified.

Under an even number of negations a leaf that terms can't say becomes a superset, under an odd number
a subset; so the whole is always a superset of what is meant, and hits are verified with the predicate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.log.fold import fold, words
from app.log.record import SEVERITY_NAMES, LogRecord
from app.log.scalars import sortable
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
from app.query.meaning import predicate, within
from app.systems.sqlite.index import terms

#: Values of one field that are tested one by one before a leaf is left to verification.
VALUES_LIMIT = 2_000
#: Terms that one leaf may become.
TERMS_LIMIT = 300


@dataclass(frozen=True, slots=True)
class FtsExpression:
    """An FTS5 expression; its text is None if nothing matches, and `"a~"` if everything does."""

    text: str | None
    exact: bool = True

    @property
    def everything(self) -> bool:
        """Whether every record satisfies it."""
        return self.text == _ALL


_ALL = f'"{terms.ALL}"'
ALL = FtsExpression(_ALL)
NONE = FtsExpression(None)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The keys that a plan may look up in the index: the values of a counted field, and number terms in a range."""

    #: (field, most) -> its values, None when there are more than that or the field is not counted.
    values: Callable[[str, int], list[str] | None]
    #: (first term, last term, most) -> the terms from first to last, None when there are more than that.
    between: Callable[[str, str, int], list[str] | None]


def quoted(term: str) -> str:
    """Return *term* as FTS5 takes it; an escaped term holds no quotation mark."""
    return f'"{term}"'


def all_of(parts: Sequence[FtsExpression]) -> FtsExpression:
    """Return the expression that holds where all parts do."""
    exact = all(part.exact for part in parts)
    if any(part.text is None for part in parts):
        return FtsExpression(None, exact)
    texts = [part.text for part in parts if part.text is not None and not part.everything]
    if not texts:
        return FtsExpression(_ALL, exact)
    return FtsExpression(texts[0] if len(texts) == 1 else f"({' AND '.join(texts)})", exact)


def any_of(parts: Sequence[FtsExpression]) -> FtsExpression:
    """Return the expression that holds where any part does."""
    exact = all(part.exact for part in parts)
    if any(part.everything for part in parts):
        return FtsExpression(_ALL, exact)
    texts = [part.text for part in parts if part.text is not None]
    if not texts:
        return FtsExpression(None, exact)
    return FtsExpression(texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})", exact)


def none_of(part: FtsExpression) -> FtsExpression:
    """Return the expression that holds where the part does not."""
    if part.text is None:
        return FtsExpression(_ALL, part.exact)
    if part.everything:
        return FtsExpression(None, part.exact)
    return FtsExpression(f"({_ALL} NOT {part.text})", part.exact)


def expression(tree: Filter, dictionary: Dictionary, positive: bool = True) -> FtsExpression:
    """Return *tree* over terms: exact, or a superset (a subset when not *positive*)."""
    match tree:
        case And(parts):
            return all_of([expression(part, dictionary, positive) for part in parts])
        case Or(parts):
            return any_of([expression(part, dictionary, positive) for part in parts])
        case Not(part):
            return none_of(expression(part, dictionary, not positive))
        case _:
            found = _leaf(tree, dictionary)
            if found.exact or positive:
                return found
            return FtsExpression(None, exact=False)


def _leaf(leaf: Filter, dictionary: Dictionary) -> FtsExpression:
    """Return the leaf over terms: exact, or a superset."""
    match leaf:
        case Words(text):
            return all_of([FtsExpression(quoted(word)) for word in words(text)])
        case Phrase(text):
            found = words(text)
            return FtsExpression(all_of([FtsExpression(quoted(word)) for word in found]).text, exact=len(found) <= 1)
        case Exists(field, but):
            if field in ("level", "message", "id", "timestamp", "received"):
                return ALL
            return FtsExpression(quoted(terms.exists_term(field)), exact=not but)
        case Range():
            return _range(leaf, dictionary)
        case Contains() | Wildcard() | Matches():
            return _tested(leaf, dictionary)
        case Equals() | In() | Prefix():
            return _whole(leaf)
    raise AssertionError(leaf)


def _whole(leaf: Equals | In | Prefix) -> FtsExpression:
    match leaf:
        case Equals("message", text):
            return FtsExpression(all_of([FtsExpression(quoted(word)) for word in words(text)]).text, exact=False)
        case Equals("id" | "timestamp" | "received") | In("message" | "id" | "timestamp" | "received"):
            return FtsExpression(_ALL, exact=False)
        case Equals(field, text):
            return FtsExpression(quoted(terms.value_term(field, _as_kept(field, text))))
        case In(field, texts):
            return any_of([FtsExpression(quoted(terms.value_term(field, _as_kept(field, text)))) for text in texts])
        case Prefix("message" | "id" | "timestamp" | "received"):
            return FtsExpression(_ALL, exact=False)
        case Prefix(field, text):
            start = terms.prefix_term(field, _as_kept(field, text))
            return FtsExpression(f"{quoted(start)} *", exact=len(text) <= terms.VALUE_LIMIT)


def _as_kept(field: str, text: str) -> str:
    return fold(text) if field == "level" else text


def _tested(leaf: Contains | Wildcard | Matches, dictionary: Dictionary) -> FtsExpression:
    """Match the pattern in Python against the values that are kept of a field, and look for these; else only for the field."""
    field = leaf.field
    if field in ("message", "id", "timestamp", "received"):
        return FtsExpression(_ALL, exact=False)
    values = dictionary.values(field, VALUES_LIMIT)
    if values is not None:
        holds = predicate(leaf)
        found = [value for value in values if holds(_probe(field, value))]
        kept = {_as_kept(field, value) for value in found}
        if len(kept) <= TERMS_LIMIT:
            either = any_of([FtsExpression(quoted(terms.value_term(field, value))) for value in sorted(kept)])
            # `error` and `ERROR` are one term: a pattern that distinguishes them must be verified.
            alike = sum(_as_kept(field, value) in kept for value in values)
            return FtsExpression(either.text, exact=alike == len(found))
    return FtsExpression(ALL.text if field == "level" else quoted(terms.exists_term(field)), exact=False)


def _probe(field: str, value: str) -> LogRecord:
    """Return a record that has just this value, to ask the predicate about it."""
    record = LogRecord(bytes(16), 0, 0, "", "")
    match field:
        case "level":
            record.level = value
        case "resourceId":
            record.resource_id = value
        case "commit":
            record.commit = value
    return record


def _range(leaf: Range, dictionary: Dictionary) -> FtsExpression:
    if leaf.field in ("timestamp", "received"):
        return FtsExpression(_ALL, exact=False)
    if leaf.field == "level":
        inside = within(leaf)
        ranks = [rank for rank in range(len(SEVERITY_NAMES)) if inside(rank)]
        return any_of([FtsExpression(quoted(f"s~{rank}")) for rank in ranks])
    start = terms.number_start(leaf.field)
    lower = float("-inf") if leaf.lower is None else leaf.lower
    upper = float("inf") if leaf.upper is None else leaf.upper
    assert isinstance(lower, int | float) and isinstance(upper, int | float)
    first, last = start + sortable(float(lower) + 0.0), start + sortable(float(upper) + 0.0)
    found = dictionary.between(first, last, TERMS_LIMIT)
    if found is None:
        return FtsExpression(quoted(terms.exists_term(leaf.field)), exact=False)
    # An open end belongs to the range: integers beyond float64 are kept as infinite.
    wrong = set[str]()
    if leaf.lower is not None and not leaf.includes_lower:
        wrong.add(first)
    if leaf.upper is not None and not leaf.includes_upper:
        wrong.add(last)
    return any_of([FtsExpression(quoted(term)) for term in found if term not in wrong])
