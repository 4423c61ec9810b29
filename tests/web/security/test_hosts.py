"""An open server is asked by names of this machine; a name of a stranger's that leads to it (DNS rebinding) is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.errors import InvalidSettings
from app.settings.settings import Settings
from app.web.security.hosts import is_own

OWN = (
    "",
    "localhost:3000",
    "127.0.0.1:3000",
    "[::1]:3000",
    "10.1.2.3",
    "logs:3000",
    "LOGS.local",
    "host.docker.internal:80",
)
STRANGERS = (
    "evil.example:3000",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.example.",
    "evil.example:3000:1",
    "a.b",
)


@pytest.mark.parametrize("host", OWN)
def test_names_of_this_machine_are_its_own(host: str) -> None:
    """Addresses, names without a dot, and names that nobody can register."""
    assert is_own(host, frozenset())


@pytest.mark.parametrize("host", STRANGERS)
def test_names_that_strangers_can_have_are_not(host: str) -> None:
    """Whatever of ours stands in them."""
    assert not is_own(host, frozenset({"logs.example.org"}))


def test_a_rebound_page_gets_nothing(make_client: Callable[..., FlaskClient]) -> None:
    """Neither a page nor logs, nor may it send or change anything; what HOSTS names may, and so may anybody where a credential is asked for."""
    client = make_client(hosts=("logs.example.org",))
    for method, path in (
        ("GET", "/"),
        ("GET", "/logs"),
        ("POST", "/logs/ingest/"),
        ("POST", "/access"),
        ("GET", "/health/live"),
        ("GET", "/no"),
    ):
        answer = client.open(
            path, method=method, headers={"Host": "evil.example:3000", "Origin": "http://evil.example:3000"}
        )
        assert answer.status_code == 403, path
    for host in ("logs.example.org", "LOGS.example.org:8443", "localhost"):
        assert client.get("/logs", headers={"Host": host}).status_code == 200
    closed = make_client(auth="required", admin_password="the admin's password")
    assert closed.get("/health/live", headers={"Host": "any.example"}).status_code == 200


def test_programs_send_by_any_name(make_client: Callable[..., FlaskClient]) -> None:
    """Shippers drop what is answered 403: by the public name of a proxy in front they send as before, and read nothing."""
    client, host = make_client(doors=("elastic", "hec")), {"Host": "logs.example.org"}
    sent = client.post("/logs/ingest/", json={"message": "of a shipper"}, headers=host)
    assert sent.status_code == 202
    bulk = client.post("/_bulk", data=b'{"create":{}}\n{"message":"x"}\n', headers=host)
    assert bulk.status_code == 200
    assert client.get("/", headers=host | {"User-Agent": "elastic-beats/8"}).status_code == 200
    assert client.get("/health/ready", headers=host).status_code == 200
    for path in ("/", "/logs", "/logs/export", "/access"):
        assert client.get(path, headers=host | {"Accept": "text/html"}).status_code == 403, path
    for named in ({"Origin": "http://logs.example.org"}, {"Sec-Fetch-Site": "same-origin"}):
        assert client.post("/logs/ingest/", json={"message": "x"}, headers=host | named).status_code == 403


def test_names_are_read() -> None:
    """Without ports and schemes."""
    assert Settings.from_env({"LOGINGESTOR_HOSTS": "Logs.Example.org, b.example"}).hosts == (
        "logs.example.org",
        "b.example",
    )
    with pytest.raises(InvalidSettings):
        Settings.from_env({"LOGINGESTOR_HOSTS": "https://logs.example.org"})
