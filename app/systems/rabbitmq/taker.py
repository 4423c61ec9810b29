"""A connection that takes messages from RabbitMQ: for one batch at a time, whichever thread asks.

It has a consumer on the queue only while it may hold messages. RabbitMQ says exactly how many messages
are ready and how many consumers there are, but not how many messages those hold; so an idle taker
without a consumer lets everybody see that nothing waits.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import pika

from app.log.envelope import ENVELOPE_LOGS, Envelope
from app.systems.messages import opened
from app.systems.rabbitmq.address import ERRORS, RabbitAddress

#: Messages that one taker holds at most: a few thousand logs in envelopes of 100, and 5 MiB of them.
PREFETCH = 40
#: Bytes of messages in one batch, so that large logs don't fill the memory.
TAKE_BYTES = 8 << 20
#: Seconds between two looks while nothing waits: at first, and when nothing has come for QUIET_SECONDS.
LOOK_SECONDS, QUIET_LOOK_SECONDS = 0.01, 0.05
QUIET_SECONDS = 1.0
#: Seconds between two looks at what the broker itself gave up.
DEAD_LOOK_SECONDS = 5.0
#: Seconds without a message after which the consumer goes.
IDLE_SECONDS = 0.05
#: Seconds to wait for one more message for the batch.
GATHER_SECONDS = 0.002
#: A message delivered so often without being settled is tried alone: it may be what kills the worker.
SUSPECT_DELIVERIES = 3


@dataclass(slots=True)
class UnsettledMessage:
    """A message that is not settled yet."""

    tag: int
    envelope: Envelope | None
    body: bytes
    suspect: bool

    @property
    def logs(self) -> int:
        """How many logs it counts for in a batch; one for dead letters."""
        return max(len(self.envelope.records), 1) if self.envelope else 1


class Taker:
    """A consuming connection. Every method may raise one of ERRORS; the taker is then of no more use."""

    def __init__(self, address: RabbitAddress) -> None:
        self._address = address
        self._held: deque[UnsettledMessage] = deque()
        self._consumer: str | None = None
        # When something last happened, and when the dead queue was last looked at.
        self._last = time.monotonic()
        self._dead_look = 0.0
        #: When it was last without a batch.
        self.used = self._last
        self._connection = pika.BlockingConnection(address.parameters)
        try:
            self._channel = self._connection.channel()
            for name, arguments in address.queues():
                self._channel.queue_declare(name, durable=True, arguments=arguments)
            self._channel.basic_qos(prefetch_count=PREFETCH)
            self._channel.add_on_cancel_callback(self._cancelled)
        except ERRORS:
            self.close()
            raise

    @property
    def busy(self) -> bool:
        """Whether it may hold messages."""
        return bool(self._held) or self._consumer is not None

    def take(self, limit: int, wait: float) -> list[UnsettledMessage]:
        """Return messages of about *limit* logs, waiting up to *wait* seconds for the first."""
        until = time.monotonic() + wait
        over = False
        while not self._held and not over:
            over = self._look(until) if self._consumer is None else self._listen(until)
        if self._held:
            self._gather(limit)
        return self._cut(limit)

    def ack(self, tag: int) -> None:
        """Settle all messages up to *tag*: batches are taken in order, one at a time."""
        self._channel.basic_ack(tag, multiple=True)
        self._last = time.monotonic()

    def release(self, tag: int) -> None:
        """Give all messages up to *tag* back to the queue."""
        self._channel.basic_nack(tag, multiple=True, requeue=True)
        self._last = time.monotonic()

    def close(self) -> None:
        """Close the connection: the broker gives what is unsettled to others at once."""
        with contextlib.suppress(*ERRORS):
            self._connection.close()

    def _look(self, until: float) -> bool:
        """Become a consumer if anything waits, else rest a moment; return whether the time is over."""
        now = time.monotonic()
        if now >= self._dead_look + DEAD_LOOK_SECONDS:
            self._dead_look = now
            self._get_dead()
        elif self._ready():
            self._consumer = self._channel.basic_consume(self._address.queue, self._delivered)
            self._last = time.monotonic()
        elif now >= until:
            return True
        else:
            pause = QUIET_LOOK_SECONDS if now >= self._last + QUIET_SECONDS else LOOK_SECONDS
            self._connection.sleep(min(pause, until - now))
        return False

    def _listen(self, until: float) -> bool:
        """Wait for a message; return whether the time is over. After IDLE_SECONDS the consumer goes."""
        now, quiet = time.monotonic(), self._last + IDLE_SECONDS
        self._connection.process_data_events(max(min(until, quiet) - now, 0))
        if self._held:
            return False
        now = time.monotonic()
        if now >= quiet:
            self._stop()
        elif now >= until and not self._ready():
            # Messages delivered before that answer arrive before the next one.
            self._ready()
            self._connection.process_data_events(0)
            return True
        return False

    def _gather(self, limit: int) -> None:
        """Wait for more until there is enough for the batch, or no more comes."""
        logs = size = seen = 0
        while True:
            fresh = [self._held[place] for place in range(seen, len(self._held))]
            logs += sum(message.logs for message in fresh)
            size += sum(len(message.body) for message in fresh)
            full = logs >= limit or size >= TAKE_BYTES or len(self._held) >= PREFETCH
            if full or not fresh or self._consumer is None:
                return
            seen = len(self._held)
            self._connection.process_data_events(GATHER_SECONDS)

    def _cut(self, limit: int) -> list[UnsettledMessage]:
        """Return the oldest messages for one batch; the others stay for the next."""
        messages: list[UnsettledMessage] = []
        logs = size = 0
        while self._held and logs < limit and size < TAKE_BYTES:
            suspect = self._held[0].suspect
            if suspect and messages:
                break
            messages.append(self._held.popleft())
            logs, size = logs + messages[-1].logs, size + len(messages[-1].body)
            if suspect:
                break
        if messages:
            self._last = time.monotonic()
        return messages

    def _ready(self) -> int:
        return int(self._channel.queue_declare(self._address.queue, passive=True).method.message_count)

    def _get_dead(self) -> None:
        """Fetch what the broker gave up, message by message: there is hardly ever any."""
        while len(self._held) < PREFETCH:
            method, properties, body = self._channel.basic_get(self._address.dead_queue)
            if method is None:
                return
            self._delivered(None, method, properties, body)

    def _stop(self) -> None:
        """Be no consumer any more; messages on their way go back to the queue."""
        if self._consumer is not None:
            self._channel.basic_cancel(self._consumer)
            self._consumer = None

    def _cancelled(self, _: Any) -> None:
        self._consumer = None

    def _delivered(self, _: Any, method: Any, properties: Any, body: bytes) -> None:
        deliveries = int((properties.headers or {}).get("x-delivery-count", 0))
        self._held.append(UnsettledMessage(method.delivery_tag, opened(body), body, deliveries >= SUSPECT_DELIVERIES))


def at_most(ready: int, consumers: int) -> tuple[int, int]:
    """Return how many messages and logs there are at most."""
    messages = ready + consumers * PREFETCH
    return messages, messages * ENVELOPE_LOGS
