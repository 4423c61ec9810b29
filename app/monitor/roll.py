"""The roll of workers: who beats, who crashed, and who went without a goodbye.

Nothing here compares clocks of different machines, or one clock before and after it was set: a worker
is alive while its beat changes as this process sees it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.monitor.board import Trouble
from app.ports.notices import GONE_SECONDS, Beat, Seen
from app.times import instant
from app.times.instant import now_ms

#: Seconds for which a crash or a gone worker is reported at least.
OPEN_SECONDS = 15.0
#: Seconds after which a worker that nobody replaced is no news any more, if others are at work.
GIVEN_UP_SECONDS = 3_600.0
#: Seconds that count at most between two looks: a process that was held up itself can't blame others for silence.
STALL_SECONDS = 2.5

#: Workers whose last beat is remembered after they were forgotten.
FORGOTTEN = 100

SOURCE = "workers"


@dataclass(slots=True)
class _Worker:
    beat: Beat
    #: A mark that differs from one beat to the next, by place.
    mark: tuple[int | None, int | None]
    #: When it was first seen, and when its beat last changed, in seconds of this process's clock that only goes on.
    first: float
    changed: float
    #: When the last beat was left, in ms since 1970 by the place's clock.
    last: int
    gone: float | None = None
    #: Whether it was heard of again after it counted as gone.
    back: bool = False
    crashed: float | None = None
    crash_mark: tuple[int | None, int | None] = (None, None)
    #: Crashes that were reported.
    reported: int = 0
    #: Whether only the record shows it, so that it can't be seen while the record is away.
    remote: bool = False
    #: The worker that began after it went, and whether that replaces another.
    successor: str | None = None
    replaces: bool = False


class Roll:
    """The workers as one process has seen them."""

    def __init__(self) -> None:
        self._workers: dict[str, _Worker] = {}
        self._looked: float | None = None
        self._keys: frozenset[str] = frozenset()
        self._crashes: dict[str, int] = {}
        #: The last beats of who was forgotten.
        self._forgotten: dict[str, tuple[int | None, int | None]] = {}
        #: How many workers are at work, as of the last look.
        self.alive = 0

    def adopt(self, keys: Collection[str], crashes: Mapping[str, int], now: float) -> None:
        """Go on for another process: with the keys of what it has opened, and how many crashes it reported by worker."""
        self._keys, self._crashes = frozenset(keys), dict(crashes)
        for identity, worker in self._workers.items():
            self._adopted(identity, worker, now)

    def _adopted(self, identity: str, worker: _Worker, now: float) -> None:
        worker.reported = max(worker.reported, self._crashes.get(identity, 0))
        if f"{SOURCE}/gone/{identity}" in self._keys and worker.gone is None:
            worker.gone = now
        if f"{SOURCE}/crash/{identity}" in self._keys and worker.crashed is None:
            worker.crashed, worker.crash_mark = now, worker.mark

    def look(self, local: Sequence[Seen], remote: Sequence[Seen] | None, now: float) -> None:
        """Note who beats: in the data folder, and in the record (None: it can't be asked) at *now*, in seconds."""
        held_up = 0.0 if self._looked is None else now - self._looked
        if held_up > STALL_SECONDS:
            # STALL_SECONDS of the pause still count as silence: where every look comes late, a dead worker must be noticed in the end.
            for worker in self._workers.values():
                worker.changed += held_up - STALL_SECONDS
        self._looked = now
        near = {seen.beat.id: seen for seen in local}
        far = {seen.beat.id: seen for seen in remote or ()}
        for identity in near.keys() | far.keys():
            self._see(identity, near.get(identity), far.get(identity), now)
        for identity in list(self._workers):
            if identity in near or identity in far:
                continue
            if remote is None and self._workers[identity].remote:
                # Only the record shows this worker, and the record can't be asked: its silence means nothing.
                self._workers[identity].changed = now
            else:
                del self._workers[identity]  # it said goodbye
        self._count()

    def _count(self) -> None:
        self.alive = sum(worker.gone is None and not worker.beat.ended for worker in self._workers.values())

    def _see(self, identity: str, near: Seen | None, far: Seen | None, now: float) -> None:
        shown = [seen for seen in (near, far) if seen is not None]
        beat = next((seen.beat for seen in shown if seen.beat.ended), shown[-1].beat)
        if near is not None and near.beat.crash is not None and not beat.ended:
            beat = near.beat
        if self._is_forgotten(identity, near, far):
            return
        worker = self._workers.get(identity)
        before = (None, None) if worker is None else worker.mark
        # A mark that a place shows again, unchanged after a while without it, is not a new beat.
        mark = (before[0] if near is None else near.mark, before[1] if far is None else far.mark)
        last = now_ms() - int(min(seen.age for seen in shown) * 1000)
        if worker is None:
            worker = self._workers[identity] = _Worker(beat, mark, now, now, last)
            self._adopted(identity, worker, now)
        elif mark != before:
            # A beat older than the last look does not prove that the worker lives now.
            beaten = now - min(seen.age for seen in shown)
            worker.changed, worker.last = max(worker.changed, beaten), last
            worker.back = worker.back or (worker.gone is not None and beaten > worker.gone)
        worker.beat, worker.mark, worker.remote = beat, mark, near is None
        if beat.crash is not None and beat.crash.count > worker.reported:
            worker.reported, worker.crashed, worker.crash_mark = beat.crash.count, now, mark

    def judge(self, now: float, waiting: int | None) -> tuple[dict[str, Trouble], list[str]]:
        """Return what is wrong, and whom to forget; *waiting* is how many logs wait, None if that is not known."""
        for identity, worker in self._workers.items():
            silent = not worker.beat.ended and now - worker.changed >= GONE_SECONDS
            if silent and worker.gone is None:
                worker.gone = now
            if worker.successor is None and (worker.gone is not None or worker.beat.ended):
                worker.successor = self._successor(identity, worker)
        self._count()
        troubles, forget = dict[str, Trouble](), list[str]()
        for identity, worker in self._workers.items():
            if worker.back and worker.gone is not None and now - worker.gone >= OPEN_SECONDS:
                worker.gone, worker.successor, worker.back = None, None, False
            if worker.crashed is not None and self._crash_is_over(worker, now):
                worker.crashed = None
            if worker.gone is not None and self._is_over(worker, worker.gone, now):
                forget.append(identity)
                continue
            if worker.beat.ended and worker.crashed is None:
                forget.append(identity)
                continue
            if worker.gone is not None:
                troubles[f"{SOURCE}/gone/{identity}"] = self._gone(worker, waiting)
            if worker.crashed is not None:
                troubles[f"{SOURCE}/crash/{identity}"] = _crash(worker)
        return troubles, forget

    def forgot(self, ids: Sequence[str]) -> None:
        """Note that these are forgotten in all places."""
        for identity in ids:
            worker = self._workers.pop(identity, None)
            if worker is not None:
                self._forgotten[identity] = worker.mark
                self._keys -= {f"{SOURCE}/gone/{identity}", f"{SOURCE}/crash/{identity}"}
        for identity in list(self._forgotten)[:-FORGOTTEN]:
            del self._forgotten[identity]

    def _is_forgotten(self, identity: str, near: Seen | None, far: Seen | None) -> bool:
        """Return whether this is nothing but a last beat of who was forgotten, from a look that had begun before."""
        last = self._forgotten.get(identity)
        if last is None:
            return False
        if all(seen is None or seen.mark == mark for seen, mark in zip((near, far), last, strict=True)):
            return True
        del self._forgotten[identity]
        return False

    def _successor(self, identity: str, gone: _Worker) -> str | None:
        """Return a worker that began after this one went, and replaces no other."""
        for other, worker in self._workers.items():
            fit = other != identity and not worker.replaces and worker.gone is None and not worker.beat.ended
            if fit and (worker.first > gone.changed or worker.beat.began >= gone.last):
                worker.replaces = True
                return other
        return None

    def _is_over(self, worker: _Worker, since: float, now: float) -> bool:
        if worker.successor is not None:
            return now - since >= OPEN_SECONDS
        return self.alive > 0 and now - since >= GIVEN_UP_SECONDS

    def _crash_is_over(self, worker: _Worker, now: float) -> bool:
        assert worker.crashed is not None
        if worker.beat.ended or worker.gone is not None:
            return self._is_over(worker, worker.crashed, now)
        return now - worker.crashed >= OPEN_SECONDS and worker.mark != worker.crash_mark

    def _gone(self, worker: _Worker, waiting: int | None) -> Trouble:
        count = f"{waiting:,}" if waiting else "no"
        logs = "" if waiting is None else f"; {count} {'logs wait' if waiting > 1 else 'log waits'}"
        others = {0: "no worker is at work", 1: "1 worker is at work"}.get(
            self.alive, f"{self.alive} workers are at work"
        )
        last = instant.text((worker.last // 1000 * 1000, 0))
        text = (
            f"{_name(worker)} is gone without a goodbye; it was last heard of at {last}. "
            f"What it was at is taken up again, nothing is lost{logs}. Now {others}."
        )
        return Trouble("worker_gone", "warning" if self.alive else "error", text, _details(worker))


def _crash(worker: _Worker) -> Trouble:
    crash = worker.beat.crash
    assert crash is not None
    again = "" if crash.count == 1 else f", {crash.count:,} times by now"
    then = "the process ended by it" if worker.beat.ended else "it goes on with a new shift"
    text = f"{_name(worker)} failed{again}: {crash.what}. What it was at is taken up again, nothing is lost; {then}."
    details = {**_details(worker), "crashes": crash.count, "traceback": crash.traceback}
    return Trouble("worker_crashed", "error", text, details)


def _name(worker: _Worker) -> str:
    return f"The worker on {worker.beat.host} (process {worker.beat.pid})"


def _details(worker: _Worker) -> dict[str, Any]:
    return {"worker": worker.beat.id, "host": worker.beat.host, "process": worker.beat.pid}
