"""Range, zone and clock of the search page as people use them: by mouse, by keyboard, and without JavaScript."""

from __future__ import annotations

import json
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.test_counts import WATCH, bars, become, state, total

pytestmark = pytest.mark.system

NEW_YORK = {"timezone_id": "America/New_York", "locale": "en-GB"}


def first(page: Page) -> str:
    """Return the time in the first row."""
    return page.locator(".logs tr[id] td:nth-child(2) a").first.inner_text()


def test_one_key_goes_through_the_zones(open_page: Open) -> None:
    """From UTC to the browser's zone, to the last named one, and back; times, chart and address follow."""
    page = open_page("/?tz=Asia/Tokyo", **NEW_YORK)
    become(page, first, "2024-03-02 08:58:00.719")
    for wanted, shown in (
        ("UTC", "2024-03-01 23:58:00.719"),
        ("America/New_York", "2024-03-01 18:58:00.719"),
        ("Asia/Tokyo", "2024-03-02 08:58:00.719"),
    ):
        page.wait_for_load_state()
        page.keyboard.press("z")
        expect(page.locator("#next-zone")).to_have_text(wanted)
        become(page, first, shown)
        become(page, lambda page: state(page).get("tz"), wanted)
        bars(page)
        expect(page.locator(".chart output")).to_contain_text(wanted)
    page.locator(".logs tr[id] td:nth-child(2) a").first.click()
    expect(page.locator("h1")).to_contain_text("2024-03-02 08:58:00.719 +09:00")
    page.wait_for_load_state()
    page.keyboard.press("z")
    expect(page.locator("h1")).to_contain_text("2024-03-01 23:58:00.719 UTC")


def test_a_zone_keeps_the_page(open_page: Open) -> None:
    """Key and button show the same logs by another clock: the third page stays the third."""
    page = open_page("/?limit=25", **NEW_YORK)
    for _ in range(2):
        before = first(page)
        page.get_by_role("link", name="Older").first.click()
        expect(page.locator(".logs tr[id] td:nth-child(2) a").first).not_to_have_text(before)
    become(page, first, "2024-03-01 22:18:00.669")
    page.wait_for_load_state()
    page.keyboard.press("z")
    expect(page.locator("#next-zone")).to_have_text("America/New_York")
    become(page, first, "2024-03-01 17:18:00.669")
    page.locator("#picker summary").click()
    page.locator("#picker").get_by_role("button", name="UTC").click()
    expect(page.locator("#next-zone")).to_have_text("UTC")
    become(page, first, "2024-03-01 22:18:00.669")


def test_local_before_the_server_knows_it(open_page: Open) -> None:
    """An address with `local` becomes one with the name of the browser's zone."""
    page = open_page("/?q=request&tz=local", **NEW_YORK)
    page.wait_for_url("**tz=America**")
    expect(page.locator("#next-zone")).to_have_text("America/New_York")
    become(page, state, {"q": "request", "tz": "America/New_York"})


def test_one_key_changes_the_clock(open_page: Open) -> None:
    """The head of the column says which, and a click does the same; typing the letter does not."""
    page = open_page()
    page.locator("#q").press("c")
    page.locator("#q").fill("")
    expect(page.locator("#other-clock")).to_have_text("Time")
    page.locator(".sentence").click()
    page.keyboard.press("c")
    expect(page.locator("#other-clock")).to_have_text("Received")
    become(page, state, {"clock": "received"})
    page.locator("#other-clock").click()
    expect(page.locator("#other-clock")).to_have_text("Time")


def test_panel_previews_and_fills(open_page: Open) -> None:
    """What is typed is said in full before it is searched, calendars and inputs agree, and Escape gives back the focus."""
    page = open_page("/?tz=Europe/Berlin", **NEW_YORK)
    summary = page.locator("#picker summary")
    summary.focus()
    page.keyboard.press("Enter")
    preview = page.locator(".preview")
    expect(preview).to_have_text("the first log to now")
    page.locator("[name=from]").first.fill("01/Mar/2024:10:00:00 +0000")
    expect(preview).to_contain_text("2024-03-01 11:00:00.000 +01:00 to now")
    calendars = page.locator("#picker input[type=datetime-local]")
    expect(calendars.nth(0)).to_have_value("2024-03-01T11:00")
    calendars.nth(1).fill("2024-03-01T11:30:00")
    expect(preview).to_contain_text("to 2024-03-01 11:30:00.000 +01:00, 30 min")
    page.locator("[name=to]").first.fill("soon")
    expect(preview).to_contain_text("To “soon” is not a time")
    calendars.nth(1).fill("2024-03-01T11:30:01")
    summary.focus()
    page.keyboard.press("Escape")
    expect(page.locator(".pick")).to_be_hidden()
    expect(summary).to_be_focused()
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**to=**")
    become(page, total, 16)
    become(page, lambda page: first(page)[:19], "2024-03-01 11:30:00")


def test_zone_by_name(open_page: Open) -> None:
    """Names are offered as they are typed; times in the inputs stay the instants they were."""
    page = open_page("/?tz=Europe/Berlin&from=2024-03-01T10:00:00Z")
    page.locator("#picker summary").click()
    expect(page.locator("#zone-names option[value='Asia/Tokyo']")).to_be_attached()
    page.locator("#picker [name=tz]").fill("Asia/Kathmandu")
    page.get_by_role("button", name="Use").click()
    page.wait_for_url("**Kathmandu**")
    expect(page.locator("[name=from]").first).to_have_value("2024-03-01 15:45:00")
    become(page, lambda page: state(page).get("from"), "2024-03-01T11:00:00+01:00")


def test_ranges_are_moved_and_widened(open_page: Open) -> None:
    """By buttons, without a script, with all logs in one of the ranges each."""
    page = open_page("/?from=2024-03-01T06:00Z&to=2024-03-01T07:59:59.999999999Z", java_script_enabled=False)
    become(page, total, 60)
    page.get_by_role("button", name="Earlier by 2 h").click()
    page.wait_for_url("**04%3A00**")
    become(page, lambda page: (total(page), first(page)), (60, "2024-03-01 05:58:00.179"))
    page.get_by_role("button", name="Zoom out: twice 2 h").click()
    page.wait_for_url("**03%3A00**")
    become(page, total, 120)
    page.get_by_role("button", name="Later by 4 h").click()
    page.wait_for_url("**07%3A00**")
    become(page, total, 120)


def test_everything_without_javascript(open_page: Open) -> None:
    """A pasted range, a zone by its name, the other clock: a form and links."""
    page = open_page("/", java_script_enabled=False)
    page.locator("[name=from]").first.fill("2024-03-01 08:00 – 08:59")
    page.locator("#picker summary").click()
    page.locator("#picker [name=tz]").fill("Europe/Berlin")
    page.get_by_role("button", name="Use").click()
    page.wait_for_url("**tz=**")
    become(page, lambda page: (total(page), first(page)), (30, "2024-03-01 08:58:00.239"))
    expect(page.locator("[name=to]").first).to_have_value("2024-03-01 08:59:00")
    page.locator(".logs tr[id] td:nth-child(2) a").first.click()
    expect(page.locator("h1")).to_contain_text("2024-03-01 08:58:00.239 +01:00")
    page.go_back()
    page.locator("#next-zone").click()
    page.wait_for_url("**tz=UTC")
    become(page, lambda page: (total(page), first(page)), (30, "2024-03-01 07:58:00.239"))
    page.locator("#other-clock").click()
    page.wait_for_url("**clock=received**")
    become(page, total, 0)


def test_live_rows_are_in_the_zone(open_page: Open, site: str) -> None:
    """What is stored while the page is followed is shown by the same clock as what was there."""
    page = open_page("/?tz=Asia/Tokyo&q=newcomer")
    page.get_by_role("button", name="Live").click()
    expect(page.locator("#live [role=status]")).to_contain_text("0 arrived")
    body = json.dumps({"level": "info", "message": "a newcomer", "timestamp": "2024-02-29T15:00:00Z"}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{site}/logs/ingest/", body)).close()
    row = page.locator(".logs tr.new")
    row.wait_for()
    assert row.locator("td:nth-child(2) a").inner_text() == "2024-03-01 00:00:00.000"


def test_nothing_moves(open_page: Open, site: str) -> None:
    """Neither late scripts nor the panel shift what stands on the page."""
    page = open_page(None)
    page.add_init_script(WATCH)
    page.route("**/*.js", lambda route: (page.wait_for_timeout(200), route.continue_()))
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{site}/?from=2024-03-01")
        bars(page)
        page.locator("#picker summary").click()
        expect(page.locator("#picker input[type=datetime-local]").first).to_be_visible()
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("window.shifted") < 0.01, width
