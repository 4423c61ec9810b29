"""Whatever dies or fails in which order, record and index end with what was accepted, once, and no mark is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.backends import Backends
from app.drain import drain, indexing
from app.drain.indexing import Indexing
from app.errors import Unavailable
from app.log.envelope import Envelope
from app.log.record import IdSource, LogRecord
from app.ports.index import IndexRefusal
from app.ports.parts import RecordParts
from app.query.filter import Words
from app.query.query import Query
from tests.conftest import MakeRecord
from tests.mortal import Clock, Killed, Mortal, mortal_record
from tests.templates import open_copy

#: Without one file for all: there the move is one transaction (app/systems/sqlite/move.py), and nothing to get out of step.
APART = ("three-files", "index-apart")
#: Without the phase that explains a failure: it traces every line.
QUICK = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
FIRST, LAST = bytes(16), b"\xff" * 16


@pytest.fixture(params=APART)
def apart(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Backends whose logs move by leases and marks."""
    opened = open_copy(request.param, tmp_path)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases end at once, as they do for whoever comes after a crash a while later."""
    monkeypatch.setattr(indexing, "LEASE_SECONDS", 0.0)
    monkeypatch.setattr("app.systems.sqlite.queue.LEASE_SECONDS", 0)


def put(backends: Backends, records: Sequence[LogRecord]) -> None:
    """Accept records, ten in an envelope."""
    backends.queue.put([Envelope(list(records[at : at + 10])) for at in range(0, len(records), 10)])


def work(queue: Any, record: RecordParts, index: Any, *, batch: int = 30) -> None:
    """Do what a worker does, until nothing is left to do."""
    carrying = Indexing(record.store, record.letters, index)
    while queue.depth().bytes:
        drain.drain(queue, record, carrying, batch, 0)
    carrying.settle(now=True)
    while record.store.lacking().logs:
        carrying.catch_up()
        carrying.settle(now=True)


def complete(backends: Backends, records: Sequence[LogRecord]) -> None:
    """Fail unless record and index hold exactly *records*, once, and nothing is on its way."""
    wanted = sorted(record.id for record in records)
    stored = [identity for chunk in backends.store.ids_between(FIRST, LAST) for identity in chunk]
    found = [identity for chunk in backends.index.ids_between(FIRST, LAST) for identity in chunk]
    assert stored == wanted
    assert found == wanted
    page = backends.index.find(Query(limit=10_000, count="exact"))
    assert sorted(record.id for record in page.records) == wanted
    assert page.total == len(wanted)
    assert backends.store.lacking().logs == 0
    assert (backends.queue.depth().logs, backends.queue.depth().bytes) == (0, 0)
    assert backends.store.stats()["stored"] == len(wanted)


def test_every_step_can_be_the_last(apart: Backends, make_record: MakeRecord) -> None:
    """Killed before or after each single call of queue, record and index, the next worker makes it whole."""
    everything: list[LogRecord] = []
    for after in (False, True):
        last, ended = 1, False
        while not ended:
            records = [make_record(message=f"log {n}") for n in range(45)]
            everything += records
            put(apart, records)
            clock = Clock(last, after)
            queue, index = (Mortal(backend, clock) for backend in (apart.queue, apart.index))
            record = mortal_record(apart.record, clock)
            try:
                work(queue, record, index)
                ended = clock.calls < last
            except Killed:
                pass
            work(apart.queue, apart.record, apart.index)
            complete(apart, everything)
            last += 1
        assert last > 15


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), phases=QUICK)
@given(deaths=st.lists(st.tuples(st.integers(1, 25), st.booleans(), st.booleans()), max_size=6), data=st.data())
def test_whatever_happens_in_which_order(
    tmp_path_factory: pytest.TempPathFactory, deaths: list[tuple[int, bool, bool]], data: st.DataObject
) -> None:
    """Several deaths and failures, several batches, redeliveries among them: the end is always the same."""
    opened = open_copy(data.draw(st.sampled_from(APART)), tmp_path_factory.mktemp("any"))
    make = _maker()
    everything: list[LogRecord] = []
    try:
        for last, after, dies in deaths:
            records = [make(message=f"log {n}") for n in range(data.draw(st.integers(0, 40)))]
            # Some logs come twice: their sender or the queue's system sends them again.
            again = data.draw(st.lists(st.sampled_from(everything), max_size=5)) if everything else []
            everything += records
            put(opened, [*records, *again])
            clock = Clock(last, after, Killed if dies else lambda: Unavailable("is down"))
            queue, index = (Mortal(backend, clock) for backend in (opened.queue, opened.index))
            record = mortal_record(opened.record, clock)
            with suppress(Killed, Unavailable):
                work(queue, record, index, batch=data.draw(st.sampled_from((1, 25, 100))))
        work(opened.queue, opened.record, opened.index)
        complete(opened, everything)
    finally:
        opened.close()


def _maker() -> Callable[..., LogRecord]:
    source = IdSource()
    return lambda message: LogRecord(source.take(1).to_bytes(16, "big"), 0, 0, "info", message)


class Away:
    """An index that can't be reached while `down`, and passes everything on otherwise."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self.down = True
        self.tried = 0

    def __getattr__(self, name: str) -> Any:
        """Return the real method, or one that fails."""

        def fail(*given: Any) -> Any:
            self.tried += 1
            raise Unavailable("the index is down")

        return fail if self.down and name in ("add", "refresh") else getattr(self._index, name)


def test_index_that_is_down_stops_nobody(
    apart: Backends, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logs are stored and acknowledged while it is away, it is left alone meanwhile, and it catches up."""
    monkeypatch.setattr(indexing, "REST_SECONDS", (3_600.0, 3_600.0))
    index = Away(apart.index)
    carrying = Indexing(apart.store, apart.record.letters, index)
    records = [make_record() for _ in range(500)]
    put(apart, records)
    while apart.queue.depth().logs:
        drain.drain(apart.queue, apart.record, carrying, 50, 0)
    assert index.tried == 1
    assert apart.store.lacking().logs == 500
    assert apart.store.lacking().since is not None
    with pytest.raises(Unavailable):
        carrying.catch_up()
    index.down = False
    while carrying.catch_up():
        carrying.settle(now=True)
    complete(apart, records)


def test_marks_stay_until_the_index_has_refreshed(apart: Backends, make_record: MakeRecord) -> None:
    """A log counts as lacking until it is findable, not only until it was added."""
    carrying = Indexing(apart.store, apart.record.letters, apart.index)
    put(apart, [make_record() for _ in range(10)])
    carrying.settle(now=True)
    drain.drain(apart.queue, apart.record, carrying, 100, 0)
    put(apart, [make_record() for _ in range(10)])
    drain.drain(apart.queue, apart.record, carrying, 100, 0)
    assert apart.store.lacking().logs >= 10
    carrying.settle(now=True)
    assert apart.store.lacking().logs == 0


class Picky:
    """An index that refuses some records for a fault of their own."""

    def __init__(self, index: Any, refused: Sequence[bytes]) -> None:
        self._index = index
        self._refused = set(refused)

    def __getattr__(self, name: str) -> Any:
        """Return the real method."""
        return getattr(self._index, name)

    def add(self, records: Sequence[LogRecord]) -> list[IndexRefusal]:
        """Take all but the refused."""
        self._index.add([record for record in records if record.id not in self._refused])
        return [IndexRefusal(record.id, "too odd") for record in records if record.id in self._refused]


def test_record_that_cannot_be_indexed_is_a_dead_letter(apart: Backends, make_record: MakeRecord) -> None:
    """It leaves the record, alone, with its reason and all it held, be its numbers ever so large."""
    records = [make_record(metadata={"n": n, "big": 10**40}) for n in range(30)]
    odd = [records[3].id, records[17].id]
    put(apart, records)
    work(apart.queue, apart.record, Picky(apart.index, odd))
    complete(apart, [record for record in records if record.id not in odd])
    letters = apart.record.letters.dead()
    assert sorted(letter.id for letter in letters) == odd
    assert {letter.reason for letter in letters} == {"can't be indexed: too odd"}
    assert all(str(10**40).encode() in letter.payload for letter in letters)


def test_deleted_before_it_was_indexed(apart: Backends, make_record: MakeRecord) -> None:
    """A record that went while its mark waited is not brought back by the mark."""
    records = [make_record() for _ in range(5)]
    apart.store.add(records)
    apart.store.delete([records[0].id])
    work(apart.queue, apart.record, apart.index)
    complete(apart, records[1:])


def test_two_workers_never_carry_the_same_marks(apart: Backends, make_record: MakeRecord) -> None:
    """What one has leased the other leaves, until the lease ends."""
    for _ in range(3):
        apart.store.add([make_record() for _ in range(10)])
    mine, some = apart.store.lacking_records(15, 60)
    others, rest = apart.store.lacking_records(100, 60)
    assert (len(some), len(rest)) == (20, 10)
    assert not set(mine) & set(others)
    assert apart.store.lacking_records(100, 60) == ([], [])


def test_stored_by_hand_in_one_file_and_moved_on(backends: Backends, make_record: MakeRecord) -> None:
    """Where a move indexes later logs first, those that only have a mark are indexed all the same, and once."""
    early, late = [make_record() for _ in range(3_000)], [make_record() for _ in range(2_000)]
    backends.store.add(early)
    put(backends, late)
    assert backends.move is not None
    while backends.queue.depth().logs:
        backends.move(500, 0)
    assert backends.index.find(Query(Words("hello"), count="exact")).total == len(late)
    for care in backends.tidy:
        care()
    work(backends.queue, backends.record, backends.index)
    complete(backends, [*early, *late])
    assert backends.index.find(Query(Words("hello"), count="exact")).total == len(early) + len(late)
    backends.store.delete([record.id for record in early[:10]])
    complete(backends, [*early[10:], *late])


def test_marked_in_one_file_and_deleted_before_the_index(backends: Backends, make_record: MakeRecord) -> None:
    """Counts stay right though the record went before it was counted."""
    kept, gone = make_record(level="warn"), make_record(level="warn")
    backends.store.add([kept, gone])
    backends.store.delete([gone.id])
    work(backends.queue, backends.record, backends.index)
    assert backends.index.facets(Query(), ["level"], 5).fields["level"][0].count == 1
    complete(backends, [kept])
