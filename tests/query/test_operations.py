"""Filters in JSON: what each operation means, nesting, and errors that name the place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InvalidQuery
from app.query.filter import (
    EVERYTHING,
    And,
    Contains,
    Equals,
    Exists,
    Filter,
    In,
    Matches,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Words,
)
from app.query.language.parse import parse
from app.query.normal import normal
from app.query.operations import OPERATIONS, from_json, rows
from app.times import instant
from tests.query.trees import trees
from tests.thorough import examples

NOW = instant.parse("2023-09-15T08:30:45.5Z")[0]


def one(key: Any, operation: Any, *value: Any) -> dict[str, Any]:
    """Return the body of one filter."""
    return {"key": key, "operation": operation, **({"value": value[0]} if value else {})}


def refused(body: Any) -> list[tuple[str | None, str]]:
    """Return field and message of each problem for which *body* is refused."""
    with pytest.raises(InvalidQuery) as caught:
        from_json(body, NOW)
    return [(problem.field, problem.message) for problem in caught.value.problems]


def test_first_example() -> None:
    """The first example of the original interface means the level."""
    body = {"key": "level", "value": "server", "operation": "equals"}

    assert from_json(body) == Equals("level", "server")


def test_second_example() -> None:
    """The second example of the original interface means a year, its ends included."""
    value = {"upper_range": "2023-09-15T23:59:59Z", "lower_range": "2022-09-15T23:59:59Z"}
    body = {"key": "timestamp", "value": value, "operation": "range"}

    assert from_json(body) == Range(
        "timestamp", instant.parse("2022-09-15T23:59:59Z"), instant.parse("2023-09-15T23:59:59Z")
    )


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (one("message", "equals", "failed to connect"), Words("failed to connect")),
        (one("metadata.n", "equals", 5), Equals("metadata.n", "5")),
        (one("metadata.n", "equals", 5.0), Equals("metadata.n", "5")),
        (one("metadata.ok", "equals", True), Equals("metadata.ok", "true")),
        (one("resourceId", "equals", ""), Equals("resourceId", "")),
        (
            one("timestamp", "equals", "2023-09-15T02:00:00+02:00"),
            Range("timestamp", (1694736000000, 0), (1694736000000, 0)),
        ),
        (one("message", "contains", "time"), Contains("message", "time")),
        (one("message", "regex", r"took \d+ms"), Matches("message", r"took \d+ms")),
        (one("metadata.ms", "range", {"lower_range": 5}), Range("metadata.ms", 5.0)),
        (one("metadata.ms", "range", {"lower_range": "5", "upper_range": None}), Range("metadata.ms", 5.0)),
        (one("level", "range", {"lower_range": "warn", "upper_range": "fatal"}), Range("level", 4, 6)),
        (one("received", "range", {"upper_range": 1694764800}), Range("received", None, (1694764800000, 0))),
        (
            one("timestamp", "range", {"upper_range": "2023-09-15"}),
            Range("timestamp", None, (1694822399999, 999_999)),
        ),
        (
            one("timestamp", "range", {"lower_range": "now-15m"}),
            Range("timestamp", (NOW - 900_000, 0)),
        ),
        (one("level", "in", ["error", "warn"]), In("level", ("error", "warn"))),
        (one("message", "in", ["a", "b"]), In("message", ("a", "b"))),
        (one("metadata.n", "in", [1, "x", False]), In("metadata.n", ("1", "x", "false"))),
        (one("level", "in", []), Or(())),
        (one("resourceId", "prefix", "server-"), Prefix("resourceId", "server-")),
        (one("traceId", "exists"), Exists("traceId")),
        (one("metadata", "exists", None), Exists("metadata")),
        (one("level", "not_equals", "info"), Not(Equals("level", "info"))),
        (one("message", "not_contains", "a"), Not(Contains("message", "a"))),
        (one("message", "not_regex", "a"), Not(Matches("message", "a"))),
        (one("level", "not_in", ["a", "b"]), Not(In("level", ("a", "b")))),
        (one("commit", "not_prefix", "a"), Not(Prefix("commit", "a"))),
        (one("traceId", "not_exists"), Not(Exists("traceId"))),
        ({"query": "level:error -x"}, And((Equals("level", "error"), Not(Words("x"))))),
        ({}, EVERYTHING),
        ({"filters": []}, EVERYTHING),
        ({"filters": [], "match": "any"}, EVERYTHING),
        (
            {"filters": [one("level", "equals", "a"), one("commit", "equals", "b")]},
            And((Equals("level", "a"), Equals("commit", "b"))),
        ),
        (
            {"filters": [one("level", "equals", "a"), {"query": '"b"'}], "match": "any"},
            Or((Equals("level", "a"), Phrase("b"))),
        ),
        (
            {"filters": [{"filters": [one("level", "equals", "a"), {"query": '"b"'}], "match": "any"}, {"query": "c"}]},
            And((Or((Equals("level", "a"), Phrase("b"))), Words("c"))),
        ),
        ({"query": '"b"', **one("level", "equals", "a")}, And((Equals("level", "a"), Phrase("b")))),
    ],
)
def test_operations(body: dict[str, Any], wanted: Filter) -> None:
    """Each operation means its leaf; filters nest; several kinds in one body must all hold."""
    assert from_json(body, NOW) == wanted


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        (one("leval", "equals", "x"), "key", "level"),
        (one("foo", "equals", "x"), "key", "metadata.foo"),
        (one("metadata", "equals", "x"), "key", "needs a path"),
        (one(5, "equals", "x"), "key", "name of a field"),
        ({"operation": "equals", "value": "x"}, "key", "name of a field"),
        (one("level", "equal", "x"), "operation", "not_exists"),
        ({"key": "level", "value": "x"}, "operation", "equals"),
        (one("level", ["equals"], "x"), "operation", "equals"),
        (one("level", "equals"), "value", "a text, a number"),
        (one("level", "equals", {"a": 1}), "value", "a text, a number"),
        (one("level", "equals", "x" * 1001), "value", "1,000 characters"),
        (one("metadata.n", "equals", 10**5000), "value", "digits"),
        (one("message", "regex", "a("), "value", "RE2"),
        (one("level", "in", "error"), "value", "list"),
        (one("level", "in", ["a", None]), "value[1]", "a text, a number"),
        (one("timestamp", "in", ["2023-09-15", "x"]), "value[1]", "not a time"),
        (one("traceId", "exists", "x"), "value", "left out"),
        (one("metadata.n", "range", 5), "value", "lower_range"),
        (one("metadata.n", "range", {}), "value", "needs lower_range"),
        (one("metadata.n", "range", {"lower": 5}), "value.lower", "not part of a range"),
        (one("metadata.n", "range", {"lower_range": "x"}), "value.lower_range", "not a number"),
        (one("metadata.n", "range", {"lower_range": [1]}), "value.lower_range", "neither"),
        (one("metadata.n", "range", {"lower_range": True}), "value.lower_range", "neither"),
        (one("level", "range", {"upper_range": "high"}), "value.upper_range", "not a level"),
        (one("level", "range", {"upper_range": 5}), "value.upper_range", "not a level"),
        (one("commit", "range", {"upper_range": "a"}), "value.upper_range", "ranges are for"),
        (one("timestamp", "range", {"upper_range": 10**40}), "value.upper_range", "outside the years"),
        (one("timestamp", "range", {"upper_range": float("nan")}), "value.upper_range", "finite"),
        ({"filter": []}, "filter", "not part of a filter"),
        ({"filters": {}}, "filters", "list"),
        ({"match": "all"}, "filters", "list"),
        ({"filters": [], "match": "some"}, "match", '"all" or "any"'),
        ({"filters": [one("level", "equals", "x"), "x"]}, "filters[1]", "object"),
        ({"filters": [{}]}, "filters[0]", "holds no filter"),
        ({"filters": [{"filters": [one("level", "in", 1)]}]}, "filters[0].filters[0].value", "list"),
        ({"filters": [{"query": "level:"}]}, "filters[0].query", "expected a value"),
        ({"query": 5}, "query", "text"),
        ([], None, "object"),
        ({"filters": [one(f"metadata.{n}", "equals", "x") for n in range(501)]}, "filters", "500"),
    ],
)
def test_errors_name_the_path(body: Any, field: str | None, expected: str) -> None:
    """A refused filter is answered with the path to what is wrong, and what was expected there."""
    problems = refused(body)

    assert [name for name, _ in problems] == [field]
    assert expected in problems[0][1]


def test_all_faults_are_told_at_once() -> None:
    """One answer names every fault."""
    body = {"filters": [one("x", "equals", 1), one("message", "regex", "("), {"query": "("}], "match": "none"}

    assert [field for field, _ in refused(body)] == ["match", "filters[0].key", "filters[1].value", "filters[2].query"]


def test_position_in_a_query_is_kept() -> None:
    """A query in a body is answered with the place in its text."""
    with pytest.raises(InvalidQuery) as caught:
        from_json({"query": "level:error AND"})

    assert caught.value.problems[0].position == 15


def test_deep_nesting_is_refused() -> None:
    """Nesting ends in an answer, never in exhaustion."""
    body: dict[str, Any] = one("level", "equals", "x")
    for _ in range(300):
        body = {"filters": [body]}

    assert "deep" in refused(body)[0][1]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(("all", "level")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(("key", "value", "operation", "filters", "match", "query", "x")), inner),
        st.builds(
            one, st.sampled_from(("level", "metadata.a", "timestamp")), st.sampled_from(sorted(OPERATIONS)), inner
        ),
    ),
    max_leaves=10,
)


@given(body=st.dictionaries(st.sampled_from(("key", "value", "operation", "filters", "match", "query")), _json))
@settings(max_examples=examples(500), deadline=None)
def test_any_body_is_read_or_refused(body: dict[str, Any]) -> None:
    """No JSON makes anything but a filter or an error."""
    try:
        from_json(body, NOW)
    except InvalidQuery as error:
        assert error.problems


@given(tree=trees)
@settings(max_examples=examples(300), deadline=None)
def test_rows_mean_their_filter(tree: Filter) -> None:
    """Where a filter has rows, they mean it."""
    found = rows(tree)
    if found is not None:
        assert from_json(found) == normal(tree)


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("level:error", 1), ("-a level:>=warn metadata.n:[1 TO 2] *x*", 4), ("a OR level:(b OR c)", 2)],
)
def test_flat_filters_have_rows(text: str, count: int) -> None:
    """What a form can show has rows."""
    found = rows(parse(text))

    assert found is not None
    assert len(found["filters"]) == count


@pytest.mark.parametrize("text", ["a OR (b level:x)", "NOT (a OR level:b)", '"a b"', "metadata.n:>5", "NOT *"])
def test_other_filters_have_none(text: str) -> None:
    """What rows can't say is not said wrongly."""
    assert rows(parse(text)) is None
