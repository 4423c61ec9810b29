"""Pause: no worker of any machine drains until somebody resumes; ingest goes on."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from app.backends import Backends, connect
from app.drain import drain, pause
from app.drain.indexing import Indexing
from app.drain.pause import Gate
from app.log.envelope import Envelope
from app.times.instant import now_ms
from tests.conftest import MakeRecord


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate looks each time."""
    monkeypatch.setattr(pause, "BELIEF_SECONDS", 0.0)


def gate(backends: Backends) -> Gate:
    """Return the gate that a worker has."""
    step = partial(
        drain.drain, backends.queue, backends.record, Indexing(backends.store, backends.record.letters, backends.index)
    )
    return Gate(backends.record.notes, backends.move or step)


def test_pause_holds_for_all_and_over_restarts(each_backends: Backends, make_record: MakeRecord) -> None:
    """A worker of another process, or of a later one, sees it; logs are accepted and wait, and go on at a resume."""
    before = now_ms()
    since = pause.pause(each_backends.record.notes)
    assert before <= since <= now_ms()
    assert pause.pause(each_backends.record.notes) == since
    each_backends.queue.put([Envelope([make_record()])])
    another = connect(each_backends.settings)
    try:
        assert gate(another).step(100, 0) == 0
        assert gate(each_backends).step(100, 0) == 0
        assert pause.paused(another.record.notes) == since
        assert each_backends.queue.depth().logs >= 1
        assert each_backends.store.stats()["stored"] == 0
        assert pause.resume(another.record.notes) == since
        opened = gate(each_backends)
        assert 1 in (opened.step(100, 1) for _ in range(10))
        assert opened.step(100, 0) == 0
        assert each_backends.store.stats()["stored"] == 1
    finally:
        another.close()
    assert pause.resume(each_backends.record.notes) == 0
    assert pause.paused(each_backends.record.notes) == 0


def test_worker_stops_and_goes_on(each_backends: Backends, make_record: MakeRecord) -> None:
    """A shift that runs stops draining when it is paused, and drains when it is resumed, without a restart."""
    ended, returned = threading.Event(), threading.Event()
    opened = gate(each_backends)

    def step(limit: int, wait: float) -> int:
        try:
            return opened.step(limit, wait)
        finally:
            returned.set()

    shift = threading.Thread(target=lambda: drain.shift(step, ended.is_set, batch_size=100))
    shift.start()
    try:
        pause.pause(each_backends.record.notes)
        # The step that was at work when the pause came may take what comes now.
        returned.clear()
        assert returned.wait(60)
        each_backends.queue.put([Envelope([make_record() for _ in range(5)])])
        returned.clear()
        assert returned.wait(60)
        assert each_backends.queue.depth().logs >= 5
        assert each_backends.store.stats()["stored"] == 0
        pause.resume(each_backends.record.notes)
        for _ in range(600):
            if each_backends.store.stats()["stored"]:
                break
            time.sleep(0.1)
        assert each_backends.store.stats()["stored"] == 5
    finally:
        ended.set()
        shift.join(60)
