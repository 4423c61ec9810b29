"""Normal form: one tree of all those that differ in nesting, order of neighbours or way of writing only."""

from __future__ import annotations

from collections.abc import Iterable

from app.log.fold import clean
from app.log.scalars import number
from app.query.filter import (
    EVERYTHING,
    TEXT_LIMIT,
    TIME_FIELDS,
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
from app.query.wildcard import canonical, literal, pieces
from app.times import instant

#: The filter that no log satisfies.
NOTHING = Or(())


def normal(tree: Filter) -> Filter:
    """Return the normal form of *tree*: it means the same, and parse(text(tree)) gives it.

    And and Or hold no part of their own kind, no constant and at least two parts; words side by side
    are one leaf, and so are the texts of one field of which any will do.
    """
    match tree:
        case And(parts):
            return _all(normal(part) for part in parts)
        case Or(parts):
            return _any(normal(part) for part in parts)
        case Not(part):
            return _negated(normal(part))
        case Range():
            return _range(tree)
        case Exists(field, but):
            return Exists(clean(field), but)
        case Words(text):
            return _all([Words(clean(text))])
        case Phrase(text):
            return Phrase(clean(text))
    if tree.field == "metadata":
        return NOTHING  # an object has no text
    return _text_leaf(tree)


def _text_leaf(leaf: Equals | In | Prefix | Contains | Wildcard | Matches) -> Filter:
    field = clean(leaf.field)
    match leaf:
        case Equals(_, text):
            return _equals(field, clean(text))
        case In(_, texts):
            return _any(_equals(field, clean(text)) for text in texts)
        case Prefix(_, text):
            return Prefix(field, clean(text))
        case Contains(_, text):
            return Contains(field, clean(text))
        case Matches(_, pattern):
            return Matches(field, clean(pattern))
        case Wildcard(_, pattern):
            found = pieces(clean(pattern))
            if found == [("*", True)]:
                return Contains(field, "")
            inner = literal(found)
            return Wildcard(field, canonical(found)) if inner is None else Contains(field, inner)


def _equals(field: str, text: str) -> Filter:
    """Return the leaf for one whole value; a time is compared as a time, which is faster."""
    if field in TIME_FIELDS:
        try:
            point = instant.parse(text)
        except ValueError:
            return Equals(field, text)
        if instant.text(point) == text:
            return Range(field, point, point)
    return Equals(field, text)


def _range(leaf: Range) -> Filter:
    field, lower, upper = clean(leaf.field), leaf.lower, leaf.upper
    if field == "metadata":
        return NOTHING
    if field.startswith("metadata."):
        lower, upper = number(lower), number(upper)
    return Range(field, lower, upper, leaf.includes_lower or lower is None, leaf.includes_upper or upper is None)


def _negated(part: Filter) -> Filter:
    if isinstance(part, Not):
        return part.part
    if part == EVERYTHING:
        return NOTHING
    return EVERYTHING if part == NOTHING else Not(part)


def _all(parts: Iterable[Filter]) -> Filter:
    flat: list[Filter] = []
    words: list[str] = []
    first = 0
    for part in parts:
        for inner in part.parts if isinstance(part, And) else (part,):
            if inner == NOTHING:
                return NOTHING
            if isinstance(inner, Words):
                first = first if words else len(flat)
                words += inner.text.split()
            else:
                flat.append(inner)
    flat[first:first] = _packed(words)
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def _packed(words: list[str]) -> list[Words]:
    """Return the words in as few leaves as their limit allows."""
    leaves: list[Words] = []
    for word in words:
        if leaves and len(leaves[-1].text) + 1 + len(word) <= TEXT_LIMIT:
            leaves[-1] = Words(f"{leaves[-1].text} {word}")
        else:
            leaves.append(Words(word))
    return leaves


def _any(parts: Iterable[Filter]) -> Filter:
    flat: list[Filter] = []
    places: dict[str, int] = {}
    texts: dict[str, dict[str, None]] = {}
    for part in parts:
        for inner in part.parts if isinstance(part, Or) else (part,):
            if inner == EVERYTHING:
                return EVERYTHING
            if isinstance(inner, Equals | In):
                if inner.field not in places:
                    places[inner.field] = len(flat)
                    flat.append(inner)
                found = (inner.text,) if isinstance(inner, Equals) else inner.texts
                texts.setdefault(inner.field, {}).update(dict.fromkeys(found))
            else:
                flat.append(inner)
    for field, place in places.items():
        among = tuple(texts[field])
        flat[place] = Equals(field, among[0]) if len(among) == 1 else In(field, among)
    return flat[0] if len(flat) == 1 else Or(tuple(flat))
