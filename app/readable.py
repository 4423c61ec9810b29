"""Waits for descriptors that have something to read, whatever their numbers.

`select` refuses a descriptor of 1,024 or more (select(2), FD_SETSIZE), which a process with many connections soon has; `poll` has no such bound.
"""

from __future__ import annotations

import select
from collections.abc import Iterable


def readable(descriptors: Iterable[int], seconds: float | None = None) -> set[int]:
    """Return those of the descriptors that can be read, or are at their end, within *seconds*; None waits until one is."""
    look = select.poll()
    for descriptor in descriptors:
        look.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in look.poll(None if seconds is None else max(seconds, 0.0) * 1000)}
