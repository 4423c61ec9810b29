"""Every alternate of a port, as parameters of the fixtures that the contract suites use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.backends import Backends, connect, upgrade
from app.core.settings import Settings

#: Name of each combination of backends, and the settings that choose it.
COMBINATIONS: dict[str, dict[str, str]] = {
    "one-file": {},
    "three-files": {
        "LOGINGESTOR_QUEUE_URL": "sqlite:///{folder}/queue.db",
        "LOGINGESTOR_STORE_URL": "sqlite:///{folder}/store.db",
        "LOGINGESTOR_SEARCH_URL": "sqlite:///{folder}/search.db",
    },
    "index-apart": {"LOGINGESTOR_SEARCH_URL": "sqlite:///{folder}/search.db"},
}


def environment(name: str, folder: Path) -> dict[str, str]:
    """Return the settings of a combination on a folder, as a process is given them."""
    given = {key: value.format(folder=folder) for key, value in COMBINATIONS[name].items()}
    return {"LOGINGESTOR_DATA_DIR": str(folder), "LOGINGESTOR_MIN_FREE_DISK": "1 MiB", **given}


def open_combination(name: str, folder: Path) -> Backends:
    """Open the backends of a combination on an empty folder."""
    settings = Settings.from_env(environment(name, folder))
    upgrade(settings)
    return connect(settings)


@pytest.fixture(params=list(COMBINATIONS))
def each_backends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backends]:
    """Backends in every combination."""
    opened = open_combination(request.param, tmp_path)
    yield opened
    opened.close()
