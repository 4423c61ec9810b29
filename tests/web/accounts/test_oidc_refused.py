"""What is no login at the issuer opens nothing: forged, foreign, old and replayed answers, and an issuer that is down."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from app.web.accounts import users
from app.web.accounts.oidc import flow
from app.web.accounts.oidc import issuer as issuers
from app.web.security.tries import Tries
from tests.web.accounts.conftest import PASSWORD
from tests.web.accounts.issuer import CLIENT_ID, CLIENT_SECRET, StubIssuer
from tests.web.accounts.test_oidc import HTML, come_back, inside, kept, left, log_in

Claims = dict[str, Any]


def part(value: object) -> str:
    """Return a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def by_hs256(secret: bytes, claims: Claims) -> str:
    """Return a token signed by a secret, such as a public key that somebody takes for one."""
    told = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}"
    signature = base64.urlsafe_b64encode(hmac.digest(secret, told.encode(), "sha256")).decode().rstrip("=")
    return f"{told}.{signature}"


#: Tokens that are not to be believed: what changes the claims of the right one, and what is said of it.
CLAIMS: dict[str, tuple[Callable[[Claims], object], str]] = {
    "another issuer": (lambda c: c.update(iss="https://evil.example"), "(iss)"),
    "an issuer with a slash": (lambda c: c.update(iss=f"{c['iss']}/"), "(iss)"),
    "no issuer": (lambda c: c.pop("iss"), "(iss)"),
    "another audience": (lambda c: c.update(aud="another program"), "(aud)"),
    "no audience": (lambda c: c.update(aud=[]), "(aud)"),
    "several audiences": (lambda c: c.update(aud=[CLIENT_ID, "another program"]), "(azp)"),
    "another party": (lambda c: c.update(azp="another program"), "(azp)"),
    "another nonce": (lambda c: c.update(nonce="another"), "(nonce)"),
    "no nonce": (lambda c: c.pop("nonce"), "(nonce)"),
    "expired": (lambda c: c.update(exp=time.time() - 61), "expired_token"),
    "without an end": (lambda c: c.pop("exp"), "(exp)"),
    "an end that is no number": (lambda c: c.update(exp="never"), "(exp)"),
    "not yet valid": (lambda c: c.update(nbf=time.time() + 120), "(nbf)"),
    "made in the future": (lambda c: c.update(iat=time.time() + 120), "(iat)"),
    "nobody": (lambda c: c.update(sub=""), "(sub)"),
    "no subject": (lambda c: c.pop("sub"), "(sub)"),
    "a subject that is no text": (lambda c: c.update(sub=4711), "(sub)"),
    "too long a subject": (lambda c: c.update(sub="x" * 256), "255 characters"),
    "another access token": (lambda c: c.update(at_hash="abc"), "(at_hash)"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_that_are_not_to_be_believed(site: Flask, issuer: StubIssuer, name: str) -> None:
    """Rightly signed, and refused with what is wrong; nobody is added or logged in."""
    issuer.claim, said = CLAIMS[name]
    refused(site, said)


def test_clocks_may_differ(site: Flask, issuer: StubIssuer) -> None:
    """By a minute."""
    issuer.claim = lambda c: c.update(exp=time.time() - 20, nbf=time.time() + 30, iat=time.time() + 30)
    assert log_in(site.test_client()).status_code == 303


def forgeries(issuer: StubIssuer) -> dict[str, Callable[[Claims], str]]:
    """Return ways to make a token without the issuer's key."""
    other, own = RSAKey.generate_key(2048, {"kid": "one"}), ECKey.generate_key("P-256")

    def changed(claims: Claims) -> str:
        head, _, signature = issuer.signed(claims).split(".")
        return ".".join((head, part({**claims, "groups": ["ops"]}), signature))

    return {
        "another key of the same name": lambda c: jwt.encode({"alg": "RS256", "kid": "one"}, c, other),
        "another key without a name": lambda c: jwt.encode({"alg": "RS256"}, c, other),
        "an unknown name": lambda c: jwt.encode({"alg": "RS256", "kid": "two"}, c, issuer.rsa),
        "a key that the token brings": lambda c: jwt.encode(
            {"alg": "ES256", "jwk": own.as_dict(private=False)}, c, own
        ),
        "none": lambda c: f"{part({'alg': 'none', 'kid': 'one'})}.{part(c)}.",
        "NoNe": lambda c: f"{part({'alg': 'NoNe'})}.{part(c)}.",
        "no signature": lambda c: issuer.signed(c).rpartition(".")[0] + ".",
        "the public key as a secret": lambda c: by_hs256(issuer.rsa.as_pem(private=False), c),
        "the public key's document as a secret": lambda c: by_hs256(json.dumps(issuer.keys[0]).encode(), c),
        "this server's secret": lambda c: by_hs256(CLIENT_SECRET.encode(), c),
        "changed after it was signed": changed,
        "no claims": lambda _: jws.serialize_compact({"alg": "RS256", "kid": "one"}, b"[]", issuer.rsa),
        "no token": lambda _: "a.b.c",
        "nothing": lambda _: "",
        "not ASCII": lambda c: issuer.signed(c) + "ä",
    }


def test_forged_tokens(site: Flask, issuer: StubIssuer) -> None:
    """No signature but one of the issuer's keys, by a method that these are for."""
    # A set of keys that holds one for HS256 too must not make it one that is believed.
    secret = OctKey.import_key(CLIENT_SECRET, {"kid": "one"}).as_dict()
    issuer.keys = [secret, {"kty": "XYZ"}, {"kty": "RSA"}, *issuer.keys]
    assert log_in(site.test_client()).status_code == 303
    with site.app_context():
        users.remove("zoe")
    for name, sign in forgeries(issuer).items():
        issuer.sign = sign
        assert refused(site, "not logged in"), name


def test_answers_of_the_token_endpoint(site: Flask, issuer: StubIssuer) -> None:
    """Without an ID token nobody is logged in, nor by an answer that is none."""
    issuer.answer = lambda found: found.pop("id_token")
    refused(site, "no ID token")
    issuer.answer = lambda found: found.update(id_token=["x"])
    refused(site, "no ID token")


def refused(site: Flask, said: str) -> bool:
    """Log in; hold that it is refused with these words, and that nobody is added."""
    client = site.test_client()
    answer = log_in(client, "/dead")
    assert answer.status_code == 403
    assert said in answer.text
    assert 'name="next" value="/dead"' in answer.text
    assert not inside(client)
    assert kept(site) == []
    # The next login starts at an address that has failed at nothing.
    site.extensions["logingestor.oidc"].tries = Tries()
    return True


def again(client: FlaskClient, address: str, cookie: str) -> Any:
    """Ask once more with a cookie that somebody has kept."""
    client.set_cookie(flow.COOKIE, cookie, path=flow.PATH)
    return come_back(client, address)


def cookie_of(client: FlaskClient) -> str:
    """Return the cookie of the login that was begun."""
    found = client.get_cookie(flow.COOKIE, path=flow.PATH)
    assert found is not None
    return found.value


def test_a_login_comes_back_once(site: Flask, issuer: StubIssuer) -> None:
    """Its cookie is gone; with a cookie that was kept it is refused, by the issuer and, where that is careless, here."""
    for once, said in ((True, "invalid_grant"), (False, "used already")):
        issuer.once = once
        client = site.test_client()
        address = left(client)
        cookie = cookie_of(client)
        assert come_back(client, address).status_code == 303
        client.post("/logout")
        assert "began no such login" in come_back(client, address).text
        for other in (client, site.test_client()):
            answer = again(other, address, cookie)
            assert answer.status_code == 403
            assert said in answer.text
            assert not inside(other)


def test_a_login_belongs_to_its_browser(site: Flask) -> None:
    """An answer that another browser asked for logs nobody in: whoever opens a link to it is not made somebody else."""
    one, two = site.test_client(), site.test_client()
    mine, yours = left(one), left(two)
    for client, address in ((site.test_client(), mine), (two, mine), (one, yours)):
        answer = come_back(client, address)
        assert answer.status_code == 403
        assert "began no such login" in answer.text
        assert not inside(client)
    assert kept(site) == []


def test_forged_and_old_cookies(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed by this server, and no older than ten minutes."""
    client = site.test_client()
    address = left(client)
    cookie = cookie_of(client)
    for value in (cookie[:-2], "x", "", f"x{cookie}"):
        assert "began no such login" in again(client, address, value).text
    monkeypatch.setattr(flow, "LASTS_SECONDS", -1)
    assert "began no such login" in again(client, address, cookie).text
    monkeypatch.undo()
    assert again(client, address, cookie).status_code == 303


def test_what_the_issuer_says_instead_of_a_code(site: Flask, issuer: StubIssuer) -> None:
    """Its word is shown if it is one; another issuer's answer and an empty one log nobody in."""
    for query, said in (
        ("error=access_denied", "access_denied"),
        ("error=<script>alert(1)</script>", "does not say why"),
        ("iss=https://evil.example&code=x", "another issuer"),
        ("", "no code"),
    ):
        client = site.test_client()
        state = left(client).partition("state=")[2]
        answer = come_back(client, f"http://localhost/login/oidc/back?state={state}&{query}")
        assert answer.status_code == 403
        assert said in answer.text
        assert "<script>alert" not in answer.text
    client = site.test_client()
    assert come_back(client, f"{left(client)}&iss={issuer.url}").status_code == 303


def test_the_issuer_is_down(
    make_app: Callable[..., Flask], issuer: StubIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form says so, and passwords go on working; it is asked again a little later."""
    began, done = make_app(), make_app()
    address = left(waiting := began.test_client())
    issuer.close()
    # One that has answered before is asked for the token, one that has not for its addresses.
    for answer in (come_back(waiting, address), done.test_client().get("/login/oidc?next=/dead", headers=HTML)):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert f"The issuer {issuer.url} can&#39;t be reached: the connection fails" in answer.text
        assert 'name="password"' in answer.text
    client = done.test_client()
    assert client.post("/login", data={"name": "admin", "password": PASSWORD}).status_code == 303
    assert inside(client)
    asked = threading.Event()
    monkeypatch.setattr(issuers.Issuer, "_fetch", lambda *_: asked.set())
    assert client.get("/login/oidc", headers=HTML).status_code == 503
    assert not asked.is_set()


def test_an_issuer_that_hangs(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for long, and keeps no more threads than a few from others."""
    monkeypatch.setattr(issuers, "TIMEOUT", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        app = make_app(oidc_issuer=f"http://127.0.0.1:{silent.getsockname()[1]}")
        answer = app.test_client().get("/login/oidc", headers=HTML)
        assert answer.status_code == 503
        assert "does not answer in time" in answer.text
        logins = app.extensions["logingestor.oidc"]
        for _ in range(issuers.AT_ONCE):
            logins.issuer._turns.acquire()
        answer = app.test_client().get("/login/oidc", headers=HTML)
        assert answer.status_code == 503
        assert "Too many people" in answer.text


@pytest.mark.parametrize(
    ("describe", "said"),
    [
        (lambda found: found.update(issuer="https://evil.example"), "calls itself"),
        (lambda found: found.pop("token_endpoint"), "token_endpoint"),
        (lambda found: found.update(jwks_uri="http://evil.example/keys"), "jwks_uri"),
        (lambda found: found.update(authorization_endpoint="javascript:1"), "authorization_endpoint"),
        (lambda found: found.update(userinfo_endpoint="http://evil.example/me"), "userinfo_endpoint"),
        (lambda found: found.update(end_session_endpoint="javascript:1"), "end_session_endpoint"),
        (lambda found: found.update(x="x" * issuers.DOCUMENT_LIMIT), "more than"),
    ],
)
def test_an_issuer_that_can_t_be_believed(
    site: Flask, issuer: StubIssuer, describe: Callable[[dict[str, Any]], object], said: str
) -> None:
    """Nobody is sent to it, nor the secret."""
    issuer.describe = describe
    answer = site.test_client().get("/login/oidc", headers=HTML)
    assert answer.status_code == 503
    assert said in answer.text
    assert [path for path, _ in issuer.asked] == ["/.well-known/openid-configuration"]
