"""People log in at an issuer, and with codes of an app: without a script, in both themes, on a phone too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import pyotp
import pytest
from playwright.sync_api import BrowserContext, Page

from app.settings.settings import Settings
from app.web.accounts import tables, users
from tests.browser.looks import fine
from tests.e2e.program import Server
from tests.services.chromium import Chromium
from tests.services.fixtures import need
from tests.web.accounts.issuer import CLIENT_ID, CLIENT_SECRET, StubIssuer

pytestmark = pytest.mark.system

#: Width of a screen and of a phone, each in both themes.


class Site(NamedTuple):
    """A program, its issuer, and the password of its user ann."""

    url: str
    issuer: StubIssuer
    password: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A program whose users log in at an issuer, which a browser takes for another site, or with a password."""
    need(Chromium)
    issuer = StubIssuer("localhost")
    given = {"OIDC_ISSUER": issuer.url, "OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
    server = Server(tmp_path_factory.mktemp("sso") / "data", AUTH="required", OIDC_ROLES="dev=reader", **given)
    server.start()
    try:
        with tables.opened(Settings.from_env(server.environment)):
            password = users.add("ann", "reader")
        yield Site(server.url, issuer, password)
    finally:
        server.stop()
        issuer.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_by_an_issuer(context: Callable[..., BrowserContext], site: Site, scripts: bool) -> None:
    """A link leads there and back to the page that was asked for; logged out here, another leads to log out there."""
    page = context(java_script_enabled=scripts).new_page()
    look = fine if scripts else Page.wait_for_load_state
    page.goto(f"{site.url}/?q=level:error")
    look(page)
    page.click(f"text=Log in with {urlsplit(site.issuer.url).netloc}")
    page.wait_for_url(f"{site.url}/?q=level:error")
    page.click("nav >> text=zoe")
    page.get_by_text("You log in at").wait_for()
    look(page)
    page.click("button:has-text('Log out') >> nth=0")
    page.wait_for_url("**/login?out=1")
    look(page)
    page.click("text=Log out of localhost")
    page.wait_for_url(f"{site.url}/login")
    page.goto(f"{site.url}/login/oidc/back?state=forged&code=x")
    assert "You are not logged in" in page.inner_text("[role=alert]")


def enter(page: Page, password: str) -> None:
    """Fill in the form that is shown."""
    page.fill("[name=name]", "ann")
    page.fill("[name=password]", password)
    page.click("button.main")


def test_by_a_code(context: Callable[..., BrowserContext], site: Site) -> None:
    """An app is set up by picture or text, its recovery codes are shown once, and the form asks for a code from then on."""
    complaints: list[str] = []
    page = context().new_page()
    page.on("console", lambda message: complaints.append(message.text) if "Security Policy" in message.text else None)
    page.goto(f"{site.url}/login")
    enter(page, site.password)
    page.click("nav >> text=ann")
    form = page.locator("form[action$='/account/totp']")
    form.locator("[name=current]").fill(site.password)
    form.locator("button").click()
    page.locator("svg.qr").wait_for()
    box = page.locator("svg.qr").bounding_box()
    assert box is not None
    assert box["width"] > 150
    fine(page)
    page.fill("[name=code]", pyotp.TOTP(page.inner_text("code").replace(" ", "")).now())
    page.click("button.main")
    codes = page.inner_text("pre.code").split()
    assert len(codes) == 10
    fine(page)
    assert complaints == []

    plain = context(java_script_enabled=False).new_page()
    plain.goto(f"{site.url}/overview/add")
    enter(plain, site.password)
    plain.fill("[name=code]", "000000x")
    plain.click("button.main")
    assert "wrong" in plain.inner_text("[role=alert]")
    plain.fill("[name=code]", codes[0])
    plain.click("button.main")
    plain.wait_for_url(f"{site.url}/overview/add")
    again = context().new_page()
    again.goto(f"{site.url}/login")
    enter(again, site.password)
    again.locator("[name=code]").wait_for()
    fine(again)
