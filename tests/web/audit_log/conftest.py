"""A closed server, and the entries of its audit log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.audit_log.verify import verify
from app.ports.audit_log.entry import AuditEntry, decode
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tokens

PASSWORD = "the admin's password"
AUTH = {"Authorization": f"Bearer {PASSWORD}"}
HTML = {"Accept": "text/html"}
#: Returns the entries with an action, in the order of the chain; all without one.
Entries = Callable[..., list[AuditEntry]]


@pytest.fixture
def closed(settings: Settings) -> Iterator[Flask]:
    """An application that wants a credential."""
    made = create_app(replace(settings, auth="required", admin_password=PASSWORD))
    yield made
    made.extensions["logingestor"].close()


@pytest.fixture
def entries(closed: Flask) -> Entries:
    """Ask for entries, those on their way too."""

    def ask(action: str = "") -> list[AuditEntry]:
        parts = closed.extensions["logingestor"]
        parts.recorder().close()
        audit_log = parts.backends().record.audit_log
        parts._recorder = None
        assert verify(audit_log).faults == 0
        found = [decode(one.body) for chunk in audit_log.chained(0) for one in chunk]
        return [one for one in found if action in ("", one.action)]

    return ask


def token(app: Flask, role: str, name: str, **options: Any) -> dict[str, str]:
    """Make a token; return the header that brings it."""
    with app.app_context():
        return {"Authorization": f"Bearer {tokens.create(name, role, 'tests', **options)[0]}"}
