"""Processes that are forked off this one: what it has loaded they share, and what they load beyond goes with them.

A Python process costs its modules: forked off, a web process has some 25 MB of its own where it would have 85.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # prctl(2)
_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Forked:
    """A process that does *work*, with what the supervisor asks of any: see subprocess.Popen.

    Whoever forks has one thread: another's locks would stay held in the child for ever.
    """

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        # Held back, a signal finds the child with handlers of its own, not with those of this process.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        try:
            context = multiprocessing.get_context("fork")
            # As a daemon: it ends when this process ends by an error, rather than be waited for.
            self._process = context.Process(target=_be, args=(name, os.getpid(), work), daemon=True)
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.pid = self._process.pid or 0

    def poll(self) -> int | None:
        """Return its exit code, negative for a signal that ended it; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end, at most *timeout* seconds; return what `poll` does."""
        self._process.join(timeout)
        return self.poll()

    def terminate(self) -> None:
        """Send it SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        """Send it SIGKILL."""
        self._process.kill()


def _be(name: str, parent: int, work: Callable[[], object]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    tie_to(parent)
    if sys.platform == "linux":
        _show(name)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    work()


def _show(name: str) -> None:
    """Have `ps -e` and `top` show *name*, and the command line its first word where the parent's has what the parent is."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())
    words = "".join(f"{word}\0" for word in (sys.orig_argv[0], "-m", "app.cli", name.split(maxsplit=1)[0])).encode()
    # Where the kernel reads the command line: arg_start and arg_end, proc(5). Python has copies of its own.
    start, end = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[45:47])
    if len(words) <= end - start:
        ctypes.memmove(start, words.ljust(end - start, b"\0"), end - start)


def tie_to(parent: int) -> None:
    """Let the parent, or the kernel when it dies, end this child: no part may outlive `serve` unseen."""
    # The terminal sends Ctrl-C to all; a part that is still starting would answer with a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Until the child has handlers of its own it has the parent's: one would note that it is to stop, and forget.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGTERM)
