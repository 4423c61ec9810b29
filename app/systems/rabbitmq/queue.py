"""The queue in RabbitMQ: a carrier on a quorum queue, with publisher confirms.

Puts of all threads go over one connection, pipelined, and each is answered by its own confirms;
batches come over a connection each.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.errors import QueueFull, Unavailable
from app.log import codec
from app.log.envelope import Batch, Envelope
from app.ports.queue import Depth
from app.systems import messages, shares
from app.systems.rabbitmq.address import ERRORS, address, unavailable
from app.systems.rabbitmq.link import Link, Verdict
from app.systems.rabbitmq.taker import Taker, at_most
from app.times.retry import pause_after

#: Seconds within which a put must be confirmed, connecting included.
CONFIRM_SECONDS = 20.0
#: Seconds within which the queue must be counted, and after which a count says nothing about shares any more.
COUNT_SECONDS = 5.0
#: Seconds for which no connection is tried after the first and after many failures in a row.
PAUSE_SECONDS = (0.2, 5.0)
#: Seconds after which a taker that nobody used is closed, so that it can't sit on messages.
SPARE_SECONDS = 2.0
#: Seconds after which what waits is counted anew, to decide whether a space has its share.
SHARE_SECONDS = 1.0
#: Messages that the mean size is about, at most.
_NEWEST = 50

T = TypeVar("T")


@dataclass(slots=True)
class _Handle:
    """By which a batch is settled, once."""

    taker: Taker
    last: int
    settled: bool = False


@dataclass(slots=True)
class _Line:
    """The link of one purpose: the present one, and when a new one may be tried."""

    link: Link | None = None
    #: Links in a row that never opened.
    failures: int = 0
    not_before: float = 0.0


@dataclass(slots=True)
class _Connections:
    """The connections that one process has opened."""

    pid: int = field(default_factory=os.getpid)
    # Two, as RabbitMQ lets a connection that publishes wait while its memory or disk is short.
    publishing: _Line = field(default_factory=_Line)
    counting: _Line = field(default_factory=_Line)
    #: Takers without a batch, and all of them.
    spare: list[Taker] = field(default_factory=list)
    takers: list[Taker] = field(default_factory=list)


class RabbitQueue:
    """A Carrier on RabbitMQ; connects when first used, anew in each process."""

    def __init__(self, url: str, *, limit: int) -> None:
        self._address = address(url, limit)
        self._limit = limit
        self._guard = threading.Lock()
        self._opened = _Connections()
        self._full_until = 0.0
        #: Bytes of a message: the mean of the first that were put, then of about the last _NEWEST; a guess before.
        self._mean, self._measured = 1024.0, 0
        self._sent = shares.SentLast()
        #: Bytes that waited when it was last counted, with those that were put since; when that was, and when it was asked for.
        self._waiting, self._counted, self._asked = 0.0, float("-inf"), float("-inf")

    def put(self, envelopes: Sequence[Envelope], space: str = "") -> frozenset[int]:
        """See Carrier; all spaces share the one queue, and none may fill it (app/systems/shares.py)."""
        bodies = [codec.encode(envelope) for envelope in envelopes]
        size = sum(map(len, bodies))
        self._ensure_share(space, size)
        lost = self._publish(bodies)
        self._sent.add(space, size)
        self._waiting += size
        self._count_now_and_then()
        return lost

    def _ensure_share(self, space: str, size: int) -> None:
        """Raise QueueFull where a space has its share, as far as it is known: what waits is counted anew before it is refused."""
        self._sent.ask(space)
        if time.monotonic() - self._counted > COUNT_SECONDS or self._has_room(space, size):
            return
        with suppress(Unavailable):
            self._note(self._answer(self._open().counting, lambda link: link.count(sure=False), COUNT_SECONDS))
        if not self._has_room(space, size):
            raise shares.full(space)

    def _count_now_and_then(self) -> None:
        """Count what waits, beside the puts and after one: a queue that has something need not be asked for a message."""
        now = time.monotonic()
        if now - self._asked >= SHARE_SECONDS:
            self._asked = now
            with suppress(Unavailable):
                self._link(self._open().counting).count(sure=False).add_done_callback(self._note_waiting)

    def _has_room(self, space: str, size: int) -> bool:
        waiting = self._waiting
        own = self._sent.of(space, waiting)
        return not self._sent.is_shared(waiting) or shares.has_room(own, size, waiting, self._limit)

    def _note_waiting(self, counted: Future[tuple[int, int]]) -> None:
        # Where it can't be counted, the last count holds for a while.
        if not counted.cancelled() and counted.exception() is None:
            self._note(counted.result())

    def _note(self, counted: tuple[int, int]) -> None:
        # Messages that workers have taken fill nothing.
        self._waiting, self._counted = counted[0] * self._mean, time.monotonic()

    def _publish(self, bodies: list[bytes]) -> frozenset[int]:
        verdict = self._answer(self._open().publishing, lambda link: link.publish(bodies), CONFIRM_SECONDS)
        lost = verdict.refused | verdict.returned
        if len(lost) == len(bodies):
            raise self._none_kept(verdict)
        self._full_until = 0.0
        for body in bodies:
            self._measured = min(self._measured + 1, _NEWEST)
            self._mean += (len(body) - self._mean) / self._measured
        return frozenset(lost)

    def _none_kept(self, verdict: Verdict) -> Unavailable:
        if not verdict.refused:
            return Unavailable(
                f"the queue {self._address.queue} was deleted in RabbitMQ; it is made anew", retry_after=1
            )
        self._full_until = time.monotonic() + 10
        return QueueFull("the queue is full: RabbitMQ refuses more", retry_after=10)

    def _answer(self, line: _Line, ask: Callable[[Link], Future[T]], seconds: float) -> T:
        """Return what the link answers; raises Unavailable when it does not within *seconds*."""
        future = ask(self._link(line))
        try:
            return future.result(seconds)
        except TimeoutError:
            unsent = future.cancel()
            message = f"RabbitMQ at {self._address.place} did not answer within {seconds:.0f} s"
            raise Unavailable(message, kept_unknown=not unsent) from None

    def _link(self, line: _Line) -> Link:
        """Return the line's link, a new one if it ended; raises Unavailable when it ended just now."""
        with self._guard:
            link, now = line.link, time.monotonic()
            if link is not None and not link.ended:
                return link
            if link is not None and not link.opened and now < line.not_before:
                raise link.broken()
            failed = link is not None and not link.opened
            line.failures = line.failures + 1 if failed else 0
            line.not_before = now + pause_after(line.failures + 1, *PAUSE_SECONDS)
            line.link = Link(self._address)
            return line.link

    def _open(self) -> _Connections:
        if self._opened.pid != os.getpid():
            # Forked: the connections are the parent's, and closing them would close them for it.
            self._guard = threading.Lock()
            self._opened = _Connections()
        return self._opened

    def take(self, limit: int, wait: float) -> Batch:
        """See LogQueue."""
        opened = self._open()
        taker = self._taker(opened)
        try:
            taken = taker.take(limit, wait)
        except ERRORS as error:
            self._drop(opened, taker)
            raise unavailable(self._address, error) from error
        if not taken:
            self._spare(opened, taker)
            return Batch([], [], None)
        return messages.batch(((one.envelope, one.body) for one in taken), _Handle(taker, taken[-1].tag))

    def _taker(self, opened: _Connections) -> Taker:
        """Return a taker that has no batch, best one that holds messages already."""
        stale = time.monotonic() - SPARE_SECONDS
        with self._guard:
            opened.spare.sort(key=lambda taker: (taker.busy, taker.used))
            found = opened.spare.pop() if opened.spare else None
            left = [taker for taker in opened.spare if taker.used < stale]
        for taker in left:
            self._drop(opened, taker)
        if found is None:
            try:
                found = Taker(self._address)
            except ERRORS as error:
                raise unavailable(self._address, error) from error
            with self._guard:
                opened.takers.append(found)
        return found

    def _spare(self, opened: _Connections, taker: Taker) -> None:
        taker.used = time.monotonic()
        with self._guard:
            opened.spare.append(taker)

    def _drop(self, opened: _Connections, taker: Taker) -> None:
        with self._guard:
            for list_ in (opened.spare, opened.takers):
                if taker in list_:
                    list_.remove(taker)
        taker.close()

    def ack(self, batch: Batch) -> None:
        """See LogQueue; when the connection is lost the batch comes back, which its ids make harmless."""
        self._settle(batch, Taker.ack)

    def release(self, batch: Batch) -> None:
        """See LogQueue."""
        self._settle(batch, Taker.release)

    def _settle(self, batch: Batch, settle: Callable[[Taker, int], None]) -> None:
        handle: Any = batch.handle
        if not isinstance(handle, _Handle) or handle.settled:
            return
        handle.settled = True
        opened = self._open()
        try:
            settle(handle.taker, handle.last)
        except ERRORS:
            self._drop(opened, handle.taker)
        else:
            self._spare(opened, handle.taker)

    def depth(self) -> Depth:
        """See LogQueue: every message counts for a full envelope, every consumer for all that it may hold."""
        ready, consumers = self._answer(self._open().counting, Link.count, COUNT_SECONDS)
        waiting, logs = at_most(ready, consumers)
        full = time.monotonic() < self._full_until
        return Depth(logs, round(waiting * self._mean), None, full=full and waiting > 0)

    def close(self) -> None:
        """See LogQueue; what was taken and not acknowledged is given back."""
        opened = self._open()
        for line in (opened.publishing, opened.counting):
            if line.link is not None:
                line.link.close()
        for taker in list(opened.takers):
            self._drop(opened, taker)
