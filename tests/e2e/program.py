"""The program as its user runs it: real processes on a free port and an empty folder, spoken to over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

#: Seconds within which the program must answer after its start, be the machine ever so busy.
START_SECONDS = 150.0
#: Seconds within which what was accepted must be findable, once nothing disturbs.
DRAIN_SECONDS = 150.0
ROOT = Path(__file__).resolve().parents[2]


class Server:
    """`logingestor serve`, its console, and its children."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        #: The checkout whose program it is.
        self.root = ROOT
        #: What starts it.
        self.command = [sys.executable, "-m", "app.cli", "serve"]
        self.environment = {name: text for name, text in os.environ.items() if not name.startswith("LOGINGESTOR_")}
        given = {"DATA_DIR": str(folder), "PORT": "0", "MIN_FREE_DISK": "1 MiB", **settings}
        self.environment |= {f"LOGINGESTOR_{name}": text for name, text in given.items()}
        self.console = ""
        self.url = ""
        #: Headers of every request that is made here.
        self.headers: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []
        self._written = threading.Lock()

    def start(self) -> None:
        """Start the program and wait for the whole of its greeting, with the address."""
        self.console, self.url = "", ""
        self._process = subprocess.Popen(
            self.command,
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for stream in (self._process.stdout, self._process.stderr):
            reader = threading.Thread(target=self._collect, args=(stream,), daemon=True)
            reader.start()
            self._readers.append(reader)
        wait_for(lambda: self.url or self._process.poll() is not None, START_SECONDS, "the address on the console")
        assert self.url, f"serve ended with {self._process.poll()}:\n{self.console}"

    def _collect(self, stream: Any) -> None:
        address = ""
        for line in stream:
            # Two streams come side by side.
            with self._written:
                self.console += line
            found = re.search(r"page\s+(http://\S+)/", line)
            if found:
                address = found[1]
            # The greeting's last line: a test may read the others.
            elif line.startswith("  stop  "):
                self.url = address
        stream.close()

    @property
    def started(self) -> bool:
        """Whether there is a process, be it ready or not."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Process id of `serve` itself."""
        assert self._process is not None
        return self._process.pid

    def children(self, part: str = "") -> list[int]:
        """Return the process ids of the children whose command line names *part*."""
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(status.read_text().rpartition(")")[2].split()[1])
                command = (status.parent / "cmdline").read_text()
            except (OSError, ValueError):
                continue
            if parent == self.pid and part in command:
                found.append(int(status.parent.name))
        return found

    def webs(self) -> list[int]:
        """Return the process ids of the web processes."""
        return self.children("\0web\0")

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        return self.children("workers.main")

    def kill_all(self) -> None:
        """Kill -9 `serve` and every child at once."""
        # Stopped it starts none that would live on for a moment, and hold the port.
        os.kill(self.pid, signal.SIGSTOP)
        wait_for(lambda: state(self.pid) in "TZ", 120, "serve to stand still")
        for pid in [self.pid, *self.children()]:
            # A child that only starts ends with its parent, before its turn comes.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop the program as its user does; return its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._wait()

    def _wait(self) -> int:
        assert self._process is not None
        code = self._process.wait(120)
        for reader in self._readers:
            reader.join(60)
        self._readers.clear()
        return code

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float = 120
    ) -> tuple[int, Any]:
        """Send one request; return status and body (decoded where it is JSON). *body* may be bytes or plain data."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout)
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request(
                method, path, sent, {"Content-Type": "application/json", **self.headers, **(headers or {})}
            )
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        whole = answer.getheader("Content-Type", "").startswith("application/json")
        return answer.status, json.loads(text) if whole else text

    def get(self, path: str) -> Any:
        """Return the body of a GET that must succeed."""
        status, body = self.request("GET", path)
        assert status == 200, body
        return body

    def ingest(self, body: Any, **headers: str) -> dict[str, Any]:
        """Send logs that must be accepted; return the answer."""
        status, answer = self.request("POST", "/logs/ingest/", body, headers)
        assert status == 202, answer
        return dict(answer)

    def drained(self) -> None:
        """Wait until nothing accepted is left to be found."""
        wait_for(lambda: self.get("/logs?limit=1&count=none")["pending"] == 0, DRAIN_SECONDS, "an empty queue")


def state(pid: int) -> str:
    """Return the letter of a process's state, as ps(1) shows it: T for one that is stopped, Z also for one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and that nobody has asked about yet does not."""
    return state(pid) != "Z"


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> None:
    """Wait until *condition* holds; fail when it doesn't in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.02)
