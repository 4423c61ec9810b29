"""Telling: lets notifiers know of notices, from the outbox, while this process speaks for all.

Each notifier has a thread of its own, so that one that hangs holds up no other. What was not taken is tried
again with growing pauses for a day. What the record holds no process can lose by its end.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from time import monotonic

import msgspec

from app.errors import Unavailable
from app.notify import outbox as outboxes
from app.notify.messages import choose
from app.notify.outbox import MemoryOutbox
from app.ports.notices import Notice, NoticeKeeper
from app.ports.outbox import Channel, Delivery, Message, Notifier, Outbox, Standing, Undelivered
from app.times.instant import now_ms
from app.times.retry import pause_after

log = logging.getLogger(__name__)

#: Seconds after which a message that was not taken is tried again: the first pause, by how much each is longer, the longest.
PAUSE_SECONDS, GROWTH, LONGEST_SECONDS = 5.0, 3.0, 3_600.0
#: Ms after which a delivery is given up.
GIVEN_UP_MS = 86_400_000
#: Seconds between two looks into an outbox that nobody filled: another process may have.
LOOK_SECONDS = 5.0
NOW = 0.0
#: Deliveries looked at at once.
AT_ONCE = 500
#: Seconds given to what is being sent when the process stops.
STOP_SECONDS = 2.0


class Telling:
    """The part of one process in telling notifiers."""

    def __init__(self, keeper: NoticeKeeper, outbox: Outbox, channels: Sequence[Channel]) -> None:
        self._keeper = keeper
        self._outbox = outbox
        self._notifiers = [channel.notifier for channel in channels]
        self._senders = [_Sender(channel, self) for channel in channels]
        #: Held while a standing is read and changed: by who fills the outbox, and by each sender.
        self.guard = threading.Lock()
        self._memory: MemoryOutbox | None = None
        #: Notices that the record held when it went away, by id: they were told, or wait there.
        self._before: dict[str, Notice] = {}
        #: Whether this process is the one that fills the outbox and sends.
        self.speaks = False

    def start(self) -> None:
        """Begin; nothing is sent until this process speaks."""
        for sender in self._senders:
            sender.start()

    def close(self) -> None:
        """Send no more; a message under way may be sent again by the process that speaks next."""
        for sender in self._senders:
            sender.stop()
        end = monotonic() + STOP_SECONDS
        for sender in self._senders:
            sender.join(max(end - monotonic(), 0.0))

    @property
    def outbox(self) -> Outbox:
        """Where deliveries lie now."""
        return self._memory or self._outbox

    @property
    def alone(self) -> bool:
        """Whether deliveries lie in memory, since the record is away."""
        return self._memory is not None

    @property
    def notifiers(self) -> Sequence[Notifier]:
        """The notifiers that this process fills the outbox for."""
        return self._notifiers

    def tell(self, speaks: bool, known: Sequence[Notice]) -> None:
        """Fill the outbox if this process *speaks*, and let nothing be left in memory in any case; raises Unavailable."""
        if not self._notifiers:
            return
        with self.guard:
            if self._memory is not None:
                self._plan_alone(self._memory, known)
                outboxes.hand_over(self._memory, self._outbox)
                self._memory = None
            filled = speaks and self._fill()
        self._wake(speaks, filled)

    def _fill(self) -> bool:
        try:
            return outboxes.fill(self._keeper, self._outbox, self._notifiers)
        except Unavailable:
            raise
        except Exception:
            # A fault of ours here must not look as if the record were away.
            log.warning("notices can't be told", exc_info=True)
            return False

    def tell_alone(self, speaks: bool, known: Sequence[Notice], unsaved: Callable[[str], bool]) -> None:
        """Fill an outbox in memory if this process *speaks*, with what it knows itself: the record is away."""
        if not self._notifiers:
            return
        filled = False
        if speaks:
            with self.guard:
                if self._memory is None:
                    self._memory = MemoryOutbox()
                    self._memory.post([], [Standing(one.name, 0) for one in self._notifiers])
                    self._before = {notice.id: notice for notice in known if not unsaved(notice.id)}
                filled = self._plan_alone(self._memory, known)
        self._wake(speaks, filled)

    def _plan_alone(self, memory: MemoryOutbox, known: Sequence[Notice]) -> bool:
        changed = [notice for notice in known if self._before.get(notice.id) != notice]
        before = [self._before[notice.id] for notice in changed if notice.id in self._before]
        # Notices that the record held were told then, as far as this process knows.
        told = [
            Delivery(notifier.name, "opened" if notice.until is None else "closed", notice, 0, "")
            for notifier in self._notifiers
            for notice in before
            if notifier.wants(notice)
        ]
        told += memory.deliveries([notice.id for notice in changed])
        planned = outboxes.plan(self._notifiers, changed, told)
        memory.post(planned)
        return bool(planned)

    def _wake(self, speaks: bool, filled: bool) -> None:
        due, self.speaks = filled or (speaks and not self.speaks), speaks
        for sender in self._senders if due else ():
            sender.wake()


class _Sender:
    """Sends one notifier what waits for it."""

    def __init__(self, channel: Channel, telling: Telling) -> None:
        self._channel = channel
        self._telling = telling
        self._name = channel.notifier.name
        self._due = threading.Event()
        self._stopping = False
        #: A message that was tried and is not noted yet, and what came of it.
        self._owed: tuple[Message, Undelivered | None] | None = None
        self._thread = threading.Thread(target=self._run, name=f"notify-{self._name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._due.set()

    def stop(self) -> None:
        self._stopping = True
        self._due.set()

    def join(self, seconds: float) -> None:
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        wait = LOOK_SECONDS
        while not self._stopping:
            self._due.wait(wait)
            self._due.clear()
            wait = LOOK_SECONDS
            try:
                while self._telling.speaks and not self._stopping and (wait := self._step()) == NOW:
                    pass
            except Unavailable:
                pass  # the record is away, which is told by who watches
            except Exception:
                # Errors of every kind are caught: if this thread ended, its notifier would be told nothing more.
                log.warning("the notifier %s can't be told", self._name, exc_info=True)

    def _step(self) -> float:
        """Send one message, if there is any and it is time; return the seconds until the next look, 0 for at once."""
        self._settle()
        box, now = self._telling.outbox, now_ms()
        standing = next((one for one in box.standings() if one.notifier == self._name), None)
        if standing is None:
            return LOOK_SECONDS
        # A clock that was set back holds nobody up for longer than the longest pause that is asked for.
        if now < standing.again <= now + GIVEN_UP_MS:
            return min((standing.again - now) / 1000, LOOK_SECONDS)
        waiting = box.waiting(self._name, AT_ONCE)
        if late := [_late(one) for one in waiting if not one.tries and _is_old(one, now)]:
            # No process sent for a day, or NOTIFY did not name the notifier: what is older than that is given up.
            box.post(late)
            return NOW
        step = choose(waiting, box.told_at(self._name, now - GIVEN_UP_MS), now)
        if step.changed:
            box.post(step.changed)
        if step.message is None:
            return LOOK_SECONDS if step.wait is None else min(step.wait / 1000, LOOK_SECONDS)
        self._send(step.message)
        return NOW

    def _send(self, message: Message) -> None:
        error: Undelivered | None = None
        try:
            self._channel.send(message)
        except Undelivered as raised:
            error = raised
        except Exception as raised:
            # A fault of ours, which must not keep the others from being told.
            log.warning("the notifier %s can't be told", self._name, exc_info=True)
            error = Undelivered(f"{type(raised).__name__}: {raised}")
        self._owed = message, error
        self._settle()

    def _settle(self) -> None:
        """Note what became of the last message; until that is done none is sent: where nothing can be noted all would be sent again."""
        if self._owed is None:
            return
        message, error = self._owed
        with self._telling.guard:
            # The outbox of now: the record may have come back meanwhile.
            box = self._telling.outbox
            was = next((one for one in box.standings() if one.notifier == self._name), None)
            if was is not None:
                settled, standing = settle(message, was, error, now_ms())
                box.post(settled, [standing])
        self._owed = None


def settle(message: Message, was: Standing, error: Undelivered | None, now: int) -> tuple[list[Delivery], Standing]:
    """Return what a try that ended with *error*, or well, makes of its deliveries and of the notifier's standing."""
    tried = [msgspec.structs.replace(one, tries=one.tries + 1, tried=now) for one in message.deliveries]
    if error is None:
        sent = [msgspec.structs.replace(one, state="sent", reason="") for one in tried]
        return sent, msgspec.structs.replace(was, sent=was.sent + 1, failures=0, since=None, reason="", again=0)
    reason = " ".join(str(error).split())[:500]
    settled = [
        msgspec.structs.replace(one, reason=reason, state="failed" if error.final or _is_old(one, now) else "waiting")
        for one in tried
    ]
    failed = sum(one.state == "failed" for one in settled)
    standing = msgspec.structs.replace(
        was,
        failed=was.failed + failed,
        failures=was.failures + 1,
        since=now if was.since is None else was.since,
        reason=reason,
        # 0, never again: a message that was refused for good, or given up, does not wait any more.
        again=0 if error.final or failed == len(settled) else now + int(pause(was.failures, error.wait) * 1000),
    )
    return settled, standing


def pause(failures: int, asked: float | None) -> float:
    """Return the seconds until the next try after so many that failed; as long as the receiver *asked*, if that is more."""
    grown = pause_after(failures + 1, PAUSE_SECONDS, LONGEST_SECONDS, GROWTH, spread=0.1)
    return max(grown, min(asked or 0.0, GIVEN_UP_MS / 1000))


def _late(one: Delivery) -> Delivery:
    return msgspec.structs.replace(one, state="failed", reason="it waited for a day before anybody could send it")


def _is_old(one: Delivery, now: int) -> bool:
    return now - one.made >= GIVEN_UP_MS
