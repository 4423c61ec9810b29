"""The program on real systems of its own, each behind a proxy: what a fault is done to."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.program import Server, wait_for
from tests.faults.proxy import Proxy
from tests.services.opensearch import OpenSearch
from tests.services.postgres import Postgres
from tests.services.rabbitmq import Rabbitmq

#: Seconds within which everything must be stored and indexed again, once nothing disturbs.
RECOVERY_SECONDS = 180.0
PREFIX = "logs"


class Systems:
    """RabbitMQ, PostgreSQL, OpenSearch, and `serve` on them."""

    def __init__(self, folder: Path, *, nodes: int = 1, **settings: str) -> None:
        self.rabbitmq = Rabbitmq(folder / "rabbitmq", tied=True)
        self.postgres = Postgres(folder / "postgres", tied=True)
        self.opensearch = OpenSearch(folder / "opensearch", tied=True, nodes=nodes)
        self._folder = folder
        self._settings = settings
        self.proxies: dict[str, Proxy] = {}
        self.server: Server

    def start(self) -> None:
        """Start the systems, then the program."""
        for system in (self.postgres, self.rabbitmq, self.opensearch):
            system.start()
        replicas = int(len(self.opensearch.processes) > 1)
        broker = self._behind("rabbitmq", self.rabbitmq.url)
        hosts = [self._behind(f"opensearch {n}", f"http://{host}") for n, host in enumerate(self._hosts())]
        names = ",".join(urlsplit(host).netloc for host in hosts)
        self.server = Server(
            self._folder / "data",
            STORE_URL=self._behind("postgres", self.postgres.url),
            QUEUE_URL=f"{broker}?queue=logs",
            BROKER_URL=broker,
            SEARCH_URL=f"http://{names}/{PREFIX}?shards=3&replicas={replicas}",
            WORKERS="2",
            **self._settings,
        )
        self.server.start()

    def _hosts(self) -> list[str]:
        return self.opensearch.url.removeprefix("http://").split(",")

    def _behind(self, name: str, url: str) -> str:
        """Return the URL with a proxy's port in place of the system's."""
        port = urlsplit(url).port
        assert port is not None
        self.proxies[name] = Proxy(port)
        return url.replace(f":{port}", f":{self.proxies[name].port}", 1)

    def stop(self) -> None:
        """Stop everything, whatever state it is in."""
        for number in (signal.SIGCONT,):
            self.signal_workers(number)
        if hasattr(self, "server") and self.server._process is not None:
            self.server.stop()
        for proxy in self.proxies.values():
            proxy.close()
        for system in (self.rabbitmq, self.postgres, self.opensearch):
            system.kill()

    def signal_workers(self, number: signal.Signals, *, one: bool = False) -> None:
        """Send a signal to one worker or to all."""
        if not hasattr(self, "server") or self.server._process is None:
            return
        workers = self.server.workers()
        for pid in random.sample(workers, 1) if one and workers else workers:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def settled(self) -> None:
        """Wait until every accepted log is stored and findable."""
        wait_for(self._nothing_pending, RECOVERY_SECONDS, "nothing pending")

    def _nothing_pending(self) -> bool:
        try:
            status, answer = self.server.request("GET", "/logs?limit=1&count=none")
        except OSError:
            return False
        return status == 200 and answer["pending"] == 0 and answer["source"] == "index"


def rest(seconds: float) -> Callable[[], None]:
    """Return a function that waits."""
    return lambda: time.sleep(seconds)
