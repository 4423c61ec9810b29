"""The table and one log as people use them: columns, look, copying, comparing; with JavaScript and without."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.test_counts import WATCH, become

pytestmark = pytest.mark.system

scripts = pytest.mark.parametrize("scripts", [True, False], ids=["with-javascript", "without"])
CLIPBOARD = ["clipboard-read", "clipboard-write"]


def heads(page: Page) -> Locator:
    """Return the names over the columns beside time."""
    return page.locator(".logs > thead th:nth-child(n+3)")


def menu(page: Page) -> None:
    """Open the menu, if it is not."""
    if page.locator("#view").get_attribute("open") is None:
        page.locator("#view summary").click()


def look(page: Page) -> set[str]:
    """Return what is said of how the table looks, beside the width of its times."""
    return set((page.locator(".logs").get_attribute("class") or "").split()) - {"logs", "t23"}


@scripts
def test_columns_are_chosen(open_page: Open, scripts: bool) -> None:
    """A field is added, moved and removed by buttons; the address says which columns there are."""
    page = open_page("/?q=request&limit=25", java_script_enabled=scripts)
    menu(page)
    page.get_by_label("Field for a further column").fill("metadata.took")
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url("**columns=**")
    expect(heads(page)).to_have_text(["Level", "Resource", "Message", "metadata.took"], use_inner_text=True)
    if scripts:
        expect(page.locator("#view")).to_have_attribute("open", "")

    menu(page)
    page.get_by_role("button", name="Move metadata.took left").click()
    page.wait_for_url("**metadata.took,message*")
    menu(page)
    page.get_by_role("button", name="Remove resourceId").click()
    page.wait_for_url("**columns=level,metadata.took,message*")

    expect(heads(page)).to_have_text(["Level", "metadata.took", "Message"], use_inner_text=True)
    took = page.locator(".logs tbody tr").first.locator("td[data-c] [name=keep]")
    assert took.inner_text() == page.locator(".logs td.m").first.inner_text().split()[-2]
    first = page.url
    page.get_by_role("link", name="Older").first.click()
    page.wait_for_url(lambda url: url != first)
    expect(heads(page)).to_have_text(["Level", "metadata.took", "Message"], use_inner_text=True)


def test_a_field_of_a_log_becomes_a_column(open_page: Open) -> None:
    """The button beside a field adds it; pressed again it is gone."""
    page = open_page("/?limit=25")
    page.locator(".logs button[aria-expanded]").first.click()
    page.get_by_role("button", name="Add column metadata.region").click()
    page.wait_for_url("**metadata.region*")
    expect(heads(page).last).to_have_text("metadata.region", use_inner_text=True)
    page.get_by_role("button", name="Remove column metadata.region").click()
    page.wait_for_function("!location.search.includes('region')")
    expect(heads(page)).to_have_text(["Level", "Resource", "Message"], use_inner_text=True)


def test_the_look_is_remembered(open_page: Open) -> None:
    """One click lets lines stand closer, without a new page and without a jump; the next page has it from the start."""
    page = open_page("/?limit=25")
    height = page.locator(".logs tbody tr").first.bounding_box()
    menu(page)
    page.get_by_role("link", name="Compact").click()
    page.get_by_role("link", name="One each").click()
    become(page, look, {"nowrap", "compact"})
    lower = page.locator(".logs tbody tr").first.bounding_box()
    assert height and lower and lower["height"] < height["height"]
    assert "wrap" not in page.url

    page.add_init_script(WATCH)
    page.goto(page.url)
    become(page, look, {"nowrap", "compact"})
    page.locator("#facets summary, .cut").first.wait_for()
    assert page.evaluate("window.shifted") < 0.01
    # What the address says comes first, and a click there is the new memory.
    page.goto(page.url.split("?")[0] + "?wrap=yes")
    become(page, look, {"compact"})
    menu(page)
    page.get_by_role("link", name="Comfortable").click()
    page.wait_for_function("!location.search.includes('wrap')")
    become(page, look, set())


def test_without_javascript_the_address_holds_the_look(open_page: Open) -> None:
    """The same links lead to pages that look so, and so do those that follow."""
    page = open_page("/?limit=25", java_script_enabled=False)
    menu(page)
    page.get_by_role("link", name="Compact").click()
    page.wait_for_url("**density=compact**")
    first = page.url
    page.get_by_role("link", name="Older").first.click()
    page.wait_for_url(lambda url: url != first)

    assert parse_qs(urlsplit(page.url).query)["density"] == ["compact"]
    become(page, look, {"compact"})


def test_a_log_is_copied(open_page: Open, site: str) -> None:
    """As a line, as JSON, and as a command; the page says that it was done."""
    page = open_page(None, permissions=CLIPBOARD)
    page.goto(f"{site}/?limit=25")
    page.locator(".logs button[aria-expanded]").first.click()
    log = page.locator(".record")

    def copied(name: str) -> str:
        log.get_by_role("button", name=name, exact=True).click()
        expect(log.get_by_role("status")).to_have_text(f"{name} copied")
        return str(page.evaluate("navigator.clipboard.readText()"))

    message = log.locator(".message").inner_text()
    assert copied("text").endswith(message)
    assert json.loads(copied("JSON"))["message"] == message
    assert copied("curl").startswith("curl -H 'Content-Type: application/json' -d '{")


def test_without_a_script_there_is_no_button_that_does_nothing(open_page: Open, site: str) -> None:
    """What copies is not to be seen; the command can be read and selected as a page of its own."""
    page = open_page("/?limit=25", java_script_enabled=False)
    page.locator(".logs button[aria-expanded]").first.click()

    expect(page.locator(".copy")).to_be_hidden()
    command = page.locator(".record").get_by_role("link", name="curl").get_attribute("href")
    assert page.request.get(site + str(command)).text().startswith("curl ")


@scripts
def test_two_logs_are_compared(open_page: Open, scripts: bool) -> None:
    """Two boxes and a button; with JavaScript no third can be ticked."""
    page = open_page("/?limit=25", java_script_enabled=scripts)
    boxes = page.locator(".logs [type=checkbox]")
    button = page.get_by_role("button", name="Compare", exact=True)
    if scripts:
        expect(button).to_be_disabled()
    boxes.nth(0).check()
    boxes.nth(2).check()
    if scripts:
        expect(boxes.nth(1)).to_be_disabled()
    button.click()

    expect(page.locator(".two tbody tr").first).to_contain_text("differs")
    numbers = page.locator(".two del, .two ins").all_inner_texts()
    assert numbers[0] == "719" and "717" in numbers
    assert "before A by event time" in page.locator(".sum").inner_text()


@scripts
def test_around_a_log_with_and_without_the_search(open_page: Open, scripts: bool) -> None:
    """From a row to the log, to what is around it and matches, and to more of it."""
    page = open_page("/?q=level%3Aerror&limit=25", java_script_enabled=scripts)
    page.locator(".logs tbody tr").nth(20).locator("td").nth(1).get_by_role("link").click()
    page.get_by_role("link", name="Matching the search").click()

    expect(page.locator(".logs tbody tr")).to_have_count(21)
    assert set(page.locator(".logs .l [name=keep]").all_inner_texts()) == {"error"}
    page.get_by_role("link", name="40 more before these").click()
    page.wait_for_url("**before=50**")
    expect(page.locator(".logs tbody tr")).to_have_count(61)
    page.get_by_role("link", name="All logs", exact=True).click()
    page.wait_for_url("**beside=all**")
    assert "info" in page.locator(".logs .l [name=keep]").all_inner_texts()


def test_rows_that_arrive_look_like_the_others(open_page: Open, site: str) -> None:
    """A log that comes by the live tail has the columns and the marks of the page."""
    page = open_page("/?q=lately&columns=metadata.took,message&clock=received")
    page.get_by_role("button", name="Live").click()
    expect(page.locator("#live [role=status]")).to_contain_text("0 arrived")

    page.request.post(f"{site}/logs/ingest/", data={"message": "came lately", "metadata": {"took": 4711}})

    row = page.locator(".logs tbody tr").first
    expect(row.locator("td[data-c]")).to_contain_text("4711")
    expect(row.locator("mark")).to_have_text("lately")
    assert row.locator("td").count() == page.locator(".logs > thead th").count() == 4


def test_a_huge_message_keeps_the_page_quick(open_page: Open, site: str) -> None:
    """A line of a MiB: its page is there at once, and the whole of it is shown on demand."""
    page = open_page(None)
    page.request.post(f"{site}/logs/ingest/?wait=indexed", data={"message": "x" * (1 << 20), "resourceId": "huge"})
    page.goto(f"{site}/?q=resourceId%3Ahuge")
    page.locator(".logs tbody tr td:nth-child(2) a").click()

    expect(page.locator(".message")).to_have_text("x" * 20_000)
    page.get_by_role("link", name="Show all", exact=True).click()
    page.wait_for_function("document.querySelector('.message')?.textContent.length === 1 << 20")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page(context: Callable[..., BrowserContext], site: str, width: int) -> None:
    """Many columns scroll in a room of their own; menus lie within the page."""
    page = context(viewport={"width": width, "height": 800}).new_page()
    page.goto(f"{site}/?columns=level,resourceId,commit,metadata.region,metadata.took,id,received,message")
    menu(page)

    assert page.evaluate("document.documentElement.scrollWidth") == width
    panel = page.locator("#view .panel").bounding_box()
    assert panel and panel["x"] >= 0 and panel["x"] + panel["width"] <= width
