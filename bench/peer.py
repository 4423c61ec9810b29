"""Peer: LogIngestor and VictoriaLogs side by side: the same bytes, the same questions in turn, in one run.

python -m bench.peer --binary ./victoria-logs              1,000,000 logs; some minutes
python -m bench.peer --binary ./victoria-logs --n 20000    a quick look

VictoriaLogs is neither built nor fetched here: https://docs.victoriametrics.com/victorialogs/quickstart/ says where it comes from.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench import client, find, machine, run
from bench.ingest import wait_until_found
from bench.logs import NEEDLE, Facts
from tests.e2e.program import Server, wait_for

#: How often each question is asked of each, after the first time.
TIMES = 20
#: Seconds until VictoriaLogs answers after its start, and until it finds all that it took.
START_SECONDS, FOUND_SECONDS = 30.0, 300.0
#: Where VictoriaLogs takes lines of JSON; its stream is what its documents advise, the source.
DOOR = "/insert/jsonline?" + urlencode(
    {"_stream_fields": "resourceId", "_time_field": "timestamp", "_msg_field": "message"}
)
#: What a question asks VictoriaLogs: path and parameters, and what is wrong with the lines of its answer ("" is nothing).
Asked = tuple[str, dict[str, str], Callable[[list[dict[str, Any]]], str]]


class Victoria:
    """A VictoriaLogs process on an empty folder and a free port."""

    def __init__(self, binary: Path, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        self.folder, self.url = folder, f"http://{address}"
        # Logs of the set are older than the week that it keeps by itself.
        words = [str(binary), f"-storageDataPath={folder}", f"-httpListenAddr={address}", "-retentionPeriod=100y"]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, START_SECONDS, "VictoriaLogs to answer")
        self.connection = client.Connection(self.url)

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"VictoriaLogs ended with {self._process.returncode}")
        try:
            return client.Connection(self.url).exchange("GET", "/health").startswith(b"OK")
        except OSError:
            return False

    @property
    def pids(self) -> list[int]:
        """Its one process."""
        return [self._process.pid]

    def ask(self, path: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
        """Return the lines of an answer, decoded."""
        kind = "application/x-www-form-urlencoded"
        answer = self.connection.exchange("POST", path, urlencode(parameters).encode(), kind)
        return [json.loads(line) for line in answer.splitlines()]

    def count(self) -> int:
        """Return how many logs it finds."""
        return int(self.ask("/select/logsql/query", {"query": "* | count() n"})[0]["n"])

    def wait_until_found(self, expected: int) -> None:
        """Return as soon as it finds all logs."""
        wait_for(lambda: self.count() == expected, FOUND_SECONDS, f"{expected} logs in VictoriaLogs")

    def stop(self) -> None:
        """End it; what it holds in memory is written."""
        self._process.terminate()
        self._process.wait(60)


def questions(facts: Facts) -> dict[str, Asked]:
    """Return the questions of bench.find as LogsQL asks them, by name."""
    low, high = facts.combined_window
    window = {"start": facts.first, "end": facts.last}
    combined = f'_time:[{low}, {high}] {{resourceId="{facts.RESOURCE}"}} level:=error timeout'
    texts = facts.texts
    return {
        "newest 50 of level=error": _rows("level:=error", facts.levels["error"]),
        "rare word": _rows(NEEDLE, texts[NEEDLE]),
        "common substring": _rows(f'~"{facts.COMMON}"', texts[facts.COMMON]),
        "rare substring": _rows(f'~"{facts.RARE}"', texts[facts.RARE]),
        "common regex": _rows('~"timeout after [0-9]{4}ms"', texts[facts.TIMEOUT]),
        "rare regex": _rows(r'~"zq[0-9]needle[w-z][0-9]"', texts[NEEDLE]),
        "6 h + level + resource + word": _rows(combined, facts.combined),
        "histogram by minute of level=error": _hits({**window, "step": "1m"}, facts.levels["error"]),
        "histogram by hour of level=error": _hits({**window, "step": "1h"}, facts.levels["error"]),
        "top 10 resourceId": _top(facts),
        "count of level=error": _counted("level:=error | count() n", facts.levels["error"]),
    }


def _rows(query: str, expected: int) -> Asked:
    def fault(rows: list[dict[str, Any]]) -> str:
        return "" if len(rows) == min(expected, 50) else f"{len(rows)} rows"

    return "/select/logsql/query", {"query": query, "limit": "50"}, fault


def _hits(parameters: dict[str, str], expected: int) -> Asked:
    def fault(rows: list[dict[str, Any]]) -> str:
        found = sum(hits["total"] for hits in rows[0]["hits"])
        return "" if found == expected else f"{found} hits, not {expected}"

    return "/select/logsql/hits", {"query": "level:=error", **parameters}, fault


def _top(facts: Facts) -> Asked:
    def fault(rows: list[dict[str, Any]]) -> str:
        found = [(row["resourceId"], int(row["hits"])) for row in rows]
        return "" if found == facts.resources.most_common(10) else "not the ten most frequent"

    return "/select/logsql/query", {"query": "* | top 10 by (resourceId)"}, fault


def _counted(query: str, expected: int) -> Asked:
    def fault(rows: list[dict[str, Any]]) -> str:
        return "" if int(rows[0]["n"]) == expected else f"{rows[0]['n']}, not {expected}"

    return "/select/logsql/query", {"query": query}, fault


def fill(
    url: str, pids: list[int], path: Path, given: argparse.Namespace, door: str, wait: Callable[[int], object]
) -> dict[str, Any]:
    """Send the logs to a door and wait until all are found; return what it took."""
    before, began = machine.cpu_seconds(pids), time.perf_counter()
    accepted = client.send_all(url, path, given.body, given.connections, lambda _: None, door)
    wait(accepted)
    took, spent = time.perf_counter() - began, machine.cpu_seconds(pids) - before
    return {
        "searchable_per_s": round(accepted / took),
        "cpu_us_per_log": round(spent / accepted * 1e6, 1),
        "memory_mib": round(machine.memory_mib(pids), 1),
    }


def compare(server: Server, victoria: Victoria, facts: Facts, times: int) -> dict[str, dict[str, Any]]:
    """Ask every question of both in turn; return p50 and p95 in ms. Raises when an answer is wrong."""
    ours, theirs = client.Connection(server.url), questions(facts)
    figures: dict[str, dict[str, Any]] = {}
    for question in find.questions(facts):
        body = {"limit": 50, **question.body, "count": "auto"} if question.counted else question.body
        sent = json.dumps(body).encode()
        path, parameters, fault = theirs[question.name]
        took: dict[str, list[float]] = {"logingestor": [], "victorialogs": []}
        for _ in range(times + 1):
            began = time.perf_counter()
            answer = ours.request("POST", question.path, sent)
            between = time.perf_counter()
            rows = victoria.ask(path, parameters)
            took["logingestor"].append((between - began) * 1000)
            took["victorialogs"].append((time.perf_counter() - between) * 1000)
            if wrong := question.fault(answer, False) or fault(rows):
                raise RuntimeError(f"{question.name}: {wrong}")
        figures[question.name] = {
            name: {f"p{part}_ms": round(client.percentile(values[1:], part), 2) for part in (50, 95)}
            for name, values in took.items()
        }
    return figures


def size_of(folder: Path) -> int:
    """Return the bytes of all files beneath a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> None:
    """Measure both and keep the figures."""
    parser = run.parser(__doc__ or "")
    parser.add_argument("--binary", type=Path, required=True, help="a VictoriaLogs binary")
    parser.add_argument(
        "--release", default="", help="what its release is called: a binary that was built knows no version"
    )
    parser.add_argument("--times", type=int, default=TIMES, help=f"how often each question is asked ({TIMES})")
    given = parser.parse_args()
    path, found = run.log_file(given), run.probed()
    facts, folder = Facts.of(path), Path(tempfile.mkdtemp(prefix="peer-", dir=run.DATA))
    victoria = Victoria(given.binary.resolve(), folder)
    try:
        with run.serving(given) as server:
            ours = [pid for pids in run.processes(server).values() for pid in pids]
            figures = {
                "victorialogs": fill(victoria.url, victoria.pids, path, given, DOOR, victoria.wait_until_found),
                "logingestor": fill(
                    server.url, ours, path, given, "/logs/ingest/", partial(wait_until_found, server.url)
                ),
            }
            time.sleep(2)  # blocks are sealed between batches
            asked = compare(server, victoria, facts, given.times)
            server.stop()
            victoria.stop()
            for name, place in (("logingestor", server.folder), ("victorialogs", folder)):
                figures[name]["bytes_per_log"] = round(size_of(place) / facts.n, 1)
    finally:
        victoria.stop()
        shutil.rmtree(folder)
    version = f"VictoriaLogs {given.release}".strip()
    whole = {"machine": found, "peer": version, "ingest": figures, "questions": asked}
    given.binary = given.binary.name
    run.save("peer", given, whole, table(version, figures, asked, facts))


#: What the first rows of the table are called.
ROWS = {
    "searchable_per_s": "logs/s until all are searchable",
    "cpu_us_per_log": "server CPU, µs a log",
    "memory_mib": "memory after ingest, MiB",
    "bytes_per_log": "bytes a log on disk, after a stop",
}


def table(version: str, ingest: dict[str, Any], asked: dict[str, Any], facts: Facts) -> list[str]:
    """Return the figures as a table; the ratio is ours by theirs."""
    rows = [f"{facts.n:,} logs of {facts.bytes / facts.n:.0f} bytes; peer: {version}. Every answer was checked.", ""]
    rows += ["| | LogIngestor | VictoriaLogs | ratio |", "|---|---:|---:|---:|"]
    for key, title in ROWS.items():
        ours, theirs = ingest["logingestor"][key], ingest["victorialogs"][key]
        rows.append(f"| {title} | {ours:,} | {theirs:,} | {ours / theirs:.2f} |")
    for name, both in asked.items():
        ours, theirs = both["logingestor"], both["victorialogs"]
        shown = " | ".join(f"{one['p50_ms']} / {one['p95_ms']}" for one in (ours, theirs))
        rows.append(f"| {name}, p50 / p95 ms | {shown} | {ours['p50_ms'] / theirs['p50_ms']:.2f} |")
    return rows


if __name__ == "__main__":
    main()
