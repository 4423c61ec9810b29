"""The index made anew: a second generation is filled beside the first, then read in its place."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import msgspec

from app.errors import Unavailable
from app.log.record import LogRecord
from app.ports.deadline import Budget, Deadline
from app.ports.index import IndexRefusal, Rebuild
from app.systems.opensearch.documents import join_id
from app.systems.opensearch.generations import BELIEVED, Generations, GenerationState, RebuildState
from app.systems.opensearch.reading import GenerationReader
from app.systems.opensearch.writing import GenerationWriter
from app.times.instant import now_ms

#: Ids in one chunk, and seconds in which it must come.
CHUNK_IDS = 10_000
CHUNK_SECONDS = 60.0
#: Largest first half of an id that the index holds.
LATEST = (1 << 63) - 1


class OpenSearchRebuilding:
    """The part of an index that is `Rebuildable`."""

    _generations: Generations
    _reader: GenerationReader
    _writer: GenerationWriter

    def begin_rebuild(self) -> int:
        """See Rebuildable."""
        state = self._generations.change(_begun)
        assert state.rebuild is not None
        self._generations.ensure_template(state.rebuild.generation)
        return state.rebuild.generation

    def rebuild_add(self, records: Sequence[LogRecord], place: int) -> list[IndexRefusal]:
        """See Rebuildable."""
        progress = self._progress()
        refused = self._writer.add_to(progress.generation, records)
        self._generations.change(lambda state: _carried(state, progress.generation, place, len(records)))
        return refused

    def rebuilding(self) -> Rebuild | None:
        """See Rebuildable."""
        found = self._generations.current().rebuild
        return None if found is None else Rebuild(found.generation, found.started, found.place, found.logs)

    def finish_rebuild(self) -> None:
        """See Rebuildable."""
        new = self._progress().generation
        self._writer.refresh_indices([name for name, number in self._generations.indices().items() if number == new])
        self._generations.change(lambda state: msgspec.structs.replace(state, read=new))
        # Until every search believes it, the old generation goes on getting what is added.
        time.sleep(2 * BELIEVED)
        self._settle(new)

    def abandon_rebuild(self) -> None:
        """See Rebuildable."""
        self._settle(self._generations.current().read)

    def _settle(self, kept: int) -> None:
        """Write only the generation that is kept, and drop the others."""
        self._generations.change(lambda state: msgspec.structs.replace(state, write=(kept,), rebuild=None))
        for generation in {number for number in self._generations.indices().values() if number != kept}:
            self._generations.drop_generation(generation)

    def _progress(self) -> RebuildState:
        found = self._generations.current().rebuild
        if found is None:
            raise Unavailable("no rebuild is under way: it was finished or abandoned meanwhile")
        return found

    def ids_between(self, first: bytes, last: bytes) -> Iterator[list[bytes]]:
        """See SearchIndex."""
        low, high = (min(int.from_bytes(identity[:8], "big"), LATEST) for identity in (first, last))
        window = {"range": {"k": {"gte": low, "lte": high}}}
        rest = {"sort": [{"k": "asc"}, {"m": "asc"}], "size": CHUNK_IDS, "_source": False, "track_total_hits": False}
        while True:
            hits = self._reader.search([window], rest, Deadline(Budget(CHUNK_SECONDS))).hits.hits
            # k is the half of an id; what lies at the ends of the range may be beyond them by the other half.
            if found := [identity for hit in hits if first <= (identity := join_id(*hit.sort)) <= last]:
                yield found
            if len(hits) < CHUNK_IDS:
                return
            rest["search_after"] = hits[-1].sort


def _begun(state: GenerationState) -> GenerationState:
    if state.rebuild is not None:
        return state
    new = state.newest + 1
    return msgspec.structs.replace(
        state, write=(state.read, new), newest=new, rebuild=RebuildState(generation=new, started=now_ms())
    )


def _carried(state: GenerationState, generation: int, place: int, logs: int) -> GenerationState:
    found = state.rebuild
    if found is None or found.generation != generation:
        raise Unavailable("the rebuild was finished or abandoned meanwhile")
    further = msgspec.structs.replace(found, place=place, logs=found.logs + logs)
    return msgspec.structs.replace(state, rebuild=further)
