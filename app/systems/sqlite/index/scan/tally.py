"""Counts over rows of segments, from the columns of their keys alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from app.systems.sqlite.file import Connection
from app.systems.sqlite.segments.parts import Longs
from app.systems.sqlite.segments.stored import Segment


def tallied(
    connection: Connection, chosen: Iterable[tuple[Segment, Longs]], clock: str, interval: int, offset: int
) -> list[tuple[int, str, int]]:
    """Return (start of bucket in ms, level, count) of the *chosen* rows, by event time or, as *clock* says, by arrival."""
    levels, times, codes = dict[str, int](), list[Longs](), list[Longs]()
    for one, at in chosen:
        keys = one.keys(connection)
        times.append((keys.t if clock == "event" else keys.received())[at])
        numbers = np.array([levels.setdefault(level, len(levels)) for level in keys.texts], dtype=np.int64)
        codes.append(numbers[keys.codes[at]])
    if not times:
        return []
    names, whole = list(levels), np.concatenate(times)
    buckets, order = np.unique(whole - (whole - offset) % interval, return_inverse=True)
    counts = np.bincount(order * len(names) + np.concatenate(codes), minlength=len(buckets) * len(names))
    found = []
    for number in np.flatnonzero(counts).tolist():
        bucket, level = divmod(number, len(names))
        found.append((int(buckets[bucket]), names[level], int(counts[number])))
    return found
