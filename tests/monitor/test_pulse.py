"""The pulse of a worker: seen in every place that can be reached, with what failed, and gone after a goodbye."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from app.errors import Unavailable
from app.monitor import pulse as module
from app.monitor.pulse import Pulse
from app.ports.notices import Beat, Seen
from app.systems.folder import FileLock, Folder


class Away(Folder):
    """A place that can be reached only at times, and takes its time to say so."""

    reachable = False

    def beat(self, beat: Beat) -> None:
        """See BeatPlace."""
        self._ask()
        super().beat(beat)

    def forget_beats(self, ids: Sequence[str]) -> None:
        """See BeatPlace."""
        self._ask()
        super().forget_beats(ids)

    def _ask(self) -> None:
        if not self.reachable:
            time.sleep(0.3)
            raise Unavailable("nobody is there")


def seen_in(place: Folder, condition: Callable[[list[Seen]], object]) -> list[Seen]:
    """Wait until what the place shows fits."""
    until = time.monotonic() + 30
    while not condition(place.beats()):
        assert time.monotonic() < until
        time.sleep(0.01)
    return place.beats()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let beats come quickly."""
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.05)


def test_a_pulse_is_seen_until_its_goodbye(tmp_path: Path) -> None:
    """It changes, and leaves no trace."""
    place = Folder(tmp_path / "beats")
    pulse = Pulse([place])
    pulse.start()
    (first,) = seen_in(place, len)
    seen_in(place, lambda found: found and found[0].mark != first.mark)
    pulse.stop()
    assert place.beats() == []
    assert list((tmp_path / "beats").iterdir()) == []


def test_a_place_that_is_away_keeps_no_other_waiting(tmp_path: Path) -> None:
    """Beats go on where they can be left, and begin where they could not; a goodbye that can't be said there is left here."""
    near, far = Folder(tmp_path / "near"), Away(tmp_path / "far")
    pulse = Pulse([near, far])
    pulse.start()
    marks = set[int]()
    until = time.monotonic() + 30
    while len(marks) < 5:
        marks |= {one.mark for one in near.beats()}
        assert time.monotonic() < until
        time.sleep(0.01)
    far.reachable = True
    seen_in(far, len)
    far.reachable = False
    pulse.stop()
    assert [one.beat.ended for one in near.beats()] == [True]
    assert [one.beat.ended for one in far.beats()] == [False]


def test_a_crash_travels_with_the_beat(tmp_path: Path) -> None:
    """With traceback and number; what a system that is down raises is none. One that ends the process stays."""
    place = Folder(tmp_path / "beats")
    pulse = Pulse([place])
    pulse.start()
    pulse.crashed(Unavailable("the record is away"))
    for _ in range(2):
        try:
            raise ValueError("no\nsuch \0 thing" + "x" * 1_000)
        except ValueError as error:
            pulse.crashed(error)
    (found,) = seen_in(place, lambda found: found and found[0].beat.crash and found[0].beat.crash.count == 2)
    crash = found.beat.crash
    assert crash is not None
    assert crash.what.startswith("ValueError: no such \ufffd thing")
    assert len(crash.what) == module.LINE_LENGTH
    assert "in test_a_crash_travels_with_the_beat" in crash.traceback
    pulse.stop(RuntimeError("the end"))
    (last,) = place.beats()
    assert last.beat.ended
    assert last.beat.crash is not None
    assert (last.beat.crash.count, last.beat.crash.what) == (3, "RuntimeError: the end")


def test_an_end_by_a_system_that_is_down_is_a_goodbye(tmp_path: Path) -> None:
    """The console says why; the service has a notice of its own."""
    place = Folder(tmp_path / "beats")
    pulse = Pulse([place])
    pulse.start()
    seen_in(place, len)
    pulse.stop(Unavailable("the queue is away"))
    assert place.beats() == []


def test_one_holds_the_lock(tmp_path: Path) -> None:
    """Until it lets go; asking again is no harm."""
    first, second = FileLock(tmp_path / "new" / "lock"), FileLock(tmp_path / "new" / "lock")
    assert first.take() and first.take()
    assert not second.take()
    first.close()
    assert second.take()
    assert not first.take()
    second.close()
