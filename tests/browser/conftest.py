"""A browser, and a running program with logs in it, for the tests of one module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright

from tests.e2e.program import Server
from tests.services.chromium import Chromium
from tests.services.fixtures import need

#: Milliseconds that the browser waits for anything, be the machine ever so busy.
PATIENCE = 120_000
expect.set_options(timeout=PATIENCE)
#: Logs of a day, one every two minutes; their first instant.
LOGS = 720
FIRST = "2024-03-01T00:00:00Z"
HOSTILE = "<img src=x onerror=alert(1)>\u202egnp\x1b[31m\0"

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """What drives the browser. Its event loop runs in this thread: not longer than a module's tests."""
    need(Chromium)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium. Without its sandbox, which can't be had as root in a container."""
    launched = playwright.chromium.launch(executable_path=str(Chromium.program()), args=["--no-sandbox"])
    yield launched
    launched.close()


@contextmanager
def serving(folder: Path, logs: int, **settings: str) -> Iterator[Server]:
    """Run a program for a browser, with the first so many of the logs of a day."""
    need(Chromium)
    server = Server(folder / "data", **settings)
    server.start()
    try:
        server.ingest([made(n) for n in range(logs)])
        server.drained()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running program that holds the logs of a day, ten of them hostile."""
    with serving(tmp_path_factory.mktemp("site"), LOGS) as server:
        yield server.url


def made(n: int) -> dict[str, object]:
    """Return one of the logs; every fourth is an error, and errors come from two of the four resources."""
    hostile = {"tag": HOSTILE} if n % 72 == 5 else {}
    return {
        "timestamp": f"2024-03-01T{n // 30:02}:{n % 30 * 2:02}:00.{n:03}Z",
        "level": "error" if n % 4 == 1 else "warn" if n % 10 == 0 else "info",
        "message": f"request {n} took {n % 97} ms",
        "resourceId": f"server-{n % 4}",
        "commit": f"c0ffee{n // 360}",
        "traceId": f"t-{n // 6}",
        **({"spanId": f"s-{n % 3}"} if n % 6 > 1 else {}),
        "metadata": {"region": ("north", "south", "east")[n % 3], "took": n % 97, **hostile},
    }


@pytest.fixture
def context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Return a function that makes a fresh browser's state with the options given."""
    opened: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        made = browser.new_context(**options)  # type: ignore[arg-type]
        made.set_default_timeout(PATIENCE)
        opened.append(made)
        return made

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def open_page(context: Callable[..., BrowserContext], site: str) -> Iterator[Open]:
    """Return a function that opens a page of the site, None for an empty one; what a page complains about fails the test at its end."""
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        # A busy machine may not count in time: the browser notes the status of that part, and the test asks again.
        late = "503" in message.text and "/page/" in message.location["url"]
        if message.type in ("error", "warning") and not late:
            complaints.append(f"{message.type}: {message.text} {message.location}")

    def open_(path: str | None = "/", **options: object) -> Page:
        page = context(**options).new_page()
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}") or dialog.dismiss())
        if path is not None:
            page.goto(site + path)
        return page

    yield open_
    assert complaints == []
