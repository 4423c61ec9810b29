"""Clients that load the server: many logs a request over few connections, one log a request over many."""

from __future__ import annotations

import http.client
import json
import selectors
import shutil
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlsplit

NDJSON = "application/x-ndjson"
ONE = {"level": "error", "message": "Failed to connect to DB", "resourceId": "server-1234"}


class Connection:
    """One connection that is kept open."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)

    def request(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        """Send a request that must succeed; return its decoded answer."""
        return json.loads(self.exchange(method, path, body, kind))

    def exchange(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        """Send a request that must succeed; return the bytes of its answer."""
        self._connection.request(method, path, body, {"Content-Type": kind})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 202, 204):
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")
        return text

    def get(self, path: str, **parameters: str) -> Any:
        """Return the answer of a GET."""
        query = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
        return self.request("GET", f"{path}?{query}" if query else path)

    def unfound(self) -> int:
        """Return how many accepted logs can't be found yet."""
        return int(self.get("/logs", limit="1", count="none")["pending"])


def percentile(values: Sequence[float], part: int) -> float:
    """Return the value below which *part* percent lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[part - 1] if len(values) > 1 else values[0]


def bodies(path: Path, size: int) -> Iterator[tuple[bytes, int]]:
    """Yield the file's lines as bodies of *size* logs, and how many each holds."""
    with path.open("rb") as file:
        while some := list(islice(file, size)):
            yield b"".join(some), len(some)


def send_all(
    url: str, path: Path, size: int, connections: int, sent: Callable[[int], None], door: str = "/logs/ingest/"
) -> int:
    """Send a file's logs over some connections at once; return how many were accepted. *sent* hears of each body.

    An answer without a body, as other servers give, accepts all logs of its request.
    """
    waiting, guard = bodies(path, size), threading.Lock()

    def send() -> int:
        connection, accepted = Connection(url), 0
        while True:
            with guard:
                body, count = next(waiting, (b"", 0))
            if not count:
                return accepted
            answer = connection.exchange("POST", door, body, NDJSON)
            accepted += json.loads(answer)["accepted"] if answer else count
            sent(count)

    with ThreadPoolExecutor(connections) as threads:
        return sum(future.result() for future in [threads.submit(send) for _ in range(connections)])


@dataclass
class Singles:
    """What came of one log a request."""

    client: str
    per_second: float
    p50_ms: float
    p99_ms: float
    refused: int


def singles(url: str, connections: int, seconds: float, script: Path) -> Singles:
    """Send one log a request over many connections; by wrk where it is installed, since it costs less itself."""
    if shutil.which("wrk") is None:
        return _own_singles(url, connections, seconds)
    body = json.dumps(ONE).replace("'", "")
    script.write_text(f"wrk.method = 'POST'\nwrk.body = '{body}'\nwrk.headers['Content-Type'] = 'application/json'\n")
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency", "-s", str(script)]
    printed = subprocess.run([*command, f"{url}/logs/ingest/"], capture_output=True, text=True, check=True).stdout
    found = dict(line.split(None, 1) for line in printed.splitlines() if len(line.split(None, 1)) == 2)
    refused = int(found["Non-2xx"].rpartition(":")[2]) if "Non-2xx" in found else 0
    return Singles("wrk", float(found["Requests/sec:"]), _ms(found["50%"]), _ms(found["99%"]), refused)


def _ms(shown: str) -> float:
    """Return milliseconds from wrk's `950.00us`, `3.10ms` or `1.20s`."""
    for unit, factor in (("us", 1e-3), ("ms", 1.0), ("s", 1e3)):
        if shown.strip().endswith(unit):
            return float(shown.strip().removesuffix(unit)) * factor
    raise ValueError(shown)


def _own_singles(url: str, connections: int, seconds: float) -> Singles:
    """Drive all connections from one thread; each sends its next request when its answer is there."""
    address = urlsplit(url)
    body = json.dumps(ONE).encode()
    head = f"POST /logs/ingest/ HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    ready, began = selectors.DefaultSelector(), time.perf_counter()
    for _ in range(connections):
        connection = socket.create_connection((address.hostname or "", address.port or 80))
        ready.register(connection, selectors.EVENT_READ, [b"", time.perf_counter()])
        connection.sendall(request)
    took, refused = list[float](), 0
    while time.perf_counter() - began < seconds:
        for key, _ in ready.select(1):
            state = key.data
            connection = cast(socket.socket, key.fileobj)
            state[0] += connection.recv(65536)
            if not whole(state[0]):
                continue
            now = time.perf_counter()
            took.append((now - state[1]) * 1000)
            refused += not state[0].startswith(b"HTTP/1.1 202")
            state[:] = [b"", now]
            connection.sendall(request)
    for key in list(ready.get_map().values()):
        cast(socket.socket, key.fileobj).close()
    return Singles("own", len(took) / seconds, percentile(took, 50), percentile(took, 99), refused)


def whole(answer: bytes) -> bool:
    """Return whether an answer with a Content-Length has come whole."""
    head, blank, body = answer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return bool(blank) and len(body) >= int(length or 0)


@dataclass
class Visibility:
    """How long logs took from the beginning of their POST until a search found them, under a steady load."""

    logs_per_second: float
    took_ms: list[float] = field(default_factory=list)


def visibility(url: str, rate: int, per_request: int, seconds: float) -> Visibility:
    """Send *rate* logs a second, some in each request, and meanwhile single logs that are searched at once."""
    stop, sent = threading.Event(), [0]

    def load() -> None:
        connection, number = Connection(url), 0
        body = b"\n".join([json.dumps(ONE).encode()] * per_request)
        began = time.perf_counter()
        while not stop.is_set():
            connection.request("POST", "/logs/ingest/", body, NDJSON)
            sent[0] += per_request
            number += 1
            time.sleep(max(began + number * per_request / rate - time.perf_counter(), 0))

    loader = threading.Thread(target=load)
    began = time.perf_counter()
    loader.start()
    took = list[float]()
    connection, run = Connection(url), f"{time.time_ns():x}"
    while time.perf_counter() - began < seconds:
        word = f"probe{run}x{len(took)}"
        posted = time.perf_counter()
        connection.request("POST", "/logs/ingest/", json.dumps({"message": f"{word} here"}).encode())
        while not connection.get("/logs", q=word, limit="1", count="none")["results"]:
            time.sleep(0.002)
        took.append((time.perf_counter() - posted) * 1000)
        time.sleep(0.02)
    stop.set()
    loader.join()
    return Visibility(sent[0] / (time.perf_counter() - began), took)
