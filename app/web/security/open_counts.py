"""How much each token or user has open at once: a stream costs memory and, as an export, a thread for as long as it lasts."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from app.errors import TooMany
from app.web.accounts.identity import Identity

#: Exports, and sockets and streams of events, that one token or user has open at once in each web process.
EXPORTS, FOLLOWED = 20, 500
#: Seconds after which one may have ended.
RETRY_SECONDS = 5


class OpenCounts:
    """Counts of one kind in one process. Each method may be called by several threads."""

    def __init__(self, what: str, most: int) -> None:
        self._what = what
        self._most = most
        self._guard = threading.Lock()
        self._open: Counter[tuple[str, str]] = Counter()

    def begin(self, who: Identity | None) -> Callable[[], None]:
        """Count one more; return what is to be called at its end, where a second call changes nothing. Raises TooMany."""
        key = ("", "") if who is None else (who.by, who.name)
        with self._guard:
            if self._open[key] >= self._most:
                message = f"{self._most:,} {self._what} are open with this token or by this user: end one first"
                raise TooMany(message, retry_after=RETRY_SECONDS)
            self._open[key] += 1
        ended = threading.Event()

        def end() -> None:
            with self._guard:
                if not ended.is_set():
                    ended.set()
                    self._open[key] -= 1
                    self._open += Counter()  # forgets those that have none

        return end
