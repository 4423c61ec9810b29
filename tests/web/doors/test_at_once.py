"""What a door takes at once is what it would take one by one, each part by itself: of random requests as of usual ones."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from app.log.limits import Limits
from app.log.otlp import packed, usual
from app.log.own import Ready
from app.log.schema import Parsed, read_items
from tests.log.otlp.test_records import TRACE, _attributes, _records, request
from tests.thorough import examples

LIMITS = Limits(message=65_536, metadata=65_536, retention_ms=10**12)
#: When the logs come, in ms.
NOW = 1_795_963_451_196


def taken(values: list[Any]) -> tuple[Any, ...]:
    """Return what a request with these values comes to, as text, for NaN."""
    parsed: Parsed = read_items(values, LIMITS, NOW)
    return repr(parsed.logs), parsed.places, [one.problem for one in parsed.refused], parsed.recognised


def _usual(number: int) -> dict[str, Any]:
    """Return a record as exporters send it."""
    common = {"time_unix_nano": 1_795_963_451_196_003_841 + number, "severity_number": 9, "severity_text": "INFO"}
    return {**common, "body": f"order {number}", "trace_id": TRACE, "attributes": {"order": number, "paid": False}}


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(_records | st.integers(0, 9).map(_usual), min_size=1, max_size=5), _attributes)
def test_records_of_otlp(records: list[dict[str, Any]], resource: dict[str, Any]) -> None:
    """Whatever their neighbours are."""
    sent = request(*records, resource=resource).SerializeToString()
    at_once = taken(packed.read(sent, packed.log_records()))
    with patch.object(usual, "logs", return_value=None):
        found = packed.read(sent, packed.log_records())
    assert Ready not in map(type, found)
    assert at_once == taken(found)


def test_a_record_that_is_odd_leaves_its_neighbours_usual() -> None:
    """It alone is looked at by itself."""
    sent = request(*map(_usual, range(3)), {**_usual(3), "body": [1]}, _usual(4)).SerializeToString()
    found = packed.read(sent, packed.log_records())
    assert [type(one) for one in found] == [Ready, Ready, Ready, dict, Ready]
