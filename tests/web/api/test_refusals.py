"""What the routes that find refuse: every fault is named, with its field and place."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web.asking import problems


@pytest.mark.parametrize(
    ("url", "field", "position"),
    [
        ("/logs?q=level:(", "q", 7),
        ("/logs?q=nosuch:1", "q", 0),
        ("/logs?q=/(/", "q", 0),
        ("/logs?limit=10001", "limit", None),
        ("/logs?limit=0", "limit", None),
        ("/logs?limit=1&limit=2", "limit", None),
        ("/logs?q=a&q=b", "q", None),
        ("/logs?cursor=abc", "cursor", None),
        ("/logs?sort=up", "sort", None),
        ("/logs?clock=mine", "clock", None),
        ("/logs?count=some", "count", None),
        ("/logs?from=soon", "from", None),
        ("/logs?from=2024-01-01&to=2023-01-01", "from", None),
        ("/logs?key=level&value=a&operation=like", "operation", None),
        ("/logs?level=error", "level", None),
        ("/logs/histogram?interval=1y", "interval", None),
        ("/logs/histogram?interval=0m", "interval", None),
        ("/logs/histogram?interval=999999999w", "interval", None),
        ("/logs/histogram?interval=1s&from=2023-01-01&to=2024-01-01", "interval", None),
        ("/logs/histogram?by=message", "by", None),
        ("/logs/histogram?tz=Middle/Earth", "tz", None),
        ("/logs/histogram?tz=%2B25:00", "tz", None),
        ("/logs/histogram?tz=../../etc/passwd", "tz", None),
        ("/logs/histogram?limit=5", "limit", None),
        ("/logs/facets", "field", None),
        ("/logs/facets?field=nosuch", "field", None),
        ("/logs/facets?field=timestamp", "field", None),
        ("/logs/facets?field=metadata", "field", None),
        ("/logs/facets?field=level&size=1001", "size", None),
        ("/logs/facets?field=level&size=x", "size", None),
        ("/logs/fields?field=level", "field", None),
        ("/logs/export?format=xml", "format", None),
        ("/logs/export?columns=level,nosuch", "columns", None),
        ("/logs/export?limit=5", "limit", None),
        ("/traces/x?limit=0", "limit", None),
        (f"/logs/{'0' * 32}?q=a", "q", None),
        (f"/logs/{'0' * 32}/context?before=-1", "before", None),
        (f"/logs/{'0' * 32}/context?after=5001", "after", None),
        (f"/logs/{'0' * 32}/context?sort=asc", "sort", None),
    ],
)
def test_fault_in_a_url_is_named(client: FlaskClient, url: str, field: str, position: int | None) -> None:
    """400 with the parameter at fault, the place in it, and words."""
    (problem,) = problems(client, url)
    assert (problem["field"], problem.get("position")) == (field, position)
    assert problem["message"]


@pytest.mark.parametrize(
    ("body", "field", "position"),
    [
        ("nope", None, 0),
        ('{"a": 1,}', None, 8),
        ('{"limit": NaN}', None, None),
        ("[]", None, None),
        (b"\xff", None, None),
        ("[" * 100_000, None, None),
        ('{"limit": 1' + "0" * 5000 + "}", None, None),
        ('{"limit": 1, "limit": 2}', "limit", None),
        ('{"limits": 1}', "limits", None),
        ('{"x\\ud800": 1}', "x\ufffd", None),
        ('{"limit": "many"}', "limit", None),
        ('{"limit": true}', "limit", None),
        ('{"cursor": 5}', "cursor", None),
        ('{"from": {}}', "from", None),
        ('{"query": "a AND"}', "query", 5),
        ('{"key": "level", "value": "a"}', "operation", None),
        ('{"key": "lvl", "value": "a", "operation": "equals"}', "key", None),
        ('{"key": "message", "value": "(", "operation": "regex"}', "value", None),
        ('{"filters": [{"key": "level", "value": "a", "operation": "equals"}, {}]}', "filters[1]", None),
        ('{"filters": [], "match": "most"}', "match", None),
        ('{"key": "timestamp", "value": {"lower_range": "x"}, "operation": "range"}', "value.lower_range", None),
    ],
)
def test_fault_in_a_body_is_named(client: FlaskClient, body: Any, field: str | None, position: int | None) -> None:
    """400 with the path in the body, and the place where it is no JSON."""
    (problem,) = problems(client, "/logs/filter/", body)
    assert problem.get("field") == field
    if position is not None:
        assert problem["position"] == position


def test_all_faults_are_named_at_once(client: FlaskClient) -> None:
    """Whoever mends one need not come back for the next."""
    found = problems(client, "/logs/histogram?q=(&interval=x&tz=y&by=z&foo=1&from=soon")
    assert sorted(problem["field"] for problem in found) == ["by", "foo", "from", "interval", "q", "tz"]


def test_parameter_in_url_and_body_is_refused(client: FlaskClient) -> None:
    """Which of the two is meant can't be known; different ones may be mixed."""
    (problem,) = problems(client, "/logs/filter/?limit=1", '{"limit": 2}')
    assert problem["field"] == "limit"
    assert client.post("/logs/filter/?limit=1", json={"q": "a"}).status_code == 200


def test_bodies_that_are_not_read(client: FlaskClient) -> None:
    """Another type or encoding is 415, too many bytes 413, before and after decompression."""
    answer = client.post("/logs/filter/", data="<q/>", content_type="text/xml")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (415, "Content-Type")
    answer = client.post("/logs/filter/", data="{}", headers={"Content-Encoding": "br"})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (415, "Content-Encoding")
    assert client.post("/logs/filter/", data=b" " * (5 << 20)).status_code == 413
    packed = gzip.compress(b" " * (5 << 20))
    assert client.post("/logs/filter/", data=packed, headers={"Content-Encoding": "gzip"}).status_code == 413
