"""A page out of segments whose times overlap holds few hits at once."""

from __future__ import annotations

import tracemalloc

from app.backends import Backends
from app.query.query import Query
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index import search
from tests.conftest import MakeRecord
from tests.sealing import seal_all


def test_a_page_out_of_many_overlapping_segments_takes_the_room_of_few_hits(
    backends: Backends, make_record: MakeRecord
) -> None:
    """Half of the logs are old ones that were filled in: each segment has some of every page."""
    logs = [
        make_record(timestamp=f"20{20 if number % 2 else 10}-01-01T00:00:00Z", ns=number % 1_000)
        for number in range(40_960)
    ]
    for start in range(0, len(logs), 1_024):
        backends.store.add(logs[start : start + 1_024])
        backends.index.add(logs[start : start + 1_024])
    # What lies in the record before it is in the index is rows.
    seal_all(SqliteDatabase(backends.settings.database))
    query = Query(limit=1_000, count="none", after=(1_500_000_000_000, 0, bytes(16)))
    expected = sorted((one for one in logs if one.t < 1_500_000_000_000), key=lambda one: one.key, reverse=True)[:1_000]
    assert backends.index.find(query).records == expected

    search_hits, peaks = search.HITS_AT_ONCE, list[int]()
    for search.HITS_AT_ONCE in (1_024, 1 << 62):
        tracemalloc.start()
        assert backends.index.find(query).records == expected
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    search.HITS_AT_ONCE = search_hits

    assert peaks[0] < peaks[1] / 2
