"""What the tests of single queues share."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.log.envelope import Batch
from app.ports.queue import Carrier

#: Seconds within which what must happen happens, be the machine ever so busy.
PATIENCE_SECONDS = 120.0


def eventually(condition: Callable[[], bool]) -> bool:
    """Return whether the condition comes true in time."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def take(queue: Carrier, limit: int = 10_000) -> Batch:
    """Take a batch that must be there."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not (batch := queue.take(limit, 0.2)):
        assert time.monotonic() < until, "nothing to take"
    return batch
