"""Totals of the embedded index: what the time given to counting doesn't allow is a least, never an error."""

from __future__ import annotations

import pytest

from app.backends import Backends
from app.errors import TimedOut
from app.ports.deadline import Budget
from app.query.filter import Or, Phrase
from app.query.query import Query
from app.systems.sqlite.index import counting
from app.systems.sqlite.index.scan.messages import MessageTest
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


def test_a_long_filter_ends_within_a_segment(
    backends: Backends, make_record: MakeRecord, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its hundreds of parts may cost as much as a segment's messages: the time is looked at between them."""
    fill([make_record(message=f"größe von {n}") for n in range(6_000)])
    asked, rows = list[object](), MessageTest.rows
    monkeypatch.setattr(MessageTest, "rows", lambda self, *given: asked.append(self) or rows(self, *given))
    tree = Or(tuple(Phrase(f"von nach {n}") for n in range(300)))

    with pytest.raises(TimedOut):
        backends.index.find(Query(tree, count="none"), Budget(60, lambda: len(asked) >= 5))

    assert len(asked) == 5
