"""The runner that spoils requests by hand works, and says what is wrong; `.ci/run` gives it a few seconds."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.fuzz.__main__ import GROWTH_MIB, Found, fuzz
from tests.fuzz.bodies import MESSAGES
from tests.web.doors.table import ROWS

#: Seconds for each door.
SECONDS = 2.0


@pytest.mark.system
@pytest.mark.parametrize("door", ["loki packed", "syslog tcp"])
def test_spoilt_requests_are_answered(door: str) -> None:
    """No answer is 500, no process ends, and what is right is taken afterwards."""
    found = fuzz(door, SECONDS, seed=7)
    assert found.faults == []
    assert found.sent > 0
    assert door in MESSAGES or sum(found.statuses.values()) == found.sent


def test_faults_are_said() -> None:
    """An answer of 500, and memory that grows without end."""
    grown = [(float(second), 100.0 + second * GROWTH_MIB, 60.0) for second in range(10)]
    found = Found("loki", sent=2, seconds=9.0, statuses=Counter({204: 1, 500: 1}), memory=grown)
    found.judge()
    assert found.faults == ["1 answers of 500", "what takes logs grew from 388 to 532 MiB"]


def test_every_door_has_a_name_of_its_own() -> None:
    """Names of listeners are no names of doors over HTTP."""
    assert not ROWS.keys() & MESSAGES.keys()
