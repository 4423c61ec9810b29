"""People log in, look after their account, and admins after tokens and users: without a script, in both themes, on a phone too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from app.settings.settings import Settings
from app.web.accounts import tables, tokens, users
from tests.e2e.program import Server
from tests.services.chromium import Chromium
from tests.services.fixtures import need

pytestmark = pytest.mark.system

PASSWORD = "the admin's password"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a program that wants a credential, and the password of its reader zoe; it has a token and nobody's logs."""
    need(Chromium)
    server = Server(tmp_path_factory.mktemp("closed") / "data", AUTH="required", ADMIN_PASSWORD=PASSWORD)
    server.start()
    try:
        with tables.opened(Settings.from_env(server.environment)):
            tokens.create("shop", "reader", "tests", filter="resourceId:shop-*", expires="90d", rate="5")
            password = users.add("zoe", "reader", filter="resourceId:shop-*")
        yield server.url, password
    finally:
        server.stop()


def enter(page: Page, name: str, password: str) -> None:
    """Fill in the form that is shown."""
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.click("button.main")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_without_scripts(
    context: Callable[..., BrowserContext], closed: tuple[str, str], width: int, scheme: str
) -> None:
    """On the pages of login, tokens and users, audit log, rules and account, as they are where no script of theirs comes."""
    site, _ = closed
    plain = context(color_scheme=scheme, viewport={"width": width, "height": 900})
    # With scripts off axe-core could not run: theirs are kept away instead.
    plain.route("**/*.js*", lambda route: route.abort())
    page = plain.new_page()
    page.goto(f"{site}/login")
    assert Axe().run(page).response["violations"] == []
    enter(page, "admin", PASSWORD)
    for path in ("/access", "/audit-log", "/rules", "/account"):
        page.goto(site + path)
        found = Axe().run(page)
        assert found.response["passes"]
        assert found.response["violations"] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everything_by_form(
    context: Callable[..., BrowserContext], closed: tuple[str, str], width: int, scheme: str
) -> None:
    """The way in leads to the page that was asked for; a token is made, shown once and revoked; axe-core finds nothing."""
    site, password = closed
    look = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    plain = context(java_script_enabled=False, **look).new_page()
    plain.goto(f"{site}/?q=level:error")
    enter(plain, "admin", "wrong password")
    assert "belong together" in plain.inner_text("[role=alert]")
    enter(plain, "admin", PASSWORD)
    assert plain.url == f"{site}/?q=level:error"
    plain.click("nav >> text=Access")
    form = plain.locator("form[aria-label='New token']")
    form.locator("[name=name]").fill(f"made {width} {scheme}")
    form.locator("button").click()
    token = plain.inner_text("pre.code")
    asked = {"headers": {"Authorization": f"Bearer {token}"}}
    assert plain.request.post(f"{site}/logs/ingest/", data={"message": "sent"}, **asked).status == 202  # type: ignore[arg-type]
    plain.locator("tr", has_text=f"made {width} {scheme}").locator("text=Revoke").click()
    assert "opens nothing any more" in plain.inner_text("[role=status]")
    assert token not in plain.content()

    page = context(**look).new_page()
    for path in ("/login", "/"):
        page.goto(site + path)
        assert Axe().run(page).response["violations"] == []
    enter(page, "admin", PASSWORD)
    page.goto(f"{site}/access")
    assert Axe().run(page).response["violations"] == []
    plain.click("nav >> text=Audit log")
    plain.fill("[name=q]", f'metadata.subject:"made {width} {scheme}"')
    plain.click("form[role=search] button")
    assert plain.locator("main tbody tr").count() == 2
    assert "token.revoke" in plain.inner_text("main tbody tr:first-child")
    page.goto(f"{site}/audit-log")
    page.locator("main tbody tr").first.wait_for()
    assert Axe().run(page).response["violations"] == []
    reader = context(**look).new_page()
    reader.goto(f"{site}/login")
    enter(reader, "zoe", password)
    reader.click("nav >> text=zoe")
    reader.wait_for_url("**/account")
    assert "this browser" in reader.inner_text("main")
    elsewhere = context(java_script_enabled=False, **look).new_page()
    elsewhere.goto(f"{site}/login")
    enter(elsewhere, "zoe", password)
    reader.reload()
    assert Axe().run(reader).response["violations"] == []
    elsewhere.goto(f"{site}/account")
    elsewhere.click("text=Log out of all other browsers")
    assert "end within 5 seconds" in elsewhere.inner_text("[role=status]")
    assert elsewhere.locator("main tbody tr").count() == 1
    # Nothing is wider than the screen but what scrolls by itself.
    for shown in (page, reader):
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
