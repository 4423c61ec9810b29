"""CLEF and its older shape to logs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.log import clef
from app.times.written import Assumed

ASSUMED = Assumed.here()


def read(event: Any) -> Any:
    """Return the log of an event without what is absent."""
    made = clef.log(event, ASSUMED)
    return {name: value for name, value in made.items() if value not in (None, {})} if isinstance(made, dict) else made


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"@mt": "paid {Amount} {Currency}", "Amount": 5, "Currency": "eur"}, "paid 5 eur"),
        ({"@mt": "{@Order} by {$User}", "Order": {"id": 1}, "User": "ann"}, '{"id":1} by ann'),
        (
            {"@mt": "at {Time:HH:mm} and {Next,10:x}", "@r": ["08:00", "ff"], "Time": "t", "Next": 255},
            "at 08:00 and ff",
        ),
        ({"@mt": "at {Time:HH:mm}", "Time": "8"}, "at 8"),
        ({"@mt": "{{literal}} {Unknown}"}, "{literal} {Unknown}"),
        ({"@mt": 'got {"a":{"b":1}} of {User}', "User": "ann"}, 'got {"a":{"b":1}} of ann'),
        ({"@mt": 'got {{"a":{{"b":1}}}} of {User}', "User": "ann"}, 'got {"a":{"b":1}} of ann'),
        ({"@mt": "{A}", "@m": "rendered"}, "rendered"),
        ({"@x": "ValueError: bad\n  at x"}, "ValueError: bad"),
        ({"@t": "2023-09-15T08:00:00Z"}, ""),
        ({"@mt": "mk-001 paid eur", "@r": ["1", "eur"]}, "mk-001 paid eur"),
    ],
)
def test_the_text_of_an_event(event: dict[str, Any], message: str) -> None:
    """The template's holes are filled, those with a format by the renderings."""
    assert read(event)["message"] == message


def test_all_of_clef_has_its_place() -> None:
    """Level, time, trace, span and sender are the log's own; template, exception and properties are metadata."""
    event = {
        "@t": "2023-09-15T08:00:00.1234567Z",
        "@l": "Warning",
        "@mt": "paid {N}",
        "@x": "Error: x",
        "@i": "a1",
        "@tr": "abc",
        "@sp": "def",
        "@@odd": 1,
        "N": 7,
        "Application": "shop",
    }
    assert read(event) == {
        "message": "paid 7",
        "timestamp": "2023-09-15T08:00:00.1234567Z",
        "level": "Warning",
        "traceId": "abc",
        "spanId": "def",
        "resourceId": "shop",
        "metadata": {"@mt": "paid {N}", "@x": "Error: x", "@i": "a1", "@odd": 1, "N": 7, "Application": "shop"},
    }


def test_the_older_shape_is_the_same_event() -> None:
    """As seqlog and Seq's clients for JavaScript send it, with a blank in the time."""
    event = {
        "Timestamp": "2026-11-29 14:19:00.643543+00:00",
        "Level": "ERROR",
        "MessageTemplate": "paid {Currency}",
        "Exception": "Traceback",
        "Properties": {"Currency": "gbp", "MachineName": "host-1", "0": 1},
    }
    assert read(event) == {
        "message": "paid gbp",
        "timestamp": "2026-11-29T14:19:00.643543+00:00",
        "level": "ERROR",
        "resourceId": "host-1",
        "metadata": {"@mt": "paid {Currency}", "@x": "Traceback", "Currency": "gbp", "MachineName": "host-1", "0": 1},
    }


def test_a_value_that_does_not_fit_stays() -> None:
    """A level that is a number and a time that is none are metadata."""
    assert read({"@mt": "x", "@l": 4, "@t": "soon"}) == {"message": "x", "metadata": {"@l": 4, "@t": "soon"}}


@pytest.mark.parametrize("event", [5, None, [], {"message": "ours", "level": "error"}])
def test_what_is_no_event_stays_as_it_is(event: Any) -> None:
    """It is read, or refused, as anywhere."""
    assert clef.log(event, ASSUMED) == event


def test_a_template_can_not_grow_without_end() -> None:
    """A long property in many places."""
    made = clef.log({"@mt": "{A}" * 1_000, "A": "x" * 100_000}, ASSUMED)
    assert len(made["message"]) < 2 * clef.RENDERED_LIMIT


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["@t", "@m", "@mt", "@l", "@x", "@r", "Properties", "MessageTemplate", "A"]),
        st.none() | st.text(alphabet="{}@A:,", max_size=12) | st.lists(st.text(max_size=3), max_size=2) | st.integers(),
    )
)
def test_any_event_is_read(event: dict[str, Any]) -> None:
    """Nothing raises."""
    clef.log(event, ASSUMED)
