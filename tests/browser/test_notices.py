"""Notices in a browser: told on an open page within seconds of what happened, and a page to look at them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.e2e.program import Server, wait_for
from tests.e2e.test_notices import beating
from tests.notify.channels.receivers import Receiver
from tests.services.chromium import Chromium
from tests.services.fixtures import need

pytestmark = pytest.mark.system

#: Milliseconds within which a notice must stand on the page: ten seconds, and what a busy machine adds.
TOLD = 30_000


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Who is told outside."""
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Server]:
    """The running program."""
    need(Chromium)
    notify = f"{receiver.url}#name=ops,slack+{receiver.url}#name=chat"
    server = Server(tmp_path_factory.mktemp("notices") / "data", NOTIFY=notify, NOTIFY_PRIVATE="127.0.0.1")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def site(server: Server) -> str:
    """Its address."""
    return server.url


def test_a_killed_worker_stands_on_the_open_pages(open_page: Open, server: Server, receiver: Receiver) -> None:
    """On the search page and on that of notices, without a click; it goes when another worker is at work, and stays as history."""
    beating(server)
    search, notices = open_page("/"), open_page("/notices")
    expect(notices.get_by_role("heading", name="Nothing open")).to_be_visible()
    board = search.get_by_role("region", name="Notices").get_by_text("is gone without a goodbye")
    listed = notices.locator("#current .entry.error, #current .entry.warning")
    began = time.monotonic()
    os.kill(server.workers()[0], signal.SIGKILL)
    expect(board).to_be_visible(timeout=TOLD)
    print(f"\nkill -9 of the worker: on the open search page after {time.monotonic() - began:.1f} s")
    expect(listed).to_contain_text("is gone without a goodbye", timeout=TOLD)
    print(f"on the open page of notices after {time.monotonic() - began:.1f} s")
    expect(notices.get_by_role("heading", name="1 open")).to_be_visible()
    wait_for(lambda: len(receiver.got) >= 2, 120, "what is sent outside")
    listed.get_by_text("Details").click()
    expect(board).to_be_hidden(timeout=2 * TOLD)
    print(f"gone from the search page after {time.monotonic() - began:.1f} s")
    over = notices.locator("#current .entry.over")
    expect(over).to_contain_text("is gone without a goodbye", timeout=TOLD)
    expect(over).to_contain_text("ops opened: sent")
    # It was open, and had the focus, before the page was brought up to date.
    expect(over.get_by_text("process", exact=True)).to_be_visible()
    expect(over.locator("summary")).to_be_focused()


def press(page: Page, receiver: Receiver) -> None:
    """Send a test to one notifier, with an answer that says no, then yes."""
    for answer, words in (((404, {}, "no such hook"), "not taken: it answered 404"), ((200, {}, ""), "taken")):
        receiver.answers = [answer]
        page.get_by_role("button", name="Send a test to ops").click()
        page.wait_for_url("**/notices#notifiers")
        expect(page.locator("#notifiers .entry").first.get_by_role("status")).to_contain_text(words)


@pytest.mark.parametrize("scripts", [True, False])
def test_notices_are_looked_at_and_notifiers_tested(open_page: Open, receiver: Receiver, scripts: bool) -> None:
    """With JavaScript and without."""
    page = open_page("/", java_script_enabled=scripts)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Notices").click()
    press(page, receiver)
    page.get_by_label("State").select_option("closed")
    page.get_by_label("Kind").select_option("worker_gone")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/notices?state=closed&severity=&kind=worker_gone")
    expect(page.locator("#current .entry.over")).to_have_count(1)
    page.locator("#current summary").click()
    expect(page.locator("#current .entry dl")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(open_page: Open, width: int, scheme: str) -> None:
    """With a notice and its details, notifiers and their tests; nothing is wider than the screen."""
    page = open_page("/notices", color_scheme=scheme, viewport={"width": width, "height": 900})
    page.locator("#current summary").click()
    found = Axe().run(page)
    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
