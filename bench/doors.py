"""Doors: what a log costs that comes by each door and in each form, beside one in our own form as NDJSON, in one run.

A form carries more than ours, or names it otherwise, so that what is kept of it is more: by each door over HTTP the logs that were kept
are sent once more, as NDJSON in our own form. Beside these a rate shows what the door costs, beside ours what its users pay.

python -m bench.doors                     36,000 logs by each door, in turns; some minutes
python -m bench.doors --n 2000 --turns 3  a quick look
python -m bench.doors --form "NDJSON, pino's"  that form alone, beside our own
python -m bench.doors --peer ./victoria-logs  the same bodies to VictoriaLogs' doors too
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

from bench import client, peer, run
from bench.forms import FORMS, Form, Log
from bench.idle import spent
from bench.ingest import FOUND_SECONDS, LOOK_SECONDS
from bench.peer import Victoria
from bench.same import as_ndjson
from tests.e2e.program import Server

#: Logs by each door in one turn, and turns. Each form has a turn of our own form beside each of its own, now before and now after
#: it, with the same logs: what else the machine does meanwhile falls on both, and the rate is the middle of the pairs' rates.
LOGS, TURNS = 4_000, 9
#: The parts whose processor time a log takes until it is found; the first two are those that accept it.
PARTS = ("web", "syslog", "worker")
#: The form that the others are compared with.
_FIRST = next(iter(FORMS))
#: In a pair: the logs of the other form as NDJSON in our own.
SAME = "the same as NDJSON"
#: VictoriaLogs' doors for the same bodies, by form; the lines of other programs have other names of time and text.
PEER_DOORS = {
    "NDJSON, our own form": peer.DOOR,
    "_bulk, our own form": peer.DOOR.replace("/insert/jsonline", "/insert/elasticsearch/_bulk"),
    "OTLP, protobuf": "/insert/opentelemetry/v1/logs",
    "Loki, JSON": "/insert/loki/api/v1/push",
    "Loki, protobuf": "/insert/loki/api/v1/push",
}


def send(url: str, form: Form, bodies: Sequence[bytes], port: int) -> None:
    """Send the bodies, one after another, over one connection."""
    if form.path:
        connection = client.Connection(url)
        for body in bodies:
            connection.exchange("POST", form.path, body, form.kind)
        return
    with socket.create_connection(("127.0.0.1", port)) as plain:
        for body in bodies:
            plain.sendall(body)


def wait_until_found(connection: client.Connection, expected: int) -> None:
    """Wait until so many logs are found: a sender of syslog gets no answer, so nothing else says that all have come."""
    began = time.perf_counter()
    while (found := connection.get("/logs", limit="1", count="exact")["total"]) != expected or connection.unfound():
        if time.perf_counter() - began > FOUND_SECONDS or found > expected:
            raise RuntimeError(f"{expected} logs were sent and {found} are found")
        time.sleep(LOOK_SECONDS)


def _bodies(form: Form, logs: Sequence[Log], size: int) -> list[bytes]:
    return [form.body(logs[place : place + size]) for place in range(0, len(logs), size)]


def turn(server: Server, form: Form, logs: Sequence[Log], given: argparse.Namespace, found: int) -> dict[str, float]:
    """Send the logs; return the processor time of each part until they are found, in µs a log."""
    bodies = _bodies(form, logs, given.body)
    pids = {"web": server.webs(), "syslog": server.children("\0syslog\0"), "worker": server.workers()}
    before = {part: spent(pids[part])[0] for part in PARTS}
    send(server.url, form, bodies, given.port)
    web = spent(pids["web"])[0]  # what follows asks it for counts
    wait_until_found(client.Connection(server.url), found + len(logs))
    after = {part: web if part == "web" else spent(pids[part])[0] for part in PARTS}
    return {part: (after[part] - before[part]) / len(logs) / 1000 for part in PARTS}


def peer_turn(victoria: Victoria, form: Form, logs: Sequence[Log], size: int, found: int) -> float:
    """Send the logs to VictoriaLogs; return its processor time until they are found, in µs a log."""
    bodies, before = _bodies(form, logs, size), spent(victoria.pids)[0]
    send(victoria.url, form, bodies, 0)
    victoria.wait_until_found(found + len(logs))
    return (spent(victoria.pids)[0] - before) / len(logs) / 1000


def measure(
    server: Server, path: Path, given: argparse.Namespace, victoria: Victoria | None = None
) -> dict[str, dict[str, float]]:
    """Send logs in pairs of turns, in our own form and in another, and to the peer's doors; return the figures of each form."""
    names = [name for name in FORMS if name != _FIRST and (not given.form or name in given.form)]
    took: dict[str, list[dict[str, float]]] = {name: [] for name in (_FIRST, *names)}
    theirs: dict[str, list[float]] = {name: [] for name in (PEER_DOORS if victoria is not None else ())}
    pairs: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in names}
    found = sent = 0
    with path.open("rb") as file:
        for number in range(given.turns):
            for name in names:
                logs, pair = [json.loads(line) for line in islice(file, given.n)], dict[str, dict[str, float]]()
                for one in (_FIRST, name) if number % 2 == 0 else (name, _FIRST):
                    pair[one] = turn(server, FORMS[one], logs, given, found)
                    found += len(logs)
                    took[one].append(pair[one])
                    if victoria is not None and one in theirs:
                        to_peer = replace(FORMS[one], path=PEER_DOORS[one])
                        theirs[one].append(peer_turn(victoria, to_peer, logs, given.body, sent))
                        sent += len(logs)
                if FORMS[name].path:
                    kept = as_ndjson(FORMS[name], logs, given.body)
                    pair[SAME] = turn(server, FORMS[_FIRST], kept, given, found)
                    found += len(kept)
                pairs[name].append(pair)
    figures = {name: _middle(turns) | _rates(name, pairs.get(name, ())) for name, turns in took.items()}
    for name, turns in theirs.items():
        if turns:
            figures[name]["victorialogs"] = theirs_took = round(statistics.median(turns), 1)
            figures[name]["rate_peer"] = round(theirs_took / figures[name]["found"], 2)
    return figures


def _middle(turns: Sequence[dict[str, float]]) -> dict[str, float]:
    parts = {part: round(statistics.median(one[part] for one in turns), 1) for part in PARTS}
    accepted = round(statistics.median(map(_accepted, turns)), 1)
    return {**parts, "accepted": accepted, "found": round(statistics.median(map(_sum, turns)), 1)}


def _rates(name: str, pairs: Sequence[dict[str, dict[str, float]]]) -> dict[str, float]:
    """Return the rates of a form beside our own, and beside its own logs as NDJSON: the middle of those of its pairs."""
    kinds = {"rate_accepted": (_FIRST, _accepted), "rate_found": (_FIRST, _sum), "rate_same": (SAME, _sum)}
    return {
        kind: round(statistics.median(cost(pair[other]) / cost(pair[name]) for pair in pairs), 2)
        for kind, (other, cost) in kinds.items()
        if pairs and other in pairs[0]
    }


def _accepted(turn: dict[str, float]) -> float:
    return turn["web"] + turn["syslog"]


def _sum(turn: dict[str, float]) -> float:
    return sum(turn.values())


def table(figures: dict[str, dict[str, float]]) -> list[str]:
    """Return the figures as a table: µs a log, the rates beside NDJSON, and beside the peer's where that was asked."""
    heads = {
        "accepting, µs a log": "accepted",
        "storing and indexing, µs": "worker",
        "sum": "found",
        "rate of accepting": "rate_accepted",
        "rate until found": "rate_found",
        "beside the same logs as NDJSON": "rate_same",
    }
    if any("victorialogs" in one for one in figures.values()):
        heads |= {"VictoriaLogs, µs": "victorialogs", "rate by its": "rate_peer"}
    rows = [f"| form | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name, one in figures.items():
        rows.append(f"| {name} | {' | '.join(str(one.get(key, '')) for key in heads.values())} |")
    return rows


@contextmanager
def peering(binary: Path | None) -> Iterator[Victoria | None]:
    """Run VictoriaLogs on an empty folder where its binary is given; stop it at the end."""
    if binary is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="peer-", dir=run.DATA))
    victoria = Victoria(binary.resolve(), folder)
    try:
        yield victoria
    finally:
        victoria.stop()
        shutil.rmtree(folder)


def main() -> None:
    """Measure and keep the figures."""
    parser = run.parser(__doc__ or "")
    parser.set_defaults(n=LOGS)
    parser.add_argument("--turns", type=int, default=TURNS, help=f"turns of all doors ({TURNS})")
    parser.add_argument("--peer", type=Path, help="a VictoriaLogs binary, whose doors get the same bodies")
    parser.add_argument("--form", action="append", choices=[*FORMS][1:], help="a form to send beside our own (all)")
    given = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as free:
        given.port = free.getsockname()[1]
    given.set.append(f"LISTEN=tcp://127.0.0.1:{given.port}")
    forms = len(given.form or FORMS)
    whole = argparse.Namespace(**{**vars(given), "n": given.n * given.turns * forms})
    path, described = run.log_file(whole), run.probed()
    with run.serving(given) as server, peering(given.peer) as victoria:
        figures = measure(server, path, given, victoria)
    if given.peer is not None:
        given.peer = given.peer.name
    run.save("forms" if given.form else "doors", given, {"machine": described, "doors": figures}, table(figures))


if __name__ == "__main__":
    main()
