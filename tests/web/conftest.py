"""What the tests of the pages share."""

from __future__ import annotations

import pytest

from app.core import instant
from app.core.record import LogRecord
from tests.conftest import Fill, MakeRecord


@pytest.fixture
def some(make_record: MakeRecord, fill: Fill) -> list[LogRecord]:
    """Five logs, a second apart, oldest first."""
    levels = ("info", "ERROR", "warn", "debug", "info")
    records = [
        make_record(
            level=level,
            message=f"message number {n}",
            resource_id=f"server-{n % 2}",
            trace_id="t-1",
            t=1_700_000_000_000 + n * 1000,
            metadata={"n": n, "dataset": "demo"},
        )
        for n, level in enumerate(levels)
    ]
    fill(records)
    return records


@pytest.fixture
def minutes(fill: Fill, make_record: MakeRecord) -> list[LogRecord]:
    """120 findable logs, one a minute from 08:00, every third an error, of two resources and traces."""
    base = instant.parse("2023-09-15T08:00:00Z")[0]
    records = [
        make_record(
            message=f"step {n}",
            level="error" if n % 3 == 0 else "info",
            resource_id=f"server-{n % 2}",
            trace_id=f"trace-{n // 60}",
            metadata={"n": n, "tags": ["a", f"t{n % 5}"]},
            t=base + n * 60_000,
        )
        for n in range(120)
    ]
    fill(records)
    return records
