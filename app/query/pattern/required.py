"""Texts of which every match of a pattern holds one, computed from its tree from the leaves up: an index looks for them first.

Texts are folded. For each part of the pattern are kept, as in Russ Cox's "Regular Expression Matching with a Trigram Index",
all texts that the part matches if they are few, else texts of which each match begins with one, ends with one, or holds one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from app.query.pattern.tree import At, Chars, Either, Node, Repeat, Sequence, Untranslatable, parse

#: Most texts that are kept for one part, where parts that follow each other are multiplied out.
CHOICES = 16
#: A longer text says nothing more, and costs OpenSearch an automaton (characters).
LITERAL_LIMIT = 100
#: Most times that a repeated part is written out.
TIMES = 10

#: Folded texts of which one is meant.
Texts = frozenset[str]

_EMPTY: Texts = frozenset({""})


@lru_cache(maxsize=512)
def required(pattern: str) -> tuple[str, ...] | None:
    """Return folded texts, each of 1 to LITERAL_LIMIT characters, of which each match of the RE2 pattern holds at least one.

    None where no such texts are known. Raises ValueError for a pattern that RE2 refuses.
    """
    try:
        found = _known(parse(pattern)).held
    except Untranslatable:
        return None
    return tuple(sorted(found)) if found else None


@dataclass(frozen=True, slots=True)
class _Known:
    """Texts that are known of a part of a pattern."""

    #: Every text that this part can match; None where there are too many to list.
    all: Texts | None
    #: Each match begins with one of `first`, and ends with one of `last`.
    first: Texts = _EMPTY
    last: Texts = _EMPTY
    #: Each match holds one of `held`; empty where nothing is known.
    held: Texts = frozenset()


_NOTHING = _Known(None)


def _exactly(texts: Texts) -> _Known:
    """Return what is known of a part that matches these texts."""
    if max(map(len, texts)) > LITERAL_LIMIT:
        first, last = (
            frozenset(text[:LITERAL_LIMIT] for text in texts),
            frozenset(text[-LITERAL_LIMIT:] for text in texts),
        )
        return _Known(None, first, last, _best([first]))
    return _Known(texts, texts, texts, _best([texts]))


def _best(candidates: Iterable[Texts]) -> Texts:
    """Return the texts that exclude most at the least cost: each further text is worth one character of length."""
    fit = [texts for texts in candidates if texts and "" not in texts]
    return max(fit, key=lambda texts: (min(map(len, texts)) - len(texts), -len(texts)), default=frozenset())


def _known(node: Node) -> _Known:
    match node:
        case At():
            return _exactly(_EMPTY)
        case Chars():
            return _exactly(node.folded) if node.folded and len(node.folded) <= CHOICES else _NOTHING
        case Sequence(parts):
            return _sequence([_known(part) for part in parts])
        case Either(parts):
            return _either([_known(part) for part in parts])
        case Repeat(part, least, most):
            return _repeated(_known(part), least, most)
    raise AssertionError(node)


def _sequence(parts: list[_Known]) -> _Known:
    # Multiplied out, alternatives say more; a long text after them is better looked for without them.
    many, single = _joined(parts, CHOICES), _joined(parts, 1)
    return _Known(many.all, many.first, many.last, _best([many.held, single.held]))


def _joined(parts: list[_Known], choices: int) -> _Known:
    found = _exactly(_EMPTY)
    for part in parts:
        both = None if found.all is None or part.all is None else _product(found.all, part.all, choices)
        if both is not None:
            # The texts themselves are weighed when it is known how far they reach.
            exact = _exactly(both)
            found = _Known(exact.all, exact.first, exact.last, _best([found.held, part.held, exact.held]))
            continue
        first = found.first if found.all is None else _product(found.all, part.first, choices) or found.first
        last = part.last if part.all is None else _product(found.last, part.all, choices) or part.last
        middle = _product(found.last, part.first, choices) or frozenset()
        cut = frozenset(text[:LITERAL_LIMIT] for text in middle)
        found = _Known(
            None,
            frozenset(text[:LITERAL_LIMIT] for text in first),
            frozenset(text[-LITERAL_LIMIT:] for text in last),
            _best([found.held, part.held, found.last, part.first, cut]),
        )
    return found


def _product(before: Texts, after: Texts, choices: int) -> Texts | None:
    """Return each text of the one followed by each of the other, None where these are more than *choices*."""
    if len(before) * len(after) > choices:
        return None
    return frozenset(one + other for one in before for other in after)


def _either(parts: list[_Known]) -> _Known:
    def together(sets: list[Texts]) -> Texts:
        joined = frozenset().union(*sets)
        return joined if len(joined) <= CHOICES else _EMPTY

    exact = [part.all for part in parts if part.all is not None]
    held = frozenset().union(*(part.held for part in parts)) if all(part.held for part in parts) else frozenset()
    if len(exact) == len(parts) and len(every := frozenset().union(*exact)) <= CHOICES:
        return _exactly(every)
    return _Known(None, together([part.first for part in parts]), together([part.last for part in parts]), held)


def _repeated(part: _Known, least: int, most: int | None) -> _Known:
    if most == 0:
        return _exactly(_EMPTY)
    if least == 0:
        return _either([part, _exactly(_EMPTY)]) if most == 1 else _NOTHING
    times = _sequence([part] * min(least, TIMES))
    return times if least == most and least <= TIMES else _Known(None, times.first, times.last, times.held)
