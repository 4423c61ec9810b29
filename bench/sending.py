"""Sending: numbered requests at fixed times, or each when the last is answered, from one thread over as many connections as it takes."""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bench import client

#: Most connections at once: a request for which none is free has no answer.
MOST = 900


@dataclass
class Answers:
    """What came back: statuses, refusals without Retry-After, ms of the accepted by the second in which they were due, numbers of requests that may be kept."""

    statuses: Counter[str] = field(default_factory=Counter)
    silent: int = 0
    took: list[tuple[float, float]] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)
    unknown: set[int] = field(default_factory=set)

    def add(self, number: int, due: float, answer: bytes) -> None:
        """Note an answer to the request of this number."""
        head, _, body = answer.partition(b"\r\n\r\n")
        status = head.split(None, 2)[1].decode()
        self.statuses[status] += 1
        if status == "202":
            self.accepted.append(number)
            self.took.append((due, (time.perf_counter() - due) * 1000))
        elif b"\r\nretry-after:" not in head.lower():
            self.silent += 1
        elif b'"kept":"unknown"' in body.replace(b" ", b""):
            self.unknown.add(number)

    def figures(self) -> dict[str, Any]:
        """Return the figures."""
        times = [ms for _, ms in self.took] or [0.0]
        return {
            "statuses": dict(sorted(self.statuses.items())),
            "refused_without_retry_after": self.silent,
            "accepted_ms": [round(client.percentile(times, part), 1) for part in (50, 95, 99)] + [round(max(times), 1)],
        }


class _Open:
    """A connection, and the request that it waits for an answer to."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.number, self.due, self.answer = -1, 0.0, b""

    def ask(self, number: int, due: float, request: bytes) -> None:
        self.number, self.due, self.answer = number, due, b""
        self.socket.sendall(request)


class Sender:
    """Sends numbered requests from one thread over as many connections as it takes."""

    def __init__(self, url: str, size: int) -> None:
        address = urlsplit(url)
        self._address = (address.hostname or "", address.port or 80)
        self._head = f"POST /logs/ingest/ HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: {client.NDJSON}\r\n"
        self.size = size
        #: Requests sent so far, and what came of them.
        self.asked = 0
        self.phases: list[Answers] = []
        self._ready = selectors.DefaultSelector()
        self._free: list[_Open] = []
        self._all = 0

    def request(self, number: int) -> bytes:
        """Return the request of this number."""
        body = "\n".join(
            f'{{"level":"info","message":"overload n{number}x{at}n took {at * 7 % 911} ms","resourceId":"server-{at % 50}","metadata":{{"request":{number}}}}}'
            for at in range(self.size)
        ).encode()
        return f"{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def closed(self, connections: int, seconds: float) -> Answers:
        """Send the next request of a connection when its answer is there."""
        found, until = self._phase(), time.perf_counter() + seconds
        for _ in range(connections):
            self._ask(found, time.perf_counter())
        while self._busy() and time.perf_counter() < until + 60:
            for _ in range(self._answers(found, 1.0)):
                if time.perf_counter() < until:
                    self._ask(found, time.perf_counter())
        return found

    def fixed(self, rate: float, seconds: float) -> Answers:
        """Send *rate* requests a second, each when it is due; what has no answer a minute after the last is noted so."""
        found, began = self._phase(), time.perf_counter()
        count = int(rate * seconds)
        for place in range(count):
            due = began + place / rate
            while (left := due - time.perf_counter()) > 0:
                self._answers(found, left)
            self._answers(found, 0)
            self._ask(found, due)
        until = time.perf_counter() + 60
        while self._busy() and time.perf_counter() < until:
            self._answers(found, 1.0)
        if self._busy():
            found.statuses["no answer"] += self._busy()
        return found

    def _phase(self) -> Answers:
        self.phases.append(Answers())
        return self.phases[-1]

    def _busy(self) -> int:
        return self._all - len(self._free)

    def _ask(self, found: Answers, due: float) -> None:
        number, self.asked = self.asked, self.asked + 1
        if not self._free:
            if self._all >= MOST:
                found.statuses["no connection"] += 1
                return
            made = _Open(self._address)
            self._all += 1
            self._ready.register(made.socket, selectors.EVENT_READ, made)
            self._free.append(made)
        one = self._free.pop()
        try:
            one.ask(number, due, self.request(number))
        except OSError:
            self._gone(found, one)

    def _answers(self, found: Answers, wait: float) -> int:
        """Read what has come; return how many answers are whole."""
        whole = 0
        for key, _ in self._ready.select(wait):
            one: _Open = key.data
            try:
                piece = one.socket.recv(65_536)
            except OSError:
                piece = b""
            one.answer += piece
            if piece and client.whole(one.answer):
                found.add(one.number, one.due, one.answer)
                whole += 1
                closes = b"\r\nconnection: close" in one.answer.lower()
                one.number = -1
                if closes:
                    self._drop(one)
                else:
                    self._free.append(one)
            elif not piece:
                self._gone(found, one)
        return whole

    def _gone(self, found: Answers, one: _Open) -> None:
        if one.number >= 0:
            found.statuses["cut off"] += 1
            found.unknown.add(one.number)
        elif one in self._free:
            self._free.remove(one)
        self._drop(one)

    def _drop(self, one: _Open) -> None:
        self._ready.unregister(one.socket)
        one.socket.close()
        self._all -= 1
