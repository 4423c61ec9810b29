"""Hidden fields: how they are named, and what is left of a log and of a question without them."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import InvalidInput
from app.find.hidden import FIELDS_LIMIT, Hidden, read, written
from app.query.language.parse import parse
from app.query.normal import NOTHING, normal
from tests.conftest import MakeRecord


def test_names_are_read_once_and_the_widest_stands_for_those_beneath() -> None:
    """Commas part them; one in a name is written %2C, and what is written reads as the same."""
    assert read(" message, metadata.card ,message,metadata.card.number") == ("message", "metadata.card")
    assert read("metadata.a%2Cb,metadata.50%25") == ("metadata.a,b", "metadata.50%")
    for fields in (("metadata.a,b", "metadata.50%", "metadata.é x"), ("level",)):
        assert read(written(fields)) == fields


@pytest.mark.parametrize(
    "text",
    [
        "id",
        "received,message",
        "timestamp",
        "host",
        "metadata." + "x" * 2_000,
        ",".join(f"metadata.{n}" for n in range(FIELDS_LIMIT + 1)),
    ],
)
def test_what_can_t_be_hidden_is_refused(text: str) -> None:
    """What logs are ordered and named by, what is no field, and too much of it."""
    with pytest.raises(InvalidInput):
        read(text)


@pytest.mark.parametrize(
    ("metadata", "left"),
    [
        ({"card": "4111", "x": 1}, {"x": 1}),
        ({"card": "4111"}, None),
        ({"card.number": "4111", "x": 1}, {"x": 1}),
        ({"card": {"number": 1}, "x": {}}, {"x": {}}),
        ({"a": [{"b": 1}, {"c": 2}], "x": []}, {"a": [{"c": 2}], "x": []}),
        ({"a": [{"b": 1}]}, None),
        ({"a.b": 1, "a": {"bc": 2}}, {"a": {"bc": 2}}),
        ({"cards": 1}, {"cards": 1}),
        ({}, {}),
        (None, None),
    ],
)
def test_no_trace_is_left_behind(make_record: MakeRecord, metadata: Any, left: Any) -> None:
    """An object that held nothing else is gone as well: it would tell that something was there."""
    record = make_record(metadata=metadata)
    assert Hidden(("metadata.card", "metadata.a.b")).without(record).metadata == left


def test_what_every_log_has_is_empty(make_record: MakeRecord) -> None:
    """Message and level; that a message was cut isn't told either."""
    record = make_record(message="long", level="error", truncated=True)
    seen = Hidden(("message", "level")).without(record)
    assert (seen.message, seen.level, seen.truncated) == ("", "", False)


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("failed", None),
        ("NOT failed", "*"),
        ('"failed to"', None),
        ('message:contains("a")', None),
        ("/^$/", "*"),
        ("/secret/ OR level:error", "level:error"),
        ("level:error AND metadata.card:4*", None),
        ("NOT metadata.card.number:>5", "*"),
        ("metadata.cards:4", "metadata.cards:4"),
        ("_exists_:metadata.card", None),
    ],
)
def test_a_question_is_asked_without_them(query: str, meant: str | None) -> None:
    """No leaf on a hidden field reaches an index: it is what it would be on logs without the field."""
    found = normal(Hidden(("message", "metadata.card")).seen(parse(query)))
    assert found == (NOTHING if meant is None else parse(meant))
