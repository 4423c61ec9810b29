"""The servers that tests use: each answers, and has after a kill what it had confirmed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import opensearchpy
import pika
import psycopg2
import pytest

from tests.services import elasticmq
from tests.services.chromium import Chromium
from tests.services.elasticmq import ElasticMQ
from tests.services.fixtures import StartServer, need, sqs_client
from tests.services.opensearch import OpenSearch
from tests.services.postgres import Postgres
from tests.services.process import wait_for
from tests.services.rabbitmq import Rabbitmq
from tests.services.server import Server

ROOT = Path(__file__).resolve().parents[1]
KINDS: list[type[Server]] = [Postgres, Rabbitmq, OpenSearch, ElasticMQ]
#: Seconds after which RabbitMQ knows a new quorum queue also after a kill; see `test_rabbitmq_keeps_what_it_confirmed`.
QUORUM_SECONDS = 3.0


def rows(url: str, text: str) -> list[tuple[Any, ...]]:
    """Run a statement for good; return its rows."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchall() if cursor.description else []


def take_all(url: str, queue: str) -> list[bytes]:
    """Take and acknowledge what is in a queue of RabbitMQ."""
    taken = []
    with closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        channel = connection.channel()
        for method, _, body in channel.consume(queue, inactivity_timeout=5):
            if method is None:
                break
            taken.append(body)
            channel.basic_ack(method.delivery_tag)
    return taken


def put(url: str, queue: str, bodies: list[bytes]) -> None:
    """Make a quorum queue and have each body confirmed."""
    with closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
        time.sleep(QUORUM_SECONDS)
        for body in bodies:
            channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2), mandatory=True)


def client_of(url: str) -> opensearchpy.OpenSearch:
    """Return a client of all nodes."""
    hosts = [f"http://{address}" for address in urlsplit(url).netloc.split(",")]
    return opensearchpy.OpenSearch(hosts, timeout=60, max_retries=5, retry_on_timeout=True)


def test_postgres_gives_each_test_a_database(postgres_database: str) -> None:
    """The database of a test is empty and takes tables."""
    assert rows(postgres_database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    rows(postgres_database, "CREATE TABLE seen (number int)")


def test_rabbitmq_gives_each_test_a_queue(rabbitmq_queue: str) -> None:
    """A confirmed message comes back from the queue of a test, which the URL names."""
    base, _, query = rabbitmq_queue.partition("?")
    (name,) = parse_qs(query)["queue"]
    put(base, name, [b"hello"])
    assert take_all(base, name) == [b"hello"]


def test_opensearch_gives_each_test_a_prefix(opensearch_prefix: str) -> None:
    """An index of a test takes documents and finds them."""
    index = urlsplit(opensearch_prefix).path.strip("/") + "-one"
    with closing(client_of(opensearch_prefix)) as client:
        assert not client.indices.get(index=f"{index}*")
        client.index(index=index, id="1", body={"message": "hello"}, refresh=True)
        assert client.search(index=index, q="message:hello")["hits"]["total"]["value"] == 1


def test_sqs_gives_each_test_a_queue(sqs_queue: str) -> None:
    """A message comes back from the queue of a test, which the URL names."""
    with closing(sqs_client(sqs_queue)) as client:
        queue = client.create_queue(QueueName=urlsplit(sqs_queue).path.strip("/"))["QueueUrl"]
        client.send_message(QueueUrl=queue, MessageBody="hello")
        (message,) = client.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
        assert message["Body"] == "hello"
        client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def test_postgres_keeps_what_it_confirmed(own_server: StartServer) -> None:
    """What was committed is there after a kill, at the same URL; a stop and another start keep it too."""
    server = own_server(Postgres)
    url = server.url
    rows(url, "CREATE TABLE seen AS SELECT generate_series(1, 1000) AS number")
    for end in (server.kill, server.stop):
        end()
        assert not server.running()
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(url)
        server.start()
        assert server.url == url
        assert rows(url, "SELECT count(*) FROM seen") == [(1000,)]


def test_rabbitmq_keeps_what_it_confirmed(own_server: StartServer) -> None:
    """Confirmed messages are there after a kill, once and in order.

    The queue is not younger than a moment: RabbitMQ confirms messages of a quorum queue at once, but writes down within about a
    second that the queue exists; killed before that it has lost queue and messages.
    """
    server = own_server(Rabbitmq)
    bodies = [str(number).encode() for number in range(200)]
    put(server.url, "kept", bodies)
    server.kill()
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        pika.BlockingConnection(pika.URLParameters(server.url))
    server.start()
    assert take_all(server.url, "kept") == bodies


def test_opensearch_keeps_what_it_confirmed(own_server: StartServer) -> None:
    """Documents that were answered are there after a kill."""
    server = own_server(OpenSearch)
    with closing(client_of(server.url)) as client:
        lines = [line for number in range(500) for line in ({"index": {"_id": str(number)}}, {"number": number})]
        assert not client.bulk(body=lines, index="kept")["errors"]
        server.kill()
        server.start()
        client.indices.refresh(index="kept")
        assert client.count(index="kept")["count"] == 500


@pytest.mark.alone
def test_opensearch_cluster_lives_with_a_node_less(own_server: StartServer) -> None:
    """Three nodes are one cluster; two go on answering when the third is killed, and it comes back."""
    server = own_server(OpenSearch, nodes=3, heap="256m")
    with closing(client_of(server.url)) as client:
        assert client.cluster.health()["number_of_nodes"] == 3
        layout = {"index.number_of_shards": 3, "index.number_of_replicas": 1}
        client.indices.create(index="kept", body={"settings": layout})
        client.cluster.health(wait_for_status="green", request_timeout=120)
        server.kill(0)
        assert not server.running()
        assert wait_for(lambda: works(client), 120)
        server.start(0)
        assert server.running()
        assert client.cluster.health()["number_of_nodes"] == 3
        client.indices.refresh(index="kept")
        assert client.count(index="kept")["count"] >= 1


def works(client: opensearchpy.OpenSearch) -> bool:
    """Return whether the index takes a document now."""
    try:
        client.index(index="kept", body={"number": 1})
    except opensearchpy.TransportError:
        return False
    return True


def test_sqs_keeps_what_it_confirmed(own_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent and not deleted is there after a kill; what was deleted is not."""
    for name, key in elasticmq.KEYS.items():
        monkeypatch.setenv(name, key)
    server = own_server(ElasticMQ)
    with closing(sqs_client(server.url)) as client:
        queue = client.create_queue(QueueName="kept")["QueueUrl"]
        for number in range(5):
            entries = [{"Id": str(one), "MessageBody": f"{number}{one}"} for one in range(10)]
            assert len(client.send_message_batch(QueueUrl=queue, Entries=entries)["Successful"]) == 10
        (message,) = client.receive_message(QueueUrl=queue)["Messages"]
        client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        server.kill()
        server.start()
        bodies: list[str] = []
        while got := client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            bodies += [one["Body"] for one in got]
        assert sorted(bodies) == sorted({f"{n}{one}" for n in range(5) for one in range(10)} - {message["Body"]})


def test_command_starts_and_stops() -> None:
    """`python -m tests.services start` prints the URL and leaves a server that `stop` ends."""
    need(Postgres)
    from tests.services.fixtures import open_folder

    with open_folder() as folder:
        command = [sys.executable, "-m", "tests.services"]

        def run(word: str) -> str:
            words = [*command, word, "postgres", "--folder", str(folder)]
            return subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout

        try:
            name, _, url = run("start").removeprefix("export ").strip().partition("=")
            assert name == "TEST_POSTGRES_URL"
            assert rows(url, "SELECT 1") == [(1,)]
            assert run("status") == f"postgres: runs, {url}\n"
        finally:
            run("stop")
        assert run("status") == "postgres: stopped\n"


@pytest.mark.parametrize("kind", [*KINDS, Chromium])
def test_a_missing_server_is_said_aloud(kind: type[Server] | type[Chromium], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a server is not installed a test is skipped, with what to do; it fails where all must be there."""
    monkeypatch.setattr(kind, "missing", classmethod(lambda cls: ["everything"]))
    monkeypatch.delenv("REQUIRE_SERVICES", raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"install {kind.name}"):
        need(kind)
    monkeypatch.setitem(os.environ, "REQUIRE_SERVICES", "1")
    with pytest.raises(pytest.fail.Exception, match=f"{kind.title} lacks everything"):
        need(kind)
