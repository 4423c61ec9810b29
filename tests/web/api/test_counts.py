"""Histogram, facets and fields."""

from __future__ import annotations

from collections import Counter

import pytest
from flask.testing import FlaskClient

from app.log.record import LogRecord
from app.times import instant
from tests.conftest import Fill, MakeRecord
from tests.web.asking import NOTHING_PENDING, get


def test_histogram_agrees_with_a_plain_count(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """Every bucket, empty ones included, has what lies in it, by level too; the answer has the documented shape."""
    found = get(client, "/logs/histogram?interval=7m&by=level&from=2023-09-15T07:00:00Z&to=2023-09-15T11:00:00Z")
    assert found.keys() == {"status", "interval_ms", "buckets", *NOTHING_PENDING}
    width = found["interval_ms"]
    assert width == 420_000
    starts = [instant.parse(bucket["start"])[0] for bucket in found["buckets"]]
    assert starts == list(range(starts[0], starts[-1] + 1, width))
    assert starts[0] <= instant.parse("2023-09-15T07:00:00Z")[0] < starts[0] + width
    assert starts[-1] <= instant.parse("2023-09-15T11:00:00Z")[0] < starts[-1] + width
    wanted = Counter((record.t - record.t % width, record.level) for record in minutes)
    for start, bucket in zip(starts, found["buckets"], strict=True):
        levels = {level: wanted[start, level] for level in ("error", "info") if wanted[start, level]}
        assert bucket == {"start": instant.text((start, 0)), "count": sum(levels.values()), "by": levels}


@pytest.mark.parametrize("query", ["", "level:error", "step", "message:contains(tep)", "metadata.n:>30"])
@pytest.mark.parametrize("clock", ["event", "received"])
def test_histogram_counts_what_the_page_finds(
    client: FlaskClient, minutes: list[LogRecord], query: str, clock: str
) -> None:
    """The same filter, window and clock give the same logs."""
    query = query.replace("(tep)", '("tep")')
    shared = {"q": query, "clock": clock, "from": "2023-09-15T08:05:30Z"}
    buckets = client.get("/logs/histogram", query_string=shared).json["buckets"]
    # Exactly: on a busy machine the count of a page ends early, and says "at least".
    page = client.get("/logs", query_string={**shared, "count": "exact"}).json
    assert sum(bucket["count"] for bucket in buckets) == page["total"]


def test_histogram_without_logs(client: FlaskClient) -> None:
    """Nothing to count has no buckets, unless the range is given."""
    assert get(client, "/logs/histogram")["buckets"] == []
    buckets = get(client, "/logs/histogram?interval=1d&from=2023-09-14T00:00:00Z&to=2023-09-15T12:00:00Z")["buckets"]
    assert buckets == [{"start": f"2023-09-{day}T00:00:00Z", "count": 0, "by": {}} for day in (14, 15)]


@pytest.mark.parametrize(
    ("interval", "tz", "start"),
    [
        ("1d", "UTC", "2023-09-15T00:00:00Z"),
        ("1d", "Europe/Berlin", "2023-09-14T22:00:00Z"),
        ("1d", "+05:30", "2023-09-14T18:30:00Z"),
        ("1d", "-0800", "2023-09-15T08:00:00Z"),
        ("6h", "Asia/Kolkata", "2023-09-15T06:30:00Z"),
        ("1h", "+05:30", "2023-09-15T07:30:00Z"),
        ("1w", "UTC", "2023-09-11T00:00:00Z"),
        ("7d", "+02:00", "2023-09-10T22:00:00Z"),
    ],
)
def test_buckets_follow_the_clock_of_the_zone(
    client: FlaskClient, fill: Fill, make_record: MakeRecord, interval: str, tz: str, start: str
) -> None:
    """Days begin at its midnight, weeks on its Monday; `start` is in UTC."""
    fill([make_record(timestamp="2023-09-15T08:15:00Z")])
    found = client.get("/logs/histogram", query_string={"interval": interval, "tz": tz}).json["buckets"]
    assert found == [{"start": start, "count": 1, "by": {}}]


@pytest.mark.parametrize(
    ("first", "last", "interval"),
    [
        ("2023-09-15T08:00:00Z", "2023-09-15T08:00:00Z", 1_000),
        ("2023-09-15T08:00:00Z", "2023-09-15T08:01:00Z", 1_000),
        ("2023-09-15T08:00:00Z", "2023-09-15T09:00:00Z", 60_000),
        ("2023-09-15T08:00:00Z", "2023-09-16T08:00:00Z", 1_800_000),
        ("2023-01-01T00:00:00Z", "2023-12-31T00:00:00Z", 7 * 86_400_000),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", 36_525 * 86_400_000),
    ],
)
def test_auto_suits_the_range(
    client: FlaskClient, fill: Fill, make_record: MakeRecord, first: str, last: str, interval: int
) -> None:
    """The finest interval with about 100 buckets, also over all years there are, in any zone."""
    fill([make_record(timestamp=first), make_record(timestamp=last)])
    for tz in ("UTC", "-14:00", "%2B14:00"):
        found = get(client, f"/logs/histogram?tz={tz}")
        assert found["interval_ms"] == interval
        assert len(found["buckets"]) <= 101
        assert sum(bucket["count"] for bucket in found["buckets"]) == 2


def test_facets_count_values(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """Most frequent first, then by value; every element of an array counts; several fields at once."""
    found = get(client, "/logs/facets?field=level&field=metadata.tags&field=spanId&size=3")
    assert found == {
        "status": True,
        "facets": {
            "level": [{"value": "info", "count": 80}, {"value": "error", "count": 40}],
            "metadata.tags": [{"value": "a", "count": 120}, *({"value": f"t{n}", "count": 24} for n in (0, 1))],
            "spanId": [],
        },
        "exact": True,
        **NOTHING_PENDING,
    }
    body = {"field": ["level", "metadata.tags", "spanId"], "size": 3, "filters": []}
    assert client.post("/logs/facets", json=body).json == found


def test_facets_take_the_filter(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """Only logs that fit are counted."""
    found = client.post("/logs/facets", json={"field": "resourceId", "query": "metadata.n:<3"}).json
    assert found["facets"] == {"resourceId": [{"value": "server-0", "count": 2}, {"value": "server-1", "count": 1}]}


def test_fields_that_occur(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """By name, with the type of the values and the number of logs."""
    fixed = [("id", "string"), ("level", "string"), ("message", "string"), ("metadata.n", "number")]
    fixed += [("metadata.tags", "string"), ("received", "time"), ("resourceId", "string")]
    fixed += [("timestamp", "time"), ("traceId", "string")]
    for query, count in (("", 120), ("level:error", 40)):
        assert get(client, f"/logs/fields?q={query}") == {
            "status": True,
            "fields": [{"name": name, "type": kind, "count": count} for name, kind in fixed],
            "exact": True,
            **NOTHING_PENDING,
        }
