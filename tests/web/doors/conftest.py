"""What tests of the doors share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.settings.settings import Settings
from app.web import create_app
from tests.prepared import prepare


@pytest.fixture
def protected(tmp_path: Path) -> Iterator[FlaskClient]:
    """A client of a server that asks for a password, which is `right-password`."""
    settings = Settings.from_env(
        {
            "LOGINGESTOR_DATA_DIR": str(tmp_path / "protected"),
            "LOGINGESTOR_AUTH": "required",
            "LOGINGESTOR_ADMIN_PASSWORD": "right-password",
            "LOGINGESTOR_MIN_FREE_DISK": "1 MiB",
        }
    )
    prepare(settings)
    app = create_app(settings)
    yield app.test_client()
    app.extensions["logingestor"].close()
