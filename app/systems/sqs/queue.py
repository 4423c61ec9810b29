"""The queue in Amazon SQS, or a service that speaks it: a carrier on a standard queue.

SQS gives messages at least once and in any order; ids make that harmless. Messages that it gave up by its
own redrive policy are drained too: only our own code gives a log up.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from app.errors import Problem, TooLarge, Unavailable
from app.log import codec
from app.log.envelope import ENVELOPE_LOGS, Batch, DeadLetter, Envelope
from app.ports.queue import Depth
from app.systems import messages
from app.systems.sqs.client import ERRORS, Service, SqsAddress, address

log = logging.getLogger(__name__)

#: Messages in one call, and their bytes together: SQS's limits.
CALL_MESSAGES = 10
CALL_BYTES = 256 << 10
#: Bytes of one envelope; the rest of CALL_BYTES is for names and types, which SQS counts too.
ENVELOPE_LIMIT = 255 << 10
#: The envelope travels as a binary attribute: as text it would take a third more of the limit.
ATTRIBUTE = "envelope"
BODY = "logingestor"
#: The parameter that names whose a message is.
GROUP = "MessageGroupId"
#: Seconds for which taken messages are hidden from others.
LEASE_SECONDS = 120
#: Longest wait that SQS offers, in seconds.
LONGEST_WAIT = 20
#: Seconds and bytes after which a batch is full, however few its logs.
GATHER_SECONDS = 5.0
TAKE_BYTES = 8 << 20
#: Seconds between two looks at what SQS itself gave up.
DEAD_LOOK_SECONDS = 5.0
#: Seconds before each further try of a send. A send that may have arrived may be repeated: ids are the same.
PAUSES = (0.1, 0.4)
#: Weight of the newest message in the mean size.
_NEWEST = 0.02

#: A message taken: URL of its queue, and the handle by which it is deleted.
_Taken = tuple[str, str]
#: The same with what is in the message; no envelope when it can't be decoded.
_Message = tuple[_Taken, Envelope | None, bytes]


class SqsQueue:
    """A Carrier on SQS; connects when first used, anew in each process."""

    def __init__(self, url: str) -> None:
        self._address: SqsAddress = address(url)
        self._guard = threading.Lock()
        self._service: Service | None = None
        self._pid = 0
        self._dead_look = 0.0
        self._mean = 1024.0
        #: Whether the service has taken groups on a standard queue, or none was sent yet.
        self._groups = True

    def put(self, envelopes: Sequence[Envelope], space: str = "") -> frozenset[int]:
        """See Carrier. Raises TooLarge, with nothing kept, for an envelope that SQS can't carry."""
        bodies = [_body(envelope) for envelope in envelopes]
        service = self._open()
        lost: set[int] = set()
        reasons: list[str] = []
        for places in _calls(bodies):
            lost |= self._send(service, {place: bodies[place] for place in places}, reasons, space)
            if lost.issuperset(places):  # the next calls would fare no better
                lost |= set(range(places[0], len(bodies)))
                break
        if len(lost) == len(bodies):
            raise Unavailable(self._words(reasons[-1]))
        for body in bodies:
            self._mean += (len(body) - self._mean) * _NEWEST
        return frozenset(lost)

    def _send(self, service: Service, bodies: dict[int, bytes], reasons: list[str], space: str) -> set[int]:
        """Send the bodies in one call, as messages of the *space*'s group; return the places of those that are surely not kept, with the reason in *reasons*.

        Raises Unavailable with `kept_unknown` when some may have arrived by a call that was not answered.
        """
        left, unknown = dict(bodies), False
        for pause in (*PAUSES, None):
            entries = [_entry(place, body, space if self._groups else "") for place, body in left.items()]
            try:
                answer = service.sender.send_message_batch(QueueUrl=service.queue, Entries=entries)
            except ERRORS as error:
                unknown = unknown or service.may_have_arrived(error)
                reasons.append(str(error))
            else:
                left = {int(one["Id"]): left[int(one["Id"])] for one in answer.get("Failed", ())}
                reasons += [f"{one['Code']} {one.get('Message', '')}".strip() for one in answer.get("Failed", ())]
            if left and GROUP in reasons[-1]:
                # A service that speaks SQS of before July 2025: nobody's turn is kept there.
                self._groups = False
            if not left:
                break
            if pause is not None:
                time.sleep(pause)
        if left and unknown:
            raise Unavailable(self._words(reasons[-1]), kept_unknown=True)
        return set(left)

    def take(self, limit: int, wait: float) -> Batch:
        """See LogQueue; SQS waits in whole seconds."""
        service = self._open()
        found: list[tuple[Envelope | None, bytes]] = []
        handle: list[_Taken] = []
        try:
            for taken, envelope, raw in self._received(service, limit, wait):
                found.append((envelope, raw))
                handle.append(taken)
        except ERRORS as error:
            if not found:
                raise Unavailable(self._words(error)) from error
            log.warning("a batch ends early: %s", error)
        return messages.batch(found, handle)

    def _received(self, service: Service, limit: int, wait: float) -> Iterator[_Message]:
        """Yield messages of about *limit* logs, from the dead queue first when it is time to look there."""
        logs = size = 0
        now = time.monotonic()
        if service.dead_queue and now >= self._dead_look + DEAD_LOOK_SECONDS:
            self._dead_look = now
            for message in self._receive(service, service.dead_queue, 0):
                logs += 1
                yield message
        seconds = 0 if logs else min(math.ceil(wait), LONGEST_WAIT)
        until = now + seconds + GATHER_SECONDS
        while logs < limit and size < TAKE_BYTES and time.monotonic() < until:
            some = self._receive(service, service.queue, seconds)
            if not some:
                return
            seconds = 0
            for taken, envelope, raw in some:
                logs += max(len(envelope.records), 1) if envelope else 1
                size += len(raw)
                yield taken, envelope, raw

    def _receive(self, service: Service, queue: str, seconds: int) -> list[_Message]:
        answer = service.receiver.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=CALL_MESSAGES,
            MessageAttributeNames=["All"],
            VisibilityTimeout=LEASE_SECONDS,
            WaitTimeSeconds=seconds,
        )
        return [_read(queue, message) for message in answer.get("Messages", ())]

    def ack(self, batch: Batch) -> None:
        """See LogQueue; what can't be deleted comes back when its lease ends, which its ids make harmless."""

        def delete(service: Service, queue: str, entries: list[dict[str, Any]]) -> Any:
            return service.receiver.delete_message_batch(QueueUrl=queue, Entries=entries)

        self._settle(batch, delete)

    def release(self, batch: Batch) -> None:
        """See LogQueue."""

        def show(service: Service, queue: str, entries: list[dict[str, Any]]) -> Any:
            entries = [{**entry, "VisibilityTimeout": 0} for entry in entries]
            return service.receiver.change_message_visibility_batch(QueueUrl=queue, Entries=entries)

        self._settle(batch, show)

    def _settle(self, batch: Batch, call: Callable[[Service, str, list[dict[str, Any]]], Any]) -> None:
        service = self._open()
        handles: list[_Taken] = batch.handle or []
        for queue in {queue for queue, _ in handles}:
            of_queue = [handle for its, handle in handles if its == queue]
            for start in range(0, len(of_queue), CALL_MESSAGES):
                some = of_queue[start : start + CALL_MESSAGES]
                entries = [{"Id": str(place), "ReceiptHandle": handle} for place, handle in enumerate(some)]
                try:
                    call(service, queue, entries)
                except ERRORS as error:
                    log.warning("messages of a batch come back later: %s", error)

    def depth(self) -> Depth:
        """See LogQueue: every message counts for a full envelope. At Amazon the counts lag behind, they are "approximate"."""
        service = self._open()
        try:
            waiting = sum(service.count(queue) for queue in (service.queue, service.dead_queue) if queue)
        except ERRORS as error:
            raise Unavailable(self._words(error)) from error
        return Depth(waiting * ENVELOPE_LOGS, round(waiting * self._mean), None)

    def close(self) -> None:
        """See LogQueue. A forked process leaves its parent's connections alone."""
        if self._service is not None and self._pid == os.getpid():
            self._service.close()

    def _open(self) -> Service:
        with self._guard:
            if self._service is None or self._service.gone or self._pid != os.getpid():
                self.close()
                try:
                    self._service, self._pid = Service(self._address), os.getpid()
                except ERRORS as error:
                    raise Unavailable(self._words(error)) from error
            return self._service

    def _words(self, error: object) -> str:
        return f"SQS, queue {self._address.queue}: {error}"


def _entry(place: int, body: bytes, space: str) -> dict[str, Any]:
    attributes = {ATTRIBUTE: {"DataType": "Binary", "BinaryValue": body}}
    # On a standard queue a group orders nothing: of groups that have much waiting Amazon gives out less.
    group = {GROUP: space} if space else {}
    return {"Id": str(place), "MessageBody": BODY, "MessageAttributes": attributes, **group}


def _read(queue: str, message: dict[str, Any]) -> _Message:
    taken = queue, message["ReceiptHandle"]
    packed = message.get("MessageAttributes", {}).get(ATTRIBUTE, {}).get("BinaryValue")
    if packed is None:
        return taken, None, message["Body"].encode()
    return taken, messages.opened(bytes(packed)), bytes(packed)


def _calls(bodies: Sequence[bytes]) -> Iterator[list[int]]:
    """Yield the places of bodies that go into one call."""
    places: list[int] = []
    size = 0
    for place, body in enumerate(bodies):
        more = len(body) + CALL_BYTES - ENVELOPE_LIMIT
        if places and (len(places) == CALL_MESSAGES or size + more > CALL_BYTES):
            yield places
            places, size = [], 0
        places.append(place)
        size += more
    if places:
        yield places


def _body(envelope: Envelope) -> bytes:
    """Return the envelope packed; a dead letter that is too large is kept with its beginning."""
    body = codec.encode(envelope)
    excess = len(body) - ENVELOPE_LIMIT
    if excess > 0 and len(envelope.dead) == 1 and not envelope.records:
        letter = envelope.dead[0]
        cut = f"{letter.reason} (cut: it had {len(letter.payload):,} bytes)"
        payload = letter.payload[: max(len(letter.payload) - excess - len(cut) - 16, 0)]
        letters = [DeadLetter(letter.id, payload, cut, letter.field, letter.sender)]
        body = codec.encode(Envelope([], letters, envelope.claim, numbers=envelope.numbers))
    if len(body) > ENVELOPE_LIMIT:
        raise TooLarge(Problem("the request names too many faults for a message of SQS; send fewer logs at once"))
    return body
