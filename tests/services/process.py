"""One process of a server: its pid file, its console, its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

#: Seconds a process is given to stop by itself, and to be gone after SIGKILL.
STOP_SECONDS = 60.0
#: Seconds between two looks.
LOOK_SECONDS = 0.05
#: Lines of the console that an error shows.
CONSOLE_LINES = 30


class ServerFailed(Exception):
    """A server did not do what it was told; the end of its console is in the text."""


class Process:
    """A process that is found again by its pid file, also from another program."""

    def __init__(self, folder: Path, name: str) -> None:
        self.console = folder / f"{name}.console"
        self._pid_file = folder / f"{name}.pid"
        self._child: subprocess.Popen[bytes] | None = None

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], *, user: str | None = None, tied: bool = False
    ) -> None:
        """Start the command in the folder, as another user if root says so; *tied* ends it when this thread ends."""
        prefix = []
        if tied:
            prefix += ["--pdeathsig", "KILL"]
        if user is not None:
            prefix += ["--reuid", user, "--regid", user, "--init-groups"]
        with self.console.open("wb") as console:
            # setpriv and what it starts exec each other, so the pid is the server's own.
            self._child = subprocess.Popen(
                ["setpriv", *prefix, *command] if prefix else list(command),
                cwd=self.console.parent,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._pid_file.write_text(f"{self._child.pid} {_born(self._child.pid)}")

    def pid(self) -> int | None:
        """Return the pid while the process runs; a process that has got the same number since is not it."""
        if self._child is not None:
            # Reaped here, so that it doesn't stay a zombie.
            self._child.poll()
        try:
            pid, born = map(int, self._pid_file.read_text().split())
        except (FileNotFoundError, ValueError):
            return None
        return pid if _born(pid) == born else None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask the process to stop and wait; one that does not is killed."""
        pid = self.pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            if not wait_for(lambda: self.pid() is None, STOP_SECONDS):
                self.kill()
        self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the process and all that it started at once, as a crash of the machine would."""
        pid = self.pid()
        if pid is not None:
            family = {one: born for one in (pid, *_descendants(pid)) if (born := _born(one)) is not None}
            for one in family:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
            gone = wait_for(lambda: self.pid() is None and not any(_born(one) == born for one, born in family.items()))
            if not gone:
                raise ServerFailed(f"process {pid} outlives SIGKILL")
        self._pid_file.unlink(missing_ok=True)

    def console_end(self) -> str:
        """Return the last lines that the process wrote."""
        if not self.console.exists():
            return ""
        return "\n".join(self.console.read_text(errors="replace").splitlines()[-CONSOLE_LINES:])


def wait_for(condition: Callable[[], bool], seconds: float = STOP_SECONDS) -> bool:
    """Return whether the condition came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _stat(pid: int) -> list[str]:
    """Return what follows the name in /proc/PID/stat: state, parent, ...; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _born(pid: int) -> int | None:
    """Return when the process was started, in ticks since the machine was; None if it runs no more."""
    stat = _stat(pid)
    # A first thread that has ended is shown as a zombie while others still run, and hold files and ports.
    return int(stat[19]) if stat and (stat[0] not in "ZX" or int(stat[17]) > 1) else None


def _descendants(pid: int) -> list[int]:
    parents = {one: int(stat[1]) for one in _all_pids() if (stat := _stat(one))}
    found, row = [], {pid}
    while row:
        row = {one for one, parent in parents.items() if parent in row}
        found += sorted(row)
    return found


def _all_pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
