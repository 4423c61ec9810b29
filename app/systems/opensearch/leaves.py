"""One leaf of a filter as a query of OpenSearch's: exact, or between a subset and a superset of what is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

from app.log.fold import fold, words
from app.log.ranks import RANKS
from app.log.scalars import number, sortable
from app.query.filter import Contains, Equals, Exists, In, Leaf, Matches, Phrase, Prefix, Range, Wildcard, Words
from app.query.meaning import within
from app.query.pattern.codepoints import ANY, among, family
from app.query.pattern.required import LITERAL_LIMIT
from app.query.pattern.tree import ANYTHING, Chars, Node
from app.query.pattern.tree import Sequence as Run
from app.query.wildcard import pieces
from app.systems.opensearch import lucene, moments
from app.systems.opensearch.documents import OVERLAP, PIECE, document_id
from app.systems.opensearch.lucene import quoted, shown
from app.systems.opensearch.mapping import FIELDS, PATH_LIMIT, path_name

Query: TypeAlias = dict[str, Any]

ALL: Query = {"match_all": {}}
NOTHING: Query = {"match_none": {}}

#: Longest expression that is sent; the index takes 30,000 characters.
EXPRESSION_LIMIT = 25_000
#: Work that the index may put into one automaton, in its own measure.
_EFFORT = 10_000


class Verify(IntEnum):
    """Which hits of a superset may be others than those that are meant."""

    NONE = 0
    #: Hits that hold a value in pieces.
    LONG = 1
    #: Hits that the subset does not find.
    REST = 2


@dataclass(frozen=True, slots=True)
class Meant:
    """The two queries made of a leaf: a query that finds nothing else (`least`), and one that misses nothing (`most`)."""

    least: Query
    most: Query
    verify: Verify = Verify.NONE

    @classmethod
    def exactly(cls, query: Query) -> Meant:
        """Return what finds just what is meant."""
        return cls(query, query)

    @classmethod
    def among(cls, query: Query) -> Meant:
        """Return what finds all that is meant, and more."""
        return cls(NOTHING, query, Verify.REST)


def every(queries: Sequence[Query]) -> Query:
    """Return the query that all of these make together."""
    return queries[0] if len(queries) == 1 else {"bool": {"filter": list(queries)}}


def some(queries: Sequence[Query]) -> Query:
    """Return the query of which any of these will do."""
    return queries[0] if len(queries) == 1 else {"bool": {"should": list(queries), "minimum_should_match": 1}}


class Leaves:
    """Translates leaves; each may become so many clauses, and only plain automata where *lenient*."""

    def __init__(self, clauses: int, *, lenient: bool) -> None:
        self._clauses = clauses
        self._lenient = lenient

    def of(self, leaf: Leaf) -> Meant:
        """Return what *leaf* becomes."""
        match leaf:
            case Words(text):
                return self._words(text)
            case Phrase(text):
                run = " ".join(words(text))
                return Meant.exactly({"match_phrase": {"words": run}} if run else ALL)
            case Range():
                return self._range(leaf)
            case Exists(field, but):
                return Meant.among(_existing(field)) if but else Meant.exactly(_existing(field))
            case Equals(field) | In(field) | Prefix(field) | Contains(field) | Wildcard(field) | Matches(field):
                place = _place(field)
                if place is None:
                    return self._odd(leaf)
                return self._text(leaf, *place)

    def _words(self, text: str) -> Meant:
        wanted = list(dict.fromkeys(words(text)))
        if not wanted:
            return Meant.exactly(ALL)
        terms = [{"term": {"words": word}} for word in sorted(wanted, key=len, reverse=True)[: self._clauses]]
        return Meant.exactly(every(terms)) if len(terms) == len(wanted) else Meant.among(every(terms))

    def _range(self, leaf: Range) -> Meant:
        field = leaf.field
        if field == "timestamp":
            return self._time(leaf)
        if field == "received":
            return Meant.exactly(moments.received(*moments.ends(leaf)))
        if field == "level":
            inside = within(leaf)
            return Meant.exactly(_levels([name for name, rank in RANKS.items() if inside(rank)]))
        if not field.startswith("metadata."):
            return Meant.exactly(NOTHING)
        if len(field) > PATH_LIMIT:
            return Meant.among(ALL)
        head = f"{path_name(field)}<"
        lower, upper = number(leaf.lower), number(leaf.upper)
        # An open end belongs to the range: integers beyond float64 are kept as infinite.
        low = head + sortable(float("-inf") if lower is None else lower)
        high = head + sortable(float("inf") if upper is None else upper)
        above = "gte" if lower is None or leaf.includes_lower else "gt"
        below = "lte" if upper is None or leaf.includes_upper else "lt"
        return Meant.exactly({"range": {"kv": {above: low, below: high}}})

    def _time(self, leaf: Range) -> Meant:
        low, high = moments.ends(leaf)
        if moments.clauses(low, high) > self._clauses:
            return Meant.among(moments.coarse(low, high))
        return Meant.exactly(moments.event(low, high))

    def _odd(self, leaf: Equals | In | Prefix | Contains | Wildcard | Matches) -> Meant:
        """Return what a leaf on id, times or an unknown field becomes."""
        field = leaf.field
        if field not in ("id", "timestamp", "received"):
            return Meant.among(ALL) if field.startswith("metadata.") else Meant.exactly(NOTHING)
        texts = leaf.texts if isinstance(leaf, In) else (leaf.text,) if isinstance(leaf, Equals) else None
        if texts is None:
            return Meant.among(ALL)
        if field == "id":
            known = [identity for text in texts if (identity := moments.own_id(text)) is not None]
            return Meant.exactly(
                {"ids": {"values": [document_id(identity) for identity in known]}} if known else NOTHING
            )
        if len(texts) == 1:
            point = moments.own_instant(texts[0])
            return Meant.exactly(NOTHING) if point is None else self._range(Range(field, point, point))
        return Meant.among(ALL)

    def _text(self, leaf: Equals | In | Prefix | Contains | Wildcard | Matches, on: str, head: str) -> Meant:
        match leaf:
            case Equals(_, text):
                return _either(on, head, [text])
            case In(_, texts):
                return _either(on, head, texts)
            case Prefix(_, start) if on == "level":
                return self._expression(on, head, f"{_folded(start)}.*")
            case Prefix(_, start):
                found = {"prefix": {on: {"value": head + start[:PIECE]}}} if head + start else _present(on, head)
                return Meant.exactly(found) if len(start) <= PIECE else Meant.among(found)
            case Contains(_, part):
                return self._contains(on, head, fold(part))
            case Wildcard(_, pattern):
                return self._wildcard(on, head, pattern)
            case Matches(_, pattern):
                return self._matches(on, head, pattern)

    def _contains(self, on: str, head: str, part: str) -> Meant:
        if not part:
            return Meant.exactly(_present(on, head))
        if len(part) <= LITERAL_LIMIT or (len(part) <= OVERLAP and not self._lenient):
            return self._expression(on, head, f".*{_folded(part)}.*")
        # The automaton of a long run of one character grows with the square of its length: look for pieces.
        cuts = [part[at : at + LITERAL_LIMIT] for at in range(0, len(part), LITERAL_LIMIT)][: self._clauses]
        return Meant.among(every([_regexp(on, head, f".*{_folded(cut)}.*") for cut in cuts]))

    def _wildcard(self, on: str, head: str, pattern: str) -> Meant:
        found = pieces(pattern)
        nodes: list[Node] = []
        for text, wild in found:
            if wild:
                nodes.append(ANYTHING if text == "*" else Chars(ANY))
            else:
                nodes.append(Chars(among(family(text))))
        needed = _runs(found)
        if self._lenient:
            return self._sieved(on, head, needed)
        # A star between two other pieces may reach from one piece of a long value to another.
        whole = ("*", True) not in found[1:-1]
        return self._expression(on, head, shown(Run(tuple(nodes))), None if whole else needed)

    def _matches(self, on: str, head: str, pattern: str) -> Meant:
        found = lucene.of_pattern(pattern)
        if found.least is None or found.most is None or self._lenient:
            return self._sieved(on, head, found.needed)
        needed = None if found.longest is not None and found.longest <= OVERLAP else found.needed
        most = self._expression(on, head, found.most, needed)
        if found.least == found.most:
            return most
        least = self._expression(on, head, found.least, needed)
        return Meant(least.least, most.most, Verify.REST)

    def _expression(self, on: str, head: str, expression: str, needed: Sequence[str] | None = None) -> Meant:
        """Return the leaf of an expression; unless *needed* is None, it can miss what reaches over pieces of a value."""
        if len(head) * 2 + len(expression) > EXPRESSION_LIMIT:
            return self._sieved(on, head, needed or ())
        query = _regexp(on, head, expression)
        if needed is None or on not in ("message", "kv"):
            return Meant.exactly(query)
        long = {"term": {"long": head[:-1] if head else on}}
        if needed and len(needed) + 2 <= self._clauses:
            sieve = [_regexp(on, head, f".*{_folded(one)}.*") for one in needed]
            return Meant(query, some([query, every([long, some(sieve)])]), Verify.LONG)
        if self._clauses >= 2:
            return Meant(query, some([query, long]), Verify.LONG)
        return self._sieved(on, head, needed)

    def _sieved(self, on: str, head: str, needed: Sequence[str]) -> Meant:
        """Return what a leaf becomes of which only texts are known that every match holds one of."""
        if not needed or len(needed) > self._clauses:
            return Meant.among(_present(on, head))
        return Meant.among(some([_regexp(on, head, f".*{_folded(one)}.*") for one in needed]))


def _place(field: str) -> tuple[str, str] | None:
    """Return the field that holds the values of a filter's field, and what they begin with; None for others."""
    if field in FIELDS:
        return FIELDS[field], ""
    if field.startswith("metadata.") and len(field) <= PATH_LIMIT:
        return "kv", f"{path_name(field)}="
    return None


def _present(on: str, head: str) -> Query:
    """Return the query of records that have any such value."""
    if head:
        return {"prefix": {on: {"value": head}}}
    return ALL if on in ("level", "message") else {"exists": {"field": on}}


def _existing(field: str) -> Query:
    if field in FIELDS:
        return _present(FIELDS[field], "")
    if field in ("id", "timestamp", "received"):
        return ALL
    if field == "metadata":
        return {"exists": {"field": "paths"}}
    if not field.startswith("metadata."):
        return NOTHING
    # At the path a type follows, beneath it another dot.
    return _regexp("paths", path_name(field), r"[\>\.].*")


def _either(on: str, head: str, texts: Sequence[str]) -> Meant:
    if on == "level":
        return Meant.exactly(_levels(texts))
    # No value that is longer is kept whole, and no piece of one looks like a whole value.
    short = [text for text in texts if len(text) <= PIECE]
    if len(short) < len(texts):
        return Meant.among(ALL)
    if len(short) == 1:
        return Meant.exactly({"term": {on: {"value": head + short[0]}}})
    return Meant.exactly({"terms": {on: [head + text for text in short]}} if short else NOTHING)


def _levels(names: Sequence[str]) -> Query:
    """Return the query of these levels without case. There are few different ones: any expression is quick."""
    if not names:
        return NOTHING
    texts = [_folded(name) or "()" for name in dict.fromkeys(map(fold, names))]
    groups: list[list[str]] = [[]]
    for text in texts:
        if sum(map(len, groups[-1])) + len(text) > EXPRESSION_LIMIT - 1_000:
            groups.append([])
        groups[-1].append(text)
    return some([_regexp("level", "", f"({'|'.join(group)})") for group in groups])


def _folded(text: str) -> str:
    """Return an expression for *text* without case."""
    return shown(Run(tuple(Chars(among(family(one))) for one in text))) if text else ""


def _runs(found: Sequence[tuple[str, bool]]) -> tuple[str, ...]:
    """Return the longest text between the wildcards of a pattern, folded."""
    plain = "".join("\0" if wild else fold(text) for text, wild in found).split("\0")
    best = max(plain, key=len)[:LITERAL_LIMIT]
    return (best,) if best else ()


def _regexp(on: str, head: str, expression: str) -> Query:
    value = quoted(head) + expression
    return {"regexp": {on: {"value": value, "flags": "NONE", "max_determinized_states": _EFFORT}}}
