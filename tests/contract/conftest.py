"""Every alternate of a port, as parameters of the fixtures that the contract suites use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from string import Formatter
from types import MappingProxyType

import pytest

from app.backends import Backends, connect
from app.settings.settings import Settings
from tests.prepared import prepare
from tests.sealing import sealed_at_once
from tests.services.fixtures import fresh_prefix

#: Name of each combination of backends, and the settings that choose it. In braces stand `folder`, an empty one, or
#: the name of a fixture that gives the URL of a service's empty part (tests/services/fixtures.py).
COMBINATIONS: dict[str, dict[str, str]] = {
    "one-file": {},
    "three-files": {
        "LOGINGESTOR_QUEUE_URL": "sqlite:///{folder}/queue.db",
        "LOGINGESTOR_STORE_URL": "sqlite:///{folder}/store.db",
        "LOGINGESTOR_SEARCH_URL": "sqlite:///{folder}/search.db",
    },
    "index-apart": {"LOGINGESTOR_SEARCH_URL": "sqlite:///{folder}/search.db"},
    "one-file-sealed": {},
    "postgresql": {"LOGINGESTOR_STORE_URL": "{postgres_database}"},
    "opensearch": {"LOGINGESTOR_SEARCH_URL": "{opensearch_prefix}"},
    "rabbitmq+postgresql+opensearch": {
        "LOGINGESTOR_QUEUE_URL": "{rabbitmq_queue}",
        "LOGINGESTOR_STORE_URL": "{postgres_database}",
        "LOGINGESTOR_SEARCH_URL": "{opensearch_prefix}",
    },
    "sqs+postgresql+opensearch": {
        "LOGINGESTOR_QUEUE_URL": "{sqs_queue}",
        "LOGINGESTOR_STORE_URL": "{postgres_database}",
        "LOGINGESTOR_SEARCH_URL": "{opensearch_prefix}",
    },
    "rabbitmq+postgresql+sqlite": {
        "LOGINGESTOR_QUEUE_URL": "{rabbitmq_queue}",
        "LOGINGESTOR_STORE_URL": "{postgres_database}",
        "LOGINGESTOR_SEARCH_URL": "sqlite:///{folder}/search.db",
    },
}
#: Those that the suites run on: what one service does alone is done among the others too.
EACH = [name for name in COMBINATIONS if name not in ("postgresql", "opensearch")]
#: Those in which no log stays a row of a SQLite file: each becomes part of a segment at once.
SEALED = {"index-apart", "one-file-sealed"}
#: One combination for each kind of index: for tests of what is found that take long.
INDICES = ("one-file", "opensearch")


def services(name: str) -> set[str]:
    """Return the fixtures that a combination names."""
    texts = COMBINATIONS[name].values()
    return {str(field) for text in texts for _, field, _, _ in Formatter().parse(text) if field} - {"folder"}


def environment(name: str, folder: Path, urls: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return the settings of a combination on a folder, as a process is given them; *urls* holds what its fixtures gave."""
    given = {key: value.format(folder=folder, **urls) for key, value in COMBINATIONS[name].items()}
    return {"LOGINGESTOR_DATA_DIR": str(folder), "LOGINGESTOR_MIN_FREE_DISK": "1 MiB", **given}


def combination_settings(name: str, folder: Path, urls: Mapping[str, str] = MappingProxyType({})) -> Settings:
    """Return the settings of a combination on an empty folder."""
    return Settings.from_env(environment(name, folder, urls))


def open_combination(name: str, folder: Path, urls: Mapping[str, str] = MappingProxyType({})) -> Backends:
    """Open the backends of a combination on an empty folder."""
    settings = combination_settings(name, folder, urls)
    prepare(settings)
    return connect(settings)


@pytest.fixture(params=EACH)
def each_backends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backends]:
    """Backends in every combination."""
    urls = {fixture: request.getfixturevalue(fixture) for fixture in services(request.param)}
    with sealed_at_once() if request.param in SEALED else nullcontext():
        opened = open_combination(request.param, tmp_path, urls)
        yield opened
        opened.close()


@contextmanager
def open_index(name: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Backends]:
    """Open the backends of one of INDICES for more than one test."""
    with ExitStack() as stack:
        urls = {}
        if name == "opensearch":
            urls["opensearch_prefix"] = stack.enter_context(fresh_prefix(request.getfixturevalue("opensearch_url")))
        if name in SEALED:
            stack.enter_context(sealed_at_once())
        opened = open_combination(name, folder, urls)
        stack.callback(opened.close)
        yield opened
