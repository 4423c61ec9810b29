"""An issuer, and an application whose users log in there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.settings import oidc
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import verify
from tests.web.accounts.issuer import CLIENT_ID, CLIENT_SECRET, StubIssuer

PASSWORD = "the admin's password"
ROLES = "ops=admin, dev=reader\nshop=reader resourceId:shop-*"


@pytest.fixture
def issuer() -> Iterator[StubIssuer]:
    """A running issuer."""
    made = StubIssuer()
    yield made
    made.close()


@pytest.fixture
def make_app(settings: Settings, issuer: StubIssuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Flask]]:
    """Return a function that makes an application whose users log in at the issuer; it asks the record each time."""
    monkeypatch.setattr(verify, "FRESH_SECONDS", 0.0)
    made: list[Flask] = []

    def make(roles: str = ROLES, **others: Any) -> Flask:
        given = {
            "auth": "required",
            "admin_password": PASSWORD,
            "oidc_issuer": issuer.url,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_roles": oidc.roles(roles),
        }
        made.append(create_app(replace(settings, **{**given, **others})))
        return made[-1]

    yield make
    for one in made:
        one.extensions["logingestor"].close()


@pytest.fixture
def site(make_app: Callable[..., Flask]) -> Flask:
    """An application whose users log in at the issuer."""
    return make_app()
