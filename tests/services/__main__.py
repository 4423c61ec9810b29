"""Servers for a developer, the browser, and clients of shippers: python -m tests.services install|start|stop|status [NAME...]."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.services.chromium import Chromium
from tests.services.elasticmq import KEYS, ElasticMQ
from tests.services.opensearch import OpenSearch
from tests.services.postgres import Postgres
from tests.services.process import ServerFailed
from tests.services.rabbitmq import Rabbitmq
from tests.services.server import Server
from tests.services.shippers import Shippers

KINDS: dict[str, type[Server]] = {kind.name: kind for kind in (Postgres, Rabbitmq, OpenSearch, ElasticMQ)}


#: What is only installed: the tests start it themselves.
TOOLS: dict[str, type[Chromium] | type[Shippers]] = {tool.name: tool for tool in (Chromium, Shippers)}


def install(server: Server | type[Chromium] | type[Shippers]) -> None:
    """Install what the server, or the tool, lacks."""
    timed("installed", server, server.install)


def start(server: Server) -> None:
    """Start the server and print the line that tells a shell its URL."""
    timed("runs", server, server.start)
    given = {server.variable: server.url}
    if isinstance(server, ElasticMQ):
        given |= {name: key for name, key in KEYS.items() if name not in os.environ}
    for name, text in given.items():
        print(f"export {name}={shlex.quote(text)}", flush=True)


def stop(server: Server) -> None:
    """Stop the server; its data stay."""
    timed("stopped", server, server.stop)


def status(server: Server) -> None:
    """Print what the server does, or lacks."""
    if server.running():
        print(f"{server.name}: runs, {server.url}")
    else:
        lacking = server.missing()
        print(f"{server.name}: {'lacks ' + ' and '.join(lacking) if lacking else 'stopped'}")


def timed(word: str, server: Server | type[Chromium] | type[Shippers], act: Callable[[], None]) -> None:
    """Act, and say on the error output how long it took."""
    began = time.monotonic()
    act()
    print(f"{server.title} {word} ({time.monotonic() - began:.1f} s)", file=sys.stderr, flush=True)


COMMANDS: dict[str, Callable[[Server], None]] = {"install": install, "start": start, "stop": stop, "status": status}


def main() -> int:
    """Do the command for each server that is named, or for all; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.services", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join((*KINDS, *TOOLS))}; all if none is named")
    parser.add_argument("--folder", type=Path, default=Path(".services"), help="where data and pids lie (%(default)s)")
    given = parser.parse_args()
    known = {*KINDS, *TOOLS}
    if unknown := set(given.names) - known:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    for name in given.names or (*KINDS, *TOOLS):
        try:
            do(given.command, name, given.folder)
        except ServerFailed as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
    return 0


def do(command: str, name: str, folder: Path) -> None:
    """Do the command for one of them; a tool is only installed, and started by the tests themselves."""
    if name in KINDS:
        COMMANDS[command](KINDS[name](folder / name))
    elif command == "install":
        install(TOOLS[name])
    elif command == "status":
        lacking = TOOLS[name].missing()
        print(f"{name}: {'lacks ' + ' and '.join(lacking) if lacking else 'installed'}")


if __name__ == "__main__":
    sys.exit(main())
