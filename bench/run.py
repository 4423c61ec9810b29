"""What every measurement needs: arguments, a running server on an empty folder, and a place for the results."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import logs, machine
from tests.e2e.program import Server

HERE = Path(__file__).resolve().parent
#: Logs to send, and databases while a measurement runs; not kept in the repository.
DATA = HERE / "data"
RESULTS = HERE / "results"


def parser(purpose: str) -> argparse.ArgumentParser:
    """Return a parser with the arguments that all measurements share."""
    made = argparse.ArgumentParser(description=purpose, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--n", type=int, default=1_000_000, help="logs to send (1,000,000)")
    made.add_argument("--end", default=logs.END, help=f"time of the last log ({logs.END})")
    made.add_argument("--seed", type=int, default=logs.SEED)
    made.add_argument("--hours", type=float, default=logs.HOURS, help=f"hours that the logs span ({logs.HOURS})")
    made.add_argument("--logs", type=Path, help="a ready file of these logs instead of making it")
    made.add_argument("--body", type=int, default=1_000, help="logs in a body (1,000)")
    made.add_argument("--connections", type=int, default=2, help="connections that send bodies (2)")
    made.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the server")
    made.add_argument("--keep", type=Path, help="use this data folder and leave it")
    made.add_argument("--no-save", action="store_true", help="print only; write nothing to bench/results")
    return made


def log_file(given: argparse.Namespace) -> Path:
    """Return the file of logs; makes it at the first time."""
    if given.logs is not None:
        return Path(given.logs)
    span = "" if given.hours == logs.HOURS else f"-{given.hours:g}h"
    path = DATA / f"logs-{given.n}-{given.seed}-{given.end.replace(':', '')}{span}.ndjson"
    if not path.exists():
        print(f"making {path} ...")
        logs.write(path, given.n, given.end, given.seed, given.hours)
    return path


@contextmanager
def serving(given: argparse.Namespace) -> Iterator[Server]:
    """Run the program on an empty folder, or the kept one; stop it at the end."""
    with prepared(given) as server:
        server.start()
        yield server


@contextmanager
def prepared(given: argparse.Namespace, **settings: str) -> Iterator[Server]:
    """Yield the program on such a folder before it is started, with these *settings* beside those given."""
    DATA.mkdir(exist_ok=True)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="run-", dir=DATA))
    server = Server(folder, **settings, **dict(setting.split("=", 1) for setting in given.set))
    try:
        yield server
    finally:
        # One that never said its address may come up yet.
        if server.started:
            server.stop()
        if given.keep is None:
            shutil.rmtree(folder)


def processes(server: Server) -> dict[str, list[int]]:
    """Return the process ids of each part."""
    return {"serve": [server.pid], "web": server.webs(), "worker": server.workers()}


def save(what: str, given: argparse.Namespace, figures: dict[str, Any], table: list[str]) -> None:
    """Print the table, and keep it and the figures in bench/results."""
    now = datetime.now(UTC)
    print("\n".join(table))
    if given.no_save:
        return
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y-%m-%d}-{what}"
    arguments = {name: str(value) if isinstance(value, Path) else value for name, value in vars(given).items()}
    for place in ("logs", "keep", "url", "folder"):
        arguments.pop(place, None)
    whole = {"date": f"{now:%Y-%m-%dT%H:%M:%SZ}", "arguments": arguments, **figures}
    path.with_suffix(".json").write_text(json.dumps(whole, indent=1) + "\n")
    head = [f"# {what}, {now:%Y-%m-%d %H:%M} UTC", "", described(figures["machine"]), ""]
    path.with_suffix(".md").write_text("\n".join([*head, *table, ""]))
    print(f"\nkept in {path}.md and .json")


def described(found: dict[str, Any]) -> str:
    """Return the machine in a sentence."""
    return (
        f"{found['processor']}, {found['cores']} cores, {found['memory_gib']} GiB; {found['system']}; "
        f"Python {found['python']}, SQLite {found['sqlite']}. Load before: {found['load_before']}. "
        f"The disk does {found['fdatasync_per_s']:,} fdatasync/s; SQLite alone inserts "
        f"{found['sqlite_inserts_per_s']:,} rows/s in one process."
    )


def probed() -> dict[str, Any]:
    """Measure the machine before anything else runs."""
    return machine.probe(DATA)
