"""The round of upkeep does all of its work, whatever can't be done of the audit log."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from app.backends import Backends, engine
from app.errors import Unavailable
from tests.conftest import Fill, MakeRecord
from workers import upkeep


def test_an_audit_log_that_is_away_skips_nothing(backends: Backends, fill: Fill, make_record: MakeRecord) -> None:
    """Costs are booked before; that it failed is not hidden."""
    fill([make_record()])
    url, options = engine(backends.settings)
    opened = create_engine(url, **options)
    with opened.begin() as connection:
        connection.execute(text("DROP TABLE audit_chain"))
    opened.dispose()
    with pytest.raises(Unavailable):
        upkeep.work(backends)
    booked = backends.record.costs.booked()
    assert booked is not None
    assert booked.stored == 1
