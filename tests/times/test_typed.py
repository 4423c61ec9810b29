"""Times as people write and paste them."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from app.query.language.parse import parse
from app.query.request import read_query
from app.times import instant, typed, written

BERLIN = ZoneInfo("Europe/Berlin")
NOW = instant.parse("2023-09-15T12:34:56.789Z")[0]
EIGHT = "2023-09-15T08:00:00Z"


def said(text: str, zone: str = "UTC") -> tuple[str, str]:
    """Return the first and last instant that *text* names."""
    first, last = typed.time_span(text, NOW, ZoneInfo(zone))
    return instant.text(first), instant.text(last)


@pytest.mark.parametrize(
    "text",
    [
        "2023-09-15T08:00:00Z",
        "2023-09-15T10:00:00+02:00",
        "2023-09-15 08:00:00,000 UTC",
        "1694764800",
        "1694764800000",
        "1694764800000000",
        "1694764800000000000",
        "1694764800.0",
        "15/Sep/2023:10:00:00 +0200",
        "Fri, 15 Sep 2023 10:00:00 +0200",
        "15 Sep 2023 08:00:00 GMT",
        "15 Sep 2023 10:00 +0200",
        "2023/09/15 08:00:00Z",
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
def test_a_time_with_its_offset_is_one_instant(text: str, zone: str) -> None:
    """In whatever form it is pasted, wherever its reader is."""
    assert said(text, zone) == (EIGHT, EIGHT)


@pytest.mark.parametrize(
    "text",
    [
        "2023-09-15T08:00:00",
        "2023-09-15 08:00",
        "15/Sep/2023:08:00:00",
        "Sep 15 08:00:00",
        "Fri Sep 15 08:00:00 2023",
        "Sep 15, 2023 @ 08:00:00.000",
        "15 Sep 2023 08:00",
        "08:00",
        "8:00:00.000",
    ],
)
def test_a_time_without_an_offset_is_of_the_zone(text: str) -> None:
    """The clock of the zone is meant, UTC if none is said; what has no day is of today, what has no year the latest."""
    assert said(text) == (EIGHT, EIGHT)
    assert said(text, "Europe/Berlin") == ("2023-09-15T06:00:00Z", "2023-09-15T06:00:00Z")


@pytest.mark.parametrize(
    ("text", "zone", "first", "last"),
    [
        ("2023-09-15", "UTC", "2023-09-15T00:00:00Z", "2023-09-15T23:59:59.999999999Z"),
        ("2023-09-15", "Europe/Berlin", "2023-09-14T22:00:00Z", "2023-09-15T21:59:59.999999999Z"),
        ("15 Sep 2023", "Europe/Berlin", "2023-09-14T22:00:00Z", "2023-09-15T21:59:59.999999999Z"),
        ("Sep 15, 2023", "UTC", "2023-09-15T00:00:00Z", "2023-09-15T23:59:59.999999999Z"),
        # Days of 25 and of 23 hours.
        ("2023-10-29", "Europe/Berlin", "2023-10-28T22:00:00Z", "2023-10-29T22:59:59.999999999Z"),
        ("2023-03-26", "Europe/Berlin", "2023-03-25T23:00:00Z", "2023-03-26T21:59:59.999999999Z"),
        # A day whose midnight its clocks skipped.
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-05T01:59:59.999999999Z"),
        ("2024-10-26", "Atlantic/Azores", "2024-10-26T00:00:00Z", "2024-10-26T23:59:59.999999999Z"),
        ("2024-10-27", "Atlantic/Azores", "2024-10-27T00:00:00Z", "2024-10-28T00:59:59.999999999Z"),
        ("2024-11-02", "America/Havana", "2024-11-02T04:00:00Z", "2024-11-03T03:59:59.999999999Z"),
        ("today", "Asia/Tokyo", "2023-09-14T15:00:00Z", "2023-09-15T14:59:59.999999999Z"),
        ("Yesterday", "UTC", "2023-09-14T00:00:00Z", "2023-09-14T23:59:59.999999999Z"),
        ("tomorrow", "UTC", "2023-09-16T00:00:00Z", "2023-09-16T23:59:59.999999999Z"),
        ("now/d", "Pacific/Auckland", "2023-09-15T12:00:00Z", "2023-09-16T11:59:59.999999999Z"),
        ("now-1d/d", "Europe/Berlin", "2023-09-13T22:00:00Z", "2023-09-14T21:59:59.999999999Z"),
        ("now/w", "Europe/Berlin", "2023-09-10T22:00:00Z", "2023-09-17T21:59:59.999999999Z"),
        ("now/M", "Europe/Berlin", "2023-08-31T22:00:00Z", "2023-09-30T21:59:59.999999999Z"),
        ("now/h", "Asia/Kathmandu", "2023-09-15T12:15:00Z", "2023-09-15T13:14:59.999999999Z"),
        ("now-6M", "Europe/Berlin", "2023-03-15T13:34:56.789Z", "2023-03-15T13:34:56.789Z"),
        ("15m ago", "UTC", "2023-09-15T12:19:56.789Z", "2023-09-15T12:19:56.789Z"),
        ("2 months ago", "UTC", "2023-07-15T12:34:56.789Z", "2023-07-15T12:34:56.789Z"),
        ("-90s", "UTC", "2023-09-15T12:33:26.789Z", "2023-09-15T12:33:26.789Z"),
    ],
)
def test_days_and_relative_times_go_by_the_zone(text: str, zone: str, first: str, last: str) -> None:
    """Days begin at its midnight, weeks on its Monday; steps of days keep the hour of its clock."""
    assert said(text, zone) == (first, last)


def test_a_time_shown_twice_is_whole_at_either_end() -> None:
    """As `from` it is the earlier, as `to` the later; one never shown is the instant of the step."""
    twice, never = "2023-10-29 02:30", "2023-03-26 02:30"
    assert said(twice, "Europe/Berlin") == ("2023-10-29T00:30:00Z", "2023-10-29T01:30:00Z")
    assert said(never, "Europe/Berlin") == ("2023-03-26T01:00:00Z", "2023-03-26T01:00:00Z")
    asked = read_query({"from": twice, "to": twice, "tz": "Europe/Berlin"})
    assert asked.start and asked.end and asked.end[0] - asked.start[0] == 3_600_000


def test_the_hour_of_a_clock_set_back_is_two() -> None:
    """`now/h` is the hour that holds now, not the other one of the same name."""
    second = instant.parse("2023-10-29T01:30:00Z")[0]
    assert instant.text(typed.time_span("now/h", second, BERLIN)[0]) == "2023-10-29T01:00:00Z"


@pytest.mark.parametrize(
    ("text", "zone", "fault"),
    [
        ("09/10/2023", "UTC", "is not a time"),
        ("Foo 15 08:00:00", "UTC", "is not a time"),
        ("Sep 15", "UTC", "is not a time"),
        ("31/Feb/2023:08:00:00 +0000", "UTC", "names a day that does not exist"),
        ("25:00", "UTC", "names an hour"),
        ("nowish", "UTC", "is not a relative time"),
        ("now-999999999y", "Europe/Berlin", "lies outside"),
        ("0001-01-01", "Asia/Tokyo", "lies outside"),
        ("999999999y ago", "UTC", "lies outside"),
    ],
)
def test_what_is_no_time(text: str, zone: str, fault: str) -> None:
    """What could be read in two ways, or not at all, is refused with the reason."""
    with pytest.raises(ValueError, match=fault):
        said(text, zone)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("2023-09-15 08:00 – 09:00", ("2023-09-15 08:00", "2023-09-15 09:00")),
        ("2023-09-15 08:00 - 2023-09-16 09:00", ("2023-09-15 08:00", "2023-09-16 09:00")),
        ("2023-09-15T08:00:00Z/2023-09-15T09:00:00Z", ("2023-09-15T08:00:00Z", "2023-09-15T09:00:00Z")),
        ("2023-09-15T23:30:00-05:00 to 23:45", ("2023-09-15T23:30:00-05:00", "2023-09-15 23:45-05:00")),
        (
            "15/Sep/2023:08:00:00 +0200 to 15/Sep/2023:09:00:00 +0200",
            ("15/Sep/2023:08:00:00 +0200", "15/Sep/2023:09:00:00 +0200"),
        ),
        ("Sep 15 08:00:00 until 08:30:00", ("Sep 15 08:00:00", "2023-09-15 08:30:00")),
        ("2023-09-15 08:00:00 UTC - 09:00", ("2023-09-15 08:00:00 UTC", "2023-09-15 09:00Z")),
        ("x" + " " * 100_000 + "x", None),  # looked at blank by blank it would take minutes
        ("yesterday .. now-1h", ("yesterday", "now-1h")),
        ("8:00–9:00", ("8:00", "2023-09-15 09:00")),
        ("1694764800 → 1694768400", ("1694764800", "1694768400")),
        ("2023-09-15 08:00", None),
        ("from here to there", None),
        ("2023-09-15 08:00 – soon", None),
    ],
)
def test_a_range_in_one_text(text: str, ends: tuple[str, str] | None) -> None:
    """Both ends, as times that can be read; the second may be a time of day of the first one's day."""
    assert typed.split(text, NOW, BERLIN) == ends


def test_a_query_means_its_times_in_the_zone() -> None:
    """The same text in two zones is two filters, however often it was read; other texts are remembered."""
    text = 'timestamp:>="2023-09-15 08:00" AND level:error'
    assert parse(text, NOW, UTC) != parse(text, NOW, BERLIN)
    assert parse(text, NOW, BERLIN) == parse('timestamp:>="2023-09-15 06:00" AND level:error', NOW)
    assert parse("timestam\\p:today", NOW) != parse("timestam\\p:today", NOW + 86_400_000)
    assert parse("level:error", NOW, UTC) is parse("level:error", NOW, BERLIN)
    body = {"key": "timestamp", "operation": "range", "value": {"lower_range": "2023-09-15 08:00"}}
    assert read_query({**body, "tz": "Europe/Berlin"}).filter == parse('timestamp:>="2023-09-15 06:00"')


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Fri, 15 Sep 2023 10:00:00 +0200", "2023-09-15T10:00:00+0200"),
        ("15 Sep 2023 08:00", "2023-09-15T08:00:00Z"),
        ("15 Sep 2023", None),
        ("Fri, 32 Sep 2023 10:00:00 +0200", None),
        ("yesterday", None),
    ],
)
def test_fields_of_log_files_may_hold_them_too(text: str, wanted: str | None) -> None:
    """Where a file's log has a field for its time: what names an instant, not what depends on its reader."""
    assert written.from_value(text, written.Assumed.here()) == wanted
