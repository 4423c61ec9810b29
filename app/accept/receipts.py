"""Receipts: what a sender holds to ask later what became of its logs.

A receipt of consecutive ids holds all it needs, signed: no row is written for it. Where senders
chose ids themselves the ids are listed in the queue's keeping.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.errors import NotFound, Unavailable
from app.log.record import id_runs, id_text
from app.ports.index import SearchIndex
from app.ports.letters import LetterKeeper
from app.ports.queue import LogQueue
from app.ports.record import LogStore
from app.query.filter import In
from app.query.query import Query
from app.shown import Count, Shown
from app.times.instant import now_ms

#: Bytes of the signature: nobody guesses 88 bits, and the receipt stays at 43 characters.
_SIGNATURE = 11
_CONSECUTIVE, _LISTED = b"\x01", b"\x02"
_EXPIRED = "the logs of this receipt have expired"
_GONE = "some logs of this receipt have expired, or were dropped from the dead letters"
#: Seconds between two looks while somebody waits.
_LOOK_SECONDS = 0.02
#: Ids in one look at the store.
_AT_ONCE = 500


Stage = Literal["stored", "indexed"]


class ReceiptCounts(Shown):
    """How many logs of a receipt are where: accepted = queued + stored + dead, and the indexed ones are stored."""

    accepted: Count
    queued: Count
    stored: Count
    indexed: Count
    dead: Count


@dataclass(frozen=True, slots=True)
class Receipts:
    """Makes receipts, and answers what became of the logs behind one."""

    queue: LogQueue
    store: LogStore
    letters: LetterKeeper
    index: SearchIndex
    secret: bytes
    retention_ms: int
    _keyed: hmac.HMAC = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keyed", hmac.new(self.secret, digestmod=hashlib.sha256))

    def consecutive(self, first: bytes, count: int) -> str:
        """Return the receipt of *count* logs whose ids follow *first*."""
        return self._sign(_CONSECUTIVE + first + count.to_bytes(4, "big"))

    def listed(self, key: bytes) -> str:
        """Return the receipt of the logs in the listing *key*, whose time is that of an id."""
        return self._sign(_LISTED + key + bytes(4))

    def _sign(self, body: bytes) -> str:
        return base64.urlsafe_b64encode(body + self._signature(body)).decode().rstrip("=")

    def _signature(self, body: bytes) -> bytes:
        # `hmac.digest` gives up the GIL for these few bytes, and waits until it has it again.
        keyed = self._keyed.copy()
        keyed.update(body)
        return keyed.digest()[:_SIGNATURE]

    def status(self, receipt: str) -> ReceiptCounts:
        """Return how many of the receipt's logs are queued, stored, indexed and dead.

        accepted = queued + stored + dead. Raises NotFound for what is no receipt of ours, and for
        logs that have expired.
        """
        kind, key, count = self._open(receipt)
        if kind == _LISTED:
            ids = self._listed(key)
            # Looking for each id in the queue would read all of it as often; that something waits must do.
            accepted, waits = len(ids), self.queue.depth().logs
            stored, dead = self._stored(ids), self._dead(ids)
        else:
            last = (int.from_bytes(key, "big") + max(count, 1) - 1).to_bytes(16, "big")
            accepted, waits = count, self.queue.waiting(key, last)
            stored, dead = min(self.store.count(key, last), count), self.letters.dead_between(key, last)
            ids = []
        # Read in the direction in which logs move: one on its way may be seen twice, never missed.
        queued = accepted - stored - dead
        if queued > waits:
            raise NotFound(_GONE)
        indexed = stored
        if stored and self.store.lacking().logs:
            indexed = _indexed(self.index, ids or _following(key, count))
        return ReceiptCounts(accepted, queued, stored, indexed, dead)

    def bound_status(self, receipt: str, queue: LogQueue, store: LogStore, index: SearchIndex) -> ReceiptCounts:
        """Return the status of a receipt all of whose logs are in *store*, a bound reader's (app/find/bound.py).

        Raises NotFound where one is not there, as `status` does of logs that never were; and what *queue* raises
        while that is not decided.
        """
        kind, key, count = self._open(receipt)
        ids = self._listed(key) if kind == _LISTED else _following(key, count)
        undecided: Unavailable | None = None
        try:
            queue.depth()
        except Unavailable as error:
            undecided = error
        stored = sum(len(store.get(ids[at : at + _AT_ONCE])) for at in range(0, len(ids), _AT_ONCE))
        if stored < len(ids):
            raise undecided or NotFound(_GONE)
        return ReceiptCounts(stored, 0, stored, _indexed(index, ids), 0)

    def wait(self, receipt: str, stage: Stage, seconds: float) -> ReceiptCounts:
        """Wait until the receipt's logs are all `stored` or `indexed`, or dead, at most *seconds*."""
        until = time.monotonic() + seconds
        while True:
            found = self.status(receipt)
            if getattr(found, stage) + found.dead >= found.accepted or time.monotonic() > until:
                return found
            time.sleep(_LOOK_SECONDS)

    def _listed(self, key: bytes) -> list[bytes]:
        ids = self.queue.listed(key)
        if ids is None:
            raise NotFound(_EXPIRED)
        return ids

    def _open(self, receipt: str) -> tuple[bytes, bytes, int]:
        """Return the kind of a receipt, its first id or the key of its listing, and how many logs it has. Raises NotFound."""
        try:
            packed = base64.urlsafe_b64decode(receipt.encode("ascii") + b"=" * (-len(receipt) % 4))
        except (ValueError, binascii.Error):
            packed = b""
        body, signature = packed[:-_SIGNATURE], packed[-_SIGNATURE:]
        if not hmac.compare_digest(signature, self._signature(body)):
            raise NotFound("is not a receipt of this server")
        if int.from_bytes(body[1:7], "big") < now_ms() - self.retention_ms:
            raise NotFound(_EXPIRED)
        return body[:1], body[1:17], int.from_bytes(body[17:], "big")

    def _stored(self, ids: Sequence[bytes]) -> int:
        """Return how many are stored, or were dropped since they are stored under the ids of another request."""
        known = {
            record.id
            for start in range(0, len(ids), _AT_ONCE)
            for record in self.store.get(ids[start : start + _AT_ONCE])
        }
        runs = id_runs(identity for identity in ids if identity not in known)
        return len(known) + sum(min(self.store.count(first, last), length) for first, last, length in runs)

    def _dead(self, ids: Sequence[bytes]) -> int:
        return sum(self.letters.dead_between(identity, identity) for identity in ids)


def _following(first: bytes, count: int) -> list[bytes]:
    start = int.from_bytes(first, "big")
    return [(start + n).to_bytes(16, "big") for n in range(count)]


def _indexed(index: SearchIndex, ids: Sequence[bytes]) -> int:
    names = [id_text(identity) for identity in ids]
    return sum(
        len(index.find(Query(In("id", tuple(names[at : at + _AT_ONCE])), limit=_AT_ONCE, count="none")).records)
        for at in range(0, len(names), _AT_ONCE)
    )
