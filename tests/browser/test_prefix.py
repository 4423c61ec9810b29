"""The pages beneath a path of a proxy, as a browser uses them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open, serving
from tests.e2e.program import Server

pytestmark = pytest.mark.system

PREFIX = "/tools/logs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The running program, set to lie beneath a path."""
    with serving(tmp_path_factory.mktemp("prefix"), 10, PATH_PREFIX=PREFIX) as server:
        yield server


@pytest.fixture(scope="module")
def site(server: Server) -> str:
    """The address that the program prints: a proxy that passes paths whole asks the same."""
    assert server.url.endswith(PREFIX)
    return server.url


def test_pages_and_sockets_work_beneath_the_prefix(open_page: Open, server: Server) -> None:
    """Styles, scripts, parts that are fetched, a form, a log's page and the live tail: nothing is asked outside of it."""
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws", "http", 1)))
    page.reload()
    page.locator("#q").fill("level:info")
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url("**/?q=level%3Ainfo")
    page.locator(".logs button[aria-expanded]").first.click()
    page.locator(".logs .record").get_by_role("link", name="Permalink").wait_for()
    page.get_by_role("button", name="Live").click()
    expect(page.locator("#live [role=status]")).to_contain_text("0 arrived")
    server.ingest([{"message": "one more", "level": "info"}])
    page.get_by_text("one more").wait_for()
    page.get_by_role("link", name="Permalink").click()
    page.get_by_role("heading", name="Before and after").wait_for()
    assert len(asked) > 10
    assert [url for url in asked if not url.startswith(f"{server.url}/")] == []


def test_operators_pages_work_beneath_the_prefix(open_page: Open, server: Server) -> None:
    """Overview with its part, how to add a source, dead letters with their forms."""
    server.request("POST", "/logs/ingest/", [1])
    server.drained()
    page = open_page(None)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response("**/overview?part=now"):
        page.goto(f"{server.url}/overview")
    with page.expect_response("**/overview/add?part=arrived*"):
        page.get_by_role("link", name="Add a source").click()
    expect(page.locator("main")).to_contain_text(f"{server.url}/logs/ingest/")
    page.get_by_role("link", name="Dead letters").click()
    page.get_by_role("button", name="Replay").click()
    page.get_by_role("link", name="Drop").click()
    page.get_by_role("button", name="Drop").click()
    expect(page.locator(".did")).to_contain_text("1 letter dropped")
    assert [url for url in asked if not url.startswith(f"{server.url}/")] == []


@pytest.mark.parametrize("path", ["/health/live", f"{PREFIX}/health/live"])
def test_paths_are_taken_whole_and_cut(server: Server, path: str) -> None:
    """A proxy may take the prefix away or leave it."""
    assert server.request("GET", path)[0] == 200
