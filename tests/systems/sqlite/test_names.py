"""Names of fields that senders make up: what the worker keeps of them is bounded, however long they are."""

from __future__ import annotations

import tracemalloc

import pytest

from app.log.record import LogRecord
from app.systems.opensearch.mapping import path_name
from app.systems.sqlite.index import writing

#: Bytes that may be left.
LEFT = 16 << 20


def batch(number: int, logs: int, size: int) -> list[LogRecord]:
    """Return logs each of which has a name of its own of so many characters."""
    return [
        LogRecord(bytes(16), 0, 0, "info", "m", None, None, None, None, {f"{number} {place}".ljust(size, "x"): "v"})
        for place in range(logs)
    ]


@pytest.mark.parametrize(("logs", "size"), [(20, 20_000), (5, 2_000_000)])
def test_long_names_do_not_stay(logs: int, size: int) -> None:
    """Of a few megabytes at once, and of more than that in one batch, nothing is left once others have come."""
    writing.prepare(batch(0, logs, size))
    tracemalloc.start()
    try:
        for number in range(1, 61 if size < 100_000 else 4):
            writing.prepare(batch(number, logs, size))
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < LEFT, f"{left >> 20} MiB"


def test_long_names_of_opensearch_are_written_alike() -> None:
    """With the cache and without."""
    assert path_name("metadata.a=b" + "x" * 1_000) == path_name("metadata.a=b") + "x" * 1_000
