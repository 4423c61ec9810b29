"""Envelopes of logs and dead letters, which go through the queue, and what a request claims and is answered."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import msgspec

from app.log.numbers import ArrivedNumbers
from app.log.record import IdSource, LogRecord
from app.times.instant import now_ms

_ids = IdSource()
#: Most logs in one envelope.
ENVELOPE_LOGS = 100
#: Largest envelope, in bytes; a log that is larger alone travels alone.
ENVELOPE_BYTES = 128 << 10
#: Bytes of a remembered answer by which its request is distinguished from all others.
REQUEST_BYTES = 16


class DeadLetter(msgspec.Struct, array_like=True, gc=False):
    """A log or body that was refused, or could not be stored: kept with its reason so that it can be replayed."""

    #: UUIDv7 of 16 bytes; its time is when it was refused.
    id: bytes
    #: The bytes as they were sent; of a body that can't be read the first 64 KiB.
    payload: bytes
    #: Why, in a sentence, and the field at fault.
    reason: str
    field: str | None = None
    #: Its sender: an address, a file, or a token's name.
    sender: str = ""
    #: How often the same was refused within a day: letters that are alike are kept as one. 0 for a log that was accepted
    #: and can't be stored: such a letter is never put together with another.
    times: int = 0

    @property
    def digest(self) -> bytes:
        """The digest by which like letters are put together: the same bytes of one sender, refused for the same reason."""
        parts = (self.reason, self.field or "", self.sender)
        named = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(named + b"\0" + self.payload, digest_size=16).digest()


class Claim(msgspec.Struct, array_like=True, frozen=True):
    """A request's Idempotency-Key: the first request with it is taken, later ones are answered from it."""

    #: Sender and key together.
    key: str
    #: Digest of the body, so that the same key with another body is noticed.
    digest: bytes
    #: The answer that a re-send will get; no other request's has the same first REQUEST_BYTES.
    answer: bytes
    #: Which envelope of the request this is, from 0, and how many it has: where each is claimed for itself.
    part: int = 0
    parts: int = 1

    def of_part(self, part: int, parts: int) -> Claim:
        """Return the claim of one part; the first has the whole answer, which can be long, the others its beginning."""
        answer = self.answer if part == 0 else self.answer[:REQUEST_BYTES]
        return Claim(self.key, self.digest, answer, part, parts)


class Envelope(msgspec.Struct, array_like=True, gc=False):
    """One message of the queue: logs of one request in their sent order, or letters already dead."""

    records: list[LogRecord] = []
    dead: list[DeadLetter] = []
    #: Travels along where the queue itself can't remember it; the drain makes it in the record.
    claim: Claim | None = None
    #: The sender's key of each record, 16 bytes by which the same log is known when it comes in another request; b"" for
    #: none. Empty where no record has one. They are claimed together with the envelope.
    keys: list[bytes] = []
    #: The numbers that senders gave the logs and letters; empty where they number none.
    numbers: list[ArrivedNumbers] = []

    def without(self, ids: Container[bytes]) -> Envelope:
        """Return the envelope without the records that have these ids."""
        kept = [record.id not in ids for record in self.records]
        records, keys = list(compress(self.records, kept)), list(compress(self.keys, kept))
        # The numbers of records that are left out have arrived all the same.
        return Envelope(records, self.dead, self.claim, keys, self.numbers)


@dataclass(frozen=True, slots=True)
class Listing:
    """The ids behind a receipt, where they are not consecutive: kept so that it can be asked about."""

    key: bytes
    ids: Sequence[bytes]
    #: How long it is kept, in ms.
    keep_ms: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The outcome of a put."""

    #: True when this put queued the envelopes; False when the claim had been made before.
    fresh: bool = True
    #: The answer remembered with the earlier claim, and the digest of its body.
    answer: bytes = b""
    digest: bytes = b""
    #: Ids among the put records that had been accepted before; they were not queued again.
    duplicates: frozenset[bytes] = frozenset()
    #: Ids among the put records and dead letters that were not kept though others were: to be sent again.
    missing: frozenset[bytes] = frozenset()


@dataclass(slots=True)
class Batch:
    """Envelopes taken from the queue, and the handle by which they are acknowledged."""

    records: list[LogRecord]
    dead: list[DeadLetter]
    handle: Any
    #: Bodies that could not be decoded: their bytes, to be kept as dead letters.
    unreadable: list[bytes] = field(default_factory=list)
    #: Envelopes that are to be claimed first; what they hold is not among `records` and `dead`.
    claimed: list[Envelope] = field(default_factory=list)
    #: The numbers that came with all of it.
    numbers: list[ArrivedNumbers] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.records or self.dead or self.unreadable or self.claimed or self.numbers)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A request whose claim was made: the answer it got, and the digest of its body."""

    answer: bytes
    digest: bytes


def of_one_request(answers: Iterable[bytes]) -> bool:
    """Return whether the parts with these answers were all claimed by one request."""
    return len({answer[:REQUEST_BYTES] for answer in answers}) == 1


def unstorable(record: LogRecord, error: Exception) -> DeadLetter:
    """Return the dead letter of an accepted log that can't be stored; it keeps the log's id."""
    try:
        payload = msgspec.json.encode(record.sent_fields())
    except Exception:
        payload = repr(record).encode(errors="backslashreplace")
    return DeadLetter(record.id, payload, f"can't be stored: {type(error).__name__}: {error}"[:1000])


def unreadable(batch: Batch) -> list[DeadLetter]:
    """Return dead letters for the messages of a batch that can't be decoded."""
    if not batch.unreadable:
        return []
    first = _ids.take(len(batch.unreadable), now_ms())
    return [
        DeadLetter((first + place).to_bytes(16, "big"), body, "the queue's message can't be decoded")
        for place, body in enumerate(batch.unreadable)
    ]
