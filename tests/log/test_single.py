"""One log by itself: read at once where it is plain, and then as it is read among others."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from app.errors import InvalidInput
from app.log import body as bodies
from app.log import schema
from app.log.limits import Limits
from tests.thorough import examples
from tests.web.requested import BODIES

LIMITS = [Limits(message=1 << 20, metadata=1 << 16, retention_ms=1 << 40), Limits(message=40, metadata=60, retention_ms=1 << 40)]  # fmt: skip
KINDS = [None, "application/json", "application/x-ndjson", "application/x-www-form-urlencoded", "text/plain"]
NOW = 1_790_000_000_000


def read(body: bytes, kind: str | None, limits: Limits) -> Any:
    """Return all that comes of a body, or its error."""
    try:
        parsed = schema.read(body, kind, limits, NOW)
    except InvalidInput as error:
        return type(error), error.problems
    logs = [msgspec.structs.asdict(log) for log in parsed.logs]
    return logs, parsed.places, parsed.sizes, parsed.refused, parsed.recognised, parsed.sent, parsed.keys


@given(BODIES, st.sampled_from(KINDS), st.sampled_from(LIMITS))
@trials(max_examples=examples(300), deadline=None)
def test_a_body_is_read_the_same_whether_it_is_tried_at_once(body: bytes, kind: str | None, limits: Limits) -> None:
    """Of logs, wrappers, lines, texts and what is nothing at all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bodies, "is_object", lambda *_: False)
        expected = read(body, kind, limits)
    assert read(body, kind, limits) == expected


def test_a_plain_log_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As most requests of one log are: without a look at it value by value."""
    monkeypatch.setattr(bodies, "items", None)
    logs, *_ = read(b' {"message": "m", "metadata": {"a": 1}}'.strip(), "application/json", LIMITS[0])
    assert [log["message"] for log in logs] == ["m"]
