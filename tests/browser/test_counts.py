"""Chart and fields of the search page as people use them: by mouse, by keyboard, and without JavaScript."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import LOGS, PATIENCE, Open

pytestmark = pytest.mark.system

#: How often counts are asked for until a busy machine has them in half a second.
TRIES = 20
#: Collects what moves on a page after it was drawn, as Chromium measures it.
WATCH = """
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
"""


def state(page: Page) -> dict[str, str]:
    """Return the parameters of the page's address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def total(page: Page) -> int:
    """Return the number of logs that the page says it found."""
    found = re.search(r"[\d,]+", page.locator("#found").inner_text())
    assert found
    return int(found[0].replace(",", ""))


def become(page: Page, look: Callable[[Page], object], wanted: object) -> None:
    """Wait until what *look* returns of the page is as wanted: after a click another page may still be on its way."""
    until = time.monotonic() + PATIENCE / 1_000
    while (shown := look(page)) != wanted and time.monotonic() < until:
        page.wait_for_timeout(50)
    assert shown == wanted


def count(bar: Locator) -> int:
    """Return the number of logs that a bar counts."""
    found = re.search(r": ([\d,]+) logs?", bar.locator("title").text_content() or "")
    assert found
    return int(found[1].replace(",", ""))


def bars(page: Page) -> Locator:
    """Return the bars of the chart, once they are there: all of them, though a busy machine may need another try."""
    found = page.locator("svg.bars a")
    cut = page.locator(".cut")
    for _ in range(TRIES):
        found.or_(cut).first.wait_for(state="attached", timeout=PATIENCE)
        if not cut.count():
            return found
        page.reload()
    raise AssertionError(f"not counted in {TRIES} tries: {cut.first.inner_text()}")


def opened(page: Page, field: str) -> Locator:
    """Open a field whose values are fetched; return its buttons once they are there, by another try if need be."""
    values = page.locator("#facets [name=keep]").and_(page.locator(f'[value^="{field}="]'))
    for _ in range(TRIES):
        bars(page)
        if not values.count():
            page.locator("#facets summary", has_text=field).click()
        values.or_(page.locator(".cut")).first.wait_for(timeout=PATIENCE)
        if values.count():
            return values
        page.reload()
    raise AssertionError(f"no values of {field} in {TRIES} tries")


def point(bar: Locator) -> tuple[float, float]:
    """Return a point in the room of a bar, above what is filled."""
    box = bar.locator(".room").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + 5


def drag(page: Page, first: Locator, last: Locator) -> None:
    """Drag from one bar to another."""
    page.mouse.move(*point(first))
    page.mouse.down()
    page.mouse.move(*point(last), steps=5)
    page.mouse.up()


def test_dragging_zooms(open_page: Open) -> None:
    """What is dragged over becomes the time range: whole buckets, with the logs that their bars counted."""
    page = open_page("/?q=request")
    found = bars(page)
    wanted = sum(count(found.nth(n)) for n in range(10, 21))

    drag(page, found.nth(20), found.nth(10))
    page.wait_for_url("**from=**")

    become(page, lambda page: set(state(page)), {"q", "from", "to"})
    become(page, total, wanted)
    assert wanted < LOGS
    assert sum(count(bar) for bar in bars(page).all()) == wanted
    page.go_back()
    page.wait_for_url("**/?q=request")


def test_a_begun_row_changes_nothing(open_page: Open) -> None:
    """While a row is begun the address is not the page's state: values, marks and a dragged range are of the logs shown all the same."""
    page = open_page("/?q=&was=&k=level&o=equals&v=error&add=1")
    become(page, total, LOGS // 4)
    opened(page, "metadata.region")
    values = page.locator("#facets details", has_text="metadata.region").locator(".values")
    expect(values).to_contain_text(str(LOGS // 12))

    page.get_by_role("button", name="Fields", exact=True).first.click()
    expect(page.locator(".opened mark")).to_have_text("error")
    found = bars(page)
    wanted = sum(count(found.nth(n)) for n in range(3, 8))
    drag(page, found.nth(3), found.nth(7))
    page.wait_for_url("**from=**")

    become(page, lambda page: set(state(page)), {"q", "from", "to"})
    become(page, total, wanted)
    assert wanted < LOGS // 4


def test_dragging_can_be_given_up(open_page: Open) -> None:
    """Escape takes a selection back, and the page stays."""
    page = open_page()
    found = bars(page)
    page.mouse.move(*point(found.nth(3)))
    page.mouse.down()
    page.mouse.move(*point(found.nth(9)), steps=5)
    expect(page.locator("svg.bars .selection")).to_be_attached()

    page.keyboard.press("Escape")
    page.mouse.up()

    expect(page.locator("svg.bars .selection")).not_to_be_attached()
    become(page, state, {})


def test_bar_is_pointed_at_and_clicked(open_page: Open) -> None:
    """Pointing at a bar says its time and counts at once; a click zooms into it."""
    page = open_page()
    bar = bars(page).nth(7)
    wanted = count(bar)

    page.mouse.move(*point(bar))
    expect(page.locator(".chart output")).to_have_text(bar.locator("title").text_content() or "")
    page.mouse.click(*point(bar))
    page.wait_for_url("**from=**")

    become(page, total, wanted)


def test_bars_by_keyboard(open_page: Open) -> None:
    """The chart is one stop of the Tab key; arrows go from bar to bar, Enter zooms."""
    page = open_page()
    found = bars(page)
    assert page.locator('svg.bars a:not([tabindex="-1"])').count() == 1
    wanted = count(found.nth(found.count() - 2))

    found.last.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".chart output")).to_contain_text(f"{wanted} logs")
    page.keyboard.press("Enter")
    page.wait_for_url("**from=**")

    become(page, total, wanted)


def test_values_are_kept_and_excluded(open_page: Open) -> None:
    """One click keeps a value's logs, another leaves them out."""
    page = open_page()
    bars(page)

    page.locator("#facets").get_by_role("button", name="error", exact=True).click()
    page.wait_for_url("**q=level**")
    become(page, total, LOGS // 4)
    bars(page)
    page.locator("#facets").get_by_role("button", name="Exclude server-1").click()
    page.wait_for_url("**NOT**")

    become(page, total, 0)
    become(page, lambda page: state(page).get("q"), "level:error AND NOT resourceId:server-1")


def test_values_of_a_field_are_fetched_when_it_is_opened(open_page: Open) -> None:
    """A field that is closed at first fetches its values, which can be kept too."""
    page = open_page("/?q=level:error")

    opened(page, "metadata.region").and_(page.get_by_role("button", name="south", exact=True)).click()
    page.wait_for_url("**metadata.region**")

    become(page, total, LOGS // 12)


def test_nothing_moves_when_counts_arrive(open_page: Open, site: str) -> None:
    """The room of the counts is there before they are."""
    page = open_page(None)
    page.add_init_script(WATCH)
    # Late scripts and late counts: the page has been drawn without them.
    for path in ("**/*.js", "**/page/counts?**"):
        page.route(path, lambda route: (page.wait_for_timeout(300), route.continue_()))
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{site}/?q=request")
        bars(page)
        # Chromium tells of a shift with the frame after it.
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

        assert page.evaluate("window.shifted") < 0.01, width


def test_everything_without_javascript(open_page: Open) -> None:
    """Zoom, counts of a filtered search, keep, exclude and values of any field are links and buttons."""
    page = open_page("/", java_script_enabled=False)
    later = page.get_by_role("link", name="Count over time and by field")
    for _ in range(TRIES):
        # A busy machine leaves the counts of a whole page to a link, which no script follows here.
        if later.count():
            page.reload()
    bar = bars(page).nth(7)
    wanted = count(bar)
    page.mouse.click(*point(bar))
    page.wait_for_url("**from=**")
    become(page, total, wanted)

    page.get_by_role("link", name="Count over time and by field").first.click()
    page.wait_for_url("**counts=1**")
    assert sum(count(one) for one in bars(page).all()) == wanted
    page.locator("#facets").get_by_role("button", name="info", exact=True).click()
    page.wait_for_url("**q=level**")
    kept = total(page)
    assert 0 < kept < wanted
    page.locator("#facets summary", has_text="metadata.region").click()
    page.get_by_role("button", name="Most frequent values of metadata.region").click()
    page.wait_for_url("**values=metadata.region**")
    exclude = page.locator("#facets").get_by_role("button", name="Exclude south")
    for _ in range(TRIES):
        # Nor may it have these values in time.
        if not exclude.count():
            page.reload()
    exclude.click()
    page.wait_for_url("**NOT**")

    assert 0 < total(page) < kept


def test_hostile_values_do_nothing(open_page: Open) -> None:
    """A value made to run in the page is only shown, and can be kept like any other."""
    page = open_page()
    value = opened(page, "metadata.tag").filter(has_text="<img src=x")
    expect(value).to_contain_text("\\u202egnp\\x1b[31m")

    value.click()
    page.wait_for_url("**metadata.tag**")

    become(page, total, 10)
    assert page.locator("img").count() == 1


def test_counts_that_fail_leave_the_page(open_page: Open, site: str) -> None:
    """Where the counts can't be fetched the rows stay, and the page says so."""
    page = open_page(None)
    page.route("**/page/counts?**", lambda route: route.fulfill(status=204))
    page.goto(f"{site}/?{urlencode({'q': 'request'})}")

    expect(page.locator("#chart")).to_contain_text("The counts could not be loaded")
    assert page.locator(".logs tr[id]").count() == 100
