"""How often a client may try passwords: some at once, then a few a minute; others are not made to wait for it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from app.settings.clients import one_client

#: Wrong passwords that an address may try at once, and seconds after which it may try one more.
AT_ONCE = 10
SECONDS_EACH = 6.0
#: Addresses remembered; the one not heard of for longest is forgotten first.
ADDRESSES = 10_000


@dataclass(slots=True)
class TokenBucket:
    """Tries that are left; it fills by itself up to AT_ONCE."""

    at: float
    left: float = AT_ONCE

    def fill(self, now: float) -> None:
        """Add what has accrued."""
        self.left = min(self.left + (now - self.at) / SECONDS_EACH, AT_ONCE)
        self.at = now

    def wait(self, now: float) -> float:
        """Return the seconds until a try is free."""
        self.fill(now)
        return max((1 - self.left) * SECONDS_EACH, 0.0)

    def take(self) -> None:
        """Use a try up; it may be more than there are, which makes the wait no longer."""
        self.left = max(self.left - 1, 0.0)


@dataclass(slots=True)
class _Address:
    guesses: TokenBucket
    #: A shipper with an old password sends the same again and again. That is no guessing, and must not
    #: use up the tries of the admin who sits behind the same address.
    repeats: TokenBucket
    #: Digests of passwords that were wrong.
    wrong: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    #: Users whose right password came from here: they are never made to wait for a neighbour's guesses.
    known: set[str] = field(default_factory=set)


class Tries:
    """The tries of every address that sent a wrong password, or the right one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._addresses: OrderedDict[str, _Address] = OrderedDict()

    def wait(self, address: str, digest: bytes, user: str = "") -> float:
        """Return in how many seconds this password of a *user* may be tried from *address*; 0 is now."""
        with self._guard:
            found = self._addresses.get(one_client(address))
            if found is None or user in found.known:
                return 0.0
            bucket = found.repeats if digest in found.wrong else found.guesses
            return bucket.wait(self._clock())

    def failed(self, address: str, digest: bytes) -> float:
        """Note a wrong password; return in how many seconds the next may be tried."""
        with self._guard:
            found, now = self._address(address), self._clock()
            bucket = found.repeats if digest in found.wrong else found.guesses
            wait = bucket.wait(now)
            bucket.take()
            found.wrong[digest] = None
            found.wrong.move_to_end(digest)
            if len(found.wrong) > AT_ONCE:
                found.wrong.popitem(last=False)
            return wait

    def succeeded(self, address: str, user: str) -> None:
        """Note the right password of a user; it says nothing of who guesses another's."""
        with self._guard:
            self._address(address).known.add(user)

    def _address(self, address: str) -> _Address:
        network, now = one_client(address), self._clock()
        if network not in self._addresses:
            self._addresses[network] = _Address(TokenBucket(now), TokenBucket(now))
            if len(self._addresses) > ADDRESSES:
                self._addresses.popitem(last=False)
        self._addresses.move_to_end(network)
        return self._addresses[network]
