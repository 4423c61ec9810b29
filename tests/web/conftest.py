"""What the tests of the pages share."""

from __future__ import annotations

import pytest

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
