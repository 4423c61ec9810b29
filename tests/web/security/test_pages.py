"""Pages offer only what their reader may do: whoever follows every link and form that is shown meets no 403."""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from flask.testing import FlaskClient

from app.backends import connect
from app.log.record import LogRecord
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tokens, users
from app.web.security import session
from tests.conftest import MakeRecord, fill_backends
from tests.prepared import prepare
from tests.web.reading import Html

PASSWORD = "the admin's password"
PAGES = {"Accept": "text/html"}
#: Pages at which each role begins; the rest is found from these.
START = ("/", "/?q=level%3Aerror&counts=1&values=resourceId", "/?q=nothing-like-it", "/account")
#: Pages that each role must have come to, so that the walk is one.
REACHED = {
    "reader": {"/", "/searches", "/alerts", "/overview", "/notices", "/overview/add", "/patterns", "/account"},
    "bound": {"/", "/searches", "/overview", "/patterns", "/account"},
    "admin": {"/", "/searches", "/alerts", "/overview", "/notices", "/dead", "/rules", "/access", "/page/alert"},
}
#: Links of one path that are followed: those beyond differ in their parameters alone.
ALIKE = 4


@pytest.fixture
def closed(tmp_path: Path, make_record: MakeRecord) -> Iterator[FlaskClient]:
    """A client of a closed server with logs, a dead letter, saved searches, alerts, a notifier and rules."""
    made = Settings.from_env(
        {
            "LOGINGESTOR_DATA_DIR": str(tmp_path / "data"),
            "LOGINGESTOR_MIN_FREE_DISK": "1 MiB",
            "LOGINGESTOR_NOTIFY": "https://notify.invalid/hook#name=hook",
            "LOGINGESTOR_RULES": "mails: mask email",
        }
    )
    prepare(made)
    opened = connect(made)
    fill_backends(opened, records(make_record))
    opened.close()
    app = create_app(replace(made, auth="required", admin_password=PASSWORD))
    client = app.test_client()
    headers = {"Authorization": f"Bearer {PASSWORD}"}
    client.post("/logs/ingest/", json=[{"message": 1}, {"message": "m"}], headers=headers)
    for name in ("errors", "infos"):
        saved = {"name": name, "q": f"level:{name[:-1]}"}
        assert client.post("/searches", json=saved, headers=headers).status_code == 201
    for number in range(2):
        alert = {"name": f"many {number}", "search": "errors", "kind": "at_least", "window": "5m"}
        assert client.post("/alerts", json=alert, headers=headers).status_code == 201
    quiet = {"until": "now+1h"}
    assert client.post("/alerts/many%200/silence", json=quiet, headers=headers).status_code == 200
    yield client
    app.extensions["logingestor"].close()


def records(make_record: MakeRecord) -> list[LogRecord]:
    """Return logs with levels, traces and resources."""
    levels = itertools.cycle(("error", "info"))
    return [
        make_record(message=f"step {n}", level=next(levels), resource_id=f"shop-{n % 3}", trace_id=f"t-{n % 2}")
        for n in range(40)
    ]


def cookie(client: FlaskClient, role: str) -> str:
    """Log a user of a role in; return the cookie."""
    name, bound = f"u-{role}", "resourceId:shop-1" if role == "bound" else ""
    with client.application.app_context():
        password = users.add(name, "reader" if role == "bound" else role, filter=bound or None)
    client.post("/login", data={"name": name, "password": password})
    found = client.get_cookie(session.COOKIE)
    assert found is not None
    return found.value


class Walk:
    """One role's way through the pages."""

    def __init__(self, client: FlaskClient, ask: Callable[[str, str], tuple[int, str]]) -> None:
        self._client = client
        self._ask = ask
        self._seen: set[str] = set()
        self._alike: dict[str, int] = {}
        self._waiting = deque(START)
        #: Paths that answered, and forms that change something: method and path.
        self.reached: set[str] = set()
        self.forms: set[str] = set()
        self.refused: list[tuple[str, str, str]] = []

    def go(self) -> None:
        """Follow every link and every form that asks; then send each form that changes something, empty."""
        while self._waiting:
            self._visit(self._waiting.popleft())
        for path in sorted(self.forms - {"/logout"}):
            self._meet("POST", path, "")

    def _meet(self, method: str, path: str, page: str) -> str:
        status, text = self._ask(method, path)
        assert status < 500, (method, path, status)
        if status in (401, 403):
            self.refused.append((method, path, page))
        return text

    def _visit(self, path: str) -> None:
        text = self._meet("GET", path, "")
        self.reached.add(urlsplit(path).path)
        for one in Html(text).all:
            for name in ("href", "data-part", "action", "formaction"):
                if name in one.attributes:
                    self._note(path, one[name], posts=one.tag == "form" and one.attributes.get("method") == "post")

    def _note(self, page: str, link: str, *, posts: bool) -> None:
        target = urldefrag(urljoin(page, link))[0]
        if urlsplit(target).netloc or not target.startswith("/") or target.startswith("/static/"):
            return
        if posts:
            self.forms.add(target)
            return
        kind = re.sub(r"[0-9a-f-]{32,36}", "ID", urlsplit(target).path)
        self._alike[kind] = self._alike.get(kind, 0) + 1
        if target not in self._seen and self._alike[kind] <= ALIKE:
            self._seen.add(target)
            self._waiting.append(target)


@pytest.mark.parametrize("role", REACHED)
def test_nothing_that_a_page_shows_is_refused(closed: FlaskClient, role: str) -> None:
    """Links, parts that scripts fetch, and forms, on every page that a role comes to."""
    key = cookie(closed, role)

    def ask(method: str, path: str) -> tuple[int, str]:
        closed.set_cookie(session.COOKIE, key)
        answer = closed.open(path, method=method, headers=PAGES, buffered=True)
        return answer.status_code, answer.text if answer.mimetype == "text/html" else ""

    walk = Walk(closed, ask)
    walk.go()
    assert walk.refused == []
    assert walk.reached >= REACHED[role]
    assert ("/page/alert" in walk.reached) == (role == "admin")
    assert "/page/searches" in walk.forms


@pytest.mark.parametrize("role", ["reader", "bound"])
def test_a_reader_s_own_search_is_changed_by_its_page(closed: FlaskClient, role: str) -> None:
    """It is saved, changed and removed by the page's forms; everybody's has no form, and is refused by hand."""
    closed.set_cookie(session.COOKIE, cookie(closed, role))
    assert closed.post("/page/searches", data={"name": "errors", "q": "level:info", "do": "save"}).status_code == 303
    page = Html(closed.get("/searches", headers=PAGES).text)
    mine = [one["value"] for one in page.find("input", type="hidden", name="id")]
    assert len(mine) == 2  # its two forms, to change and to remove
    assert "own" in page.one("tr", id=f"s-{mine[0]}").text
    closed.post("/page/searches", data={"id": mine[0], "name": "mine", "q": "level:debug", "do": "change"})
    assert closed.get("/searches/mine").json["search"]["parameters"] == {"q": "level:debug"}  # type: ignore[index]
    assert closed.post("/page/searches", data={"id": mine[0], "do": "remove"}).status_code == 303
    assert closed.get("/searches/mine").status_code == 404
    wanted = 403 if role == "reader" else 404
    assert closed.delete("/searches/infos").status_code == wanted
    assert closed.put("/searches/infos", json={"q": "x"}).status_code == wanted


def test_searches_of_readers_are_told_apart(closed: FlaskClient) -> None:
    """One name may stand for everybody's and for a search of each; each sees own ones, readers of all logs everybody's too."""
    headers = {"admin": {"Authorization": f"Bearer {PASSWORD}"}}
    with closed.application.app_context():
        for name, bound in (("plain", None), ("one", "resourceId:shop-1"), ("two", "resourceId:shop-2")):
            headers[name] = {"Authorization": f"Bearer {tokens.create(name, 'reader', 'tests', filter=bound)[0]}"}
    for name in ("plain", "one", "two"):
        answer = closed.post("/searches", json={"name": "errors", "q": f"of-{name}"}, headers=headers[name])
        assert answer.status_code == 201
        again = closed.post("/searches", json={"name": "errors"}, headers=headers[name])
        assert again.status_code == 400
    seen = {
        name: [one["owner"] for one in closed.get("/searches", headers=given).json["searches"]]  # type: ignore[index]
        for name, given in headers.items()
    }
    assert seen["admin"] == [None, "token one", "token plain", "token two", None]
    assert seen["plain"] == [None, "token plain", None]
    assert (seen["one"], seen["two"]) == (["token one"], ["token two"])
    # An alert watches everybody's, never what a reader may change.
    alert = {"name": "a", "search": "errors", "kind": "at_least", "window": "5m"}
    made = closed.post("/alerts", json=alert, headers=headers["admin"]).json["alert"]  # type: ignore[index]
    shared = closed.get("/searches/errors", headers=headers["admin"]).json["search"]  # type: ignore[index]
    assert (made["search"]["id"], shared["owner"]) == (shared["id"], None)
    theirs = closed.get("/searches/errors", headers=headers["one"]).json["search"]["id"]  # type: ignore[index]
    refused = closed.post("/alerts", json={**alert, "name": "b", "search": theirs}, headers=headers["admin"])
    assert refused.status_code == 400
