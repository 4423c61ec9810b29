"""The parameters of a query, from a URL or a body."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import InvalidQuery
from app.query.filter import And, Equals, In, Phrase, Range, Words
from app.query.query import Query, encode_cursor
from app.query.request import PARAMETERS, read_query
from app.times import instant

NOW = instant.parse("2023-09-15T08:30:45.5Z")[0]
KEY = (1694764800000, 5, bytes(range(16)))


def read(**params: Any) -> Query:
    """Return the query of *params*; `from_` stands for `from`."""
    return read_query({name.rstrip("_"): value for name, value in params.items()}, now=NOW)


def refused(**params: Any) -> list[tuple[str | None, str]]:
    """Return field and message of each problem for which *params* are refused."""
    with pytest.raises(InvalidQuery) as caught:
        read(**params)
    return [(problem.field, problem.message) for problem in caught.value.problems]


def test_nothing_means_everything() -> None:
    """Without parameters the newest 100 of all logs are meant."""
    assert read() == Query(limit=100, sort="desc", clock="event", count="auto")
    assert read(q="", from_="", to=None, cursor="", limit="") == read()
    assert read_query({}, default_limit=7).limit == 7


def test_every_parameter_counts() -> None:
    """A URL's texts and a body's values mean the same."""
    wanted = Query(Words("a"), (0, 0), (NOW, 0), "received", "asc", 5, KEY, "exact")
    url = {"from_": "1970-01-01T00:00:00Z", "to": "now", "clock": "received", "sort": "asc", "limit": "5"}
    url |= {"cursor": encode_cursor(KEY), "count": "exact"}

    assert read(q="a", **url) == wanted
    assert read(query="a", **{**url, "from_": 0, "limit": 5}) == wanted


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2023-09-15T08:00:00+02:00", "2023-09-15T06:00:00Z", "2023-09-15T06:00:00Z"),
        ("2023-09-15 06:00", "2023-09-15T06:00:00Z", "2023-09-15T06:00:00Z"),
        ("2023-09-15", "2023-09-15T00:00:00Z", "2023-09-15T23:59:59.999999999Z"),
        ("1694757600", "2023-09-15T06:00:00Z", "2023-09-15T06:00:00Z"),
        ("1694757600000", "2023-09-15T06:00:00Z", "2023-09-15T06:00:00Z"),
        (1694757600.25, "2023-09-15T06:00:00.25Z", "2023-09-15T06:00:00.25Z"),
        ("-1", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
        ("now", "2023-09-15T08:30:45.5Z", "2023-09-15T08:30:45.5Z"),
        ("now-15m", "2023-09-15T08:15:45.5Z", "2023-09-15T08:15:45.5Z"),
        ("now+1h-30s", "2023-09-15T09:30:15.5Z", "2023-09-15T09:30:15.5Z"),
        ("now-500ms", "2023-09-15T08:30:45Z", "2023-09-15T08:30:45Z"),
        ("now-1d/d", "2023-09-14T00:00:00Z", "2023-09-14T23:59:59.999999999Z"),
        ("now/h", "2023-09-15T08:00:00Z", "2023-09-15T08:59:59.999999999Z"),
        ("now/w", "2023-09-11T00:00:00Z", "2023-09-17T23:59:59.999999999Z"),
        ("now-7M/M", "2023-02-01T00:00:00Z", "2023-02-28T23:59:59.999999999Z"),
        ("now/y", "2023-01-01T00:00:00Z", "2023-12-31T23:59:59.999999999Z"),
        ("now/d+8h", "2023-09-15T08:00:00Z", "2023-09-15T08:00:00Z"),
    ],
)
def test_times(text: Any, start: str, end: str) -> None:
    """A time names an instant; a whole day or unit begins with its first and ends with its last instant."""
    query = read(from_=text, to=text)

    assert query.start == instant.parse(start)
    assert query.end == instant.parse(end)


def test_months_end_with_their_last_day() -> None:
    """A month before the 31st is the last day of a shorter month."""
    now = instant.parse("2024-03-31T12:00:00Z")[0]

    assert read_query({"from": "now-1M"}, now=now).start == instant.parse("2024-02-29T12:00:00Z")


def test_filters_are_joined() -> None:
    """Filters given in several ways must all hold."""
    query = read(q='"a"', query="level:x", key="commit", operation="equals", value="b")

    assert query.filter == And((Equals("commit", "b"), Equals("level", "x"), Phrase("a")))


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"key": "level", "operation": "in", "value": '["a", "b"]'}, In("level", ("a", "b"))),
        ({"key": "level", "operation": "in", "value": ["a", "b"]}, In("level", ("a", "b"))),
        ({"key": "level", "operation": "range", "value": '{"lower_range": "warn"}'}, Range("level", 4)),
        ({"filters": '[{"key": "level", "operation": "equals", "value": "a"}]'}, Equals("level", "a")),
        ({"key": "metadata.a", "operation": "equals", "value": "[1]"}, Equals("metadata.a", "[1]")),
        ({"key": "metadata.a", "operation": "equals", "value": ""}, Equals("metadata.a", "")),
    ],
)
def test_filters_in_a_url(params: dict[str, Any], wanted: object) -> None:
    """What is a list or an object in a body is JSON in a URL."""
    assert read(**params).filter == wanted


@pytest.mark.parametrize(
    ("params", "field", "expected"),
    [
        ({"form": "now"}, "form", "known are q, "),
        ({"from_": "soon"}, "from", "not a time"),
        ({"from_": True}, "from", "neither"),
        ({"to": "2023-13-01"}, "to", "does not exist"),
        ({"from_": "31/Feb/2023:08:00:00 +0200"}, "from", "names a day that does not exist"),
        ({"to": "Sep 15, 2023 @ 25:00:00"}, "to", "names an hour"),
        ({"to": "now-1h-5x"}, "to", "“-5x” at place 6 is no step"),
        ({"tz": "Mars/Olympus"}, "tz", "neither a zone such as Europe/Berlin"),
        ({"tz": 2}, "tz", "must be a text"),
        ({"to": [1]}, "to", "neither"),
        ({"to": "now-5x"}, "to", "not a relative time"),
        ({"to": "99999999999999999999999"}, "to", "outside the years"),
        ({"to": "1e999"}, "to", "finite"),
        ({"from_": "now", "to": "now-1h"}, "from", "after to"),
        ({"clock": "wall"}, "clock", "event, received"),
        ({"sort": "up"}, "sort", "asc, desc"),
        ({"sort": ["asc"]}, "sort", "asc, desc"),
        ({"count": "all"}, "count", "auto, exact, none"),
        ({"limit": "0"}, "limit", "1 to 10,000"),
        ({"limit": 10_001}, "limit", "1 to 10,000"),
        ({"limit": "ten"}, "limit", "1 to 10,000"),
        ({"limit": True}, "limit", "1 to 10,000"),
        ({"limit": 5.5}, "limit", "1 to 10,000"),
        ({"cursor": "x"}, "cursor", "not a cursor"),
        ({"cursor": 5}, "cursor", "text"),
        ({"q": "("}, "q", "expected a term"),
        ({"q": 5}, "q", "text"),
        ({"query": "("}, "query", "expected a term"),
        ({"filters": "["}, "filters", "JSON"),
        ({"key": "level", "operation": "in", "value": "a"}, "value", "list"),
    ],
)
def test_errors_name_the_parameter(params: dict[str, Any], field: str, expected: str) -> None:
    """A refused parameter is named, with what was expected."""
    problems = refused(**params)

    assert [name for name, _ in problems] == [field]
    assert expected in problems[0][1]


def test_all_faults_are_told_at_once() -> None:
    """One answer names every parameter at fault."""
    assert [field for field, _ in refused(q="(", to="x", limit=0, sort="x", y=1)] == ["y", "q", "to", "sort", "limit"]


def test_further_names_are_left_to_the_caller() -> None:
    """A route's own parameters are let through, and only those."""
    assert read_query({"interval": "1m", "q": "a"}, also=("interval",)).filter == Words("a")


def test_every_documented_name_is_known() -> None:
    """No name of PARAMETERS is refused as unknown."""
    read_query(dict.fromkeys(PARAMETERS))
