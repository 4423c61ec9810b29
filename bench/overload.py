"""Overload: three times what the server can take, for two minutes. What is refused, how long the accepted take, is any lost, how soon is all as before?

python -m bench.overload                       some four minutes
python -m bench.overload --seconds 10          a quick look

First as fast as a few connections get answers: the rate. Then, at fixed times whatever is answered: half of the rate, as the base; three times the rate; half again, until it is as before.
Every log has a number of its own, by which it is counted at the end.
"""

from __future__ import annotations

import argparse
import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bench import client, run

#: Seconds in which the rate is found, and of the base; at most, until it is as before.
RATE_SECONDS, BASE_SECONDS, AFTER_SECONDS = 15.0, 20.0, 60.0
#: Connections that find the rate, and most at once: a request for which none is free has no answer.
RATE_CONNECTIONS, MOST = 16, 900
#: Logs that are looked for at once.
PAGE = 5_000
#: What the base and the time after are of the rate, and the overload.
NORMAL, OVER = 0.5, 3.0


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


def until_normal(sender: Sender, url: str, rate: float, base: dict[str, Any]) -> dict[str, Any]:
    """Send as before, second by second; return after how many the accepted take at most twice as long as the base, and logs are found.

    The queue counts as before when no more waits than comes in a second.
    """
    began, answered, found = time.perf_counter(), None, None
    while (answered is None or found is None) and (now := time.perf_counter() - began) < AFTER_SECONDS:
        one = sender.fixed(rate, 1.0)
        figures = one.figures()
        if (
            answered is None
            and not figures["statuses"].keys() - {"202"}
            and figures["accepted_ms"][1] <= 2 * base["accepted_ms"][1]
        ):
            answered = round(now, 1)
        if found is None and client.Connection(url).unfound() <= rate * sender.size:
            found = round(time.perf_counter() - began, 1)
    return {"answered_s": answered, "found_s": found}


def found(url: str) -> Iterator[str]:
    """Yield the messages of all logs, page by page: to urllib a transfer that is cut, as an export is that fails, looks whole."""
    connection, asked = client.Connection(url), {"q": "overload", "limit": str(PAGE), "count": "none"}
    while True:
        page = connection.get("/logs", **asked)
        yield from (log["message"] for log in page["results"])
        if page["next"] is None:
            return
        asked["cursor"] = page["next"]


def counted(url: str, phases: list[Answers], size: int, requests: int) -> dict[str, int]:
    """Compare what is kept with what was answered, log by log; return the sums."""
    times = bytearray(requests * size)
    for message in found(url):
        number, at = map(int, re.findall(r"\d+", message)[:2])
        times[number * size + at] += 1
    accepted = {number for phase in phases for number in phase.accepted}
    unknown = set().union(*(phase.unknown for phase in phases))
    sums = {"accepted": len(accepted) * size, "lost": 0, "doubled": 0, "refused_and_kept": 0}
    for number in range(requests):
        here = times[number * size : (number + 1) * size]
        sums["doubled"] += sum(one > 1 for one in here)
        if number in accepted:
            sums["lost"] += here.count(0)
        elif number not in unknown:
            sums["refused_and_kept"] += size - here.count(0)
    return sums


def measure(url: str, given: argparse.Namespace) -> dict[str, Any]:
    """Find the rate, send three times as much, and count."""
    sender = Sender(url, given.body)
    first = sender.closed(RATE_CONNECTIONS, RATE_SECONDS)
    rate = len(first.accepted) / RATE_SECONDS
    wait_until_found(url)
    base = sender.fixed(rate * NORMAL, BASE_SECONDS)
    wait_until_found(url)
    print(f"{rate:.0f} requests/s: {first.figures()}; half of it: {base.figures()}", flush=True)
    over = sender.fixed(rate * OVER, given.seconds)
    print(f"{rate * OVER:.0f} requests/s: {over.figures()}", flush=True)
    waiting = client.Connection(url).unfound()
    normal = until_normal(sender, url, rate * NORMAL, base.figures())
    print(f"{waiting:,} logs waited; as before after {normal}", flush=True)
    wait_until_found(url)
    return {
        "rate_logs_per_s": round(rate * given.body),
        "rate": first.figures(),
        "base": base.figures(),
        "over": over.figures(),
        "accepted_logs_per_s": round(len(over.accepted) * given.body / given.seconds),
        "waiting_after": waiting,
        "normal": normal,
        "logs": counted(url, sender.phases, given.body, sender.asked),
    }


def wait_until_found(url: str) -> None:
    """Wait until nothing waits in the queue."""
    while client.Connection(url).unfound():
        time.sleep(0.2)


def table(found: dict[str, Any]) -> list[str]:
    """Return the figures as a table."""
    said = ", ".join(f"{status}: {count:,}" for status, count in found["over"]["statuses"].items())
    most, base, over = (" / ".join(map(str, found[name]["accepted_ms"])) for name in ("rate", "base", "over"))
    logs = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in found["logs"].items())
    rows = {
        "the rate, logs/s": f"{found['rate_logs_per_s']:,}",
        "accepted after, ms (p50 / p95 / p99 / most)": most,
        "at half of it": base,
        "three times the rate: answers": said,
        "refused without Retry-After": f"{found['over']['refused_without_retry_after']}",
        "accepted, logs/s": f"{found['accepted_logs_per_s']:,}",
        "these after, ms": over,
        "waiting in the queue at its end, logs": f"{found['waiting_after']:,}",
        "half of the rate again: answered as before after, s; found as before after, s": f"{found['normal']['answered_s']}; {found['normal']['found_s']}",
        "logs, one by one": logs,
    }
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]


def main() -> None:
    """Measure and keep the figures; fail where an accepted log is lost or doubled, or a refused one kept."""
    parser = run.parser(__doc__ or "")
    parser.set_defaults(body=100)
    parser.add_argument("--seconds", type=float, default=120.0, help="seconds of the overload (120)")
    given = parser.parse_args()
    described = run.probed()
    with run.serving(given) as server:
        found = measure(server.url, given)
    run.save("overload", given, {"machine": described, **found}, table(found))
    if any(found["logs"][name] for name in ("lost", "doubled", "refused_and_kept")):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
