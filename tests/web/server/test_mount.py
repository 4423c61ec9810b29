"""Beneath a path of a proxy: every address that the pages write lies there too."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.errors import InvalidSettings
from app.log.record import LogRecord, id_text
from app.settings.settings import Settings
from app.web import create_app
from tests.web.reading import Html

ROOT = Path(__file__).resolve().parents[3]
#: What leads elsewhere, by its attribute.
ADDRESSES = ("href", "src", "action", "formaction", "data-part")


@pytest.fixture
def mounted(settings: Settings, app: Flask) -> FlaskClient:
    """A client of the same data beneath `/tools/logs`."""
    made = create_app(replace(settings, path_prefix="/tools/logs"))
    made.extensions["logingestor"] = app.extensions["logingestor"]
    made.extensions["logingestor"].settings = replace(settings, path_prefix="/tools/logs")
    return made.test_client()


def addresses(page: Html) -> list[str]:
    """Return the addresses on a page, save places within it."""
    return [
        one[name]
        for one in page.all
        for name in ADDRESSES
        if name in one.attributes and not one[name].startswith(("#", "?", "http"))
    ]


@pytest.mark.parametrize(
    "path", ["/", "/?q=level:info&limit=2", "/?q=level:fatal", "/?q=(", "/api", "/log/ID", "/nowhere"]
)
def test_every_address_lies_beneath_the_prefix(mounted: FlaskClient, some: list[LogRecord], path: str) -> None:
    """Links, forms, scripts and styles of every page keep to the prefix; the program says it to its scripts."""
    answer = mounted.get(path.replace("ID", id_text(some[0].id)), headers={"Accept": "text/html"})
    page = Html(answer.text)

    assert len(addresses(page)) > 5
    assert [one for one in addresses(page) if not one.startswith("/tools/logs/")] == []
    assert page.one("html")["data-root"] == "/tools/logs"


@pytest.mark.usefixtures("some")
def test_a_redirect_lies_there_too(mounted: FlaskClient) -> None:
    """What the form sends comes back to the page beneath the prefix."""
    answer = mounted.get("/?q=level%3Ainfo&go=1&was=")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/tools/logs/?q=level%3Ainfo")


def test_no_template_or_script_writes_a_path_from_the_root() -> None:
    """A page that no test opens is held to it as well."""
    wrong = re.compile(r"""(?:href|src|action|data-part)="/|fetch\([`"']/|new WebSocket\([`"']/""")
    files = [*(ROOT / "templates").glob("*.html"), *(ROOT / "app/web/static").glob("*.js")]

    assert len(files) > 15
    assert [path.name for path in files if wrong.search(path.read_text())] == []


def test_a_prefix_that_hides_a_route_is_refused(settings: Settings) -> None:
    """A path could then mean two things: whether the proxy passes it whole or cut could not be told."""
    with pytest.raises(InvalidSettings, match="is a path of the program itself"):
        create_app(replace(settings, path_prefix="/logs"))


@pytest.mark.parametrize(("text", "prefix"), [("", ""), ("/", ""), ("/a", "/a"), ("/a/b-c_d.e/", "/a/b-c_d.e")])
def test_a_prefix_is_read(text: str, prefix: str) -> None:
    """With or without a slash at its end."""
    assert Settings.from_env({"LOGINGESTOR_PATH_PREFIX": text}).path_prefix == prefix


@pytest.mark.parametrize("text", ["a", "//a", "/a//b", "/..", "/a b", "/a?b", "http://a/b", "/é"])
def test_what_is_no_path_is_refused(text: str) -> None:
    """With the setting's name."""
    with pytest.raises(InvalidSettings, match="PATH_PREFIX"):
        Settings.from_env({"LOGINGESTOR_PATH_PREFIX": text})
