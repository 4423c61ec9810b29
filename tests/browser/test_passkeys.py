"""Somebody makes a passkey and logs in by it, in a browser whose device is Chromium's virtual one; axe-core finds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from app.settings.settings import Settings
from app.web.accounts import tables, users
from tests.browser.looks import fine
from tests.e2e.program import Server
from tests.services.chromium import Chromium
from tests.services.fixtures import need

pytestmark = pytest.mark.system

#: Width of a screen and of a phone, each in both themes.


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a program that wants a credential, as browsers have passkeys for it, and the password of its reader zoe."""
    need(Chromium)
    server = Server(tmp_path_factory.mktemp("passkeys") / "data", AUTH="required")
    server.start()
    try:
        with tables.opened(Settings.from_env(server.environment)):
            password = users.add("zoe", "reader")
        yield server.url.replace("127.0.0.1", "localhost"), password
    finally:
        server.stop()


def device(page: Page) -> None:
    """Give the page a device that keeps passkeys, and whose user is always there."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_by_a_passkey(context: Callable[..., BrowserContext], closed: tuple[str, str]) -> None:
    """Made on the account's page, used on the form that stands before the page that was asked for, without name and password."""
    site, password = closed
    complaints: list[str] = []
    page = context().new_page()
    page.on("console", lambda message: complaints.append(message.text) if "Security Policy" in message.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    device(page)
    page.goto(f"{site}/login")
    page.fill("[name=name]", "zoe")
    page.fill("[name=password]", password)
    page.click("button.main")
    page.click("nav >> text=zoe")
    form = page.locator("form[action$='/account/passkey']")
    form.locator("[name=label]").fill("my phone")
    form.locator("[name=current]").fill(password)
    form.locator("button").click()
    page.locator("#passkey button").wait_for()
    fine(page)
    page.click("#passkey button")
    page.get_by_text("opens your account from now on").wait_for()
    assert "my phone" in page.inner_text("main")
    fine(page)
    page.click("button:has-text('Log out') >> nth=0")
    page.goto(f"{site}/?q=level:error")
    page.click("text=Use a passkey")
    page.locator("#passkey button").wait_for()
    fine(page)
    page.click("#passkey button")
    page.wait_for_url(f"{site}/?q=level:error")
    assert "zoe" in page.inner_text("nav")
    assert complaints == []


def test_a_device_that_has_none_says_so(context: Callable[..., BrowserContext], closed: tuple[str, str]) -> None:
    """And the button is there again; without a script the page says what to do."""
    site, _ = closed
    page = context().new_page()
    device(page)
    page.goto(f"{site}/login/passkey")
    page.click("#passkey button")
    page.get_by_text("gave no passkey").wait_for()
    assert page.locator("#passkey button").is_enabled()
    plain = context(java_script_enabled=False).new_page()
    plain.goto(f"{site}/login/passkey")
    assert "without one, log in with name and password" in plain.inner_text("main")
