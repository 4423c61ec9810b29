"""One query on the index: its hits in order, its count."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from app.log.record import LogRecord
from app.ports.deadline import Deadline
from app.query.meaning import predicate
from app.query.query import Key, Page, Query
from app.systems.opensearch import documents, moments
from app.systems.opensearch.connection import LacksMemory
from app.systems.opensearch.documents import split_id
from app.systems.opensearch.leaves import ALL
from app.systems.opensearch.leaves import Query as Clause
from app.systems.opensearch.reading import GenerationReader, Hit, SearchAnswer, TooComplex
from app.systems.opensearch.translate import translate

T = TypeVar("T")

#: With `count=auto`: hits that the index counts, and seconds for verifying them one by one, before the total becomes `at least`.
COUNT_HITS = 1_000_000
COUNT_SECONDS = 0.2
#: Candidates that are fetched at once to be verified, at first and at most; and as few as that where they are large.
FEWEST, MOST = 200, 2_000
LEAST = 20


class OpenSearchQuery:
    """One query, translated; nothing of it is kept in OpenSearch between two requests."""

    def __init__(self, reader: GenerationReader, query: Query, deadline: Deadline, *, lenient: bool = False) -> None:
        self.query = query
        self.deadline = deadline
        self._reader = reader
        self._lenient = lenient
        found = translate(query.filter, lenient=lenient)
        #: A clause for the hits that must be checked in Python, since OpenSearch may find more than the filter means; None if all hits are exact.
        self.doubtful = found.doubtful
        #: The clause that hits satisfy: a superset of the query.
        self.filters: list[Clause] = [found.query, *moments.window(query)]
        self._holds: Callable[[LogRecord], bool] = predicate(query.filter)

    @property
    def _partly_doubtful(self) -> bool:
        return self.doubtful is not None and self.doubtful is not ALL

    def counted(self) -> bool:
        """Return whether the index's own counts are those of the query."""
        if self._partly_doubtful:
            assert self.doubtful is not None
            found = self.ask({"size": 0, "track_total_hits": 1}, self.doubtful).hits.total
            return found is not None and found.value == 0
        return self.doubtful is None

    def over(self, query: Query) -> OpenSearchQuery:
        """Return the search for another query, asked in the same manner and within the same time."""
        return OpenSearchQuery(self._reader, query, self.deadline, lenient=self._lenient)

    def ask(self, rest: dict[str, Any], *more: Clause) -> SearchAnswer:
        """Return the answer over the candidates that satisfy *more* too."""
        return self._reader.search([*self.filters, *more], rest, self.deadline)

    @property
    def order(self) -> list[dict[str, Any]]:
        """The order of the query; every key is a number, so that a page can go on after any record."""
        by_arrival: list[dict[str, Any]] = [{"k": self.query.sort}, {"m": self.query.sort}]
        if self.query.clock == "received":
            return by_arrival
        return [{"t": self.query.sort}, {"n": {"order": self.query.sort, "missing": 0}}, *by_arrival]

    def _after(self, key: Key) -> list[int]:
        t, ns, identity = key
        # A cursor is a client's: an id that no log has is as good as its neighbour.
        first, last = split_id(min(identity, b"\x7f" + b"\xff" * 15))
        return [t, ns, first, last] if self.query.clock == "event" else [first, last]

    def page(self) -> Page:
        """Return the query's page, with its total if it asks for one."""
        limit = self.query.limit
        found: list[LogRecord] = []
        answer: SearchAnswer | None = None
        for part, hits in self._candidates(limit + 1):
            answer = answer or part
            found += self._verified(hits)
            if len(found) > limit:
                break
        shown, more = found[:limit], len(found) > limit
        total, exact = self._total(answer, len(shown), more)
        return Page(shown, total, exact, shown[-1].key if more else None)

    def _candidates(self, wanted: int) -> Iterator[tuple[SearchAnswer, list[Hit]]]:
        """Yield answers with candidates in the query's order, the first with what the total needs, until none is left."""
        size = wanted if self.doubtful is None else max(wanted, FEWEST)
        rest: dict[str, Any] = {}
        if self.query.after is not None:
            rest["search_after"] = self._after(self.query.after)
        first: dict[str, Any] = {
            "track_total_hits": {"none": False, "auto": COUNT_HITS, "exact": True}[self.query.count]
        }
        if self._partly_doubtful and self.query.count != "none":
            first["aggs"] = {"doubtful": {"filter": self.doubtful}}
        answer, size = self._some({**rest, **first}, size)
        while True:
            yield answer, answer.hits.hits
            if len(answer.hits.hits) < size:
                return
            if self.doubtful is not None:
                size = min(size * 2, MOST)
            answer, size = self._some(_following(answer), size)

    def _some(self, rest: dict[str, Any], size: int, *more: Clause) -> tuple[SearchAnswer, int]:
        """Return an answer with up to *size* candidates in order; with fewer where OpenSearch lacks memory for so many."""
        while True:
            try:
                return self.ask({"sort": self.order, "size": size, **rest}, *more), size
            except LacksMemory:
                if size <= LEAST:
                    raise
                size //= 2

    def _verified(self, hits: list[Hit]) -> Iterator[LogRecord]:
        """Yield the records that are meant among candidates."""
        for number, hit in enumerate(hits):
            document = hit.source
            assert document is not None
            record = documents.decode(document)
            if number % 64 == 63:
                self.deadline.check()
            if self.doubtful is None or self._holds(record):
                yield record

    def each(self, *more: Clause) -> Iterator[list[LogRecord]]:
        """Yield all records of the query's window, in chunks, in its order."""
        rest: dict[str, Any] = {"track_total_hits": False}
        size = MOST
        while True:
            answer, size = self._some(rest, size, *more)
            yield list(self._verified(answer.hits.hits))
            if len(answer.hits.hits) < size:
                return
            rest = _following(answer)

    def _total(self, answer: SearchAnswer | None, shown: int, more: bool) -> tuple[int | None, bool]:
        if self.query.count == "none":
            return None, False
        if not more and self.query.after is None:
            return shown, True
        assert answer is not None and answer.hits.total is not None
        candidates, exact = answer.hits.total.value, answer.hits.total.relation == "eq"
        if self.doubtful is None:
            return candidates, exact
        if not self._partly_doubtful:
            total, exact = self._count(0)
        else:
            doubtful = answer.aggregations["doubtful"]["doc_count"]
            if not doubtful:
                return candidates, exact
            total, exact = self._count(candidates - doubtful, self.doubtful) if exact else (shown + more, False)
        return max(total, shown + more), exact

    def _count(self, total: int, *more: Clause) -> tuple[int, bool]:
        """Return *total* and how many candidates are meant, and whether those are all."""
        until = time.monotonic() + COUNT_SECONDS if self.query.count == "auto" else None
        for records in self.each(*more):
            total += len(records)
            if until is not None and time.monotonic() > until:
                return total, False
        return total, True


def _following(answer: SearchAnswer) -> dict[str, Any]:
    return {"search_after": answer.hits.hits[-1].sort, "track_total_hits": False}


def leniently(reader: GenerationReader, query: Query, deadline: Deadline, run: Callable[[OpenSearchQuery], T]) -> T:
    """Return what *run* makes of the query; where the index finds it too complex, with less asked of it."""
    try:
        return run(OpenSearchQuery(reader, query, deadline))
    except TooComplex:
        return run(OpenSearchQuery(reader, query, deadline, lenient=True))
