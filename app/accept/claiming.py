"""A LogQueue of a queue that only carries, and the record that remembers for it: claims, own ids, listings.

A key travels with its envelopes and is claimed by the drain, envelope by envelope, so that a request
which reached the queue only in part is made whole when it is sent again, and nothing is stored twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from app.errors import Unavailable
from app.log.envelope import Batch, Claim, Earlier, Envelope, Listing, Taken
from app.ports.notes import ACCEPTED
from app.ports.parts import RecordParts
from app.ports.queue import Carrier, Depth

log = logging.getLogger(__name__)

#: Least seconds between two lines of a process that say that keys can't be looked up: each request comes by here.
QUIET_SECONDS = 10.0


class ClaimingQueue:
    """A LogQueue over a Carrier and the parts of a record."""

    def __init__(self, carrier: Carrier, record: RecordParts) -> None:
        self._carrier = carrier
        self._record = record
        #: When it may be said again that the record can't be asked, by the monotonic clock.
        self._said_again = 0.0
        self._guard = threading.Lock()
        #: Logs taken that the record does not know of yet.
        self._taken = 0

    def put(
        self,
        envelopes: Sequence[Envelope],
        claim: Claim | None = None,
        own_ids: frozenset[bytes] = frozenset(),
        listing: Listing | None = None,
        space: str = "",
    ) -> Taken:
        """See LogQueue. While the record can't be asked a re-send counts as accepted; it is stored once all the same."""
        try:
            earlier = None if claim is None else self._record.claims.claimed(claim.key)
            known = frozenset(record.id for record in self._record.store.get(list(own_ids))) if own_ids else frozenset()
        except Unavailable as error:
            self._say(error)
            earlier, known = None, frozenset()
        if earlier is not None:
            return Taken(fresh=False, answer=earlier.answer, digest=earlier.digest)
        # Claimed first: a part keeps its number, whatever of it is known already when it is sent again.
        sent = list(envelopes) if claim is None else _claimed(envelopes, claim)
        if known:
            sent = _without(sent, known)
        if listing is not None:
            ids = [identity for identity in listing.ids if identity not in known]
            self._record.claims.keep(Listing(listing.key, ids, listing.keep_ms))
        lost = self._carrier.put(sent, space) if sent else frozenset()
        missing = frozenset(record.id for place in lost for record in sent[place].records)
        letters = frozenset(letter.id for place in lost for letter in sent[place].dead)
        with self._guard:
            self._taken += sum(len(envelope.records) for envelope in sent) - len(missing)
        return Taken(duplicates=known, missing=missing | letters)

    def _say(self, error: Unavailable) -> None:
        # Two threads may both say it: a line more harms nobody.
        now = time.monotonic()
        if now >= self._said_again:
            self._said_again = now + QUIET_SECONDS
            log.warning("keys and own ids can't be looked up, the drain will: %s", error)

    def take(self, limit: int, wait: float) -> Batch:
        """See LogQueue."""
        return self._carrier.take(limit, wait)

    def ack(self, batch: Batch) -> None:
        """See LogQueue."""
        self._carrier.ack(batch)

    def release(self, batch: Batch) -> None:
        """See LogQueue."""
        self._carrier.release(batch)

    def depth(self) -> Depth:
        """See LogQueue."""
        return self._carrier.depth()

    def waiting(self, first: bytes, last: bytes) -> int:
        """See LogQueue: nobody can look into the queue, so that any log in it may be meant."""
        return self._carrier.depth().logs

    def earlier(self, key: str) -> Earlier | None:
        """See LogQueue."""
        return self._record.claims.claimed(key)

    def keep(self, listing: Listing) -> None:
        """See LogQueue."""
        self._record.claims.keep(listing)

    def listed(self, key: bytes) -> list[bytes] | None:
        """See LogQueue."""
        return self._record.claims.listed(key)

    def forget_claims(self) -> None:
        """See LogQueue."""
        self._record.claims.forget_claims()

    def accepted(self) -> int:
        """See LogQueue: noted in the record whenever it is asked for, and at the end."""
        with self._guard:
            taken, self._taken = self._taken, 0
        if not taken:
            return self._record.notes.noted(ACCEPTED)
        try:
            return self._record.notes.tally(ACCEPTED, taken)
        except Unavailable:
            with self._guard:
                self._taken += taken
            raise

    def close(self) -> None:
        """See LogQueue; the store is closed by whoever opened it."""
        if self._taken:
            with suppress(Unavailable):
                self.accepted()
        self._carrier.close()


def _without(envelopes: Sequence[Envelope], known: frozenset[bytes]) -> list[Envelope]:
    left = [envelope.without(known) for envelope in envelopes]
    # A part that has no logs left is sent all the same if it has a claim: a request counts as claimed once each part's claim is made.
    return [envelope for envelope in left if envelope.records or envelope.dead or envelope.claim or envelope.numbers]


def _claimed(envelopes: Sequence[Envelope], claim: Claim) -> list[Envelope]:
    """Return the envelopes, each with its part of the claim."""
    parts = len(envelopes)
    return [
        Envelope(envelope.records, envelope.dead, claim.of_part(part, parts), envelope.keys, envelope.numbers)
        for part, envelope in enumerate(envelopes)
    ]
