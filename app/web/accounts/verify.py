"""Whether a token or a session opens the server: asked of the record at most once in FRESH_SECONDS, by each process.

So a token costs a request no more than the admin's password does. One that is revoked opens nothing from then on in all processes
of the data folder (changes.py), and FRESH_SECONDS later on other machines.
While the record can't be reached, whoever was let in within STALE_SECONDS is let in still: the queue goes on taking logs then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import or_, select, update

from app.errors import Unavailable
from app.times.instant import now_ms
from app.web.accounts.identity import Identity, check_role
from app.web.accounts.tables import ApiToken, transaction
from app.web.accounts.tokens import PREFIX, digest, state

#: The record's answer about a key: its identity, when it expires (ms since 1970) and its rate (requests a second); None for an unknown, revoked or expired key.
Answer: TypeAlias = "tuple[Identity, int | None, float | None] | None"

log = logging.getLogger(__name__)

#: Seconds for which what the record said of a token is taken as still so.
FRESH_SECONDS = 3.0
#: Seconds for which it is taken so while the record can't be asked.
STALE_SECONDS = 3_600.0
#: Tokens remembered; the one not used for longest is forgotten first.
REMEMBERED = 10_000
#: Milliseconds after which the time of last use is noted again.
USED_MS = 60_000


@dataclass(slots=True)
class Verified:
    """A token or a session that opened the server when the record was last asked."""

    identity: Identity
    #: When it ends by itself, in ms since 1970.
    expires: int | None
    rate: float | None
    #: When the record was asked, by the monotonic clock, and the sign of changes then.
    asked: float
    sign: bytes
    #: Requests left of its rate's bucket, and the monotonic time at which that was counted.
    left: float
    at: float

    def wait(self, now: float) -> float:
        """Count a request; return in how many seconds the token may make it, 0 if now."""
        if self.rate is None:
            return 0.0
        most = max(self.rate, 1.0)
        self.left, self.at = min(self.left + (now - self.at) * self.rate, most), now
        if self.left < 1.0:
            return (1.0 - self.left) / self.rate
        self.left -= 1.0
        return 0.0


class Verifier:
    """The tokens, or sessions, that this process knows. Call it within an application that has the tables."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        ask: Callable[[bytes], Answer] | None = None,
        sign: Callable[[], bytes] = bytes,
    ) -> None:
        self._clock = clock
        self._sign = sign
        self._ask = ask or ask_token
        self._guard = threading.Lock()
        self._known: OrderedDict[bytes, Verified] = OrderedDict()

    @staticmethod
    def is_token(given: str) -> bool:
        """Return whether what a client sent has the form of a token, so that it can't be the admin's password."""
        return given.startswith(PREFIX)

    def fresh(self, given: str) -> Verified | None:
        """Return what is remembered of a token; None where the record must be asked."""
        found = self._known.get(digest(given))
        return found if found is not None and self._is_fresh(found) else None

    def holds(self, known: Verified) -> bool:
        """Return whether `fresh` returns this of its token still."""
        return self._known.get(known.identity.key) is known and self._is_fresh(known)

    def remembered(self, given: str) -> Identity | None:
        """Return whose a token was when it was looked up last, however long ago; enough to distinguish senders, never to let one in."""
        found = self._known.get(digest(given))
        return None if found is None else found.identity

    def verify(self, given: str) -> Verified | None:
        """Return the token's identity and limits; None for an unknown, revoked or expired token. Raises Unavailable."""
        return self.look(digest(given))

    def look(self, key: bytes, *, anew: bool = False) -> Verified | None:
        """Return what `verify` returns, by the token's digest (`Identity.key`); with *anew* the record is asked, not memory. Raises Unavailable."""
        known = self._known.get(key)
        if known is not None and self._is_fresh(known) and not anew:
            return known
        # Before the record is asked: what changes meanwhile may not be in its answer.
        sign = self._sign()
        try:
            found = self._ask(key)
        except Unavailable:
            held = known is not None and not anew and self._clock() - known.asked < STALE_SECONDS
            if known is not None and held and not _is_over(known.expires):
                return known
            raise
        with self._guard:
            if found is None:
                self._known.pop(key, None)
                return None
            now = self._clock()
            identity, expires, rate = found
            # The rate is counted on over what is asked anew.
            left, at = (known.left, known.at) if known is not None else (max(rate or 0.0, 1.0), now)
            made = self._known[key] = Verified(identity, expires, rate, now, sign, left, at)
            self._known.move_to_end(key)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            return made

    def _is_fresh(self, known: Verified) -> bool:
        recent = known.asked > self._clock() - FRESH_SECONDS and known.sign == self._sign()
        return recent and not _is_over(known.expires)


def _is_over(expires: int | None) -> bool:
    return expires is not None and expires <= now_ms()


def ask_token(key: bytes) -> Answer:
    """Ask the record for a token, and note that it is used. Raises Unavailable."""
    now = now_ms()
    with transaction() as session:
        found = session.scalar(select(ApiToken).where(ApiToken.digest == key))
    if found is None or state(found, now) != "valid":
        return None
    if found.used is None or found.used < now - USED_MS:
        _note_use(key, now)
    identity = Identity(found.name, check_role(found.role), found.filter, "token", key, found.hide, found.space)
    return identity, found.expires, found.rate


def _note_use(key: bytes, now: int) -> None:
    """Note when a token was used last: once a minute, whichever process sees it. Nobody is kept out where that can't be."""
    unnoted = or_(ApiToken.used.is_(None), ApiToken.used < now - USED_MS)
    try:
        with transaction() as session:
            session.execute(update(ApiToken).where(ApiToken.digest == key, unnoted).values(used=now))
    except Unavailable as error:
        log.warning("the last use of a token can't be noted: %s", error)
