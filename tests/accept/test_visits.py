"""Visits: what a process has seen of sources reaches the record, once, however the record fares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from app.accept.visits import Visits
from app.backends import Backends
from app.errors import Problem, Unavailable
from app.log.parsed import Refused
from app.ports.figures import NAME_LENGTH, SAMPLE_LENGTH, SOURCES, Key, Visit
from app.systems.sql.figures import SqlFigures
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.shelf import SqliteShelf
from tests.e2e.program import wait_for


class Away(SqlFigures):
    """Figures of a record that can't be reached as long as told."""

    away = True

    def see(self, visits: Sequence[tuple[Key, Visit]], overlooked: int = 0) -> None:
        """Fail, or do as it is told."""
        if self.away:
            raise Unavailable("away")
        super().see(visits, overlooked)


@pytest.fixture
def figures(backends: Backends) -> Iterator[Away]:
    """A record that is away."""
    with closing(SqliteDatabase(backends.settings.database)) as file:
        yield Away(SqliteShelf(file))


def test_what_is_seen_is_told(backends: Backends) -> None:
    """Without being asked to, within seconds; the rest at the end; nothing twice."""
    visits = Visits(backends.record.figures)
    visits.saw("10.0.0.1", "curl", 3)
    wait_for(lambda: backends.record.figures.sources(1).sources, 120, "the source in the record")
    visits.saw("10.0.0.1", "curl", 2, [Refused(Problem("is not a text", "message"), b"x" * SAMPLE_LENGTH * 2)])
    visits.close()
    (found,) = backends.record.figures.sources(10).sources
    assert (found.requests, found.logs, found.refused) == (2, 5, 1)
    assert found.refusal is not None
    assert (found.refusal.reason, found.refusal.field) == ("is not a text", "message")
    assert found.refusal.sample == b"x" * SAMPLE_LENGTH


def test_what_could_not_be_told_is_told_later(figures: Away) -> None:
    """With what came meanwhile: counts add up, the newer refusal counts."""
    visits = Visits(figures)
    visits.saw("a", "x", 1, [Refused(Problem("first"), b"1")])
    visits.saw("b", "x", 1)
    with pytest.raises(Unavailable):
        visits.report()
    visits.saw("a", "x", 2, [Refused(Problem("second"), b"2")])
    figures.away = False
    visits.close()
    found = {one.sender: one for one in figures.sources(10).sources}
    assert (found["a"].requests, found["a"].logs, found["a"].refused) == (2, 3, 2)
    assert found["a"].refusal is not None and found["a"].refusal.reason == "second"
    assert found["b"].logs == 1


def test_memory_is_bounded(figures: Away) -> None:
    """However many call, and however long their names are: those beyond are counted."""
    visits = Visits(figures)
    for number in range(SOURCES + 7):
        visits.saw(f"{number}" + "x" * NAME_LENGTH * 2, "y" * NAME_LENGTH * 2, 1)
    figures.away = False
    visits.close()
    found = figures.sources(SOURCES + 10)
    assert (found.kept, found.forgotten) == (SOURCES, 7)
    assert {len(one.sender) for one in found.sources} == {NAME_LENGTH} == {len(one.agent) for one in found.sources}


def test_memory_is_bounded_while_the_record_is_away(figures: Away) -> None:
    """However many call between one telling that fails and the next: those beyond are counted, once each."""
    visits = Visits(figures)
    for turn in range(3):
        for number in range(SOURCES):
            visits.saw(f"{turn} {number}", "x", 1)
        with pytest.raises(Unavailable):
            visits.report()
        assert len(visits._seen) == SOURCES
    figures.away = False
    visits.close()
    found = figures.sources(SOURCES + 10)
    assert (found.kept, found.forgotten) == (SOURCES, 2 * SOURCES)
