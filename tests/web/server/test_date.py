"""The Date header of answers, which our server makes when it is asked for rather than by a clock that ticks."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from app.web.server import server


def test_the_date_is_that_of_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on, and what uvicorn itself would set is not taken."""
    state = server._State()
    for now in (1_700_000_000.4, 1_700_000_000.9, 1_700_000_001.0, 1_700_086_400.0):
        monkeypatch.setattr(server, "time", lambda now=now: now)
        [(name, value)] = state.default_headers
        assert name == b"date"
        assert parsedate_to_datetime(value.decode()).timestamp() == int(now)
    state.default_headers = []
    assert state.default_headers != []
