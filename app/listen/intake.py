"""The intake: messages from all connections, put on the queue batch by batch, durably, whatever is away meanwhile."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, groupby
from operator import attrgetter
from typing import Any, Protocol

import msgspec

from app.accept.accept import Accept
from app.accept.visits import Visits
from app.errors import Problem, Unavailable
from app.listen.places import has_room
from app.log import schema
from app.log.limits import Limits
from app.log.numbers import SYSLOG_MARK, Number, of_syslog
from app.log.parsed import Parsed, Refused
from app.settings.clients import one_client
from app.times.instant import now_ms
from app.times.retry import pause_after

log = logging.getLogger(__name__)

#: Most messages that are put on the queue at once, and seconds for which the first of them waits for others.
BATCH, GATHER_SECONDS = 1_000, 0.005
#: Most bytes of messages that wait in memory, over all connections; and what a message takes beside its own bytes.
WAITING_BYTES, BESIDE = 64 << 20, 128
#: Shortest and longest pause, in seconds, before a batch is tried again that the queue could not take.
PAUSES = 0.2, 5.0


class Decodes(Protocol):
    """From messages to logs, as they would be sent over HTTP; what is no log is a text of its own."""

    def one(self, data: bytes, peer: str) -> Any:
        """Return the log in a message of a peer."""

    def several(self, messages: Sequence[bytes], peer: str) -> list[Any]:
        """Return what `one` returns of each of several messages of one peer."""


class Received(msgspec.Struct, frozen=True, gc=False):
    """One message as it came."""

    data: bytes
    #: Address of who sent it.
    peer: str
    #: Protocol and transport of the message, such as `syslog udp`.
    way: str
    #: Reads the message.
    decoder: Decodes
    #: The socket that it came from: its port, or of a unix socket the number of the connection.
    socket: int = 1

    @property
    def number(self) -> Number | None:
        """The number that its sender gave the log."""
        return of_syslog(self.data, self.peer, self.socket)


class Intake:
    """Takes messages on the event loop and has them accepted in a thread; one for all listeners of a process."""

    def __init__(self, accept: Accept, visits: Visits, limits: Limits) -> None:
        self._accept, self._visits = accept, visits
        # Logs of many senders are put together here: the limit of a request does not apply to them.
        self._limits = replace(limits, logs=BATCH)
        self._waiting: deque[Received] = deque()
        self._bytes = 0
        #: The bytes of each peer among them.
        self._of: Counter[str] = Counter()
        self._some, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, "intake")
        self._task = asyncio.ensure_future(self._run())

    async def put(self, messages: Sequence[Received]) -> None:
        """Take the messages of one peer; wait first while too much waits already, so that its connection fills up instead.

        Those of a connection that is ended while they wait are taken too: they were read, and nobody sends them again.
        """
        try:
            while messages and not self._has_room(messages[0].peer):
                self._room.clear()
                await self._room.wait()
        finally:
            self._add(messages)

    def offer(self, message: Received) -> bool:
        """Take the message if there is room for it; for datagrams, whose senders can't be made to wait."""
        if not self._has_room(message.peer):
            return False
        self._add((message,))
        return True

    def _has_room(self, peer: str) -> bool:
        return has_room(self._of[one_client(peer)], WAITING_BYTES - self._bytes, WAITING_BYTES)

    def _add(self, messages: Sequence[Received]) -> None:
        if messages:
            size = _size(messages)
            self._waiting.extend(messages)
            self._bytes += size
            self._of[one_client(messages[0].peer)] += size
            self._some.set()

    def _free(self, batch: Sequence[Received]) -> None:
        """Make room for others: the batch does not wait any more."""
        self._bytes -= _size(batch)
        for message in batch:
            client = one_client(message.peer)
            self._of[client] -= _size((message,))
            if not self._of[client]:
                del self._of[client]
        self._room.set()

    async def close(self) -> None:
        """Have accepted what waits, then end."""
        self._closing = True
        self._some.set()
        await self._task
        self._thread.shutdown()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._some.wait()
            if not self._waiting and self._closing:
                return
            if len(self._waiting) < BATCH and not self._closing:
                await asyncio.sleep(GATHER_SECONDS)
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            if batch:
                await self._store(loop, batch)
                self._free(batch)
            if not self._waiting and not self._closing:
                self._some.clear()

    async def _store(self, loop: asyncio.AbstractEventLoop, batch: list[Received]) -> None:
        """Have the batch accepted; try for ever while the queue is full or away.

        The first try gives the logs their ids, so that one that was kept although nobody could say so is not kept twice.
        """
        parsed = await loop.run_in_executor(self._thread, self._parse, batch)
        failures = 0
        while True:
            try:
                if await loop.run_in_executor(self._thread, self._take, batch, parsed):
                    return
                reason = "the queue kept a part of them"
            except Unavailable as error:
                reason = str(error)
            failures += 1
            if failures == 1:
                log.warning("%d messages wait: %s", len(self._waiting) + len(batch), reason)
            await asyncio.sleep(pause_after(failures, *PAUSES))

    def _parse(self, batch: list[Received]) -> Parsed:
        groups = groupby(batch, attrgetter("decoder", "peer"))
        values = list(chain.from_iterable(_decoded(list(group)) for _, group in groups))
        parsed = schema.read_items(values, self._limits, now_ms())
        marked = [place for place, message in enumerate(batch) if SYSLOG_MARK in message.data]
        numbers = ((place, batch[place].number) for place in marked)
        parsed.numbers = {place: number for place, number in numbers if number is not None}
        return parsed

    def _take(self, batch: list[Received], parsed: Parsed) -> bool:
        """Have the logs accepted; False where some were not kept for now. Raises Unavailable."""
        outcome = self._accept.take(parsed, sender=batch[0].peer)
        again = {one.get("index") for one in outcome.rejected if one.get("retry")}
        # The others are dead letters by now.
        parsed.refused = [one for one in parsed.refused if one.problem.index in again]
        if again:
            return False
        for (peer, way), count in Counter((message.peer, message.way) for message in batch).items():
            self._visits.saw(peer, way, count, read_as=way.partition(" ")[0])
        return True


def _size(messages: Sequence[Received]) -> int:
    return sum(len(message.data) for message in messages) + BESIDE * len(messages)


def _decoded(messages: Sequence[Received]) -> list[Any]:
    """Return the logs in messages of one peer; one at which its reader fails is refused, and stops no other."""
    first = messages[0]
    try:
        return first.decoder.several([message.data for message in messages], first.peer)
    except Exception:
        return [_decoded_alone(message) for message in messages]


def _decoded_alone(message: Received) -> Any:
    try:
        return message.decoder.one(message.data, message.peer)
    except Exception as error:
        # Without the exception's own text, which may cite the message.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error(
            "a message of %s from %s could not be read: %s\n%s", message.way, message.peer, type(error).__name__, where
        )
        return Refused(Problem("could not be read, by a fault of the server's; its own log says why"), message.data)
