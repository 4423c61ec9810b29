"""The query language: a text in Lucene's manner to a filter tree. docs/query.md is its description.

`app.query.language.tokens` has found the tokens and refused what stands in a wrong place, so what is left to say here is
what binds how tightly: NOT before AND before OR, and brackets before all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from functools import lru_cache

from app.errors import InvalidQuery, Problem
from app.log.fold import clean
from app.query.filter import DEPTH_LIMIT, EVERYTHING, LEAF_LIMIT, TIME_FIELDS, And, Filter, Not, Or, depth, leaves
from app.query.language.leaves import leaf
from app.query.language.terms import TextPart, refuse
from app.query.language.tokens import Scanner, Token
from app.query.normal import normal
from app.times import instant
from app.times.typed import RequestTime

#: Texts longer than this are not remembered.
_REMEMBERED = 2_000


def parse(text: str, now: int | None = None, zone: tzinfo = UTC) -> Filter:
    """Return the filter that *text* means, in normal form; blank text means everything.

    *now* is the time that `now` stands for, in milliseconds since 1970; times without an offset are of the
    *zone*. Raises InvalidQuery with the position in characters from 0 and what was expected there.
    """
    if len(text) > _REMEMBERED or _may_name_time(text):
        return _parse(text, RequestTime(instant.now_ms() if now is None else now, zone))
    return _parse_timeless(text)


def _may_name_time(text: str) -> bool:
    """Return whether what *text* means may depend on now and zone; a backslash can hide a field's name."""
    return "\\" in text or any(name in text for name in TIME_FIELDS)


@lru_cache(maxsize=512)
def _parse_timeless(text: str) -> Filter:
    return _parse(text, RequestTime(0))


def _parse(text: str, now: RequestTime) -> Filter:
    tokens = Scanner(clean(text)).scan()
    if not tokens:
        return EVERYTHING
    tree = normal(_Builder(tokens, now).build())
    _check_limits(tree, tokens)
    return tree


class _Builder:
    """Puts the tokens together, from left to right; brackets and NOTs are nested at most NESTING_LIMIT deep."""

    def __init__(self, tokens: Sequence[Token], now: RequestTime) -> None:
        # Terms side by side are required already: a plus says nothing more.
        self._tokens = [token for token in tokens if token.kind != "+"]
        self._at = 0
        self._now = now

    def build(self, field: TextPart | None = None) -> Filter:
        """Return the filter of what stands up to the bracket's end, where *field* applies to terms without one."""
        parts = [self._all(field)]
        while self._passes("OR"):
            parts.append(self._all(field))
        return Or(tuple(parts))

    def _all(self, field: TextPart | None) -> Filter:
        parts = [self._one(field)]
        while self._passes("AND"):
            parts.append(self._one(field))
        return And(tuple(parts))

    def _one(self, field: TextPart | None) -> Filter:
        token = self._tokens[self._at]
        self._at += 1
        match token.kind:
            case "NOT":
                return Not(self._one(field))
            case "(":
                inner = self.build(field if token.field is None else token.field)
                self._at += 1  # the bracket's end, which the scanner has seen
                return inner
        assert token.operand is not None
        return leaf(token.operand, field, self._now)

    def _passes(self, kind: str) -> bool:
        """Go past the next token if it is of that kind; return whether it was."""
        found = self._at < len(self._tokens) and self._tokens[self._at].kind == kind
        self._at += found
        return found


def _check_limits(tree: Filter, tokens: Sequence[Token]) -> None:
    if sum(1 for _ in leaves(tree)) > LEAF_LIMIT:
        terms = [token.at for token in tokens if token.kind == "operand"]
        refuse(f"the query has more than {LEAF_LIMIT} conditions", terms[min(LEAF_LIMIT, len(terms) - 1)])
    if depth(tree) > DEPTH_LIMIT:
        refuse(f"AND, OR and NOT are nested more than {DEPTH_LIMIT} deep", _deepest(tokens))


def _deepest(tokens: Sequence[Token]) -> int:
    """Return the place of the innermost opening bracket."""
    level, best, place = 0, 0, 0
    for token in tokens:
        level += (token.kind == "(") - (token.kind == ")")
        if level > best:
            best, place = level, token.at
    return place


def named(error: InvalidQuery, field: str) -> InvalidQuery:
    """Return *error* with the name of the field or parameter that held the text."""
    return InvalidQuery(*(Problem(one.message, one.field or field, one.position, one.index) for one in error.problems))
