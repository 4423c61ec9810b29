"""A filter in English, for people: “level is error and the message contains “timeout””."""

from __future__ import annotations

from collections.abc import Sequence

from app.log.record import SEVERITY_NAMES
from app.query.filter import (
    TIME_FIELDS,
    And,
    Bound,
    Contains,
    Equals,
    Exists,
    Filter,
    In,
    Leaf,
    Matches,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Wildcard,
    Words,
)
from app.query.normal import NOTHING, normal
from app.query.wildcard import of_regex
from app.times import instant

#: Verbs with their negations.
_NOT = {"is": "is not", "has": "has not", "contains": "does not contain", "starts": "does not start"}
_NOT |= {"fits": "does not fit", "lies": "does not lie"}


def logs(count: float) -> str:
    """Return a number of logs in words: `1 log`, `12,000 logs`."""
    return f"{count:,.0f} log{'' if count == 1 else 's'}"


def sentence(tree: Filter) -> str:
    """Return *tree* as a clause that may follow “logs where”."""
    return _sentence(normal(tree))


def _sentence(tree: Filter) -> str:
    match tree:
        case And(()):
            return "anything"
        case Or(()):
            return "nothing fits"
        case And(parts):
            return " and ".join(f"({_sentence(part)})" if _joined(part) else _sentence(part) for part in parts)
        case Or(parts):
            return " or ".join(f"({_sentence(part)})" if _joined(part) else _sentence(part) for part in parts)
        case Not(part) if _joined(part):
            return f"it is not so that ({_sentence(part)})"
        case Not(part):
            return _leaf(part, negated=True)
        case _:
            return _leaf(tree, negated=False)


def _joined(tree: Filter) -> bool:
    return isinstance(tree, And | Or) and tree != NOTHING


def _leaf(leaf: Filter, negated: bool) -> str:
    assert not isinstance(leaf, And | Or | Not)
    subject, verb, rest = _clause(leaf)
    if isinstance(leaf, Exists):
        return f"there is {'no' if negated else 'a'} {rest}"
    return f"{subject} {_NOT[verb] if negated else verb} {rest}"


def _clause(leaf: Leaf) -> tuple[str, str, str]:
    """Return subject, verb and the rest."""
    match leaf:
        case Words(text):
            return "the message", "contains", f"the words {_quoted(text)}" if " " in text else _quoted(text)
        case Phrase(text):
            return "the message", "contains", f"the phrase {_quoted(text)}"
        case Exists(field):
            return "", "", f"value at {field}" if field.startswith("metadata") else field
        case Equals(field, text):
            return _subject(field), "is", f"exactly {_quoted(text)}" if field == "message" else _value(text)
        case In(field, texts):
            return _subject(field), "is", f"one of {_list([_value(text) for text in texts])}"
        case Prefix(field, text):
            return _subject(field), "starts", f"with {_quoted(text)}"
        case Contains(field, text):
            return _subject(field), "contains", f"the text {_quoted(text)}"
        case Wildcard(field, pattern):
            return _subject(field), "fits", f"the pattern {_quoted(pattern)}"
        case Matches("message", pattern) if (word := of_regex(pattern)) is not None:
            return "the message", "contains", f"a word like {_quoted(word)}"
        case Matches(field, pattern):
            return _subject(field), "fits", f"the regular expression {_quoted(pattern)}"
        case Range():
            return _subject(leaf.field), "is", _range(leaf)


def _subject(field: str) -> str:
    return "the message" if field == "message" else field


def _quoted(text: str) -> str:
    return f"“{text}”"


def _value(text: str) -> str:
    """Return a value, in quotation marks unless it reads as one word."""
    return text if text and all(c.isalnum() or c in "_-./" for c in text) else _quoted(text)


def _list(values: Sequence[str]) -> str:
    if len(values) > 10:
        values = [*values[:9], f"{len(values) - 9:,} more"]
    return f"{', '.join(values[:-1])} or {values[-1]}" if len(values) > 1 else values[0]


def _range(leaf: Range) -> str:
    lower, upper = _bound(leaf.field, leaf.lower), _bound(leaf.field, leaf.upper)
    in_time = leaf.field in TIME_FIELDS
    if lower is None and upper is None:
        return "present" if in_time else "a severity" if leaf.field == "level" else "a number"
    if lower == upper and leaf.includes_lower and leaf.includes_upper:
        return f"{lower}"
    more, less = {True: ("after", "before")}.get(in_time, ("above", "below"))
    if leaf.field == "level":
        more, less = "more severe than", "less severe than"
    parts = []
    if lower is not None:
        parts.append(f"{lower} or {_or(more)}" if leaf.includes_lower else f"{more} {lower}")
    if upper is not None:
        parts.append(f"{upper} or {_or(less)}" if leaf.includes_upper else f"{less} {upper}")
    return " and ".join(parts)


def _or(comparison: str) -> str:
    words = {"after": "later", "before": "earlier", "above": "more", "below": "less"}
    return words.get(comparison, comparison.removesuffix(" than"))


def _bound(field: str, bound: Bound | None) -> str | None:
    if bound is None:
        return None
    if isinstance(bound, tuple):
        return instant.text(bound)
    if field == "level":
        return SEVERITY_NAMES[int(bound)]
    return str(int(bound)) if float(bound).is_integer() and abs(bound) < 1e16 else repr(float(bound))
