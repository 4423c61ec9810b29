"""Watch: one of all web processes looks after workers, services and disk, and keeps notices; the others read them.

The process that holds the lock of the data folder, and the record's own where several machines share it, leads. While the
record can't be reached each process is alone (`Role`). Which process speaks, on the console and to notifiers, is another
question: the leader does, and of those that are alone on a machine the one that holds the folder's lock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from app.errors import Unavailable
from app.monitor import roll
from app.monitor.board import Board, NoticeWriter, Trouble
from app.monitor.failing import Failing
from app.monitor.flow import Sampler
from app.monitor.lost import LostProbe
from app.monitor.probes import Probe, Queue, RecordProbe
from app.monitor.quotas import QuotaProbe
from app.monitor.role import Role
from app.monitor.roll import Roll
from app.notify.telling import Telling
from app.ports.notices import BeatPlace, Seen
from app.ports.outbox import Channel
from app.ports.parts import RecordParts
from app.ports.queue import LogQueue

log = logging.getLogger(__name__)

#: Seconds between two looks at beats and at what other processes noted; and between two looks of a probe.
LOOK_SECONDS, PROBE_SECONDS = 1.0, 3.0
#: Seconds after which a probe that has not come back says that its service does not answer.
STUCK_SECONDS = 8.0
#: Seconds for which beats that were read from the record are believed.
BELIEF_SECONDS = 3.5
#: Seconds given to what is under way when the process stops.
STOP_SECONDS = 3.0


class Lock(Protocol):
    """Is held by one process of this machine at a time."""

    def take(self) -> bool:
        """Return whether this process holds it now."""

    def close(self) -> None:
        """Let go."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The things to look after, and the means to do so."""

    record: RecordParts
    queue: LogQueue
    lock: Lock
    #: The data folder first, then the record, where it shows beats.
    places: Sequence[BeatPlace]
    #: Further probes than those of record and queue.
    probes: Sequence[Probe]
    #: Whether record and queue are one file.
    alone: bool
    #: The ways to the notifiers.
    channels: Sequence[Channel] = ()


class Watch:
    """One web process's part in watching."""

    def __init__(self, watched: Watched, board: Board, say: Callable[[str], object]) -> None:
        self._watched = watched
        self._board = board
        self._writer = NoticeWriter(board, say)
        self._roll = Roll()
        self._queue = Queue(watched.queue, watched.record, lambda: self._roll.alive)
        self._record = RecordProbe(watched.record, alone=watched.alone)
        sampler = Sampler(watched.queue, watched.record.figures, lambda: self._queue.waiting)
        self._telling = Telling(watched.record.notices, watched.record.outbox, watched.channels)
        failing = [Failing(self._telling)] if watched.channels else []
        lost = LostProbe(watched.record.gaps, watched.queue)
        quotas = QuotaProbe(watched.record.spaces)
        probes: list[Probe] = [self._record, self._queue, sampler, lost, quotas, *watched.probes, *failing]
        self._probes = [_Runner(probe) for probe in probes]
        self._guard = threading.Lock()
        self._role = Role.FOLLOWS
        #: The newest change of notices that was read from the record; 0 to read all once more.
        self._revision = 0
        self._far: tuple[float, list[Seen]] | None = None
        self._stopping = threading.Event()
        #: Set when something is to be written at once: other processes read it and show it.
        self._due = threading.Event()
        loops: list[Callable[[], None]] = [self._keep, self._look, *(runner.run(self) for runner in self._probes)]
        self._threads = [threading.Thread(target=loop, name="watch", daemon=True) for loop in loops]

    def start(self) -> None:
        """Begin to watch."""
        for thread in self._threads:
            thread.start()
        self._telling.start()

    def close(self) -> None:
        """Watch no more; another process takes over within a second or two."""
        self._stopping.set()
        self._due.set()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
        self._telling.close()
        self._watched.lock.close()

    @property
    def role(self) -> Role:
        """The role of this process now."""
        return self._role

    def rest(self, seconds: float) -> bool:
        """Wait; return whether to go on."""
        return not self._stopping.wait(seconds)

    def apply(self, probe: Probe, reason: str | None) -> None:
        """Let a probe look, or say that it can't be reached for *reason*; and let its notices be as it says."""
        found = probe.look() if reason is None else probe.unreachable(reason)
        if self._role.judges and not self._stopping.is_set():
            # A probe that could not look may open notices but must close none, least of all what another process had found.
            self._write(probe.name, found, whole=reason is None)

    def _write(self, source: str, troubles: Mapping[str, Trouble], *, whole: bool = True) -> None:
        if self._writer.apply(source, troubles, whole=whole):
            self._due.set()

    # Each second: which role this process has, what the record says of notices and beats, and what is to be written to it.

    def _keep(self) -> None:
        while True:
            try:
                self._keep_once()
            except Exception as error:
                # Errors of every kind are caught: if this thread ended, all pages would show that all is well.
                if not isinstance(error, Unavailable):
                    log.warning("notices can't be kept: %s", error, exc_info=True)
                self._lost(str(error))
            self._due.wait(LOOK_SECONDS)
            self._due.clear()
            if self._stopping.is_set():
                return

    def _keep_once(self) -> None:
        keeper = self._watched.record.notices
        held = self._watched.lock.take()
        leads = held and keeper.lead()
        for revision, notice in keeper.notices_after(self._revision):
            self._revision = revision
            # A process that goes on leading knows its notices better than the record, to which it wrote them a moment before.
            if not self._writer.holds(notice.id) and not (self._role is Role.LEADS and leads):
                self._board.put(notice)
        far = [seen for place in self._watched.places[1:] for seen in place.beats()]
        self._far = (monotonic(), far)
        self.become(Role.LEADS if leads else Role.FOLLOWS, speaks=True)
        self._save(leads)
        with suppress(Unavailable):
            self._watched.queue.accepted()

    def _save(self, leads: bool) -> None:
        try:
            if leads:
                self._writer.save(self._watched.record.notices.keep_notices)
            self._telling.tell(leads, self._board.known())
        except Unavailable:
            # Notices that can't be written to a record which can be read are written later; notifiers get them all the same.
            self._telling.tell_alone(leads, self._board.known(), self._writer.holds)

    def become(self, role: Role, *, speaks: bool) -> None:
        """Change to *role*, or stay in it; *speaks*: whether changes of notices are printed on the console from now on."""
        match self._role, role:
            case (Role.FOLLOWS, Role.LEADS | Role.ALONE) | (Role.ALONE, Role.LEADS):
                self._adopt()
            case Role.LEADS | Role.ALONE, Role.FOLLOWS:
                self._writer.resign()
                self._revision = 0  # all is read once more: what was resigned may be open in the record
            case _:
                pass  # a leader that loses the record goes on from what it knows
        self._writer.speaks = speaks
        self._role = role

    def _adopt(self) -> None:
        """Go on with the notices that are known here, whichever process opened them, and with the workers that they name."""
        self._writer.adopt()
        known = [notice.details for notice in self._board.known() if notice.kind == "worker_crashed"]
        crashes = {details["worker"]: details["crashes"] for details in known}
        with self._guard:
            self._roll.adopt(self._writer.keys, crashes, monotonic())

    def _lost(self, reason: str) -> None:
        """Judge alone, for the record can't be reached; only the holder of the folder's lock speaks."""
        speaks = self._watched.lock.take()
        self.become(Role.ALONE, speaks=speaks)
        self.apply(self._record, reason)
        self._telling.tell_alone(speaks, self._board.known(), self._writer.holds)

    # Each second: the workers, and probes that don't come back.

    def _look(self) -> None:
        while True:
            try:
                self._look_once()
            except Exception as error:
                log.warning("workers can't be watched: %s", error, exc_info=not isinstance(error, Unavailable))
            if not self.rest(LOOK_SECONDS):
                return

    def _look_once(self) -> None:
        near, far, now = self._watched.places[0].beats(), self._far, monotonic()
        known = far is not None and now - far[0] <= BELIEF_SECONDS
        with self._guard:
            self._roll.look(near, far[1] if far is not None and known else None, now)
            if not self._role.judges:
                return
            troubles, forget = self._roll.judge(now, self._queue.waiting)
        self._write(roll.SOURCE, troubles)
        if forget:
            self._forget(forget)
        for runner in self._probes:
            if (stuck := runner.stuck(now)) is not None:
                self.apply(runner.probe, f"it has not answered for {stuck:.0f} s")

    def _forget(self, ids: Sequence[str]) -> None:
        """Forget beats, in all places or in none: one that came to light again would be missed again."""
        if self._far is None or monotonic() - self._far[0] > BELIEF_SECONDS:
            return
        for place in reversed(self._watched.places):
            place.forget_beats(ids)
        self._far = (self._far[0], [seen for seen in self._far[1] if seen.beat.id not in ids])
        with self._guard:
            self._roll.forgot(ids)


class _Runner:
    """Lets one probe look again and again while its process judges."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self._begun: float | None = None

    def stuck(self, now: float) -> float | None:
        """Return for how many seconds the look under way has lasted, if that is too long."""
        begun = self._begun
        return now - begun if begun is not None and now - begun >= STUCK_SECONDS else None

    def run(self, watch: Watch) -> Callable[[], None]:
        """Return the loop."""

        def loop() -> None:
            while watch.rest(PROBE_SECONDS):
                if not watch.role.judges:
                    continue
                self._begun = monotonic()
                try:
                    watch.apply(self.probe, None)
                except Exception as error:
                    if not isinstance(error, Unavailable | OSError):
                        log.warning("the %s can't be looked at: %s", self.probe.name, error, exc_info=True)
                    watch.apply(self.probe, " ".join(str(error).split()) or type(error).__name__)
                finally:
                    self._begun = None

        return loop
