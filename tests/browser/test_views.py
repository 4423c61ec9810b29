"""Trace and patterns as a user reads them, with and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.services.process import wait_for

pytestmark = pytest.mark.system

#: The first cell for lanes, and what is drawn in all of them: left edge, width and height, of one moment.
BOXES = """[document.querySelector("td.over"), ...document.querySelectorAll(".lane rect[class^=s]")].map(one => {
    const box = one.getBoundingClientRect()
    return [box.x, box.width, box.height]
})"""


def lie_within(page: Page) -> bool:
    """Return whether all twelve parts of lanes are to be seen between the edges of their cell."""
    (left, width, _), *boxes = page.evaluate(BOXES)
    return len(boxes) == 12 and all(left - 3 <= x <= left + width and height > 10 for x, _, height in boxes)


@pytest.mark.parametrize("scripts", [True, False])
def test_from_a_log_along_its_trace(open_page: Open, scripts: bool) -> None:
    """A log leads to its trace; a span, by the keyboard, to its logs; a log in the list back to the log."""
    page: Page = open_page("/?q=traceId%3At-3", java_script_enabled=scripts)
    page.locator(".logs button[aria-expanded]").first.click()
    page.get_by_role("link", name="Its trace").click()

    expect(page).to_have_url(re.compile("/trace/t-3$"))
    expect(page.locator(".steps tbody tr")).to_have_count(6)
    lanes = page.get_by_role("table", name="Spans of the trace")
    expect(lanes.get_by_role("row")).to_have_count(7)
    assert wait_for(lambda: lie_within(page)), page.evaluate(BOXES)

    lanes.get_by_role("link", name="s-2").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".steps tbody tr")).to_have_count(2)
    page.locator(".steps tbody tr a").first.click()
    expect(page).to_have_url(re.compile("/log/"))


@pytest.mark.parametrize("scripts", [True, False])
def test_patterns_narrow_a_search(open_page: Open, scripts: bool) -> None:
    """From the results to their patterns, one excluded, and to its logs."""
    page: Page = open_page("/", java_script_enabled=scripts)
    page.get_by_role("link", name="Patterns").click()
    rows = page.locator(".patterns tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("request number took number ms")
    expect(page.locator(".patterns .time path").first).to_have_attribute("d", re.compile("^M0 "))

    rows.first.get_by_role("link", name="Logs of").click()
    expect(page.locator(".logs tbody tr[id]")).to_have_count(100)
    page.go_back()
    rows.first.get_by_role("link", name="Exclude").click()
    expect(page.get_by_text("No logs match")).to_be_visible()


def test_pages_fit_a_phone(open_page: Open) -> None:
    """Neither page is wider than a phone's screen."""
    for path in ("/trace/t-3", "/patterns"):
        page: Page = open_page(path, viewport={"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
