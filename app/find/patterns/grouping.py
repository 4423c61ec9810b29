"""Grouping of forms: which of them differ only in what a name, a path or another word stands for.

From above, forms with the same frame are divided by the columns that a reader would call words of the sentence; from
below, templates that differ in one column are merged where many stand for it. No step depends on the order in which
logs came, so that equal logs give equal patterns.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from app.find.patterns.template import ANY, REPEATED, WILD, MessageForm

#: Different words of the sentence that may stand in one place; and as many where they look like states or commands.
FEW, FEW_STATES = 2, 8
#: Templates that differ in one place only become one when there are at least so many.
SIBLINGS = 4
#: Rounds of merging: each may make others alike.
_ROUNDS = 3

_WORD = re.compile(r"[^\W\d_]+[.!?]?")
_STATE = re.compile(r"[A-Z][^\W\d_]*[.!?]?|[a-z]+(?:ed|ing)[.!?]?")
_LETTER = re.compile(r"\0.|([^\W_])", re.DOTALL)

Group = list[MessageForm]


def group(forms: Iterable[MessageForm]) -> Iterator[tuple[MessageForm, Group]]:
    """Yield each group of forms with the form that stands for all of them."""
    frames = defaultdict[tuple[str, ...], Group](list)
    for form in forms:
        frames[form.between].append(form)
    for between, alike in frames.items():
        divided = list(_divided(sorted(alike, key=lambda form: form.words)))
        for words, found in _merged([(_common(one), one) for one in divided], between):
            yield MessageForm(words, between), found


def _divided(forms: Group) -> Iterator[Group]:
    """Yield the forms of one frame in groups whose members have at least half of their words in common."""
    between = forms[0].between
    columns = [set(column) for column in zip(*(form.words for form in forms), strict=True)]
    differing = [at for at, column in enumerate(columns) if len(column) > 1]
    if not differing:
        yield forms
        return
    at = min(differing, key=lambda at: (not _said(columns[at], between, at), len(columns[at]), at))
    common = sum(1 for column in columns if len(column) == 1 and _fixed(next(iter(column))))
    enough = common >= len(differing)
    if enough and not _said(columns[at], between, at):
        yield forms
        return
    if not enough and len(columns[at]) == len(forms):
        yield from ([form] for form in forms)
        return
    parts = defaultdict[str, Group](list)
    for form in forms:
        parts[form.words[at]].append(form)
    for part in parts.values():
        yield from _divided(part)


def _said(column: set[str], between: Sequence[str], at: int) -> bool:
    """Return whether the different words of a column are words of sentences rather than values."""
    if at and between[at - 1].rstrip().endswith("="):
        return False
    if len(column) > FEW_STATES or not all(map(_WORD.fullmatch, column)):
        return False
    return len(column) <= FEW or all(map(_STATE.fullmatch, column))


@lru_cache(maxsize=20_000)
def _fixed(word: str) -> bool:
    """Return whether there is more in a word than slots and signs."""
    return any(found[1] for found in _LETTER.finditer(word))


def _common(forms: Group) -> tuple[str, ...]:
    return tuple(_one(set(column)) for column in zip(*(form.words for form in forms), strict=True))


def _one(column: set[str]) -> str:
    """Return what stands for all words of a column."""
    if len(column) == 1:
        return next(iter(column))
    wide = any(word == WILD or word.endswith((REPEATED, "\0t")) for word in column)
    return WILD if wide else ANY


def _merged(found: list[tuple[tuple[str, ...], Group]], between: Sequence[str]) -> list[tuple[tuple[str, ...], Group]]:
    """Return the groups with those merged that differ in one column only, where many stand for it or anything does."""
    for _ in range(_ROUNDS):
        before = len(found)
        for at in range(len(between) + 1):
            if len(found) == 1:
                return found
            found = _merged_at(found, between, at)
        if len(found) == before:
            break
    return found


def _merged_at(
    found: list[tuple[tuple[str, ...], Group]], between: Sequence[str], at: int
) -> list[tuple[tuple[str, ...], Group]]:
    alike = defaultdict[tuple[str, ...], list[tuple[tuple[str, ...], Group]]](list)
    for words, forms in found:
        alike[words[:at] + words[at + 1 :]].append((words, forms))
    merged = []
    for rest, some in alike.items():
        if len(some) == 1:
            merged += some
            continue
        column = {words[at] for words, _ in some}
        any_ = not column.isdisjoint((ANY, WILD))
        common = sum(map(_fixed, rest)) > sum(word in (ANY, WILD) for word in rest)
        if common and (any_ or (len(some) >= SIBLINGS and not _said(column, between, at))):
            words = (*rest[:at], _one(column), *rest[at:])
            merged.append((words, [form for _, forms in some for form in forms]))
        else:
            merged += some
    return merged
