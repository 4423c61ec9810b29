"""The index made anew: a second generation is filled beside the first, then read in its place."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import msgspec

from app.core.errors import Unavailable
from app.core.instant import now_ms
from app.core.ports import Budget, Refusal
from app.core.record import LogRecord
from app.search.clock import Clock
from app.search.opensearch import moments
from app.search.opensearch.documents import join_id
from app.search.opensearch.generations import BELIEVED, Generations, Progress, State
from app.search.opensearch.reading import Reader
from app.search.opensearch.writing import Writer

#: Ids in one chunk, and seconds in which it must come.
CHUNK_IDS = 10_000
CHUNK_SECONDS = 60.0


class Rebuilding:
    """The part of an index that is `Rebuildable`."""

    _generations: Generations
    _reader: Reader
    _writer: Writer

    #: See Rebuildable: while one request is on its way the next is made.
    rebuild_lanes = 2

    def begin_rebuild(self) -> int:
        """See Rebuildable."""
        rebuild = self._generations.change(_begun).rebuild
        assert rebuild is not None
        self._generations.ensure_template(rebuild.generation)
        return rebuild.place

    def rebuild_add(self, records: Sequence[LogRecord]) -> list[Refusal]:
        """See Rebuildable."""
        return self._writer.add_to(self._progress().generation, records)

    def rebuild_reached(self, place: int) -> None:
        """See Rebuildable."""
        generation = self._progress().generation
        self._generations.change(lambda state: _reached(state, generation, place))

    def rebuilding(self) -> int | None:
        """See Rebuildable."""
        found = self._generations.current().rebuild
        return None if found is None else found.place

    def finish_rebuild(self) -> None:
        """See Rebuildable."""
        new = self._progress().generation
        self._writer.refresh_indices([name for name, number in self._generations.indices().items() if number == new])
        self._generations.change(lambda state: msgspec.structs.replace(state, read=new))
        # Until every search believes it, the old generation goes on getting what is added.
        time.sleep(2 * BELIEVED)
        self._settle(new)

    def _settle(self, kept: int) -> None:
        """Write only the generation that is kept, and drop the others."""
        self._generations.change(lambda state: msgspec.structs.replace(state, write=(kept,), rebuild=None))
        for generation in {number for number in self._generations.indices().values() if number != kept}:
            self._generations.drop_generation(generation)

    def _progress(self) -> Progress:
        found = self._generations.current().rebuild
        if found is None:
            raise Unavailable("no rebuild is under way: it was finished meanwhile")
        return found

    def ids_between(self, first: bytes, last: bytes) -> Iterator[list[bytes]]:
        """See SearchIndex."""
        # By their first halves, which hold the time; what lies beyond at either end is left out here.
        window = {"range": {"k": {"gte": moments.half(first), "lte": moments.half(last)}}}
        rest = {"sort": [{"k": "asc"}, {"m": "asc"}], "size": CHUNK_IDS, "_source": False, "track_total_hits": False}
        while True:
            hits = self._reader.search([window], rest, Clock(Budget(CHUNK_SECONDS))).hits.hits
            ids = [identity for identity in (join_id(*hit.sort) for hit in hits) if first <= identity <= last]
            if ids:
                yield ids
            if len(hits) < CHUNK_IDS:
                return
            rest["search_after"] = hits[-1].sort


def _begun(state: State) -> State:
    if state.rebuild is not None:
        return state
    new = state.newest + 1
    return msgspec.structs.replace(
        state, write=(state.read, new), newest=new, rebuild=Progress(generation=new, started=now_ms())
    )


def _reached(state: State, generation: int, place: int) -> State:
    found = state.rebuild
    if found is None or found.generation != generation:
        raise Unavailable("the rebuild was finished meanwhile")
    return msgspec.structs.replace(state, rebuild=msgspec.structs.replace(found, place=place))
