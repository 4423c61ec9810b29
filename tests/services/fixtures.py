"""Fixtures that give tests real servers, and on them a place of their own.

A server is the one that a `TEST_..._URL` names, or is started at its first use and killed when the tests have ended. Where it is
not installed the test is skipped, or fails if REQUIRE_SERVICES is set.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

import opensearchpy
import pika
import psycopg2
import pytest

from tests.services.chromium import Chromium
from tests.services.elasticmq import KEYS, ElasticMQ
from tests.services.opensearch import OpenSearch
from tests.services.postgres import Postgres
from tests.services.rabbitmq import Rabbitmq
from tests.services.server import Server
from tests.services.shippers import Shippers

S = TypeVar("S", bound=Server)
#: What a queue of RabbitMQ has beside it, by the end of the name.
QUEUES = ("", ".dead")


class StartServer(Protocol):
    """Starts a server that belongs to one test, which may stop and kill it."""

    def __call__(self, kind: type[S], **options: Any) -> S: ...


def need(kind: type[Server] | type[Chromium] | type[Shippers]) -> None:
    """Skip the test if the program is not installed; fail it where REQUIRE_SERVICES says that it must be."""
    if lacking := kind.missing():
        text = f"{kind.title} lacks {' and '.join(lacking)}: python -m tests.services install {kind.name}"
        if os.environ.get("REQUIRE_SERVICES"):
            pytest.fail(text, pytrace=False)
        pytest.skip(text)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Give a temporary folder that a server may enter which runs as another user, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="logingestor-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def url_of(kind: type[Server]) -> Iterator[str]:
    """Yield the URL of a server for all tests."""
    if given := os.environ.get(kind.variable):
        yield given
        return
    need(kind)
    with open_folder() as folder:
        server = kind(folder / kind.name, tied=True)
        try:
            server.start()
            yield server.url
        finally:
            server.kill()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    yield from url_of(Postgres)


@pytest.fixture(scope="session")
def rabbitmq_url() -> Iterator[str]:
    """The URL of a RabbitMQ server, as pika takes it."""
    yield from url_of(Rabbitmq)


@pytest.fixture(scope="session")
def opensearch_url() -> Iterator[str]:
    """The URL of an OpenSearch server."""
    yield from url_of(OpenSearch)


@pytest.fixture(scope="session")
def sqs_url() -> Iterator[str]:
    """The URL of a server that speaks SQS: region and endpoint."""
    yield from url_of(ElasticMQ)


@pytest.fixture
def own_server() -> Iterator[StartServer]:
    """Return a function that starts a server for this test alone; it takes the class and what the class takes."""
    started: list[Server] = []
    with open_folder() as folder:

        def start(kind: type[S], **options: Any) -> S:
            need(kind)
            server = kind(folder / f"{kind.name}-{len(started)}", tied=True, **options)
            started.append(server)
            server.start()
            return server

        try:
            yield start
        finally:
            for server in started:
                server.kill()


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """STORE_URL of an empty database, dropped afterwards."""
    name = f"test_{secrets.token_hex(8)}"
    _command(postgres_url, f"CREATE DATABASE {name}")
    yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    _command(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


def _command(url: str, text: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(text)


@pytest.fixture
def rabbitmq_queue(rabbitmq_url: str) -> Iterator[str]:
    """QUEUE_URL with a name that no queue has yet; the queue and its dead letters are deleted afterwards."""
    name = f"test-{secrets.token_hex(8)}"
    yield f"{rabbitmq_url}?queue={name}"
    with closing(pika.BlockingConnection(pika.URLParameters(rabbitmq_url))) as connection:
        channel = connection.channel()
        for end in QUEUES:
            channel.queue_delete(name + end)


@pytest.fixture
def opensearch_prefix(opensearch_url: str) -> Iterator[str]:
    """SEARCH_URL with a prefix that no index has yet; what begins with it is deleted afterwards."""
    with fresh_prefix(opensearch_url) as url:
        yield url


@contextmanager
def fresh_prefix(opensearch_url: str) -> Iterator[str]:
    """Give a SEARCH_URL with a prefix that no index has yet; delete what begins with it afterwards.

    It asks for three shards, so that answers are merged, and no replica, for which there is no node.
    """
    name = f"test-{secrets.token_hex(8)}"
    yield f"{opensearch_url}/{name}?shards=3&replicas=0"
    hosts = [f"http://{address}" for address in urlsplit(opensearch_url).netloc.split(",")]
    with closing(opensearchpy.OpenSearch(hosts, timeout=60)) as client:
        indices = client.indices
        for stream in indices.get_data_stream(name=f"{name}*")["data_streams"]:
            indices.delete_data_stream(name=stream["name"])
        for index in indices.get(index=f"{name}*", expand_wildcards="all"):
            indices.delete(index=index)
        for template in indices.get_index_template()["index_templates"]:
            if template["name"].startswith(name):
                indices.delete_index_template(name=template["name"])


@pytest.fixture
def sqs_queue(sqs_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """QUEUE_URL with a name that no queue has yet, and keys in the environment; queues whose names begin so are deleted afterwards."""
    for variable, key in KEYS.items():
        if variable not in os.environ:
            monkeypatch.setenv(variable, key)
    name = f"test-{secrets.token_hex(8)}"
    yield urlsplit(sqs_url)._replace(path=f"/{name}").geturl()
    with closing(sqs_client(sqs_url)) as client:
        for queue in client.list_queues(QueueNamePrefix=name).get("QueueUrls", []):
            client.delete_queue(QueueUrl=queue)


def sqs_client(url: str) -> Any:
    """Return a boto3 client of the region and endpoint that a URL names."""
    import boto3

    parts = urlsplit(url)
    return boto3.client("sqs", region_name=parts.hostname, endpoint_url=parse_qs(parts.query)["endpoint"][0])
