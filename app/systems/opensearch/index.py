"""The index in OpenSearch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from app.errors import Unavailable
from app.log.record import LogRecord
from app.ports.deadline import Budget, Deadline
from app.ports.index import IndexRefusal
from app.ports.pages import pages
from app.query.query import Bucket, Facets, FieldInfo, Page, Query
from app.settings.settings import Retention
from app.systems.opensearch import counting, mapping, moments
from app.systems.opensearch.connection import SearchAddress, Server
from app.systems.opensearch.documents import join_id
from app.systems.opensearch.generations import Generations, GenerationState
from app.systems.opensearch.reading import GenerationReader
from app.systems.opensearch.rebuilding import OpenSearchRebuilding
from app.systems.opensearch.searching import leniently
from app.systems.opensearch.writing import GenerationWriter
from app.times.instant import Instant

#: Records that `expire` deletes one by one in one request.
EXPIRE_LOGS = 10_000
#: Seconds within which counting and listing for `expire` must be done.
_CARE = Budget(60.0)


class OpenSearchIndex(OpenSearchRebuilding):
    """A SearchIndex and Rebuildable on one or more hosts of OpenSearch."""

    def __init__(self, url: str, *, retention: Retention) -> None:
        self._server = Server(SearchAddress.parse(url))
        self._generations = Generations(self._server, mapping.period_days(retention.seconds))
        self._reader = GenerationReader(self._server, self._generations)
        self._writer = GenerationWriter(self._server, self._generations)

    def add(self, records: Sequence[LogRecord]) -> list[IndexRefusal]:
        """See SearchIndex."""
        return self._writer.add(records)

    def refresh(self) -> None:
        """See SearchIndex."""
        self._writer.refresh()

    def remove(self, ids: Sequence[bytes]) -> None:
        """See SearchIndex."""
        self._writer.remove(ids)

    def check(self) -> None:
        """See SearchIndex."""
        prefix = self._server.address.prefix
        health = msgspec.json.decode(self._server.health(f"{prefix}-*"))
        red = sorted(name for name, one in health.get("indices", {}).items() if one["status"] == "red")
        if red:
            raise Unavailable(f"parts of the index are on no node that is there: {', '.join(red[:5])}")
        self._generations.check(self._generations.current())
        blocks = {"filter_path": "*.settings.index.blocks"}
        found = msgspec.json.decode(self._server.call("GET", f"/{prefix}-*/_settings/index.blocks.*", None, blocks))
        blocked = sorted(name for name, one in found.items() if _forbids(one["settings"]["index"]["blocks"]))
        if blocked:
            raise Unavailable(
                "the index is read-only, most often because a disk of OpenSearch is nearly full:"
                f" {', '.join(blocked[:5])}"
            )

    def find(self, query: Query, budget: Budget = Budget()) -> Page:
        """See SearchIndex."""
        return leniently(self._reader, query, Deadline(budget), lambda search: search.page())

    def scan(self, query: Query, budget: Budget = Budget()) -> Iterator[list[LogRecord]]:
        """See SearchIndex. The budget holds for each chunk."""
        return pages(self.find, query, budget)

    def histogram(
        self, query: Query, interval: int, by_level: bool, offset: int = 0, budget: Budget = Budget()
    ) -> list[Bucket]:
        """See SearchIndex."""
        return leniently(
            self._reader, query, Deadline(budget), lambda search: counting.histogram(search, interval, by_level, offset)
        )

    def facets(self, query: Query, fields: Sequence[str], size: int, budget: Budget = Budget()) -> Facets:
        """See SearchIndex."""
        return leniently(self._reader, query, Deadline(budget), lambda search: counting.facets(search, fields, size))

    def fields(self, query: Query, budget: Budget = Budget()) -> list[FieldInfo]:
        """See SearchIndex."""
        return leniently(self._reader, query, Deadline(budget), counting.fields)

    def span(self, query: Query, budget: Budget = Budget()) -> tuple[Instant, Instant] | None:
        """See SearchIndex."""
        return leniently(self._reader, query, Deadline(budget), counting.span)

    def expire(self, before: int | None, limit: int) -> int:
        """See SearchIndex. By age all is forgotten at once, whatever *limit* says, and whole indices are dropped."""
        return self._expire_oldest(limit) if before is None else self._expire_before(before)

    def _expire_before(self, before: int) -> int:
        state = self._generations.current()
        if state.floor >= before:
            return 0
        forgotten = self._count([moments.received((state.floor, 0), (before, 0))])
        # A document in an index that must stay for newer records is not deleted: every search leaves it out.
        self._generations.change(lambda state: msgspec.structs.replace(state, floor=max(state.floor, before)))
        self._drop_below(state, before)
        return forgotten

    def _expire_oldest(self, limit: int) -> int:
        forgotten = 0
        while forgotten < limit:
            ids = self._oldest(min(limit - forgotten, EXPIRE_LOGS))
            if not ids:
                break
            self._writer.refresh()
            self._writer.remove(ids)
            forgotten += len(ids)
        if forgotten:
            left = self._oldest(1)
            if left:
                self._drop_below(self._generations.current(), int.from_bytes(left[0][:6], "big"))
        return forgotten

    def _oldest(self, count: int) -> list[bytes]:
        rest: dict[str, Any] = {"sort": [{"k": "asc"}, {"m": "asc"}], "size": count, "_source": False}
        hits = self._reader.search([], {**rest, "track_total_hits": False}, Deadline(_CARE)).hits.hits
        return [join_id(*hit.sort) for hit in hits]

    def _count(self, filters: list[dict[str, Any]]) -> int:
        found = self._reader.search(filters, {"size": 0, "track_total_hits": True}, Deadline(_CARE)).hits.total
        return 0 if found is None else found.value

    def _drop_below(self, state: GenerationState, before: int) -> None:
        """Drop the indices whose ids are all older, and those of generations that nobody writes any more."""
        indices = self._generations.indices()
        old = [name for name in indices if mapping.index_end(name, state.days) <= before]
        self._generations.drop(old)
        written = self._generations.current().write
        for generation in {number for number in indices.values() if number not in written}:
            self._generations.drop_generation(generation)

    def compact(self) -> None:
        """See SearchIndex. Nothing is to be done: dropped indices give back their room at once, the rest merges by itself."""

    def close(self) -> None:
        """See SearchIndex."""
        self._server.close()


def _forbids(blocks: dict[str, str]) -> bool:
    return any(str(blocks.get(name)) == "true" for name in ("read_only", "read_only_allow_delete", "write"))
