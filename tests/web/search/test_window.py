"""The time range of the search page: what its inputs take and show, and the ranges beside it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.log.record import LogRecord
from app.times import instant
from app.web.search import window
from app.web.search.form import SearchForm
from tests.web.reading import get, location

NOW = instant.parse("2023-09-15T12:00:00Z")[0]


def sent(client: FlaskClient, **args: str) -> dict[str, str]:
    """Submit the form; return the state that it leads to."""
    fields = {"was": "", "q": "", "was_tz": "", "was_from": "", "was_to": "", "go": "1"}
    return location(client, **(fields | args))


@pytest.mark.parametrize(
    ("typed", "start"),
    [
        ("2023-09-15 08:00", "2023-09-15T08:00:00+02:00"),
        ("15/Sep/2023:08:00:00 +0530", "15/Sep/2023:08:00:00 +0530"),
        ("15/Sep/2023:08:00:00", "2023-09-15T08:00:00+02:00"),
        ("1694764800", "1694764800"),
        ("yesterday", "yesterday"),
        ("2023-09-15", "2023-09-15"),
        ("2023-10-29 02:30", "2023-10-29T02:30:00+02:00"),
    ],
)
def test_what_is_typed_is_a_link_for_all(client: FlaskClient, typed: str, start: str) -> None:
    """A time without an offset gets that of the zone, so that the link means the same to whoever follows it."""
    assert sent(client, **{"from": typed, "tz": "Europe/Berlin"}) == {"from": start, "tz": "Europe/Berlin"}


def test_an_end_that_is_shown_twice_is_the_later_one(client: FlaskClient) -> None:
    """So that the range between both is whole."""
    state = sent(client, **{"from": "2023-10-29 02:30", "to": "2023-10-29 02:30", "tz": "Europe/Berlin"})
    assert state["to"] == "2023-10-29T02:30:00+01:00"


@pytest.mark.parametrize(
    ("pasted", "ends"),
    [
        ("2023-09-15 08:00 – 09:00", ("2023-09-15T08:00:00Z", "2023-09-15T09:00:00Z")),
        ("2023-09-15 to 2023-09-16", ("2023-09-15", "2023-09-16")),
        ("15/Sep/2023:08:00:00 +0200 - 09:00", ("15/Sep/2023:08:00:00 +0200", "2023-09-15 09:00+0200")),
    ],
)
def test_a_range_pasted_into_from_fills_both(client: FlaskClient, pasted: str, ends: tuple[str, str]) -> None:
    """Whatever stood in To before."""
    state = sent(client, **{"from": pasted, "to": "now-1h", "was_to": "now-1h"})
    assert (state["from"], state["to"]) == ends


def test_a_zone_typed_anew_keeps_times_that_were_not(client: FlaskClient) -> None:
    """What stood in the inputs is of the old zone, what is typed with the new zone is of that."""
    shown = {"was_tz": "Europe/Berlin", "tz": "Asia/Tokyo", "was_from": "2023-09-15 10:00:00"}
    state = sent(client, **shown, **{"from": "2023-09-15 10:00:00", "to": "2023-09-15 18:00"})
    assert (state["from"], state["to"]) == ("2023-09-15T10:00:00+02:00", "2023-09-15T18:00:00+09:00")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2023-09-15T08:00:00Z", "2023-09-15 10:00:00"),
        ("2023-09-15T08:00:00.999999999Z", "2023-09-15 10:00:00.999999999"),
        ("1694764800", "2023-09-15 10:00:00"),
        ("15/Sep/2023:08:00:00 +0000", "2023-09-15 10:00:00"),
        ("2023-10-29T01:30:00Z", "2023-10-29 02:30:00+01:00"),
        ("now-15m", "now-15m"),
        ("2023-09-15", "2023-09-15"),
        ("<b>soon", "<b>soon"),
    ],
)
def test_inputs_show_the_zones_clock(app: Flask, value: str, shown: str) -> None:
    """In a form that is read back as the same instant; what is no point in time stays as it is."""
    with app.test_request_context("/?tz=Europe/Berlin"):
        form = SearchForm(start=value, end=value)
        found = window.view(form, NOW)
        assert (found.start, found.end) == (shown, shown)
        back = window.settled(SearchForm(start=shown, end=shown), {}, NOW)
        assert window.view(back, NOW).start == shown


def moved(app: Flask, start: str, end: str, tz: str = "UTC") -> list[tuple[str, ...] | None]:
    """Return the ranges that Earlier, Zoom out and Later lead to."""
    with app.test_request_context(f"/?tz={tz}"):
        found = window.view(SearchForm(start=start, end=end), NOW)
    return [None if move.range is None else (*move.range.split("|"),) for move in found.moves]


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        (
            "2023-09-15T08:00:00Z",
            "2023-09-15T09:00:00Z",
            [
                ("2023-09-15T07:00:00Z", "2023-09-15T08:00:00Z"),
                ("2023-09-15T07:30:00Z", "2023-09-15T09:30:00Z"),
                ("2023-09-15T09:00:00Z", "2023-09-15T10:00:00Z"),
            ],
        ),
        # A bar of the chart: up to its last nanosecond.
        (
            "2023-09-15T08:00:00Z",
            "2023-09-15T08:59:59.999999999Z",
            [
                ("2023-09-15T07:00:00Z", "2023-09-15T07:59:59.999999999Z"),
                ("2023-09-15T07:30:00Z", "2023-09-15T09:29:59.999999999Z"),
                ("2023-09-15T09:00:00Z", "2023-09-15T09:59:59.999999999Z"),
            ],
        ),
        ("now-15m", "", [("2023-09-15T11:30:00Z", "2023-09-15T11:45:00Z"), ("now-30m", ""), None]),
        ("today", "", [("2023-09-14T12:00:00Z", "2023-09-15T00:00:00Z"), ("2023-09-14T12:00:00Z", ""), None]),
        ("", "2023-09-15", [None, None, None]),
        ("soon", "", [None, None, None]),
        ("2023-09-16", "2023-09-15", [None, None, None]),
        ("0001-01-01", "9999-12-31", [None, None, None]),
    ],
)
def test_ranges_beside(app: Flask, start: str, end: str, wanted: list[tuple[str, str] | None]) -> None:
    """Earlier and later by its own length, and twice as long about its middle; nothing where no length is known."""
    assert moved(app, start, end) == wanted


def test_days_move_by_the_calendar(app: Flask) -> None:
    """Though one of them has 25 hours, the day before it is a day."""
    earlier, _, later = moved(app, "2023-03-26", "2023-03-26", "Europe/Berlin")
    assert (earlier, later) == (("2023-03-25", "2023-03-25"), ("2023-03-27", "2023-03-27"))
    assert moved(app, "yesterday", "yesterday", "Asia/Tokyo")[0] == ("2023-09-13", "2023-09-13")
    assert moved(app, "2018-11-04", "2018-11-04", "America/Sao_Paulo")[0] == ("2018-11-03", "2018-11-03")


def test_ranges_beside_are_followed(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """What lies in the range before and in this one is all there is, each log once; the rest of the state stays."""
    args = {"from": "2023-09-15T08:30:00Z", "to": "2023-09-15T08:59:59.999999999Z", "sort": "asc"}
    page = get(client, "/", **args)
    moves = [one for one in page.find("button", name="range") if "moves" in one.inside[-1].attributes["class"]]
    assert [one["title"] for one in moves] == ["Earlier by 30 min", "Zoom out: twice 30 min", "Later by 30 min"]
    state = location(client, **args, cursor="x", range=moves[0]["value"])
    assert state == {**args, "from": "2023-09-15T08:00:00Z", "to": "2023-09-15T08:29:59.999999999Z"}
    assert get(client, "/", **state).messages() + page.messages() == [f"step {n}" for n in range(60)]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"from": "2023-09-15 08:00", "to": "09:00"}, None),
        ({"from": "2023-09-15 08:00 – 09:00"}, "2023-09-15 08:00:00.000 +02:00 to 2023-09-15 09:00:00.000 +02:00, 1 h"),
        (
            {"from": "2023-09-15", "to": "2023-09-15"},
            "2023-09-15 00:00:00.000 +02:00 to 2023-09-15 23:59:59.999999999 +02:00, 1 d",
        ),
        ({"to": "2023-09-15T08:00Z"}, "the first log to 2023-09-15 10:00:00.000 +02:00"),
        ({}, "the first log to now"),
        ({"from": "31/Feb/2023:08:00:00"}, "From “31/Feb/2023:08:00:00” names a day that does not exist"),
        ({"from": "now-5q", "to": "x"}, "From “now-5q” is not a relative time"),
        ({"from": "2023-09-16", "to": "2023-09-15"}, "From lies after to"),
    ],
)
def test_the_preview_says_what_is_meant(client: FlaskClient, args: dict[str, str], said: str | None) -> None:
    """Both ends in full, or what is wrong with which; as the search itself reads them."""
    answer = client.get("/page/window", query_string={**args, "tz": "Europe/Berlin"}).json
    if said is not None:
        assert said in answer["said"]
    searched = client.get("/", query_string={**args, "tz": "Europe/Berlin"}).status_code
    assert answer["wrong"] == (searched == 400)
    kept = {"from": "2023-09-15 10:00", "was_from": "2023-09-15 10:00", "was_tz": "Europe/Berlin", "tz": "UTC"}
    assert client.get("/page/window", query_string=kept).json["from"] == "2023-09-15T08:00:00"
    assert client.get("/page/window?tz=Nowhere").json["said"].startswith("Zone “Nowhere” is neither")


def test_ranges_of_days_have_names(client: FlaskClient) -> None:
    """As buttons that say which is chosen, and in the sentence on what was found."""
    page = get(client, "/", **{"from": "yesterday", "to": "yesterday"})
    assert page.one("p", class_="sentence").text == "All logs, of yesterday"
    chosen = [one.text for one in page.find("button", aria_current="true")]
    assert "Yesterday" in chosen
