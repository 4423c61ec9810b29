"""What the machine itself can do, measured beside everything else so that figures can be compared."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pysqlite3

#: Seconds that each probe of the machine takes.
PROBE_SECONDS = 2.0
#: Bytes of one log, about, and rows in one transaction.
LOG_BYTES, ROWS = 350, 1_000
_TICKS = os.sysconf("SC_CLK_TCK")


def describe() -> dict[str, Any]:
    """Return what the machine is."""
    names = [line.partition(":")[2].strip() for line in _proc("cpuinfo") if line.startswith("model name")]
    memory = next((int(line.split()[1]) for line in _proc("meminfo") if line.startswith("MemTotal")), 0)
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / (1 << 20), 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": pysqlite3.sqlite_version,
        "load_before": round(os.getloadavg()[0], 2),
    }


def _proc(name: str) -> list[str]:
    path = Path("/proc") / name
    return path.read_text().splitlines() if path.exists() else []


def syncs_per_second(folder: Path) -> float:
    """Return how often a second the disk takes an append of one log and fdatasync."""
    path = folder / "sync.probe"
    with path.open("wb", buffering=0) as file:
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < PROBE_SECONDS:
            file.write(b"x" * LOG_BYTES)
            os.fdatasync(file.fileno())
            count += 1
        rate = count / (time.perf_counter() - began)
    path.unlink()
    return rate


def inserts_per_second(folder: Path) -> float:
    """Return how many rows of one log's size SQLite alone inserts a second, in this process, 1,000 a transaction."""
    path = folder / "insert.probe"
    connection = pysqlite3.connect(str(path), isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE logs (id INTEGER PRIMARY KEY, doc BLOB)")
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < PROBE_SECONDS:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO logs (doc) VALUES (?)", [(os.urandom(8) * (LOG_BYTES // 8),)] * ROWS)
        connection.execute("COMMIT")
        count += ROWS
    rate = count / (time.perf_counter() - began)
    connection.close()
    for leftover in folder.glob("insert.probe*"):
        leftover.unlink()
    return rate


def probe(folder: Path) -> dict[str, Any]:
    """Return the machine's description and both rates."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        **describe(),
        "fdatasync_per_s": round(syncs_per_second(folder)),
        "sqlite_inserts_per_s": round(inserts_per_second(folder)),
    }


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time that these processes have used so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def memory_mib(pids: Iterable[int]) -> float:
    """Return the memory of these processes now, in MiB: a page that several processes share counts for each with its share."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024
