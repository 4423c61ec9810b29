"""Settings to backends: the single place where URLs become implementations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.core.ports import LogQueue, LogStore, SearchIndex
from app.core.settings import Settings


@dataclass(slots=True)
class Backends:
    """What a process talks to; opened once per process, after any fork."""

    settings: Settings
    queue: LogQueue
    store: LogStore
    index: SearchIndex
    #: When queue, record and index are one SQLite file: moves up to this many waiting logs in one
    #: transaction, waiting up to these seconds for the first; returns how many.
    move: Callable[[int, float], int] | None = None

    def close(self) -> None:
        """Close all three."""
        for backend in (self.queue, self.index, self.store):
            backend.close()


def connect(settings: Settings) -> Backends:
    """Open the backends that the settings name. Raises Unavailable, or InvalidSettings for a schema too new."""
    raise NotImplementedError
