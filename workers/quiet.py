"""Dramatiq's worker without its looking around: with a broker in this process whoever sends can wake whoever waits.

Dramatiq wakes each of its threads ten times a second, to see whether to stop. With one thread for each queue, each
queue of delayed messages and each message at work, that was half of what an idle instance cost.
"""

from __future__ import annotations

import queue
from typing import Any

from dramatiq import Broker, Worker
from dramatiq.brokers.stub import StubBroker
from dramatiq.common import dq_name

#: Milliseconds after which a thread of a quiet worker looks whether to stop, though nobody woke it.
QUIET_MS = 60_000
#: Seconds between two looks of each thread once the worker is about to stop.
STOPPING_SECONDS = 0.1


class Waking(queue.Queue[Any]):
    """A queue at which waits are long until `hurry`, and short from then on."""

    hurried = False

    def hurry(self) -> None:
        """Wake all who wait, with nothing, and let nobody wait long again."""
        with self.not_empty:
            self.hurried = True
            self.not_empty.notify_all()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return the next item; raises queue.Empty after *timeout* seconds, and when hurried."""
        with self.not_empty:
            before = self.hurried
            if before and timeout is not None:
                timeout = min(timeout, STOPPING_SECONDS)
            if block:
                self.not_empty.wait_for(lambda: self._qsize() or self.hurried != before, timeout)
            if not self._qsize():
                raise queue.Empty
            item = self._get()
            self.not_full.notify()
            return item


class WakingByPriority(Waking, queue.PriorityQueue[Any]):
    """The same, in the order of its items."""


class LocalBroker(StubBroker):
    """Dramatiq's broker in this process, over queues that can be hurried."""

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue; to be called before a worker begins to consume."""
        known = queue_name in self.queues
        super().declare_queue(queue_name)
        if not known:
            self.queues.update({name: Waking() for name in (queue_name, dq_name(queue_name))})

    def hurry(self) -> None:
        """Wake all consumers: the worker is about to stop."""
        for waiting in self.queues.values():
            waiting.hurry()


class QuietWorker(Worker):
    """A Worker whose threads wait for messages, and look around only when they are hurried."""

    def __init__(self, broker: Broker, *, threads: int, timeout: int) -> None:
        """Let consumers of a broker elsewhere look after *timeout* ms, as its connection needs."""
        local = isinstance(broker, LocalBroker)
        super().__init__(broker, worker_threads=threads, worker_timeout=QUIET_MS if local else timeout)
        self._work = self.work_queue = WakingByPriority()

    def stop(self, timeout: int = 600_000) -> None:
        """See Worker."""
        self._work.hurry()
        if isinstance(self.broker, LocalBroker):
            self.broker.hurry()
        super().stop(timeout)
