"""Saved searches and alerts as people use them: by forms alone, with and without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open

pytestmark = pytest.mark.system


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_search_is_saved_opened_and_watched(open_page: Open, scripts: bool) -> None:
    """From the results to a name, from the name back to the results, from there to an alert, and all of it away again."""
    name = f"errors {scripts} <i>"
    page = open_page("/?q=level%3Aerror&from=2024-03-01", java_script_enabled=scripts)
    page.locator(".save summary").click()
    page.get_by_label("Name of the search").fill(name)
    page.locator(".save button").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name))
    expect(row).to_contain_text("level:error")
    row.get_by_role("link", name=name, exact=True).click()
    expect(page.locator("#found")).to_have_text("180 logs")
    assert "from=2024-03-01" in page.url
    page.get_by_role("link", name="Alert on this").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Number of logs").fill("1000")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_role("status", name="Test")).to_contain_text(
        "in 5 minutes: not at least 1,000. It would not fire."
    )
    page.get_by_role("button", name="Make the alert").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    assert "from%3D" not in page.url
    silence(page)
    remove(page, name)


def silence(page: Page) -> None:
    """Silence the alert of the page, and end that."""
    page.get_by_label("Reason").fill("known <b>")
    page.get_by_role("button", name="Silence").click()
    expect(page.get_by_text("It opens no notice meanwhile.")).to_contain_text("known <b>")
    page.get_by_role("button", name="End the silence").click()
    expect(page.get_by_role("button", name="Silence")).to_be_visible()
    page.get_by_role("link", name="Test now").click()
    expect(page.get_by_role("status", name="Test")).to_contain_text("nothing was changed")


def remove(page: Page, name: str) -> None:
    """Remove the alert of the page, and the search of the same name."""
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Alerts")
    expect(page.get_by_role("link", name=name)).to_have_count(0)
    page.get_by_role("link", name="Saved", exact=True).click()
    page.get_by_role("button", name=f"Delete {name}").click()
    expect(page.get_by_role("link", name=name)).to_have_count(0)


def test_a_phone_shows_it_all(open_page: Open) -> None:
    """Nothing is wider than the screen, the place to save included."""
    page = open_page("/?q=level%3Aerror", viewport={"width": 390, "height": 844})
    page.locator(".save summary").click()
    page.get_by_label("Name of the search").fill("on a phone")
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) == 390
    page.locator(".save button").click()
    page.get_by_text("Change", exact=False).first.click()
    assert page.evaluate(wide) == 390
    for path in ("/alerts", "/page/alert"):
        page.goto(page.url.partition("/searches")[0].partition("/alerts")[0] + path)
        assert page.evaluate(wide) == 390
