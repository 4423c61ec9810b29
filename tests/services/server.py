"""What all servers have in common: a folder, ports that stay the same, a start that waits for an answer."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from tests.services.process import Process, ServerFailed, wait_for

#: Seconds within which a server must answer after its start, be the machine ever so busy.
START_SECONDS = 180.0
#: Ports are taken from here up to where the kernel's own choice begins. In the kernel's range a client that keeps trying a
#: server which is down may be given the server's port as its own, and then talks to itself.
LOWEST_PORT = 10_000
#: Files of tests that are passed side by side at most: each process chooses among ports of its own.
_SIDE_BY_SIDE = 8
#: Ports that were given in this process; none is given twice, for who got it may just be down.
_GIVEN: set[int] = set()
#: Names of the environment that a server gets; the rest could change what it does.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")


class Server(ABC):
    """A server on a folder; the same folder gives the same data and the same ports again."""

    #: Name on the command line, and in a sentence.
    name: ClassVar[str]
    title: ClassVar[str]
    #: Name in the environment under which tests are told of a server that runs already.
    variable: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path, *, tied: bool = False) -> None:
        self.folder = folder.resolve()
        #: Whether the server ends with the thread that started it.
        self.tied = tied
        #: What it consists of, in the order of stopping.
        self.processes: list[Process] = []

    @classmethod
    @abstractmethod
    def missing(cls) -> list[str]:
        """Return what must be installed first, in words; nothing if the server can be started."""

    @classmethod
    def installed(cls) -> bool:
        """Return whether the server can be started."""
        return not cls.missing()

    @classmethod
    @abstractmethod
    def install(cls) -> None:
        """Install what is missing, or raise ServerFailed."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where the server answers, in the form of our settings."""

    @abstractmethod
    def start(self) -> None:
        """Start what does not run yet and wait until it answers, or raise ServerFailed; data of before is there again."""

    def stop(self) -> None:
        """Stop as an administrator would."""
        for process in self.processes:
            process.stop(self.stop_signal)

    def kill(self) -> None:
        """Stop as a crash would."""
        for process in self.processes:
            process.kill()

    def running(self) -> bool:
        """Return whether all processes run."""
        return all(process.pid() is not None for process in self.processes)

    def ports(self, *names: str) -> dict[str, int]:
        """Return the port of each name; chosen once, then read from the folder."""
        path = self.folder / "ports.json"
        known: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        if lacking := [name for name in names if name not in known]:
            known |= dict(zip(lacking, free_ports(len(lacking)), strict=True))
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(known))
        return {name: known[name] for name in names}

    def environment(self) -> dict[str, str]:
        """Return the environment that the server is started with."""
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return {"PATH": os.defpath, "HOME": str(self.folder), **kept}

    def wait_until(self, answers: Callable[[], bool], *processes: Process) -> None:
        """Wait until the server answers, or raise ServerFailed."""

        def settled() -> bool:
            return answers() or any(process.pid() is None for process in processes)

        wait_for(settled, START_SECONDS)
        if not answers():
            consoles = "\n".join(process.console_end() for process in processes)
            raise ServerFailed(f"{self.title} does not answer in {self.folder}; its console ends:\n{consoles}")


def free_ports(count: int, kind: int = socket.SOCK_STREAM) -> list[int]:
    """Return so many different ports of 127.0.0.1 that nobody uses, nor any other test from now on, also while their server is down."""
    path = Path("/proc/sys/net/ipv4/ip_local_port_range")
    highest = int(path.read_text().split()[0]) if path.exists() else 32_768
    own = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _SIDE_BY_SIDE
    found: set[int] = set()
    while len(found) < count:
        # Any order will do; two that choose at once must not try the same one first.
        port = random.randrange(LOWEST_PORT + own, highest, _SIDE_BY_SIDE)
        if port in _GIVEN:
            continue
        with socket.socket(type=kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.add(port)
        _GIVEN.add(port)
    return list(found)


def write(path: Path, values: Mapping[str, object], separator: str = " = ") -> None:
    """Write a file of settings, one a line."""
    path.write_text("".join(f"{name}{separator}{value}\n" for name, value in values.items()))
