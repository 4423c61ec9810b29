"""The query language: a text in Lucene's manner to a filter tree. docs/query.md is its description.

luqum has the grammar (what binds how tightly); its lexer is not asked, since it misreads paths,
times and offsets, knows no `&&`, and gives an error no place. It gets the tokens that
`app.query.language.tokens` found and checked, each term as a placeholder.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from functools import lru_cache

from luqum.thread import parse as parse_grammar
from luqum.tree import AndOperation, BaseGroup, Item, OrOperation, SearchField, Word
from luqum.tree import Not as LuqumNot

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
    placed = "".join(_placeholder(number, token) for number, token in enumerate(tokens))
    tree = normal(_Builder(tokens, now).build(parse_grammar(placed), None))
    _check_limits(tree, tokens)
    return tree


def _placeholder(number: int, token: Token) -> str:
    """Return the token as luqum's lexer takes it."""
    match token.kind:
        case "operand":
            return f"t{number}"
        case "(":
            return "(" if token.field is None else f"t{number}:("
        case "+":
            return ""  # terms side by side are required already
        case ")":
            return ")"
        case operator:
            return f" {operator} "


class _Builder:
    """Puts the terms in the places that the grammar gave them."""

    def __init__(self, tokens: Sequence[Token], now: RequestTime) -> None:
        self._tokens = tokens
        self._now = now

    def build(self, item: Item, field: TextPart | None) -> Filter:
        """Return the filter of *item*, where *field* applies to terms without one."""
        match item:
            case Word():
                operand = self._tokens[int(item.value[1:])].operand
                assert operand is not None
                return leaf(operand, field, self._now)
            case SearchField():
                return self.build(item.expr, self._tokens[int(item.name[1:])].field)
            case BaseGroup():
                return self.build(item.children[0], field)
            case LuqumNot():
                return Not(self.build(item.children[0], field))
            case AndOperation() | OrOperation():
                parts = tuple(self.build(child, field) for child in item.children)
                return And(parts) if isinstance(item, AndOperation) else Or(parts)
        raise AssertionError(item)


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
