"""People log in at an issuer of OpenID Connect, get the role of their groups there, and are looked after here."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.backends import upgrade
from app.cli import cli
from app.errors import InvalidSettings
from app.maintain import spaces
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tables, tokens, users
from app.web.accounts.oidc import flow
from app.web.accounts.oidc import issuer as issuers
from tests.web.accounts.conftest import PASSWORD
from tests.web.accounts.issuer import CLIENT_SECRET, StubIssuer

HTML = {"Accept": "text/html"}


def led(address: str) -> str:
    """Return where a browser is led that the server sent to the issuer."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=120)
    connection.request("GET", f"{parts.path}?{parts.query}")
    found = connection.getresponse().headers["Location"]
    connection.close()
    assert found is not None
    return found


def left(client: FlaskClient, way: str = "", base: str = "http://localhost") -> str:
    """Begin a login; return the address that the issuer leads back to."""
    begun = client.get("/login/oidc", query_string={"next": way}, headers=HTML, base_url=base)
    assert begun.status_code == 302, begun.text
    return led(begun.headers["Location"])


def come_back(client: FlaskClient, address: str, base: str = "http://localhost") -> TestResponse:
    """Ask for what the issuer led to, as a page of another site leads there."""
    parts = urlsplit(address)
    headers = {"Sec-Fetch-Site": "cross-site", **HTML}
    return client.get(f"{parts.path}?{parts.query}", headers=headers, base_url=base)


def log_in(client: FlaskClient, way: str = "") -> TestResponse:
    """Log in at the issuer."""
    return come_back(client, left(client, way))


def inside(client: FlaskClient) -> bool:
    """Return whether the client's cookie opens the search page."""
    return client.get("/", headers=HTML).status_code == 200


def kept(app: Flask) -> list[dict[str, Any]]:
    """Return the users."""
    with app.app_context():
        return users.listed()


def test_somebody_logs_in(site: Flask, issuer: StubIssuer) -> None:
    """Led to the issuer by a link, and back to the page that was asked for; the user that is made is shown to admins."""
    client = site.test_client()
    asked = client.get("/?q=level:error", headers=HTML)
    host = urlsplit(issuer.url).netloc
    assert f'href="/login/oidc?next=/%3Fq%3Dlevel%3Aerror">Log in with {host}</a>' in asked.text
    entered = log_in(client, "/?q=level:error")
    assert (entered.status_code, entered.headers["Location"]) == (303, "/?q=level:error")
    assert entered.headers["Cache-Control"] == "no-store"
    assert inside(client)
    assert client.get("/dead", headers=HTML).status_code == 403
    assert [(one["name"], one["role"], one["issuer"]) for one in kept(site)] == [("zoe", "reader", issuer.url)]
    admin = site.test_client()
    admin.post("/login", data={"name": "admin", "password": PASSWORD})
    assert f"by <bdi>{issuer.url}</bdi>" in admin.get("/access", headers=HTML).text
    account = client.get("/account", headers=HTML).text
    assert issuer.url in account
    assert 'password"' not in account
    sent = dict(issuer.asked)["/authorize"]
    assert sent["tenant"] == "1"
    assert sent["scope"] == "openid profile email groups"


def test_the_cookie_of_a_login(site: Flask) -> None:
    """Out of reach for scripts and other pages, over TLS by no other way; gone when the login came back."""
    client = site.test_client()
    begun = client.get("/login/oidc", base_url="https://logs.example")
    cookie = begun.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/login/oidc", "Max-Age=600"))
    back = parse_qs(urlsplit(begun.headers["Location"]).query)["redirect_uri"]
    assert back == ["https://logs.example/login/oidc/back"]
    entered = log_in(site.test_client())
    assert any(one.startswith(f"{flow.COOKIE}=;") for one in entered.headers.getlist("Set-Cookie"))


def test_beneath_a_prefix(make_app: Callable[..., Flask]) -> None:
    """The issuer leads back beneath it, and so does the server."""
    app = make_app(path_prefix="/tools/logs")
    client = app.test_client()
    begun = client.get("/login/oidc?next=/dead")
    assert "Path=/tools/logs/login/oidc" in begun.headers["Set-Cookie"]
    back = urlsplit(led(begun.headers["Location"]))
    assert back.path == "/tools/logs/login/oidc/back"
    client.set_cookie(flow.COOKIE, begun.headers["Set-Cookie"].split("=", 1)[1].split(";")[0], path="/login/oidc")
    entered = client.get(f"/login/oidc/back?{back.query}", headers=HTML)
    assert (entered.status_code, entered.headers["Location"]) == (303, "/tools/logs/dead")


@pytest.mark.parametrize("way", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"])
def test_a_login_leads_nowhere_else(site: Flask, way: str) -> None:
    """Whoever follows a link to it stays on this server."""
    assert log_in(site.test_client(), way).headers["Location"] == "/"


def test_each_login_asks_for_the_groups_anew(site: Flask, issuer: StubIssuer) -> None:
    """The first row that fits decides; another role or filter ends the sessions before; no group lets nobody in."""
    client, other = site.test_client(), site.test_client()
    log_in(client)
    for groups, role, filter in (
        (["dev", "ops"], "admin", None),
        (["else", "shop"], "reader", "resourceId:shop-*"),
        (["shop", "dev"], "reader", None),
    ):
        issuer.person["groups"] = groups
        log_in(other)
        assert not inside(client)
        assert inside(other)
        assert [(one["role"], one["filter"]) for one in kept(site)] == [(role, filter)]
        client, other = other, client
    for groups in ([], ["else"], "else", None, 3, [{"dev": 1}], "dev,ops"):
        issuer.person["groups"] = groups
        refused = log_in(site.test_client())
        assert refused.status_code == 403
        assert "in no group" in refused.text
    assert inside(client)


def test_a_group_is_bound_in_every_way(make_app: Callable[..., Flask], issuer: StubIssuer) -> None:
    """To a filter, to a space that there must be, and from fields; what another group has is another's."""
    app = make_app(roles="dev=reader[space=shop; hide=metadata.card] level:error\nops=reader")
    refused = log_in(app.test_client())
    assert refused.status_code == 403
    assert "space shop, which there is not" in refused.text
    spaces.add(app.extensions["logingestor"].backends().record.spaces, "shop", None)
    client = app.test_client()
    log_in(client)
    assert [(one["filter"], one["hide"], one["space"]) for one in kept(app)] == [
        ("level:error", "metadata.card", "shop")
    ]
    with app.app_context():
        token, _ = tokens.create("w", "writer", "tests", space="shop")
        other, _ = tokens.create("o", "writer", "tests")
    for secret, level, card in ((token, "error", "1"), (token, "info", "2"), (other, "error", "3")):
        sent = {"message": f"log {card}", "level": level, "metadata": {"card": card, "n": card}}
        app.test_client().post("/logs/ingest/", json=sent, headers={"Authorization": f"Bearer {secret}"})
    held = app.extensions["logingestor"].backends()
    while held.queue.depth().bytes:
        held.move(100, 0)
    found = client.get("/logs").json
    assert found is not None
    assert [(one["message"], one["metadata"]) for one in found["results"]] == [("log 1", {"n": "1", "space": "shop"})]
    issuer.person["groups"] = ["ops"]
    log_in(client)
    assert [(one["filter"], one["hide"], one["space"]) for one in kept(app)] == [(None, None, None)]
    with pytest.raises(InvalidSettings, match="hides a field from the group"):
        make_app(roles="dev=reader[hide=timestamp]")


def test_groups_come_from_elsewhere(make_app: Callable[..., Flask], issuer: StubIssuer) -> None:
    """From user info, where the token has none, an object in the token, or one name alone; `*` is everybody."""
    app = make_app()
    del issuer.person["groups"]
    issuer.userinfo = {"groups": ["ops"]}
    log_in(app.test_client())
    assert kept(app)[0]["role"] == "admin"
    issuer.userinfo = {"groups": ["ops"], "sub": "4712"}
    assert "somebody else" in log_in(app.test_client()).text
    nested = make_app(oidc_groups="realm_access.roles")
    issuer.person["realm_access"] = {"roles": "shop"}
    log_in(nested.test_client())
    assert kept(nested)[0]["filter"] == "resourceId:shop-*"
    issuer.userinfo = {}
    everybody = make_app(roles="ops=admin,*=reader")
    assert log_in(everybody.test_client()).status_code == 303


def test_a_name_at_the_issuer_is_no_way_into_an_account(site: Flask, issuer: StubIssuer) -> None:
    """Who is called there as somebody here is another user, by another name; a subject keeps its user under a new name."""
    with site.app_context():
        password = users.add("zoe", "admin")
    issuer.person |= {"email": "zoe@example.org", "name": "zoe"}
    log_in(site.test_client())
    assert [(one["name"], one["role"]) for one in kept(site)] == [("zoe", "admin"), ("zoe@example.org", "reader")]
    issuer.person |= {"sub": "4712", "email_verified": False, "preferred_username": "Admin"}
    log_in(site.test_client())
    assert [one["name"] for one in kept(site)] == ["4712", "zoe", "zoe@example.org"]
    issuer.person |= {"sub": "4711", "preferred_username": "zoë"}
    log_in(site.test_client())
    assert len(kept(site)) == 3
    issuer.person |= {"sub": "zoe@example.org", "preferred_username": "zoe"}
    assert "taken by another user" in log_in(site.test_client()).text
    # Nor does a password open what the issuer keeps.
    for given in ("", password, "any password"):
        sent = {"name": "zoe@example.org", "password": given}
        assert site.test_client().post("/login", data=sent).status_code == 400


def test_admins_look_after_them(site: Flask, settings: Settings) -> None:
    """Who is shut out can't come back; who is removed can, as new; role and password are the issuer's."""
    client, admin = site.test_client(), site.test_client()
    admin.post("/login", data={"name": "admin", "password": PASSWORD})
    log_in(client)
    act = lambda do, **more: admin.post("/access", data={"do": do, "name": "zoe", **more}, headers=HTML)  # noqa: E731
    assert act("role", role="admin").status_code == 400
    assert act("reset").status_code == 400
    assert act("disable").status_code == 200
    assert not inside(client)
    refused = log_in(client)
    assert refused.status_code == 403
    assert "shut this account out" in refused.text
    assert not inside(client)
    run = lambda *words: CliRunner(env={"LOGINGESTOR_DATA_DIR": str(settings.data_dir)}).invoke(cli, ["users", *words])  # noqa: E731
    assert "zoe  reader, disabled, issuer http://" in run("list").stdout
    assert run("enable", "zoe").exit_code == 0
    assert log_in(client).status_code == 303
    assert run("disable", "zoe").exit_code == 0
    assert not inside(client)
    assert json.loads(run("list", "--json").stdout)[0]["disabled"] is True
    assert run("remove", "zoe").exit_code == 0
    assert log_in(client).status_code == 303
    assert run("disable", "nobody").exit_code == 1


def test_logging_out(site: Flask, issuer: StubIssuer) -> None:
    """Here by the button, at the issuer by a link that is shown then; no form leads away, which the policy forbids."""
    client = site.test_client()
    log_in(client)
    out = client.post("/logout")
    assert out.headers["Location"] == "/login?out=1"
    assert not inside(client)
    page = client.get("/login?out=1", headers=HTML)
    assert 'href="/login/oidc/leave"' in page.text
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    leaving = client.get("/login/oidc/leave")
    assert led(leaving.headers["Location"]) == "http://localhost/login"
    assert "id_token" not in leaving.headers["Location"]


def test_an_issuer_without_logout(make_app: Callable[..., Flask], issuer: StubIssuer) -> None:
    """Says so."""
    issuer.describe = lambda found: found.pop("end_session_endpoint")
    assert make_app().test_client().get("/login/oidc/leave", headers=HTML).status_code == 404


def test_keys_change(site: Flask, issuer: StubIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token signed with a new key, of another kind, is believed once the issuer publishes it; not asked for at each token."""
    assert log_in(site.test_client()).status_code == 303
    issuer.take_ec_key()
    assert "none of its keys" in log_in(site.test_client()).text
    monkeypatch.setattr(issuers, "KEYS_SECONDS", 0.0)
    assert log_in(site.test_client()).status_code == 303
    assert [path for path, _ in issuer.asked].count("/.well-known/openid-configuration") == 1


def test_the_secret_is_shown_nowhere(site: Flask, issuer: StubIssuer, caplog: pytest.LogCaptureFixture) -> None:
    """No log, page, address, cookie, metric or setting's text has it, when all goes well and when it doesn't."""
    caplog.set_level(logging.DEBUG)
    client, seen = site.test_client(), []
    seen.append(client.get("/login/oidc", headers=HTML))
    seen.append(log_in(client))
    issuer.sign = lambda _: "nothing"
    seen.append(log_in(client))
    seen.append(come_back(client, f"{left(client)}x"))
    seen.append(come_back(client, left(client).replace("code=", "code=x")))
    assert "invalid_grant" in seen[-1].text
    seen.append(client.get("/metrics"))
    issuer.close()
    issuer.url = "http://127.0.0.1:9/gone"
    told = (
        "".join(f"{one.headers}{one.text}" for one in seen)
        + caplog.text
        + repr(site.extensions["logingestor"].settings)
    )
    told += "".join(f"{path}{sent}" for path, sent in issuer.asked)
    for secret in (CLIENT_SECRET, "s3cret"):
        assert secret not in told
    assert "was refused" in caplog.text


def test_who_sets_no_issuer_loads_nothing(settings: Settings) -> None:
    """Authlib, its cryptography and requests are an extra; its pages are not there."""
    program = (
        "import sys; from app.web import create_app; from app.settings.settings import Settings; import os;"
        "app = create_app(Settings.from_env(os.environ)); print(*sys.modules);"
        "print(*(app.test_client().get(f'/login/oidc{path}').status_code for path in ('', '/back', '/leave')))"
    )
    environment = {"LOGINGESTOR_DATA_DIR": str(settings.data_dir), "LOGINGESTOR_AUTH": "required"}
    environment |= {"LOGINGESTOR_ADMIN_PASSWORD": PASSWORD, "PYTHONPATH": str(Path(__file__).parents[3])}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    modules, statuses = run.stdout.splitlines()
    assert {"authlib", "joserfc", "cryptography", "requests"} & set(modules.split()) == set()
    assert statuses.split() == ["404"] * 3


def test_the_extra_is_missing(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """The start ends with how it is installed."""
    for name in [name for name in sys.modules if name.startswith(("authlib", "app.web.accounts.oidc.login"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "authlib", None)
    with pytest.raises(InvalidSettings, match=r"needs authlib: pip install --editable '.\[oidc\]'"):
        make_app()


def test_users_of_an_issuer_in_postgresql(
    make_app: Callable[..., Flask], issuer: StubIssuer, postgres_database: str, tmp_path: Path
) -> None:
    """Added, found again, shut out, and used logins refused, as in the file."""
    environment = {"LOGINGESTOR_DATA_DIR": str(tmp_path), "LOGINGESTOR_STORE_URL": postgres_database}
    upgrade(Settings.from_env(environment))
    app = make_app(store_url=postgres_database, data_dir=tmp_path)
    issuer.once = False
    client = app.test_client()
    for _ in range(2):
        assert log_in(client).status_code == 303
    assert inside(client)
    address = left(client)
    cookie = client.get_cookie(flow.COOKIE, path="/login/oidc")
    assert cookie is not None
    assert come_back(client, address).status_code == 303
    client.set_cookie(flow.COOKIE, cookie.value, path="/login/oidc")
    assert "used already" in come_back(client, address).text
    with app.app_context():
        users.set_disabled("zoe", True)
    assert log_in(client).status_code == 403


def test_the_record_knows_each_subject_once(settings: Settings) -> None:
    """Two users of one name at the issuer are refused by the database itself."""
    with tables.opened(settings), pytest.raises(Exception, match="UNIQUE"), tables.transaction() as session:
        for name in ("a", "b"):
            made = tables.UserAccount(name=name, role="reader", filter="", hash="", stamp="", made=1)
            made.issuer, made.subject = "https://issuer.example", "1"
            session.add(made)


def test_an_open_server_asks_no_issuer(make_app: Callable[..., Flask]) -> None:
    """It lets everybody in."""
    assert make_app(auth="open").test_client().get("/login/oidc").status_code == 404


def test_a_program_starts_with_its_settings(settings: Settings) -> None:
    """All by the environment, as an operator sets them."""
    environment = {
        "LOGINGESTOR_DATA_DIR": str(settings.data_dir),
        "LOGINGESTOR_OIDC_ISSUER": "https://login.example.org/realm",
        "LOGINGESTOR_OIDC_CLIENT_ID": "logs",
        "LOGINGESTOR_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "LOGINGESTOR_OIDC_ROLES": "*=reader",
    }
    made = create_app(Settings.from_env(environment))
    assert made.jinja_env.globals["issuer"] == "login.example.org"
    made.extensions["logingestor"].close()
