"""Nothing on the pages keeps people from using them, as far as axe-core can tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext

from tests.browser.test_counts import opened

pytestmark = pytest.mark.system

PATHS = {
    "search": "/",
    "filtered": "/?q=level%3Aerror",
    "nothing": "/?q=level%3Afatal",
    "why": "/?q=level%3Aerror+AND+resourceId%3AServer-1+AND+metadata.Region%3Ax&from=2024-03-01&to=2024-03-02",
    "typing": "/?q=level%3Aerror",
    "fault": "/?q=(",
    "zone": "/?tz=Europe/Berlin&from=2024-03-01&clock=received",
    "api": "/api",
    "overview": "/overview",
    "add": "/overview/add",
    "dead": "/dead",
    "letters": "/dead?all=1",
    "a letter": "/dead?all=1",
    "no page": "/nowhere",
    "notices": "/notices",
    "rules": "/rules",
    "trace": "/trace/t-3",
    "patterns": "/patterns",
    "columns": "/?q=took&columns=level,metadata.took,metadata.region,commit,message",
    "log": "/log/{0}?q=level%3Aerror&beside=search",
    "compare": "/compare?a={0}&b={1}",
    "searches": "/searches",
    "alerts": "/alerts",
    "an alert": "/alerts/watched?test=1",
    "alert form": "/page/alert?q=level%3Aerror&window=x&try=1",
}


@pytest.fixture(scope="module", autouse=True)
def filled(site: str) -> None:
    """An alert on a saved search, silenced, and a dead letter, so that their pages have all their parts."""
    for path, body in (
        ("/searches", {"name": "errors", "q": "level:error"}),
        ("/alerts", {"name": "watched", "search": "errors", "kind": "absent", "window": "5m"}),
        ("/alerts/watched/silence", {"until": "now+1h", "reason": "known"}),
    ):
        asked = Request(site + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        urlopen(asked, timeout=30).close()
    with pytest.raises(HTTPError, match="400"):
        urlopen(Request(f"{site}/logs/ingest/?strict=1", b'{"message": {"no": "text"}}'), timeout=30)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PATHS)
def test_axe_finds_nothing(
    context: Callable[..., BrowserContext], site: str, name: str, width: int, scheme: str
) -> None:
    """Names, roles, order, contrast: no rule of axe-core is broken, in either theme, on a screen or a phone."""
    page = context(color_scheme=scheme, viewport={"width": width, "height": 900}).new_page()
    logs = page.request.get(f"{site}/logs?q=level%3Aerror&limit=2").json()["results"]
    page.goto(site + PATHS[name].format(*(log["id"] for log in logs)))
    if name in ("search", "filtered"):
        opened(page, "metadata.region")
        page.locator(".chart summary").click()
        page.locator(".logs button[aria-expanded]").first.click()
        page.locator(".logs .record").wait_for()
        page.locator("#view summary").click()
    if name == "a letter":
        page.locator(".sheet th a").first.click()
        page.locator("textarea").wait_for()
    if name == "typing":
        page.locator(".syntax summary").click()
        page.locator("#q").press_sequentially(" a) AND level:")
        page.locator("#suggestions li").first.wait_for()
        page.keyboard.press("ArrowDown")

    if name == "zone":
        page.locator("#picker summary").click()
        page.locator("#picker input[type=datetime-local]").first.wait_for()

    # A page that a click led to has its text before its styles.
    page.wait_for_load_state()
    found = Axe().run(page)

    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()
