"""One connection to RabbitMQ on a thread of its own, for many threads: it publishes with confirms, and counts.

A link lives as long as its connection. When that is lost every promise under way is broken with an
error that says whether the messages may have arrived, and the next caller makes a new link.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pika
from pika.adapters.select_connection import IOLoop

from app.errors import QueueFull, Unavailable
from app.systems.rabbitmq.address import RabbitAddress, unavailable
from app.systems.rabbitmq.count import Counter

log = logging.getLogger(__name__)

#: AMQP's mark of a message that must outlive the broker.
_PERSISTENT = 2


@dataclass(slots=True)
class Verdict:
    """The outcome of the messages of one put: the places of those that the broker refused, or had no queue for."""

    refused: set[int] = field(default_factory=set)
    returned: set[int] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class _Put:
    """Messages on their way; answered when none is left unconfirmed."""

    bodies: Sequence[bytes]
    future: Future[Verdict]
    left: int
    verdict: Verdict = field(default_factory=Verdict)


class Link:
    """A connection with the queues declared, and its thread."""

    def __init__(self, address: RabbitAddress) -> None:
        self._address = address
        self._guard = threading.Lock()
        #: Whether the link takes no more; `broken` then says why.
        self.ended = False
        #: Whether the queues could be declared.
        self.opened = False
        self._closing = False
        # The rest is only touched by the thread, but for adding to `_jobs`.
        self._jobs: deque[tuple[Callable[[], None], Future[Any]]] = deque()
        self._loop = IOLoop()
        self._connection: Any = None
        self._channel: Any = None
        self._blocked: str | None = None
        self._number = 0
        self._unconfirmed: dict[int, tuple[_Put, int]] = {}
        self._counter: Any = None
        self._reason: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="rabbitmq", daemon=True)
        self._thread.start()

    def publish(self, bodies: Sequence[bytes]) -> Future[Verdict]:
        """Send the messages; the future is answered when all are confirmed or refused.

        It can be cancelled as long as nothing was sent. It raises QueueFull and Unavailable.
        """
        future: Future[Verdict] = Future()
        return self._submit(partial(self._publish, _Put(bodies, future, len(bodies))), future)

    def count(self, *, sure: bool = True) -> Future[tuple[int, int]]:
        """Ask for the messages that are ready, and for the consumers that may hold more; see Counter."""
        future: Future[tuple[int, int]] = Future()
        return self._submit(lambda: self._counter.ask(future, sure=sure), future)

    def broken(self, *, kept_unknown: bool = False) -> Unavailable:
        """Return why the link ended."""
        reason = self._reason or ConnectionError("the connection was closed")
        return unavailable(self._address, reason, kept_unknown=kept_unknown)

    def close(self) -> None:
        """Close the connection and wait for the thread; what is under way is broken off."""
        with self._guard:
            self._closing = True
            if not self.ended:
                self._loop.add_callback_threadsafe(self._disconnect)
        self._thread.join(5)

    def _submit(self, job: Callable[[], None], future: Future[Any]) -> Future[Any]:
        with self._guard:
            if self.ended:
                future.set_exception(self.broken())
            else:
                self._jobs.append((job, future))
                self._loop.add_callback_threadsafe(self._work)
        return future

    # The code below runs on the link's own thread.

    def _run(self) -> None:
        try:
            self._connection = pika.SelectConnection(
                self._address.parameters,
                on_open_callback=self._connected,
                on_open_error_callback=lambda _, error: self._lost(error),
                on_close_callback=lambda _, error: self._lost(error),
                custom_ioloop=self._loop,
            )
            self._loop.start()
        except Exception as error:
            # pika's own assertion fails where a connection is closed while it opens.
            if not self._closing:
                log.exception("the connection to RabbitMQ failed")
            self._reason = error
        self._end()

    def _lost(self, error: BaseException) -> None:
        self._reason = self._reason or error
        self._loop.stop()

    def _end(self) -> None:
        """Break every promise: with `kept_unknown` for what may have arrived."""
        with self._guard:
            self.ended = True
            self._loop.close()
        for _, future in self._jobs:
            if future.set_running_or_notify_cancel():
                future.set_exception(self.broken())
        if self._counter is not None:
            self._counter.fail(self.broken())
        for put in {id(put): put for put, _ in self._unconfirmed.values()}.values():
            put.future.set_exception(self.broken(kept_unknown=True))

    def _disconnect(self) -> None:
        if self._connection is None or self._connection.is_closed:
            self._loop.stop()
        elif not self._connection.is_closing:
            self._connection.close()

    def _connected(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(self._block)
        connection.add_on_connection_unblocked_callback(self._unblock)
        connection.channel(on_open_callback=self._declare)

    def _block(self, _: Any, frame: Any) -> None:
        self._blocked = str(frame.method.reason)

    def _unblock(self, *_: Any) -> None:
        self._blocked = None

    def _declare(self, channel: Any) -> None:
        channel.add_on_close_callback(self._channel_closed)
        channel.add_on_return_callback(self._returned)
        for name, arguments in self._address.queues():
            # Without a callback pika would send all at once; the last one's answer means all are there.
            channel.queue_declare(name, durable=True, arguments=arguments, callback=lambda _: None)
        channel.confirm_delivery(self._confirmed, callback=lambda _: self._ready(channel))

    def _channel_closed(self, _: Any, error: BaseException) -> None:
        self._reason = self._reason or error
        self._disconnect()

    def _ready(self, channel: Any) -> None:
        self._channel, self.opened = channel, True
        self._counter = Counter(self._address, channel)
        self._work()

    def _work(self) -> None:
        while self._jobs and self._reason is None and self._channel is not None and self._channel.is_open:
            job, future = self._jobs.popleft()
            if future.set_running_or_notify_cancel():
                job()

    def _publish(self, put: _Put) -> None:
        if self._blocked is not None:
            put.future.set_exception(QueueFull(f"RabbitMQ takes nothing now: {self._blocked}", retry_after=10))
            return
        for place, body in enumerate(put.bodies):
            self._number += 1
            self._unconfirmed[self._number] = put, place
            # The number travels along so that a returned message is known. Mandatory: without it a message whose
            # queue was deleted would be confirmed and gone.
            properties = pika.BasicProperties(delivery_mode=_PERSISTENT, message_id=str(self._number))
            self._channel.basic_publish("", self._address.queue, body, properties, mandatory=True)

    def _returned(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        """Note a message that found no queue; it is confirmed next. A new link will declare the queue again."""
        put, place = self._unconfirmed[int(properties.message_id)]
        put.verdict.returned.add(place)
        self._reason = LookupError(f"the queue {self._address.queue} was deleted; it is made anew")

    def _confirmed(self, frame: Any) -> None:
        method = frame.method
        accepted, last = method.NAME == "Basic.Ack", method.delivery_tag
        numbers = [last]
        if method.multiple:
            # In the order of their numbers: the first ones wait longest.
            numbers = []
            for number in self._unconfirmed:
                if number > last:
                    break
                numbers.append(number)
        for number in numbers:
            put, place = self._unconfirmed.pop(number)
            if not accepted:
                put.verdict.refused.add(place)
            put.left -= 1
            if not put.left:
                put.future.set_result(put.verdict)
        if self._reason is not None and not self._unconfirmed:
            self._disconnect()
