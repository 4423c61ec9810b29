"""The memory that the C library keeps for this process."""

from __future__ import annotations

import ctypes
import gc
import sys

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's mallopt(3)
#: New objects after which those that only refer to each other are looked for. A request of a thousand logs makes some thousands, all of
#: which go by themselves: at Python's 700 looking for them takes a twentieth of the time.
_COLLECTED = 10_000


def give_back() -> None:
    """Let go of what only refers to itself, and of what the C library keeps for later: after a start, some 12 MB."""
    gc.collect()
    # Only glibc has the function.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def settle() -> None:
    """Leave what was loaded so far, which stays, out of all collections from here on, and collect seldom."""
    # A full collection, which stops every thread, would go through all modules each time (80 ms).
    gc.freeze()
    gc.set_threshold(_COLLECTED, *gc.get_threshold()[1:])


def share_pool() -> None:
    """Have all threads allocate from one pool of the C library: each pool else keeps what its threads needed once, some MB."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
