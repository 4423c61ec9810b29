"""The faults, each an act upon the systems that ends with them whole again."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.request import Request, urlopen

import pika
import pika.exceptions
import psycopg2

from tests.faults.systems import PREFIX, Systems

#: Seconds for which PostgreSQL refuses connections, for which the index is read-only, for which the network swallows all.
REFUSED_SECONDS = 20.0
READ_ONLY_SECONDS = 10.0
PAUSED_SECONDS = 12.0


def worker(systems: Systems) -> None:
    """kill -9 one worker."""
    systems.signal_workers(signal.SIGKILL, one=True)


def all_workers(systems: Systems) -> None:
    """kill -9 all workers at once."""
    systems.signal_workers(signal.SIGKILL)


def web(systems: Systems) -> None:
    """kill -9 a web process."""
    with suppress(ProcessLookupError, IndexError):
        os.kill(random.choice(systems.server.webs()), signal.SIGKILL)


def everything(systems: Systems) -> None:
    """kill -9 `serve` and all its children, and start it again."""
    systems.server.kill_all()
    systems.server.start()


def rabbitmq(systems: Systems) -> None:
    """kill -9 RabbitMQ and start it again."""
    systems.rabbitmq.kill()
    time.sleep(random.uniform(0, 3))
    systems.rabbitmq.start()


def postgres(systems: Systems) -> None:
    """kill -9 PostgreSQL and start it again."""
    systems.postgres.kill()
    time.sleep(random.uniform(0, 3))
    systems.postgres.start()


def opensearch(systems: Systems) -> None:
    """kill -9 OpenSearch and start it again."""
    systems.opensearch.kill()
    time.sleep(random.uniform(0, 3))
    systems.opensearch.start()


def postgres_refuses(systems: Systems) -> None:
    """PostgreSQL ends all connections and takes no new ones for a while."""
    connection = psycopg2.connect(systems.postgres.url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        (name,) = cursor.fetchone() or ("",)
    connection.close()
    other = psycopg2.connect(systems.postgres.url, dbname="template1")
    other.autocommit = True
    with other.cursor() as cursor:
        # Superusers too: a database that takes no connections takes none of anybody.
        cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            time.sleep(REFUSED_SECONDS)
        finally:
            cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    other.close()


def index_read_only(systems: Systems) -> None:
    """The indices are made read-only, as a nearly full disk does, and writable again."""
    _block(systems, True)
    time.sleep(READ_ONLY_SECONDS)
    _block(systems, None)


def _block(systems: Systems, value: bool | None) -> None:
    host = systems.opensearch.url.removeprefix("http://").split(",")[0]
    body = json.dumps({"index.blocks.read_only_allow_delete": value}).encode()
    request = Request(f"http://{host}/{PREFIX}*/_settings", body, {"Content-Type": "application/json"}, method="PUT")
    urlopen(request, timeout=30).close()


def queue_full(systems: Systems) -> None:
    """The workers stand still until the queue is full, which must have been answered, then go on."""
    systems.signal_workers(signal.SIGSTOP)
    time.sleep(PAUSED_SECONDS)
    systems.signal_workers(signal.SIGCONT)


def _paused(name: str) -> Callable[[Systems], None]:
    def act(systems: Systems) -> None:
        some = [proxy for key, proxy in systems.proxies.items() if key.startswith(name)]
        for proxy in some:
            proxy.pause()
        time.sleep(PAUSED_SECONDS)
        for proxy in some:
            if random.random() < 0.5:
                proxy.cut()
            proxy.resume()

    act.__doc__ = f"The network to {name} swallows everything for a while, and may then break."
    return act


rabbitmq_unreachable = _paused("rabbitmq")
postgres_unreachable = _paused("postgres")
opensearch_unreachable = _paused("opensearch")


def connections_cut(systems: Systems) -> None:
    """All connections break at once."""
    for proxy in systems.proxies.values():
        proxy.cut()


def delivered_twice(systems: Systems) -> None:
    """Some waiting messages are put on the queue once more, as a broker may deliver them twice."""
    systems.signal_workers(signal.SIGSTOP)
    try:
        time.sleep(1)
        connection = pika.BlockingConnection(pika.URLParameters(systems.rabbitmq.url))
        channel = connection.channel()
        channel.confirm_delivery()
        # A full queue takes no copy.
        with suppress(pika.exceptions.NackError):
            for _ in range(20):
                method, properties, body = channel.basic_get("logs")
                if method is None:
                    break
                channel.basic_publish("", "logs", body, properties)
        # Closing gives back what was only looked at.
        connection.close()
    finally:
        systems.signal_workers(signal.SIGCONT)


#: By name; each at least once, in an order of chance.
ACTS: dict[str, Callable[[Systems], None]] = {
    "worker": worker,
    "all workers": all_workers,
    "web": web,
    "everything": everything,
    "rabbitmq": rabbitmq,
    "postgres": postgres,
    "opensearch": opensearch,
    "postgres refuses": postgres_refuses,
    "index read-only": index_read_only,
    "queue full": queue_full,
    "rabbitmq unreachable": rabbitmq_unreachable,
    "postgres unreachable": postgres_unreachable,
    "opensearch unreachable": opensearch_unreachable,
    "connections cut": connections_cut,
    "delivered twice": delivered_twice,
}


def a_node(systems: Systems) -> None:
    """kill -9 one node of the cluster, and bring it back."""
    number = random.randrange(len(systems.opensearch.processes))
    systems.opensearch.kill(number)
    time.sleep(random.uniform(5, 10))
    systems.opensearch.start(number)
