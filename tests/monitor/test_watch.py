"""Watching by several processes: one judges and writes, all know the same, and another goes on when it is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.backends import Backends, connect, upgrade, watch_lock
from app.monitor import roll, watch
from app.monitor.board import Board
from app.monitor.probes import Disk
from app.monitor.role import Role
from app.monitor.watch import Watch, Watched
from app.ports.notices import Beat
from app.settings.settings import Settings


class Process:
    """One web process's part in watching, with what it says."""

    def __init__(self, settings: Settings) -> None:
        self.said: list[str] = []
        self.board = Board()
        self.backends: Backends = connect(settings)
        held, lock = self.backends, watch_lock(settings)
        probes = [Disk(settings.data_dir, settings.min_free_disk)]
        self.watch = Watch(
            Watched(held.record, held.queue, lock, held.places, probes, False), self.board, self.said.append
        )
        self.watch.start()

    def open(self) -> list[str]:
        """Return the kinds of what is open."""
        return sorted(notice.kind for notice in self.board.open())

    def close(self) -> None:
        """End as a process does."""
        self.watch.close()
        self.backends.close()


@pytest.fixture
def begin() -> Iterator[Callable[[Settings], Process]]:
    """Return a function that begins a process."""
    begun: list[Process] = []

    def make(settings: Settings) -> Process:
        begun.append(Process(settings))
        return begun[-1]

    yield make
    for process in begun:
        process.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let looks follow each other quickly."""
    for module, name, seconds in (
        (watch, "LOOK_SECONDS", 0.1),
        (watch, "PROBE_SECONDS", 0.1),
        (roll, "GONE_SECONDS", 1.0),
        (roll, "OPEN_SECONDS", 1.0),
    ):
        monkeypatch.setattr(module, name, seconds)


def until(condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def full(settings: Settings) -> Settings:
    """Return the settings with a disk that is too full for them."""
    return replace(settings, min_free_disk=1 << 60)


def test_one_leads_on_a_folder(settings: Settings, begin: Callable[[Settings], Process]) -> None:
    """It opens and writes; the other one tells the same notice, and closes it when it leads itself and all is well."""
    first = begin(full(settings))
    until(first.open)
    second = begin(settings)
    until(second.open)
    assert [one.id for one in first.board.open()] == [one.id for one in second.board.open()]
    assert (first.watch.role, second.watch.role) == (Role.LEADS, Role.FOLLOWS)
    first.close()
    until(lambda: second.watch.role is Role.LEADS and not second.open())
    until(lambda: [one.until is None for one in second.backends.record.notices.notices(10)] == [False])
    assert [line.partition(" (")[0] for line in first.said + second.said] == ["notice opened", "notice closed"]


@pytest.fixture
def machines(tmp_path: Path, postgres_database: str) -> list[Settings]:
    """Settings of two machines on one record: each has a data folder, and a queue, of its own."""
    made = [
        Settings.from_env(
            {
                "LOGINGESTOR_DATA_DIR": str(tmp_path / name),
                "LOGINGESTOR_STORE_URL": postgres_database,
                "LOGINGESTOR_MIN_FREE_DISK": "1 MiB",
            }
        )
        for name in ("one", "two")
    ]
    for settings in made:
        upgrade(settings)
    return made


def test_one_leads_of_two_machines(machines: list[Settings], begin: Callable[[Settings], Process]) -> None:
    """A worker of one machine is missed by the other, and told on both; who comes later goes on with what is open."""
    first, second = begin(machines[0]), begin(machines[1])
    until(lambda: {first.watch.role, second.watch.role} == {Role.LEADS, Role.FOLLOWS})
    leader, other = (first, second) if first.watch.role is Role.LEADS else (second, first)
    beat = Beat("a" * 32, "elsewhere", 1, 1)
    for place in other.backends.places:
        place.beat(beat)
    until(leader.open)
    until(other.open)
    assert leader.open() == other.open() == ["worker_gone"]
    (notice,) = leader.board.open()
    assert [one.id for one in other.board.open()] == [notice.id]
    leader.close()
    until(lambda: other.watch.role is Role.LEADS)
    time.sleep(0.5)
    assert [one.id for one in other.board.open()] == [notice.id]
    new = Beat("b" * 32, "elsewhere", 2, 1)

    def closed() -> bool:
        other.backends.places[0].beat(new)
        return not other.open()

    until(closed)
    until(lambda: [seen.beat.id for place in other.backends.places for seen in place.beats()] == [new.id])
    assert [line.partition(" (")[0] for line in leader.said] == ["notice opened"]
    assert [line.partition(" (")[0] for line in other.said] == ["notice closed"]
