"""Applications with settings of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.settings.settings import Settings
from app.web import create_app


@pytest.fixture
def make_client(settings: Settings) -> Iterator[Callable[..., FlaskClient]]:
    """Return a function that makes a client of an application with the given settings."""
    made: list[Flask] = []

    def make(**changed: Any) -> FlaskClient:
        app = create_app(replace(settings, **changed))
        made.append(app)
        return app.test_client()

    yield make
    for app in made:
        app.extensions["logingestor"].close()
