"""Fills a queue with the logs of a space."""

from __future__ import annotations

from app.errors import QueueFull
from app.log.envelope import Envelope
from app.ports.queue import Carrier
from tests.conftest import MakeRecord


def fill(queue: Carrier, make_record: MakeRecord, space: str) -> int:
    """Put logs of 1,000 characters until the queue takes no more of the space; return how many."""
    for count in range(1_000):
        try:
            queue.put([Envelope([make_record(message="x" * 1_000)])], space=space)
        except QueueFull:
            return count
    raise AssertionError("the queue has no limit")
