"""The filter tree: which logs are meant. One tree serves API, page, command line and every backend.

The nodes are plain data; what they mean is `app.query.meaning.predicate`, their text form is
`app.query.text`, their sentence `app.query.sentence`. Every backend's translation must agree with
the predicate on any log (tests/contract/test_filters.py).

Fields: message, level, resourceId, traceId, spanId, commit, id, timestamp, received, metadata.<path>.
A leaf is true or false, never unknown; an absent field satisfies no leaf.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

#: Fields whose value is one text, in the order in which they are shown.
TEXT_FIELDS = ("level", "message", "resourceId", "traceId", "spanId", "commit", "id")
#: Fields whose value is an instant.
TIME_FIELDS = ("timestamp", "received")
#: Every name that may stand before a dot-less field in a filter.
FIELDS = TEXT_FIELDS + TIME_FIELDS + ("metadata",)

#: Longest text of one leaf, in characters; a longer one is refused.
TEXT_LIMIT = 1_000
#: Most leaves in one filter.
LEAF_LIMIT = 500
#: Deepest nesting of And, Or and Not.
DEPTH_LIMIT = 20


@dataclass(frozen=True, slots=True)
class And:
    """True where all parts are; without parts true everywhere."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True where any part is; without parts true nowhere."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True where the part is false."""

    part: Filter


@dataclass(frozen=True, slots=True)
class Words:
    """The message holds every word of the text, in any order, without case or accents."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """The message holds the words of the text as one run, without case or accents."""

    text: str


@dataclass(frozen=True, slots=True)
class Equals:
    """The value is the text, with case (`level`: without)."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class In:
    """The value is one of the texts, with case (`level`: without)."""

    field: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """The value starts with the text, with case (`level`: without)."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Contains:
    """The text occurs anywhere in the value, without case; accents count."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """The whole value fits the pattern, without case: `*` any run, `?` one character, `\\` makes the next ordinary."""

    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Matches:
    """The RE2 pattern is found anywhere in the value, with case unless it says `(?i)`."""

    field: str
    pattern: str


#: A bound of a range: an instant (ms, remaining ns), a severity rank, or a number.
Bound: TypeAlias = "tuple[int, int] | int | float"


@dataclass(frozen=True, slots=True)
class Range:
    """The value lies between the bounds; a bound that is None is open.

    For timestamp and received the bounds are (ms since 1970, remaining ns); for level severity
    ranks 0 to 6; for metadata paths float64 numbers, which only JSON numbers are compared with.
    """

    field: str
    lower: Bound | None = None
    upper: Bound | None = None
    #: Whether the bounds themselves belong to the range.
    includes_lower: bool = True
    includes_upper: bool = True


@dataclass(frozen=True, slots=True)
class Exists:
    """There is a value at the field, or beneath it."""

    field: str
    #: Paths in metadata that don't count, with all beneath them: the fields hidden from the asker. No query text can name them.
    but: tuple[str, ...] = ()


Leaf: TypeAlias = Words | Phrase | Equals | In | Prefix | Contains | Wildcard | Matches | Range | Exists
Filter: TypeAlias = And | Or | Not | Leaf

#: The filter that every log satisfies.
EVERYTHING = And(())


def leaves(tree: Filter) -> Iterator[Leaf]:
    """Yield the leaves of *tree* from left to right."""
    match tree:
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield tree


def depth(tree: Filter) -> int:
    """Return how many And, Or and Not lie over the deepest leaf."""
    match tree:
        case And(parts) | Or(parts):
            return 1 + max((depth(part) for part in parts), default=0)
        case Not(part):
            return 1 + depth(part)
        case _:
            return 0
