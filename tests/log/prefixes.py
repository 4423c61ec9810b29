"""Whether a regular expression may match a text that begins in some way: looked up in the pattern itself, as none draws such texts by chance."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

#: Kinds of a pattern's parts that take one character, and those that take none.
_ONE = (_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN)
_NONE = (_constants.AT, _constants.ASSERT, _constants.ASSERT_NOT)
_REPEATED = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_WORD = {_constants.CATEGORY_WORD: True, _constants.CATEGORY_NOT_WORD: False}
_DIGIT = {_constants.CATEGORY_DIGIT: True, _constants.CATEGORY_NOT_DIGIT: False}
_SPACE = {_constants.CATEGORY_SPACE: True, _constants.CATEGORY_NOT_SPACE: False}

#: A text's beginning: for each place the characters that may stand there.
Beginning = Sequence[Collection[str]]


def may_begin(pattern: str, beginning: Beginning) -> bool:
    """Return whether the pattern may match a whole text that begins so; True also where what lies around a place decides."""
    return bool(_ends(_parser.parse(pattern), beginning, {0}))


def _ends(items: Iterable[Any], beginning: Beginning, places: set[int]) -> set[int]:
    """Return where the items may end that begin at one of the places; the end of the beginning stands for all behind it."""
    for kind, value in items:
        places = {end for place in places for end in _step(kind, value, beginning, place)}
    return places


def _step(kind: Any, value: Any, beginning: Beginning, place: int) -> set[int]:
    if place == len(beginning) or kind in _NONE:
        return {place}
    if kind in _ONE:
        return {place + 1} if any(takes(kind, value, one) for one in beginning[place]) else set()
    if kind is _constants.BRANCH:
        return {end for branch in value[1] for end in _ends(branch, beginning, {place})}
    if kind in _REPEATED:
        return _repeated(value, beginning, place)
    if kind in (_constants.SUBPATTERN, _constants.ATOMIC_GROUP):
        return _ends(value[3] if kind is _constants.SUBPATTERN else value, beginning, {place})
    # Such as a group that comes again.
    return set(range(place, len(beginning) + 1))


def _repeated(value: Any, beginning: Beginning, place: int) -> set[int]:
    least, most, items = value
    places, found = {place}, {place} if least == 0 else set[int]()
    for number in range(1, min(int(most), int(least) + len(beginning)) + 1):
        places = _ends(items, beginning, places)
        if number >= least:
            found |= places
    return found


def takes(kind: Any, value: Any, one: str) -> bool:
    """Return whether a part that takes one character takes this one."""
    if kind is _constants.ANY:
        return True
    if kind is not _constants.IN:
        return (ord(one) == value) == (kind is _constants.LITERAL)
    negated = value[0][0] is _constants.NEGATE
    return any(_has(*part, one) for part in value[negated:]) != negated


def _has(kind: Any, value: Any, one: str) -> bool:
    if kind is _constants.LITERAL:
        return ord(one) == int(value)
    if kind is _constants.RANGE:
        return bool(value[0] <= ord(one) <= value[1])
    if value in _WORD:
        return (one.isalnum() or one == "_") == _WORD[value]
    return one.isdigit() == _DIGIT[value] if value in _DIGIT else one.isspace() == _SPACE[value]
