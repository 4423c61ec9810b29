"""Overview, sources and dead letters as operators use them: with and without JavaScript, and whatever senders send."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import HOSTILE, PATIENCE, Open
from tests.browser.test_counts import WATCH
from tests.e2e.program import DRAIN_SECONDS, Server, wait_for
from tests.services.chromium import Chromium
from tests.services.fixtures import need

pytestmark = pytest.mark.system

REFUSED = {"message": "refused", "resourceId": HOSTILE}
RUNS = itertools.count()
#: A number that no float holds: one of the few things that are refused.
BEYOND = "1e999"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running program with a few logs and dead letters, some of them hostile."""
    need(Chromium)
    made = Server(tmp_path_factory.mktemp("care") / "data")
    made.start()
    try:
        made.ingest([{"message": f"log {n}", "resourceId": f"server-{n % 3}"} for n in range(60)])
        refuse(made, 3)
        made.drained()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def site(server: Server) -> str:
    """Its address."""
    return server.url


def refuse(server: Server, count: int, agent: str = "<b>shipper</b>/1", **more: Any) -> None:
    """Have logs refused, and wait until they are dead letters; none like one before, which would only be counted."""
    before = dead(server)
    sent = [{**REFUSED, **more, "metadata": {"n": n, "size": math.inf, "run": next(RUNS)}} for n in range(count)]
    body = json.dumps(sent).replace("Infinity", BEYOND).encode()
    assert server.request("POST", "/logs/ingest/", body, {"User-Agent": agent})[0] == 400
    wait_for(lambda: dead(server) == before + count, DRAIN_SECONDS, "the dead letters")


def dead(server: Server) -> int:
    """Return how many dead letters there are."""
    text = bytes(server.get("/metrics")).decode()
    return int(float(text.partition("\nlogingestor_dead_letters ")[2].split()[0]))


def piece(page: Page, name: str) -> Any:
    """Return a piece of the overview that is kept current."""
    return page.locator(f'[data-live="{name}"]')


def kept(page: Page) -> int:
    """Return how many logs the overview says are kept."""
    return int((piece(page, "kept").text_content() or "0").replace(",", ""))


def test_the_overview_is_kept_current_and_nothing_moves(open_page: Open, server: Server) -> None:
    """Figures follow what comes in; what is opened in the table stays open."""
    page = open_page(None)
    page.add_init_script(WATCH)
    page.goto(f"{server.url}/overview")
    before = kept(page)
    # Once a sample is there: the first counts from what was accepted until then.
    expect(piece(page, "accepted")).not_to_contain_text("–", timeout=PATIENCE)
    sources = piece(page, "sources")
    sources.locator("summary").first.click()
    server.ingest([{"message": f"more {n}"} for n in range(10)])
    expect(piece(page, "kept")).to_have_text(str(before + 10), timeout=PATIENCE)
    expect(piece(page, "accepted-chart").locator("path.bar")).not_to_have_attribute("d", "", timeout=PATIENCE)
    expect(sources.locator("details[open]")).to_have_count(1)
    sources.locator("summary").first.click()
    page.mouse.click(5, 5)
    refuse(server, 1, agent="another/2")
    expect(sources).to_contain_text("another/2", timeout=PATIENCE)
    # Opening the sample moved what stands below it, which the one who clicks expects; so it is not counted.
    assert page.evaluate("window.shifted") < 0.1


def test_a_hidden_page_asks_for_nothing(open_page: Open, site: str) -> None:
    """Until it is looked at again."""
    page = open_page(None)
    page.clock.install()
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => !window.seen });")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "part=now" in request.url else None)
    page.goto(f"{site}/overview")
    page.clock.run_for(60_000)
    assert asked == []
    with page.expect_request("**/overview?part=now"):
        page.evaluate("window.seen = true; document.dispatchEvent(new Event('visibilitychange'))")


def test_the_overview_without_javascript(open_page: Open, server: Server) -> None:
    """Is complete: figures, sources, resources, and a way to ask again."""
    wait_for(lambda: b"shipper" in server.get("/overview"), DRAIN_SECONDS, "the source")
    page = open_page("/overview", java_script_enabled=False)
    assert kept(page) >= 60
    expect(page.locator(".sources")).to_contain_text("<b>shipper</b>/1")
    expect(page.locator(".resources")).to_contain_text("server-1")
    page.get_by_role("link", name="ask again").click()
    page.get_by_role("link", name="server-1").click()
    expect(page.locator("#found")).to_contain_text("20 logs")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_first_log_of_a_new_source_is_shown(open_page: Open, server: Server, scripts: bool) -> None:
    """By itself with JavaScript, by a link without; the hostile name of the source is only shown."""
    page = open_page("/overview/add", java_script_enabled=scripts)
    expect(page.locator("#arrived")).to_contain_text("Waiting for the first log")
    agent = f"<img src=x onerror=alert({scripts})>"
    server.ingest([{"message": f"hello {HOSTILE}"}], **{"User-Agent": agent})
    server.drained()
    wait_for(lambda: f"alert({scripts})".encode() in server.get("/overview"), DRAIN_SECONDS, "the source")
    if not scripts:
        page.get_by_role("link", name="Look again").click()
    expect(page.locator("#arrived")).to_contain_text("1 log from a new source", timeout=PATIENCE)
    expect(page.locator("#arrived .landed")).to_contain_text("hello <img", timeout=PATIENCE)
    page.get_by_role("link", name="All logs that arrived since").click()
    expect(page.locator("#found")).to_contain_text("1 log")


def test_what_the_first_look_finds_is_shown(open_page: Open, server: Server) -> None:
    """Also where it stays so: between the page and the first look a log may have come, or the record been away."""
    page = open_page(None)
    page.route("**/overview/add?part=arrived*", lambda route: route.fulfill(body='<p class="state fine">It came</p>'))
    page.goto(f"{server.url}/overview/add")
    expect(page.locator("#arrived")).to_have_text("It came", timeout=PATIENCE)


def test_commands_are_copied(open_page: Open) -> None:
    """As they stand, by one click, and by the keyboard."""
    page = open_page("/overview/add", permissions=["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="Copy: Commands for curl")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl http") and copied.endswith("logs.ndjson\n")


def test_a_letter_is_mended_without_javascript(context: Callable[..., BrowserContext], server: Server) -> None:
    """Found by its reason, changed, refused once more with its field, then sent; what was typed stays meanwhile."""
    refuse(server, 1, level="info", message="fine")
    page = context(java_script_enabled=False).new_page()
    page.goto(f"{server.url}/dead")
    page.get_by_role("link", name="Open the last").first.click()
    expect(page.locator("#faults")).to_contain_text("metadata")
    text = page.locator("textarea").input_value()
    page.locator("textarea").fill(text.replace('"level": "info"', '"level": "info",,'))
    page.get_by_role("button", name="Send as it stands here").click()
    expect(page.locator("#faults")).to_contain_text("still refused")
    assert '"level": "info",,' in page.locator("textarea").input_value()
    page.locator("textarea").fill(text.replace('"level": "info"', '"level": "warn"').replace(BEYOND, "1"))
    page.get_by_role("button", name="Send as it stands here").click()
    expect(page.locator(".did")).to_contain_text("1 letter sent again and accepted")
    server.drained()
    (log,) = server.get("/logs?q=level:warn")["results"]
    assert log["message"] == "fine" and "onerror" in log["resourceId"]


def test_letters_are_replayed_and_dropped(open_page: Open, server: Server) -> None:
    """A reason at once; dropping asks first, and takes no for an answer."""
    page = open_page("/dead")
    before = dead(server)
    page.get_by_role("button", name="Replay").first.click()
    expect(page.locator(".did")).to_contain_text("still refused")
    assert dead(server) == before
    page.get_by_role("link", name="Drop all…").click()
    expect(page.locator("h1")).to_contain_text("for good?")
    page.get_by_role("link", name="Keep").click()
    assert dead(server) == before
    page.get_by_role("link", name="Drop all…").click()
    page.get_by_role("button", name="Drop").click()
    expect(page.locator(".did")).to_contain_text("dropped")
    assert dead(server) < before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(context: Callable[..., BrowserContext], server: Server, width: int, scheme: str) -> None:
    """On the pages of letters, and on the overview with sources that were refused; and no page is wider than its window."""
    if not dead(server):
        refuse(server, 2)
    page = context(color_scheme=scheme, viewport={"width": width, "height": 900}).new_page()
    page.goto(f"{server.url}/dead")
    letter = page.get_by_role("link", name="Open the last").first.get_attribute("href")
    name = (letter or "").rpartition("/")[2]
    for path in (
        "/overview",
        "/dead",
        "/dead?all=1",
        f"/dead/{name}",
        f"/dead/drop?id={name}",
        "/overview/add?since=1",
    ):
        page.goto(server.url + path)
        found = Axe().run(page)
        assert found.response["passes"]
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
