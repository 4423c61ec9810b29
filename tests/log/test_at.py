"""Logfmt with the level under `at`, as logfmter 0.0.12 and programs on Heroku write it."""

from __future__ import annotations

from typing import Any

import pytest

from app.log.lines.logfmt import read_logfmt
from app.times.written import Assumed


@pytest.mark.parametrize(
    ("line", "level", "metadata"),
    [
        ("at=ERROR msg=full", "ERROR", None),
        ('at=ERROR msg=full at="disk 3"', "ERROR", {"at": "disk 3"}),
        ("at=warning msg=full at=one at=two", "warning", {"at": ["one", "two"]}),
        # Another name has the level, or it is said what is done, where or when.
        ("at=error msg=x level=info", "info", {"at": "error"}),
        ("at=start msg=job took=3", "info", {"at": "start", "took": 3}),
        ("at=2026-12-01T10:00:00Z msg=x", "info", None),
        # A request's level is that of its status.
        ("at=info method=GET path=/ status=500", "error", {"at": "info", "method": "GET", "path": "/", "status": 500}),
    ],
)
def test_the_level_is_under_at(line: str, level: str, metadata: dict[str, Any] | None) -> None:
    """Where it is one, and no other name has one."""
    log = read_logfmt(line, Assumed.here())
    assert log is not None
    assert (log.get("level", "info"), log.get("metadata")) == (level, metadata)
