"""Where AUTH is required every route wants the admin's password, and guessing it is slow; foreign pages get nowhere."""

from __future__ import annotations

import base64
import re
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.cli import load
from app.errors import InvalidSettings, Unavailable
from app.settings import auth
from app.settings.settings import Settings
from app.web import create_app
from app.web.openapi.routes import ROUTES
from app.web.security import access, password, tries
from app.web.security.password import Password
from app.web.security.tries import AT_ONCE, SECONDS_EACH, Tries

SECRET = "pässwörd Ω 密码"
#: The same as a keyboard may write it that puts accents behind their letters.
DECOMPOSED = "pa\u0308sswo\u0308rd \u03a9 密码"


def basic(secret: str, user: str = "admin", encoding: str = "utf-8") -> str:
    """Return the header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode(encoding)).decode()


def wire(text: str) -> str:
    """Return a header's text as WSGI hands over its UTF-8."""
    return text.encode().decode("latin-1")


@pytest.fixture
def closed(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    """A client of an application that requires SECRET."""
    return make_client(auth="required", admin_password=SECRET)


def ask(client: FlaskClient, secret: str, address: str = "192.0.2.1") -> TestResponse:
    """Ask for a page of logs by Basic, from an address."""
    environ = {"REMOTE_ADDR": address}
    return client.get("/logs", headers={"Authorization": basic(secret)}, environ_overrides=environ)


def test_every_route_is_protected(closed: FlaskClient) -> None:
    """Whatever is in the URL map, with whatever method: 401 without the password, except what is named in OPEN."""
    app = closed.application
    asked = set()
    for rule in app.url_map.iter_rules():
        path = re.sub("<[^>]+>", "0" * 32, rule.rule)
        for method in rule.methods or ():
            answer = closed.open(path, method=method, buffered=True)
            if rule.endpoint in access.OPEN:
                assert answer.status_code not in (401, 403), (method, path)
                assert method in access.SAFE_METHODS or path in (
                    "/login",
                    "/login/code",
                    "/login/passkey",
                    "/login/password",
                    "/logout",
                )
            else:
                assert answer.status_code == 401, (method, path)
                assert answer.headers["WWW-Authenticate"].startswith("Basic ")
            asked.add(rule.endpoint)
    assert asked >= access.OPEN
    assert len(asked) > len(access.OPEN) + 10


@pytest.mark.parametrize("path", ["/nosuch", "/logs/ingest/../../nosuch", "/log/", "/static/../server.py"])
def test_unknown_paths_tell_nothing(closed: FlaskClient, path: str) -> None:
    """What there is not is as closed as what there is."""
    assert closed.get(path, buffered=True).status_code in (401, 404)
    assert closed.post(path).status_code == 401
    assert b"BACKLOG" not in closed.get(path, buffered=True).data


def test_method_that_a_route_lacks_is_closed(closed: FlaskClient) -> None:
    """405 would tell that there is a route."""
    assert closed.delete("/logs").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": basic(SECRET)},
        {"Authorization": basic(DECOMPOSED)},
        {"Authorization": "bAsIc  " + basic(SECRET)[6:]},
        {"Authorization": wire(f"Bearer {SECRET}")},
        {"Authorization": wire(f"ApiKey {SECRET}")},
        {"Authorization": "ApiKey " + basic(SECRET)[6:]},
        {"X-Seq-ApiKey": wire(SECRET)},
    ],
    ids=lambda headers: " ".join(headers).lower() + str(len(str(headers))),
)
def test_right_password_opens(closed: FlaskClient, headers: dict[str, str]) -> None:
    """By each way that browsers and shippers have, with letters of every script."""
    assert closed.get("/logs", headers=headers).status_code == 200
    sent = closed.post("/logs/ingest/", json={"message": "m"}, headers=headers)
    assert sent.status_code == 202


def test_basic_in_latin_1_opens(make_client: Callable[..., FlaskClient]) -> None:
    """Libraries that know no better send it so."""
    client = make_client(auth="required", admin_password="pässwörter")
    assert client.get("/logs", headers={"Authorization": basic("pässwörter", encoding="latin-1")}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Basic"},
        {"Authorization": "Basic "},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"admin").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode()},
        {"Authorization": basic("")},
        {"Authorization": basic(SECRET, user="root")},
        {"Authorization": basic(SECRET, user="")},
        {"Authorization": basic(SECRET + "x")},
        {"Authorization": basic(SECRET[:-1])},
        {"Authorization": basic(SECRET.upper())},
        {"Authorization": basic("x" * 5_000)},
        {"Authorization": basic("\0")},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer a=b, c=d"},
        {"Authorization": wire(f"Digest {SECRET}")},
        {"Authorization": wire(SECRET)},
        {"Authorization": "Bearer \xff\xfe"},
        {"Authorization": "ApiKey " + base64.b64encode(b"id:wrong").decode()},
        {"X-Seq-ApiKey": ""},
        {"X-Seq-ApiKey": "wrong"},
        {"Cookie": "password=x"},
    ],
    ids=str,
)
def test_wrong_missing_and_malformed_are_401(closed: FlaskClient, headers: dict[str, str]) -> None:
    """Never an error of the server, never an answer; a browser is made to ask."""
    answer = closed.get("/logs", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="LogIngestor", charset="UTF-8"'
    assert answer.json["status"] is False
    assert closed.post("/logs/ingest/", json={"message": "m"}, headers=headers).status_code == 401


def test_token_in_the_url_is_for_ingest_only(closed: FlaskClient) -> None:
    """Links to pages must not carry the password."""
    given = {"token": SECRET}
    assert closed.post("/logs/ingest/", query_string=given, json={"message": "m"}).status_code == 202
    assert closed.post("/logs/ingest", query_string={**given, "wait": ""}, json={"message": "m"}).status_code == 400
    assert closed.post("/logs/ingest/", query_string={"token": "wrong"}, json={"message": "m"}).status_code == 401
    for path in ("/", "/logs", "/logs/export"):
        assert closed.get(path, query_string=given).status_code == 401


def test_browser_is_shown_a_page(closed: FlaskClient) -> None:
    """Who dismisses the question sees what was asked, styled, and nothing of the logs."""
    answer = closed.get("/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert "password" in answer.text
    assert closed.get("/static/style.css", buffered=True).status_code == 200


def test_open_server_asks_nobody(client: FlaskClient) -> None:
    """On loopback, by default; a password that is sent all the same does no harm."""
    assert client.get("/logs").status_code == 200
    assert client.get("/logs", headers={"Authorization": basic("whatever")}).status_code == 200
    assert client.post("/logs/ingest/?token=any", json={"message": "m"}).status_code == 202


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_loopback_is_open_by_default(settings: Settings, address: str) -> None:
    """And closed when it is said."""
    assert auth.decide(settings, address).auth == "open"
    assert auth.decide(replace(settings, auth="required"), address).auth == "required"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.4", "10.0.0.1", "fe80::1%eth0", "logs.example"])
def test_beyond_loopback_is_never_open(
    settings: Settings, make_client: Callable[..., FlaskClient], address: str
) -> None:
    """Closed by default; who says `open` is refused, with the setting in words."""
    assert auth.decide(settings, address).auth == "required"
    with pytest.raises(InvalidSettings, match="AUTH is open"):
        auth.decide(replace(settings, auth="open"), address)
    assert make_client(host=address, admin_password=SECRET).get("/logs").status_code == 401


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH", "none"),
        ("AUTH", "Open"),
        ("ADMIN_PASSWORD", "seven77"),
        ("ADMIN_PASSWORD", "two\nlines here"),
        ("TRUSTED_PROXIES", "my-proxy"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ],
)
def test_settings_that_make_no_sense_are_refused(name: str, value: str) -> None:
    """By name, and without the value of a password."""
    with pytest.raises(InvalidSettings, match=f"LOGINGESTOR_{name}") as caught:
        Settings.from_env({f"LOGINGESTOR_{name}": value})
    assert name != "ADMIN_PASSWORD" or value not in str(caught.value)


def test_password_comes_from_a_file(tmp_path: Any) -> None:
    """Without the line's end; an empty file is a mistake, never an absent password. No text shows it."""
    path = tmp_path / "password"
    path.write_text(DECOMPOSED + "\n", encoding="utf-8")
    given = {"LOGINGESTOR_ADMIN_PASSWORD_FILE": str(path)}
    read = Settings.from_env(given)
    assert read.admin_password == SECRET
    assert SECRET not in repr(read)
    path.write_text("\n")
    with pytest.raises(InvalidSettings, match="empty"):
        Settings.from_env(given)


def test_password_is_made_once(settings: Settings, make_client: Callable[..., FlaskClient]) -> None:
    """Only a hash is kept, for this user's eyes; the next start makes none; it opens the server."""
    needed = replace(settings, auth="required")
    made = password.make(needed)
    assert made is not None
    assert len(made) >= 20
    assert password.make(needed) is None
    kept = settings.data_dir / password.FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    for file in settings.data_dir.iterdir():
        assert made.encode() not in file.read_bytes()
    client = make_client(auth="required")
    assert ask(client, "wrong").status_code == 401
    assert ask(client, made).status_code == 200
    assert ask(client, "wrong").status_code == 401


def test_password_of_the_settings_replaces_the_one_made(
    settings: Settings, make_client: Callable[..., FlaskClient]
) -> None:
    """None is made beside it, and an older one opens nothing any more."""
    made = password.make(replace(settings, auth="required"))
    assert made is not None
    client = make_client(auth="required", admin_password=SECRET)
    assert ask(client, made).status_code == 401
    assert ask(client, SECRET).status_code == 200
    (settings.data_dir / password.FILE).unlink()
    assert password.make(replace(settings, admin_password=SECRET)) is None


def test_without_any_password_nobody_gets_in(make_client: Callable[..., FlaskClient]) -> None:
    """503 that says what to do; never an open door."""
    answer = ask(make_client(auth="required"), "")
    assert answer.status_code == 503
    assert "ADMIN_PASSWORD_FILE" in answer.json["message"]


def test_hash_is_paid_once(settings: Settings) -> None:
    """After the first right password thousands of checks, right or wrong, take less time than three hashes."""
    made = password.make(settings)
    assert made is not None
    began = time.perf_counter()
    checker = Password(settings)
    assert not checker.matches("wrong")
    assert not checker.matches("wrong again")
    assert checker.matches(made)
    hashed = time.perf_counter() - began
    began = time.perf_counter()
    assert all(checker.matches(made) and not checker.matches(f"wrong {n}") for n in range(200))
    print(f"three hashes {hashed * 1000:.0f} ms, 400 checks after them {(time.perf_counter() - began) * 1000:.1f} ms")
    (settings.data_dir / password.FILE).unlink()
    assert checker.matches(made)  # no hash is looked at any more


def test_hashing_does_not_pile_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """One hash at a time; who waited too long is told to come again, so that guesses can't hold every thread."""
    assert password.make(settings)
    monkeypatch.setattr(password, "HASH_SECONDS", 0.01)
    checker = Password(settings)
    entered, leave = threading.Event(), threading.Event()

    def slow(kept: str, given: str) -> bool:
        entered.set()
        return not leave.wait(120)

    monkeypatch.setattr(password, "check_password_hash", slow)
    first = threading.Thread(target=checker.matches, args=("one",))
    first.start()
    assert entered.wait(120)
    with pytest.raises(Unavailable, match="at once"):
        checker.matches("two")
    leave.set()
    first.join(120)


def test_guessing_is_limited_and_locks_out_nobody_else(closed: FlaskClient) -> None:
    """Ten wrong passwords at once, then 429 for that address, even with the right one; others don't notice."""
    found = [ask(closed, f"guess {n}").status_code for n in range(AT_ONCE + 5)]
    assert found[:AT_ONCE] == [401] * AT_ONCE
    assert found[-1] == 429
    answer = ask(closed, SECRET)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= SECONDS_EACH
    assert ask(closed, SECRET, "192.0.2.2").status_code == 200
    assert closed.get("/health/live", environ_overrides={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200


def test_admin_behind_the_guessers_address_stays_in(closed: FlaskClient) -> None:
    """An address from which the right password came is never made to wait for a neighbour's guesses."""
    assert ask(closed, SECRET).status_code == 200
    found = [ask(closed, f"guess {n}").status_code for n in range(AT_ONCE + 5)]
    assert found[-1] == 429
    assert ask(closed, SECRET).status_code == 200


def test_forgotten_shipper_does_not_lock_out_its_neighbour(closed: FlaskClient) -> None:
    """The same old password again and again is told to wait, and is not taken for guesses."""
    found = [ask(closed, "of last year").status_code for _ in range(3 * AT_ONCE)]
    assert found[-1] == 429
    assert ask(closed, SECRET).status_code == 200


class Clock:
    """A clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_tries_come_back_one_by_one() -> None:
    """After the first ten, one each few seconds, and never more than ten at once."""
    clock = Clock()
    counted = Tries(clock)
    for n in range(AT_ONCE):
        assert counted.wait("192.0.2.1", b"%d" % n) == 0
        assert counted.failed("192.0.2.1", b"%d" % n) == 0
    assert counted.wait("192.0.2.1", b"next") == pytest.approx(SECONDS_EACH)
    assert counted.failed("192.0.2.1", b"next") == pytest.approx(SECONDS_EACH)
    clock.now += SECONDS_EACH
    assert counted.wait("192.0.2.1", b"another") == 0
    assert counted.failed("192.0.2.1", b"another") == 0
    assert counted.wait("192.0.2.1", b"one more") > 0
    clock.now += 1_000 * SECONDS_EACH
    found = [counted.failed("192.0.2.1", b"later %d" % n) for n in range(AT_ONCE + 1)]
    assert found[AT_ONCE - 1] == 0 < found[AT_ONCE]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "", True),
        ("not an address", "not an address", True),
    ],
)
def test_what_counts_as_one_client(one: str, other: str, same: bool) -> None:
    """A network of IPv6 costs nothing: its addresses are one client."""
    counted = Tries(Clock())
    for n in range(AT_ONCE):
        counted.failed(one, b"%d" % n)
    assert (counted.wait(other, b"x") > 0) == same


def test_memory_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guesses from very many addresses don't fill the memory; the oldest address is forgotten first."""
    monkeypatch.setattr(tries, "ADDRESSES", 100)
    counted = Tries(Clock())
    for n in range(300):
        counted.failed(f"10.0.{n // 250}.{n % 250}", b"x")
    assert len(counted._addresses) == 100
    for n in range(1_000):
        counted.failed("10.0.1.49", b"%d" % n)
    assert len(counted._addresses["10.0.1.49"].wrong) == AT_ONCE


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": "null"},
    {"Origin": "http://["},
]
OWN = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
    {"Origin": "https://LOCALHOST"},
]
FILTER = {"key": "level", "value": "error", "operation": "equals"}


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_foreign_page_sends_nothing_with_the_admins_browser(
    closed: FlaskClient, client: FlaskClient, headers: dict[str, str]
) -> None:
    """A browser adds Basic by itself, to what other sites make it send as well; it adds no Bearer."""
    signed = {**headers, "Authorization": basic(SECRET)}
    for path, body in (("/logs/ingest/", {"message": "m"}), ("/logs/filter/", FILTER)):
        assert closed.post(path, json=body, headers=signed).status_code == 403
    assert client.post("/logs/filter/", json=FILTER, headers=headers).status_code == 403
    assert closed.get("/", headers=signed).status_code == 200  # a link from elsewhere
    bearer = {**headers, "Authorization": wire(f"Bearer {SECRET}")}
    assert closed.post("/logs/ingest/", json={"message": "m"}, headers=bearer).status_code == 202
    assert client.post("/logs/ingest/", json={"message": "m"}, headers=headers).status_code == 202


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_own_page_and_programs_may_post(closed: FlaskClient, headers: dict[str, str]) -> None:
    """What no browser made says nothing of its origin."""
    signed = {**headers, "Authorization": basic(SECRET)}
    assert closed.post("/logs/filter/", json=FILTER, headers=signed).status_code == 200


@pytest.mark.parametrize("path", ["/", "/logs", "/nosuch", "/static/page.js", "/health/live"])
@pytest.mark.parametrize("signed", [True, False])
def test_security_headers_are_on_every_answer(closed: FlaskClient, path: str, signed: bool) -> None:
    """Whether it let in or not."""
    given = {"Authorization": basic(SECRET)} if signed else {}
    headers = closed.get(path, headers=given, buffered=True).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    # A host that speaks no TLS must not be told to.
    assert "Strict-Transport-Security" not in headers
    safe = closed.get(path, headers=given, base_url="https://logs.example.com", buffered=True).headers
    assert safe["Strict-Transport-Security"] == "max-age=31536000"


def test_pages_need_no_inline_script(closed: FlaskClient) -> None:
    """The policy forbids it, so the pages must not have any."""
    for path in ("/", "/api", "/nosuch"):
        text = closed.get(path, headers={"Authorization": basic(SECRET), "Accept": "text/html"}).text
        assert "<html" in text
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style|javascript:", text)


def test_document_tells_which_routes_are_closed(closed: FlaskClient) -> None:
    """The table of routes says what the guard does."""
    for route in ROUTES:
        path = re.sub("{[^}]+}", "0" * 32, route.path)
        for method in route.methods:
            assert (closed.open(path, method=method).status_code == 401) == route.closed
    document = closed.get("/openapi.json").json
    assert document["paths"]["/health/live"]["get"]["security"] == []
    assert "401" in document["paths"]["/logs"]["get"]["responses"]


def test_commands_need_no_password(settings: Settings) -> None:
    """Who may read the data folder may use it."""
    app = create_app(replace(settings, auth="required"))
    assert app.test_cli_runner().invoke(load("stats"), ["--json"]).exit_code == 0
    app.extensions["logingestor"].close()
