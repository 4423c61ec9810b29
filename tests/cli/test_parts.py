"""The parts of `serve` as processes of their own: web, worker, scheduler."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.backends import Backends
from app.log.envelope import Envelope
from app.settings.settings import Settings
from tests.cli.conftest import Processes
from tests.conftest import MakeRecord
from tests.e2e.program import START_SECONDS, wait_for

pytestmark = pytest.mark.system


@contextmanager
def running(processes: Processes, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a part; at the end it must stop cleanly on SIGTERM."""
    process = processes.start(*words)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=150)
        assert process.returncode == 0, errors.decode()
        assert b"Traceback" not in errors
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_web_alone_accepts_and_worker_alone_stores(processes: Processes, backends: Backends) -> None:
    """Each in a process of its own on one data folder; both stop cleanly."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    processes.environment["LOGINGESTOR_PORT"] = str(port)
    with running(processes, "web"):
        wait_for(lambda: posted(port) == 202, START_SECONDS, "an answer")
        assert backends.queue.depth().logs == 1
        with running(processes, "worker"):
            wait_for(lambda: backends.store.stats()["stored"] == 1, START_SECONDS, "the log in the record")
        assert backends.queue.depth().logs == 0


def stops_cleanly(process: subprocess.Popen[bytes]) -> bool:
    """Return whether the process has come so far that it handles SIGTERM."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def posted(port: int) -> int:
    """Send one log; return the status, 0 while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    try:
        connection.request("POST", "/logs/ingest/", json.dumps({"message": "hello"}))
        return connection.getresponse().status
    except ConnectionError:
        return 0
    finally:
        connection.close()


def test_two_workers_store_each_log_once(processes: Processes, backends: Backends, make_record: MakeRecord) -> None:
    """Whoever is second finds nothing left to do."""
    with running(processes, "worker") as one, running(processes, "worker") as other:
        wait_for(lambda: stops_cleanly(one) and stops_cleanly(other), START_SECONDS, "both workers")
        for start in range(0, 5_000, 100):
            backends.queue.put([Envelope([make_record(metadata={"n": start + n}) for n in range(100)])])
        wait_for(lambda: backends.queue.depth().logs == 0, 120, "an empty queue")
    found = [record.metadata["n"] for _, record in backends.store.after(0, 10_000) if record.metadata]
    assert sorted(found) == list(range(5_000))


@pytest.mark.parametrize("part", ["web", "serve"])
@pytest.mark.parametrize(
    ("host", "code", "said"),
    [
        ("0.0.0.0", 2, "AUTH is open"),
        ("192.0.2.1", 2, "AUTH is open"),
        ("nowhere.invalid", 2, "HOST"),
    ],
)
def test_an_open_server_beyond_loopback_is_refused(
    processes: Processes, part: str, host: str, code: int, said: str
) -> None:
    """Rather no server than an open one."""
    assert said in processes.run(part, code=code, HOST=host, PORT="0", AUTH="open").stderr.decode()


@pytest.mark.parametrize("part", ["web", "serve"])
def test_port_in_use_is_1(processes: Processes, part: str) -> None:
    """One line that names the port and the setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = processes.run(part, code=1, PORT=port)
    assert ended.stderr.decode() == f"port {port} is in use: set LOGINGESTOR_PORT to another\n"


@pytest.mark.parametrize("part", ["web", "worker"])
def test_part_without_a_database_is_2(processes: Processes, settings: Settings, part: str) -> None:
    """Only `serve` and `db upgrade` make one."""
    ended = processes.run(part, code=2, DATA_DIR=str(settings.data_dir / "none"), PORT="0")
    assert b"run `logingestor db upgrade`" in ended.stderr


def test_scheduler_has_nothing_to_do(processes: Processes) -> None:
    """With the local broker the worker runs the schedule; exit 2 says so."""
    ended = processes.run("scheduler", code=2)
    assert b"the worker runs the schedule itself" in ended.stderr


@pytest.mark.usefixtures("backends")
def test_a_record_that_is_away_is_told_once(processes: Processes) -> None:
    """A command that can't reach PostgreSQL says so in one line and ends with 1."""
    processes.environment["LOGINGESTOR_STORE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    process = processes.start("stats")
    _, errors = process.communicate(timeout=150)
    assert (process.returncode, len(errors.splitlines())) == (1, 1), errors.decode()
    assert b"can't be reached" in errors
