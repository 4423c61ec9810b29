"""Who is made to wait after logins at the issuer that failed, and who is not."""

from __future__ import annotations

from flask import Flask

from app.web.security.tries import AT_ONCE, Tries
from tests.web.accounts.issuer import StubIssuer
from tests.web.accounts.test_oidc import HTML, come_back, inside, left


def test_failing_logins_wait(site: Flask, issuer: StubIssuer) -> None:
    """Each may ask the issuer for something: an address has a few at once, also one that somebody was let in from. Others don't wait."""
    issuer.person["groups"] = []
    site.extensions["logingestor.oidc"].tries = Tries(lambda: 0.0)
    at = lambda address: {"REMOTE_ADDR": address}  # noqa: E731

    def tried(address: str) -> int:
        client = site.test_client()
        back = left(client).partition("localhost")[2]
        return client.get(back, environ_overrides=at(address), headers=HTML).status_code

    statuses = [tried("192.0.2.1") for _ in range(AT_ONCE + 2)]
    assert statuses[0] == 403
    assert statuses[-1] == 429
    issuer.person["groups"] = ["dev"]
    assert tried("192.0.2.2") == 303
    issuer.person["groups"] = []
    statuses = [tried("192.0.2.2") for _ in range(AT_ONCE + 2)]
    assert statuses[0] == 403
    assert statuses[-1] == 429


def test_what_fits_no_begun_login_costs_nobody_anything(site: Flask, issuer: StubIssuer) -> None:
    """A picture on a foreign page can ask for it, in a browser that has begun a login or in none: nobody waits, and the login goes on."""
    client = site.test_client()
    address = left(client)
    asked = len(issuer.asked)
    other = left(site.test_client()).partition("localhost")[2]
    for path in ("/login/oidc/back", "/login/oidc/back?state=x&code=y", "/login/oidc/back?error=access_denied", other):
        for one in (client, site.test_client()):
            for _ in range(AT_ONCE):
                answer = one.get(path, headers={"Sec-Fetch-Site": "cross-site", **HTML})
                assert answer.status_code == 403
                assert "began no such login" in answer.text
                assert "Set-Cookie" not in answer.headers
    assert len(issuer.asked) == asked + 1
    assert come_back(client, address).status_code == 303
    assert inside(client)
