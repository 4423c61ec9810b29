"""One search request and its answer: whole, or an error that says why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from app.errors import Unavailable
from app.ports.deadline import Deadline
from app.systems.opensearch.connection import Answered, LacksMemory, NoAnswer, Server
from app.systems.opensearch.documents import KeptDocument
from app.systems.opensearch.generations import STATE_SECONDS, Generations, GenerationState
from app.systems.opensearch.leaves import Query
from app.systems.opensearch.moments import first_key

#: Seconds beyond a query's time in which the answer that says so may still come.
_GRACE = 0.25


class TooComplex(Exception):
    """The index would need too large an automaton for the query."""


class TooManyBuckets(Exception):
    """The index would have to make too many buckets at once."""


class Total(msgspec.Struct):
    """How many hits there are; `gte` when they were not counted to their end."""

    value: int
    relation: str


class Hit(msgspec.Struct):
    """One hit: where it stands in the order, and its document if that was asked for."""

    index: str = msgspec.field(name="_index")
    identity: str = msgspec.field(name="_id")
    sort: list[int] = []
    source: KeptDocument | None = msgspec.field(name="_source", default=None)


class Hits(msgspec.Struct):
    """The hits of an answer."""

    hits: list[Hit]
    total: Total | None = None


class Shards(msgspec.Struct):
    """How many shards answered."""

    total: int
    failed: int


class SearchAnswer(msgspec.Struct):
    """The answer to a search."""

    timed_out: bool
    shards: Shards = msgspec.field(name="_shards")
    hits: Hits
    aggregations: dict[str, Any] = {}


_decode = msgspec.json.Decoder(SearchAnswer).decode
_encode = msgspec.json.Encoder().encode

_NOTHING_COUNTED = {"buckets": [], "doc_count": 0, "doc_count_error_upper_bound": 0}


class GenerationReader:
    """Searches the generation that is read."""

    def __init__(self, server: Server, generations: Generations) -> None:
        self._server = server
        self._generations = generations

    def search(self, filters: Sequence[Query], rest: dict[str, Any], deadline: Deadline) -> SearchAnswer:
        """Return the answer over the records that satisfy all *filters*.

        Raises TimedOut, TooComplex, TooManyBuckets, and Unavailable when it would not be whole.
        """

        def ask(state: GenerationState) -> SearchAnswer:
            return self._ask(state, filters, rest, deadline)

        answer = self._in_one_generation(ask, deadline)
        deadline.check()
        return answer

    def _in_one_generation(self, ask: Callable[[GenerationState], SearchAnswer], deadline: Deadline) -> SearchAnswer:
        """Return what *ask* answers for a generation that was the one to read until its answer came."""
        deadline.check()
        state, since = self._generations.recent(min(deadline.left(), STATE_SECONDS))
        while True:
            answer = ask(state)
            # Without any shard the generation may be gone.
            if answer.shards.total and self._generations.believed(since):
                return answer
            current = self._generations.current(min(deadline.left(), STATE_SECONDS))
            if current.read == state.read:
                return answer
            state, since = self._generations.recent(min(deadline.left(), STATE_SECONDS))

    def _ask(
        self, state: GenerationState, filters: Sequence[Query], rest: dict[str, Any], deadline: Deadline
    ) -> SearchAnswer:
        deadline.check()
        every = list(filters)
        if state.floor:
            every.append({"range": {"k": {"gte": first_key(state.floor)}}})
        query = {"bool": {"filter": every}} if every else {"match_all": {}}
        seconds = deadline.left()
        body = {"query": query, "timeout": f"{max(int(seconds * 1000), 1)}ms", **rest}
        parameters = {"ignore_unavailable": "true", "allow_partial_search_results": "false"}
        path = f"/{self._generations.alias(state.read)}/_search"
        try:
            answer = _decode(self._server.call("POST", path, _encode(body), parameters, seconds + _GRACE))
        except NoAnswer:
            raise deadline.timed_out() from None
        except Answered as error:
            raise _fault(error, deadline) from None
        except msgspec.ValidationError as error:
            raise Unavailable(f"OpenSearch answers what can't be read: {error}") from None
        if answer.timed_out:
            raise deadline.timed_out()
        if not answer.shards.total:
            # No index, no aggregation either.
            answer.aggregations = dict.fromkeys(rest.get("aggs", ()), _NOTHING_COUNTED)
        if answer.shards.failed:
            raise Unavailable(f"{answer.shards.failed} of the index's {answer.shards.total} shards can't be read")
        return answer


def _fault(error: Answered, deadline: Deadline) -> Exception:
    if error.kinds & {"time_exceeded_exception", "task_cancelled_exception"}:
        return deadline.timed_out()
    if "Determinizing" in error.reason or "length of regex" in error.reason:
        return TooComplex(error.reason)
    if "too_many_buckets_exception" in error.kinds:
        return TooManyBuckets(error.reason)
    if isinstance(error, LacksMemory):
        return error
    if deadline.over():
        return deadline.timed_out()
    return Unavailable(f"the index can't be searched as a whole: {error.reason}")
