"""Totals of the embedded index: what the time given to counting doesn't allow is a least, never an error."""

from __future__ import annotations

import pytest

from app.backends import Backends
from app.query.query import Query
from app.systems.sqlite.index import counting
from tests.conftest import Fill, MakeRecord

MINUTE = 60_000


def test_total_in_a_window_that_takes_too_long_is_a_least(
    backends: Backends, make_record: MakeRecord, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even the kept counts of many minutes may take longer than a page may wait for its total."""
    fill([make_record(t=n * MINUTE) for n in range(3_000)])
    monkeypatch.setattr(counting, "AUTO_SECONDS", -1.0)

    page = backends.index.find(Query(start=(MINUTE, 0), limit=5))

    assert len(page.records) == 5
    assert page.total is not None
    assert 6 <= page.total <= 2_999
    assert not page.exact
