"""Each socket answers each credential as the table of docs/security.md says, on the running program."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app.settings.settings import Settings
from app.web.accounts import tables, tokens
from app.web.accounts.tables import ApiToken
from app.web.security.rights import RIGHTS
from app.web.server.door import SOCKETS
from tests.e2e.program import Server
from tests.web.security.page import ANSWERS

pytestmark = pytest.mark.system

PASSWORD = "the admin's password"
#: The endpoint of each socket's path, and the column of each credential in the table.
ENDPOINTS = {"/logs/tail": "tail.tail", "/notices": "notices.notices"}
COLUMNS = {
    "none": 0,
    "wrong": 1,
    "revoked": 1,
    "expired": 1,
    "writer": 2,
    "reader": 3,
    "bound": 4,
    "admin": 5,
    "password": 5,
}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    """A program that wants a credential, and one of each kind."""
    server = Server(tmp_path_factory.mktemp("sockets") / "data", AUTH="required", ADMIN_PASSWORD=PASSWORD)
    server.start()
    made = {"none": "", "wrong": "lgi_wrong", "password": PASSWORD}
    with tables.opened(Settings.from_env(server.environment)):
        for name, role in (("writer", "writer"), ("reader", "reader"), ("admin", "admin"), ("revoked", "admin")):
            made[name], _ = tokens.create(name, role, "tests")
        made["bound"], _ = tokens.create("bound", "reader", "tests", filter="resourceId:a")
        made["expired"], kept = tokens.create("expired", "admin", "tests", expires="1h")
        tokens.revoke("revoked")
        with tables.transaction() as session:
            session.merge(ApiToken(digest=kept.digest, expires=1))
    yield server, made
    server.stop()


def refused(server: Server, path: str, headers: dict[str, str], seconds: float = 120) -> str | None:
    """Return why a socket is refused; None where it stays open for so many *seconds*."""
    with connect(server.url.replace("http", "ws") + path, additional_headers=headers) as socket:
        try:
            first = json.loads(socket.recv(timeout=seconds))
        except TimeoutError:
            return None
        if "status" not in first:
            return None
        with pytest.raises(ConnectionClosed) as ended:
            socket.recv(timeout=120)
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1008
        return str(first["message"])


def test_every_socket_is_in_the_table() -> None:
    """A new one has to be tried here too."""
    assert ENDPOINTS.keys() == set(SOCKETS)


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize("kind", COLUMNS)
def test_every_socket_answers_as_the_table_says(closed: tuple[Server, dict[str, str]], path: str, kind: str) -> None:
    """Refused in words before it closes, or open."""
    server, made = closed
    wanted = ANSWERS[RIGHTS[ENDPOINTS[path]]][COLUMNS[kind]]
    words = {"401": "is needed: HTTP Basic", "403": "needed", "yes": None, "bound": None}[wanted]
    headers = {"Authorization": f"Bearer {made[kind]}"} if made[kind] else {}
    said = refused(server, path, headers, 1 if words is None else 120)
    assert (said is None) if words is None else words in str(said)


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize(
    "header", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_no_socket_opens_to_a_page_of_another_site(
    closed: tuple[Server, dict[str, str]], path: str, header: dict[str, str]
) -> None:
    """Though its browser brings the right password by itself."""
    server, made = closed
    sent = {"Authorization": f"Bearer {made['password']}", **header}
    assert "another site" in str(refused(server, path, sent))
