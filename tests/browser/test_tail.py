"""The live tail on a page: nothing is missing, nothing twice, and what the reader looks at stays where it is."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Open, serving
from tests.e2e.program import Server

pytestmark = pytest.mark.system

#: The load: logs a second, in requests of so many, for so many seconds.
RATE, BODY, SECONDS = 200, 10, 20
#: Notes the id of each row that a page is given, in the order in which they come.
NOTE = """
  window.came = [];
  new MutationObserver((changes) => {
    for (const change of changes)
      for (const node of [...change.addedNodes].reverse())
        if (node.nodeName === "TR" && node.id.startsWith("log-")) window.came.push(node.id.slice(4));
  }).observe(document.querySelector(".logs > tbody"), { childList: true });
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running program of this module alone, with some logs to begin with."""
    with serving(tmp_path_factory.mktemp("tail"), 200) as server:
        yield server


@pytest.fixture(scope="module")
def site(server: Server) -> str:
    """Its address."""
    return server.url


def send(server: Server, fits: str) -> None:
    """Send RATE logs a second for SECONDS; every second one fits the page's query."""
    began = time.monotonic()
    for number in range(RATE * SECONDS // BODY):
        server.ingest([{"message": f"{fits} {number}" if n % 2 else "other", "level": "debug"} for n in range(BODY)])
        time.sleep(max(began + (number + 1) * BODY / RATE - time.monotonic(), 0))


def follow(page: Page) -> None:
    """Let the page follow, and note what it is given."""
    page.get_by_role("button", name="Live").click()
    expect(page.locator("#live [role=status]")).to_contain_text("0 arrived")
    page.evaluate(NOTE)


def test_no_log_is_missing_at_200_a_second(open_page: Open, server: Server) -> None:
    """What fits the filter is put into the page whole, once, newest on top, though far more is sent than a page keeps."""
    server.ingest([{"message": "blue before", "level": "debug"}])
    server.drained()
    page = open_page("/?q=message%3Ablue")
    follow(page)

    send(server, "blue")

    server.drained()
    wanted = [log["id"] for log in server.get("/logs?q=blue&clock=received&sort=asc&limit=10000")["results"]][1:]
    expect(page.locator("#live [role=status]")).to_contain_text(f"{len(wanted):,} arrived")
    page.wait_for_function(f"window.came.length >= {len(wanted)}")
    came = page.evaluate("window.came")
    assert len(wanted) == RATE * SECONDS // 2
    assert len(came) == len(set(came))
    assert sorted(came) == sorted(wanted)
    assert page.locator(".logs > tbody > tr[id]").count() == 500
    assert "skipped" not in page.locator("#live").inner_text()


def test_a_reader_of_older_logs_is_not_moved(open_page: Open, server: Server) -> None:
    """While the page is scrolled down new rows wait above, and are told; scrolled up again they are there."""
    page = open_page("/?q=request")
    follow(page)
    page.locator(".logs > tbody > tr[id]").nth(60).scroll_into_view_if_needed()
    row = page.locator(".logs > tbody > tr[id]").nth(60)
    expect(row).to_be_in_viewport()
    before = row.bounding_box()

    server.ingest([{"message": f"request later {n}"} for n in range(30)])

    expect(page.locator("#live [role=status]")).to_contain_text("30 new above")
    after = row.bounding_box()
    # Less than a pixel is how the browser rounds lines of text.
    assert before and after and abs(after["y"] - before["y"]) < 1 and after["height"] == before["height"]
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator("#live [role=status]")).to_have_text("30 arrived")
    assert len(page.evaluate("window.came")) == 30


def test_a_page_comes_back_after_the_server_was_away(
    context: Callable[..., BrowserContext], site: str, server: Server
) -> None:
    """A web process that is killed cuts the socket; the page says so, comes back by itself, and what was sent meanwhile is there once."""
    server.ingest([{"message": "green before"}])
    server.drained()
    # Not by `open_page`: the browser itself notes the lost connection as an error.
    page = context().new_page()
    page.goto(f"{site}/?q=green")
    follow(page)
    sender = threading.Thread(target=lambda: [server.ingest([{"message": f"green {n}"}]) for n in range(50)])

    for pid in server.webs():
        os.kill(pid, signal.SIGKILL)
    sender.start()
    sender.join()

    expect(page.locator("#live [role=status]")).to_contain_text("50 arrived")
    came = page.evaluate("window.came")
    assert len(came) == len(set(came)) == 50
