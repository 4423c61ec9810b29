"""A filter as a query of OpenSearch's: exact, or a superset whose hits are verified.

Negations are pushed down to the leaves. A leaf that can't be said exactly becomes its superset, or the negation of
its subset; so the whole is always a superset of what is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.query.filter import And, Filter, Not, Or, leaves
from app.systems.opensearch.leaves import ALL, NOTHING, Leaves, Query, Verify, every, some

#: Clauses that one query may have, its window included, are 1,024; each group adds at most one to those of its leaves.
CLAUSE_LIMIT = 1_000


#: Leaves of a query that is asked together with its subset.
_TOGETHER = 200

_HELD_LONG: Query = {"exists": {"field": "long"}}


@dataclass(frozen=True, slots=True)
class Translation:
    """A query that misses nothing, and those of its hits that may be others than are meant."""

    query: Query
    #: None when every hit is meant, ALL when any may not be.
    doubtful: Query | None


def translate(tree: Filter, *, lenient: bool = False) -> Translation:
    """Return the query of *tree*; a *lenient* one asks the index for no large automaton."""
    count = sum(1 for _ in leaves(tree))
    single = Leaves(max(1, (CLAUSE_LIMIT - count) // max(count, 1)), lenient=lenient)
    most = _Translator(single, least=False)
    query = most.of(tree, negated=False)
    if most.verify is Verify.NONE:
        return Translation(query, None)
    if most.verify is Verify.LONG:
        return Translation(query, _HELD_LONG)
    if count > _TOGETHER:
        return Translation(query, ALL)
    least = _Translator(single, least=True).of(tree, negated=False)
    return Translation(query, ALL if least is NOTHING else {"bool": {"must_not": [least]}})


class _Translator:
    def __init__(self, single: Leaves, *, least: bool) -> None:
        self._leaves = single
        self._least = least
        self.verify = Verify.NONE

    def of(self, tree: Filter, *, negated: bool) -> Query:
        """Return the query of *tree*, or of all that it does not mean: a superset, or a subset."""
        match tree:
            case Not(part):
                return self.of(part, negated=not negated)
            case And(parts):
                return self._any(parts, negated) if negated else self._all(parts, negated)
            case Or(parts):
                return self._all(parts, negated) if negated else self._any(parts, negated)
        meant = self._leaves.of(tree)
        self.verify = max(self.verify, meant.verify)
        query = meant.least if self._least is not negated else meant.most
        if not negated:
            return query
        if query is NOTHING:
            return ALL
        return NOTHING if query is ALL else {"bool": {"must_not": [query]}}

    def _all(self, parts: Sequence[Filter], negated: bool) -> Query:
        inside: list[Query] = []
        outside: list[Query] = []
        for part in parts:
            query = self.of(part, negated=negated)
            if query is NOTHING:
                return NOTHING
            if (excluded := _excluded(query)) is not None:
                outside += excluded
            elif query is not ALL:
                inside.append(query)
        if not inside and not outside:
            return ALL
        if not outside:
            return every(inside)
        return {"bool": {"filter": inside, "must_not": outside} if inside else {"must_not": outside}}

    def _any(self, parts: Sequence[Filter], negated: bool) -> Query:
        inside: list[Query] = []
        outside: list[Query] = []
        for part in parts:
            query = self.of(part, negated=negated)
            if query is ALL:
                return ALL
            if (excluded := _excluded(query)) is not None:
                # NOT a OR NOT b is NOT (a AND b): one must_not for all of them.
                outside.append(some(excluded))
            elif query is not NOTHING:
                inside.append(query)
        if outside:
            inside.append({"bool": {"must_not": [every(outside)]}})
        return some(inside) if inside else NOTHING


def _excluded(query: Query) -> list[Query] | None:
    """Return what a query that only excludes excludes."""
    inner = query.get("bool")
    return inner["must_not"] if inner is not None and inner.keys() == {"must_not"} else None
