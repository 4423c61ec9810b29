"""Counts what waits in the queues of RabbitMQ, on a link's channel and thread."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future
from math import inf
from typing import Any

from pika import spec

from app.systems.rabbitmq.address import RabbitAddress

#: Seconds for which it is believed that who answers is the queue's leader and up to date.
BELIEVED_SECONDS = 1.0
#: Seconds in which a message is given back, as a rule.
GIVEN_BACK_SECONDS = 0.02


class Counter:
    """Answers everybody who asks with ready messages and consumers; whoever asks meanwhile gets the next count.

    A passive declare answers both at once, and cheaply. But a queue whose leader is just being elected, as
    after a restart, reports less than there is, or nothing. So the first count, and a count of nothing
    that was not checked lately, asks for a message: that goes through the queue's log, after all that
    was confirmed before. A message that comes is given back.
    """

    def __init__(self, address: RabbitAddress, channel: Any) -> None:
        self._names = (address.queue, address.dead_queue)
        self._channel = channel
        self._asked: list[Future[tuple[int, int]]] = []
        #: Whether one of those who asked, and of those who are being answered, needs a sure count.
        self._sure_asked = self._sure_needed = False
        self._answered: list[Future[tuple[int, int]]] = []
        self._left: deque[str] = deque()
        self._ready = self._consumers = 0
        #: When each queue's leader answered.
        self._sure: dict[str, float] = {}
        channel.add_callback(self._empty, [spec.Basic.GetEmpty], one_shot=False)

    def ask(self, future: Future[tuple[int, int]], *, sure: bool) -> None:
        """Count for *future*; a count that need not be *sure* may be too low just after the queue's leader was lost."""
        self._asked.append(future)
        self._sure_asked = self._sure_asked or sure
        if not self._answered:
            self._start()

    def fail(self, error: BaseException) -> None:
        """Fail all who wait for an answer with *error*."""
        for future in (*self._answered, *self._asked):
            future.set_exception(error)

    def _start(self) -> None:
        self._answered, self._asked = self._asked, []
        self._sure_needed, self._sure_asked = self._sure_asked, False
        self._left = deque(self._names)
        self._ready = self._consumers = 0
        self._next()

    def _next(self) -> None:
        if not self._left:
            for future in self._answered:
                future.set_result((self._ready, self._consumers))
            self._answered = []
            if self._asked:
                self._start()
        elif not self._sure_needed or self._left[0] in self._sure:
            self._channel.queue_declare(self._left[0], passive=True, callback=self._declared)
        else:
            self._get()

    def _declared(self, frame: Any) -> None:
        ready, consumers = frame.method.message_count, frame.method.consumer_count
        stale = self._sure.get(self._left[0], -inf) < time.monotonic() - BELIEVED_SECONDS
        if stale and not ready and not consumers:
            self._get()
        else:
            self._count(ready, consumers)

    def _get(self) -> None:
        self._channel.basic_get(self._left[0], self._got)

    def _got(self, channel: Any, method: Any, _properties: Any, _body: bytes) -> None:
        channel.basic_nack(method.delivery_tag, requeue=True)
        first = self._left[0] not in self._sure
        self._sure[self._left[0]] = time.monotonic()
        if first:
            # Until it is back it counts as a consumer's.
            channel.connection.ioloop.call_later(GIVEN_BACK_SECONDS, self._next)
        else:
            self._count(1 + method.message_count, 0)

    def _empty(self, _: Any) -> None:
        first = self._left[0] not in self._sure
        self._sure[self._left[0]] = time.monotonic()
        if first:
            self._next()
        else:
            self._count(0, 0)

    def _count(self, ready: int, consumers: int) -> None:
        self._ready += ready
        self._consumers += consumers
        self._left.popleft()
        self._next()
