"""Visits: what a process has seen of sources reaches the record, once, however the record fares."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.accept.visits import Visits
from app.backends import Backends
from app.errors import Problem, Unavailable
from app.log.schema import Refused
from app.ports.figures import NAME_LENGTH, SAMPLE_LENGTH, SOURCES, Key, Visit
from app.systems.sqlite.record import SqliteStore
from tests.e2e.program import wait_for


class Away(SqliteStore):
    """A record that can't be reached as long as told."""

    away = True

    def see(self, visits: Sequence[tuple[Key, Visit]], overlooked: int = 0) -> None:
        """Fail, or do as it is told."""
        if self.away:
            raise Unavailable("away")
        super().see(visits, overlooked)


@pytest.fixture
def store(backends: Backends) -> Away:
    """A record that is away."""
    made = Away.__new__(Away)
    made.__dict__.update(vars(backends.store))
    return made


def test_what_is_seen_is_told(backends: Backends) -> None:
    """Without being asked to, within seconds; the rest at the end; nothing twice."""
    visits = Visits(backends.store)
    visits.saw("10.0.0.1", "curl", 3)
    wait_for(lambda: backends.store.sources(1).sources, 30, "the source in the record")
    visits.saw("10.0.0.1", "curl", 2, [Refused(Problem("is not a text", "message"), b"x" * SAMPLE_LENGTH * 2)])
    visits.close()
    (found,) = backends.store.sources(10).sources
    assert (found.requests, found.logs, found.refused) == (2, 5, 1)
    assert found.refusal is not None
    assert (found.refusal.reason, found.refusal.field) == ("is not a text", "message")
    assert found.refusal.sample == b"x" * SAMPLE_LENGTH


def test_what_could_not_be_told_is_told_later(store: Away) -> None:
    """With what came meanwhile: counts add up, the newer refusal counts."""
    visits = Visits(store)
    visits.saw("a", "x", 1, [Refused(Problem("first"), b"1")])
    visits.saw("b", "x", 1)
    with pytest.raises(Unavailable):
        visits.tell()
    visits.saw("a", "x", 2, [Refused(Problem("second"), b"2")])
    store.away = False
    visits.close()
    found = {one.sender: one for one in store.sources(10).sources}
    assert (found["a"].requests, found["a"].logs, found["a"].refused) == (2, 3, 2)
    assert found["a"].refusal is not None and found["a"].refusal.reason == "second"
    assert found["b"].logs == 1


def test_memory_is_bounded(store: Away) -> None:
    """However many call, and however long their names are: those beyond are counted."""
    visits = Visits(store)
    for number in range(SOURCES + 7):
        visits.saw(f"{number}" + "x" * NAME_LENGTH * 2, "y" * NAME_LENGTH * 2, 1)
    store.away = False
    visits.close()
    found = store.sources(SOURCES + 10)
    assert (found.kept, found.forgotten) == (SOURCES, 7)
    assert {len(one.sender) for one in found.sources} == {NAME_LENGTH} == {len(one.agent) for one in found.sources}


def test_memory_is_bounded_while_the_record_is_away(store: Away) -> None:
    """However many call between one telling that fails and the next: those beyond are counted, once each."""
    visits = Visits(store)
    for turn in range(3):
        for number in range(SOURCES):
            visits.saw(f"{turn} {number}", "x", 1)
        with pytest.raises(Unavailable):
            visits.tell()
        assert len(visits._seen) == SOURCES
    store.away = False
    visits.close()
    found = store.sources(SOURCES + 10)
    assert (found.kept, found.forgotten) == (SOURCES, 2 * SOURCES)
