"""The usual time at the head of a line is told at once: the same as the table of all forms tells."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest

from app.times import stamps
from app.times.written import Assumed

_ZONES = (UTC, timezone(timedelta(hours=2)))
_BEHIND = (
    *(
        "",
        " ",
        "] x",
        "|x",
        " [a]",
        " 5",
        " - a",
        " -5",
        " INFO x",
        " EST x",
        " ERROR: x",
        " PM",
        " am",
        " AM INFO",
        "Z",
        "Zed",
    ),
    *(
        "Z PM",
        " Z",
        "+02:00",
        " +0200",
        " UTC",
        " GMT+2 x",
        " Europe/Berlin x",
        ",5",
        ".5.5",
        ":5",
        "5",
        "\n",
        " Info",
        " Error/Abc",
    ),
)


@pytest.mark.parametrize("zone", _ZONES)
def test_the_short_way_agrees_with_the_table(zone: timezone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands behind the time: halves of a day, zones, brackets, levels, more digits."""
    assumed = Assumed(datetime(2026, 11, 29, 16, tzinfo=zone), zone)
    times = [
        f"{day}{joint}{clock}{fraction}"
        for day, joint, clock, fraction in product(
            ("2026-11-23", "2026-02-30", "2026-13-01", "0000-01-01"),
            "T _",
            ("21:05:10", "01:05:10", "24:00:00", "21:61:00", "23:59:60"),
            ("", ".123", ",123456", ".1234567890"),
        )
    ]
    lines = [time + behind for time in times for behind in _BEHIND]
    short = [stamps.at(f"[{line}", 1, assumed) for line in lines]
    monkeypatch.setattr(stamps, "_USUAL", re.compile("(?!)"))
    assert short == [stamps.at(f"[{line}", 1, assumed) for line in lines]
    assert sum(stamp is not None for stamp in short) > 1_000


@pytest.mark.parametrize(
    ("text", "now", "meant"),
    [
        ("23:59:59Z", "2026-11-30T00:00:01", "2026-11-29T23:59:59Z"),
        ("00:00:00.100", "2026-11-29T23:59:59.600", "2026-11-30T00:00:00.100Z"),
        ("00:00:00.100", "2026-11-30T00:00:00.200", "2026-11-30T00:00:00.100Z"),
        ("23:59:59", "2026-11-30T00:00:01", "2026-11-29T23:59:59Z"),
    ],
)
def test_a_time_of_day_is_the_latest_that_is_hardly_ahead(text: str, now: str, meant: str) -> None:
    """Around midnight too, with a zone and without."""
    stamp = stamps.at(text, 0, Assumed(now=datetime.fromisoformat(now).replace(tzinfo=UTC), zone=UTC))
    assert stamp is not None
    assert stamp.value == meant
