"""Rights: the processor time of a request with a token beside that of an open server, and of a bound search beside the same filter typed.

python -m bench.rights                  30,000 logs; some two minutes
python -m bench.rights --n 5000 --pairs 10   a quick look

All in one process, without sockets: pairs of the same requests in turns, each by the processor time of the process. Said are the
middle of the pairs' quotients and the quotient of the least times.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from app.backends import upgrade
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tokens
from app.web.server.environ import environ
from bench import logs, run

#: Requests of each half of a pair that sends, and how many logs are in one.
REQUESTS, SIZES = 60, (1, 100)
#: What a bound reader may see.
BOUND = "resourceId:server-1*"
QUERIES = (
    *("", "level:error", "timeout", '"connection refused"', "level:error AND message:timeout", "NOT level:info"),
    *("message:*fused*", "message:/attempt [45]/", f"{logs.NEEDLE}", "metadata.parentResourceId:*", "level:>=warn"),
)
ROUTES = ("/logs", "/logs/histogram", "/logs/facets?field=level")


@contextmanager
def application(auth: str) -> Iterator[Flask]:
    """Yield the application on a data folder of its own."""
    with tempfile.TemporaryDirectory(dir=run.DATA) as folder:
        given = {"DATA_DIR": folder, "MIN_FREE_DISK": "1 MiB", "ADMIN_PASSWORD": "the admin's password"}
        settings = Settings.from_env({f"LOGINGESTOR_{name}": value for name, value in given.items()})
        upgrade(settings)
        app = create_app(replace(settings, auth=auth))
        yield app
        app.extensions["logingestor"].close()


def _body(lines: Iterator[str], count: int) -> bytes:
    return "".join(f"{line}\n" for line in islice(lines, count)).encode()


def ask(app: Flask, method: str, path: str, body: bytes = b"", token: str = "") -> bytes:
    """Ask the application as the bridge does; return the answer's body. Raises RuntimeError where it is no success."""
    path, _, query = path.partition("?")
    headers = [(b"host", b"127.0.0.1:3000"), (b"content-type", b"application/x-ndjson")]
    headers += [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope = {"method": method, "path": path, "query_string": query.encode(), "http_version": "1.1", "headers": headers}
    said: list[str] = []

    def start(status: str, *_: Any) -> Callable[[bytes], object]:
        said.append(status)
        return len  # nothing writes

    text = b"".join(app(environ({**scope, "client": ("127.0.0.1", 1)}, body), start))
    if not said[0].startswith("2"):
        raise RuntimeError(f"{path}?{query}: {said[0]} {text[:200]!r}")
    return text


def pairs(first: Callable[[], object], second: Callable[[], object], count: int) -> dict[str, float]:
    """Return how much processor time the second takes of the first's, in the middle of pairs and by the least times."""
    took: list[list[float]] = [[], []]
    for turn in range(count):
        for which in (0, 1) if turn % 2 else (1, 0):
            began = time.process_time()
            (first, second)[which]()
            took[which].append(time.process_time() - began)
    middle = statistics.median(b / a for a, b in zip(*took, strict=True))
    return {"middle": round(middle, 3), "least": round(min(took[1]) / min(took[0]), 3)}


def sending(count: int) -> dict[str, Any]:
    """Send logs to an open application, and with a token to a closed one."""
    found: dict[str, Any] = {}
    with application("open") as opened, application("required") as closed:
        with closed.app_context():
            token, _ = tokens.create("sender", "writer", "bench")
        for size in SIZES:
            body = _body(logs.lines(1_000), size)

            def send(app: Flask, key: str = "", body: bytes = body) -> None:
                for _ in range(REQUESTS):
                    ask(app, "POST", "/logs/ingest/", body, key)

            found[f"{size} logs"] = pairs(partial(send, opened), partial(send, closed, token), count)
    return found


def searching(n: int, count: int) -> dict[str, Any]:
    """Ask as a bound reader, and with the filter typed by somebody who sees all."""
    found: dict[str, Any] = {}
    with application("required") as app:
        with app.app_context():
            bound, _ = tokens.create("bound", "reader", "bench", filter=BOUND)
            free, _ = tokens.create("free", "admin", "bench")
        lines = logs.lines(n)
        while some := _body(lines, 1_000):
            ask(app, "POST", "/logs/ingest/", some, free)
        move = app.extensions["logingestor"].backends().move
        while move(4_000, 0):
            pass
        for query in QUERIES:
            typed = f"{BOUND} AND ({query})" if query else BOUND
            for route in ROUTES:

                def asked(key: str, text: str, route: str = route) -> bytes:
                    return ask(app, "GET", f"{route}{'&' if '?' in route else '?'}{urlencode({'q': text})}", b"", key)

                same = asked(free, typed).partition(b'"cursor"')[0] == asked(bound, query).partition(b'"cursor"')[0]
                if not same:
                    raise RuntimeError(f"{route} answers a bound reader's {query!r} otherwise")
                name = f"{route} {query or 'everything'}"
                found[name] = pairs(partial(asked, free, typed), partial(asked, bound, query), count)
    return found


def table(figures: dict[str, Any]) -> list[str]:
    """Return the figures as a table."""
    rows = [
        f"| {kind} | {name} | {one['middle']} | {one['least']} |"
        for kind in ("with a token", "bound")
        for name, one in figures[kind].items()
    ]
    return ["| | request | processor time, the middle of the pairs | by the least times |", "|---|---|---|---|", *rows]


def main() -> None:
    """Measure, and keep the figures."""
    parser = run.parser(__doc__ or "")
    parser.set_defaults(n=30_000)
    parser.add_argument("--pairs", type=int, default=40, help="pairs of each request (40)")
    given: argparse.Namespace = parser.parse_args()
    run.DATA.mkdir(exist_ok=True)
    described = run.probed()
    figures = {"with a token": sending(given.pairs), "bound": searching(given.n, given.pairs)}
    run.save("rights", given, {"machine": described, **figures}, table(figures))


if __name__ == "__main__":
    main()
