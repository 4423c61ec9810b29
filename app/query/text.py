"""The text form of a filter tree: what a person would have typed for it."""

from __future__ import annotations

import re

from app.log.record import SEVERITY_NAMES
from app.query.filter import (
    EVERYTHING,
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
from app.query.wildcard import of_regex, pieces
from app.times import instant

__all__ = ["normal", "text"]

#: Values that need no quotation marks.
_PLAIN = re.compile(r"\w[\w.@#%$=,;'/+-]*")
#: Characters before which a bare word needs a backslash: everywhere, and those only at its beginning.
_SPECIAL = re.compile(r'[\\"():*?~^<>\s]|\A(?:[-+!/\[{]|&(?=&)|\|(?=\|)|(?=(?:AND|OR|NOT)\Z)[AON])')


def text(tree: Filter) -> str:
    """Return the text of *tree*; `parse` gives its normal form back."""
    tree = normal(tree)
    return "" if tree == EVERYTHING else _text(tree)


def _text(tree: Filter) -> str:
    match tree:
        case And(parts):
            return " AND ".join(_text(part) if isinstance(part, Words) else _inner(part) for part in parts)
        case Or(()):
            return "NOT *:*"
        case Or(parts):
            return " OR ".join(map(_inner, parts))
        case Not(part):
            return f"NOT {_inner(part)}"
        case _:
            return _leaf(tree)


def _inner(tree: Filter) -> str:
    """Return the text with brackets where it has more than one term."""
    several = isinstance(tree, And | Or) and tree != NOTHING
    several = several or (isinstance(tree, Words) and " " in tree.text)
    return f"({_text(tree)})" if several else _text(tree)


def _leaf(leaf: Leaf) -> str:
    match leaf:
        case Words(words):
            return " ".join(map(escaped, words.split()))
        case Phrase(words):
            return quoted(words)
        case Exists(field):
            return f"_exists_:{escaped(field)}"
        case In(field, texts):
            return f"{escaped(field)}:({' OR '.join(written(field, one) for one in texts)})"
        case Matches("message", pattern) if (word := of_regex(pattern)) is not None:
            return _pattern(word)
        case Matches("message", pattern):
            printed = _regex(pattern)
            return printed if printed[0] == "/" else f"message:{printed}"
        case Contains("message", part) if _simple(part):
            return f"*{part}*"
    return f"{escaped(leaf.field)}:{_fielded(leaf)}"


def _fielded(leaf: Equals | Prefix | Contains | Wildcard | Matches | Range | In) -> str:
    """Return what stands after the field's colon."""
    match leaf:
        case Equals(field, value):
            return written(field, value)
        case Prefix(_, start):
            return f"prefix({quoted(start)})"
        case Contains(_, part):
            return f"*{part}*" if _simple(part) else f"contains({quoted(part)})"
        case Wildcard(field, pattern):
            wild = field != "message" and any(wild for _, wild in pieces(pattern))
            return _pattern(pattern) if wild else f"wildcard({quoted(pattern)})"
        case Matches(_, pattern):
            return _regex(pattern)
        case Range():
            return _range(leaf)
    raise AssertionError(leaf)


def escaped(word: str) -> str:
    """Return *word* with a backslash before each character that would be read as syntax."""
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", word)


def quoted(value: str) -> str:
    """Return *value* in quotation marks."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _simple(part: str) -> bool:
    return _PLAIN.fullmatch(part) is not None


def written(field: str, value: str) -> str:
    """Return a whole value; where plain text would be read in another way, in its literal form."""
    if field == "message" or field in TIME_FIELDS:
        return f"equals({quoted(value)})"
    return value if _simple(value) and value not in ("AND", "OR", "NOT") else quoted(value)


def _pattern(pattern: str) -> str:
    return "".join(text_ if wild else escaped_inside(text_) for text_, wild in pieces(pattern))


def escaped_inside(character: str) -> str:
    """Return one character of a wildcard pattern, escaped wherever it may stand in it."""
    plain = character.isalnum() or character in "_.-@#%$=,;'"
    return character if plain else f"\\{character}"


def _regex(pattern: str) -> str:
    if "\\" not in pattern and pattern:
        return "/" + pattern.replace("/", r"\/") + "/"
    ends_open = (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 1
    return f"regex({quoted(pattern)})" if "/" in pattern or ends_open or not pattern else f"/{pattern}/"


def _range(leaf: Range) -> str:
    lower, upper = _bound(leaf.field, leaf.lower), _bound(leaf.field, leaf.upper)
    if lower == upper and leaf.field in TIME_FIELDS and lower != "*" and leaf.includes_lower and leaf.includes_upper:
        return quoted(lower)
    if upper == "*" and lower != "*":
        return f">={lower}" if leaf.includes_lower else f">{lower}"
    if lower == "*" and upper != "*":
        return f"<={upper}" if leaf.includes_upper else f"<{upper}"
    return f"{'[' if leaf.includes_lower else '{'}{lower} TO {upper}{']' if leaf.includes_upper else '}'}"


def _bound(field: str, bound: Bound | None) -> str:
    if bound is None:
        return "*"
    if isinstance(bound, tuple):
        return instant.text(bound)
    if field == "level":
        return SEVERITY_NAMES[int(bound)]
    value = float(bound)
    if value in (float("inf"), float("-inf")):
        return "1e999" if value > 0 else "-1e999"
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
