"""Zones: their names, and the way between an instant and what a clock shows."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidQuery
from app.times import instant, zone

BERLIN = ZoneInfo("Europe/Berlin")
#: Zones with odd offsets and odd steps: half an hour, three quarters, a whole day, at midnight.
ZONES = (
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "America/St_Johns",
)


def ms(text: str) -> int:
    """Return the instant of an RFC 3339 text in ms."""
    return instant.parse(text)[0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("UTC", "UTC"),
        ("z", "UTC"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("america/new_york", "America/New_York"),
        ("etc/gmt+5", "Etc/GMT+5"),
        ("AMERICA/PORT-AU-PRINCE", "America/Port-au-Prince"),
        ("+02:00", "+02:00"),
        ("-0530", "-05:30"),
        ("+5", "+05:00"),
    ],
)
def test_names_of_zones(text: str, name: str) -> None:
    """IANA names in any case, offsets in any form; the name that comes back is taken again."""
    found = zone.read_zone(text)
    assert zone.name_of(found) == name
    assert zone.name_of(zone.read_zone(name)) == name


def test_every_name_in_any_case() -> None:
    """Also those that are not written as most are: US/Pacific, EST5EDT, Etc/GMT+5."""
    names = available_timezones() - {"GMT", "UTC"}
    assert len(names) > 300
    for name in names:
        for typed in (name.lower(), name.upper()):
            assert zone.name_of(zone.read_zone(typed)) == name


@pytest.mark.parametrize(
    "text", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime", "Europe", "+24:00", "a\0b", "x" * 300]
)
def test_what_is_no_zone(text: str) -> None:
    """Refused by name, paths and oddities included."""
    with pytest.raises(InvalidQuery) as caught:
        zone.read_zone(text)
    assert [problem.field for problem in caught.value.problems] == ["tz"]


@pytest.mark.parametrize(
    ("at", "where", "shown"),
    [
        ("2023-09-15T08:00:00Z", BERLIN, "2023-09-15T10:00:00.000+02:00"),
        ("2023-12-15T08:00:00.123456789Z", BERLIN, "2023-12-15T09:00:00.123456789+01:00"),
        ("2023-09-15T08:00:00Z", UTC, "2023-09-15T08:00:00Z"),
        ("2023-10-29T00:30:00Z", BERLIN, "2023-10-29T02:30:00.000+02:00"),
        ("2023-10-29T01:30:00Z", BERLIN, "2023-10-29T02:30:00.000+01:00"),
        ("2023-09-15T20:00:00Z", zone.read_zone("-09:30"), "2023-09-15T10:30:00.000-09:30"),
        ("0001-01-01T00:00:00Z", zone.read_zone("-01:00"), "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999Z", BERLIN, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_text_of_an_instant(at: str, where: tzinfo, shown: str) -> None:
    """RFC 3339 with the offset of that day; where a year would not fit, in UTC. It names the same instant."""
    assert zone.text(instant.parse(at), where) == shown
    assert instant.parse(shown) == instant.parse(at)


@pytest.mark.parametrize(
    ("local", "first", "last"),
    [
        ("2023-09-15T10:00:00Z", "2023-09-15T08:00:00Z", "2023-09-15T08:00:00Z"),
        # Set back at 01:00 UTC: shown twice.
        ("2023-10-29T02:30:00Z", "2023-10-29T00:30:00Z", "2023-10-29T01:30:00Z"),
        # Set forward at 01:00 UTC: never shown.
        ("2023-03-26T02:30:00Z", "2023-03-26T01:00:00Z", "2023-03-26T01:00:00Z"),
    ],
)
def test_what_a_clock_shows_is_an_instant(local: str, first: str, last: str) -> None:
    """One instant; two where the clock is set back; that of the step where it is set forward."""
    assert zone.from_local(ms(local), BERLIN) == (ms(first), ms(last))
    assert zone.is_twofold(ms(local), BERLIN) == (first != last)


@given(st.integers(min_value=0, max_value=2_000_000_000_000), st.sampled_from(ZONES))
def test_there_and_back(at: int, name: str) -> None:
    """Of each instant the local time leads back to it, or to it and the other one of the same look."""
    where = ZoneInfo(name)
    first, last = zone.from_local(zone.to_local(at, where), where)
    assert at in (first, last)
    assert instant.parse(zone.text((at, 0), where)) == (at, 0)
