"""Whether somebody who was let in may stay: asked again and again of what takes long, a socket, an export, the journal of a machine."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Flask

from app.errors import Unavailable
from app.web.accounts.identity import Identity
from app.web.security.access import guard_of

#: Seconds after which it is asked again. Together with those for which the record's answer holds (`verify.FRESH_SECONDS`) these are the five
#: within which whatever was revoked ends, on every machine.
AGAIN_SECONDS = 2.0


def may_stay(app: Flask, who: Identity) -> bool:
    """Return whether an identity would still be let in unchanged; from any thread. Where that can't be asked it can't stay."""
    try:
        with app.app_context():
            return guard_of(app).still(who)
    except Unavailable:
        return False


class Stay:
    """One request that takes long, from when it was let in."""

    def __init__(self, app: Flask, who: Identity | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._who, self._clock = app, who, clock
        self._asked = clock()

    def is_over(self) -> bool:
        """Return whether who asked may stay no longer; the answer of a moment ago holds."""
        now = self._clock()
        if self._who is None or now - self._asked < AGAIN_SECONDS:
            return False
        self._asked = now
        return not may_stay(self._app, self._who)
