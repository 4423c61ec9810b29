"""Processes that are forked off this one: what it has loaded they share, and what they load beyond goes with them.

A Python process costs its modules: forked off, a web process has some 25 MB of its own where it would have 85.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

#: Whether parts are forked off. Frameworks of macOS must not be used in a process that was forked and has no program of its own:
#: there, and on what nobody has tried, each part is a program that is started anew.
FORKS = sys.platform == "linux"
#: Seconds between two looks whether a process that is waited for has ended, at first and at most.
_FIRST_LOOK, _LONGEST_LOOK = 0.001, 0.05
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # prctl(2)
_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_STAT = Path("/proc/self/stat")


class Forked:
    """A process that does *work*, with what the supervisor asks of any: see subprocess.Popen.

    Whoever forks has one thread: another's locks would stay held in the child for ever. By hand, since multiprocessing makes
    pipes for each process, and leaves them open where the fork fails. Raises OSError then.
    """

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        # Text that waits in a buffer would be written by both.
        _flush()
        _notice_ends()
        parent = os.getpid()
        self._code: int | None = None
        # Held back, a signal finds the child with handlers of its own, not with those of this process.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        try:
            self.pid = os.fork()
            if not self.pid:
                _be(name, parent, work)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def poll(self) -> int | None:
        """Return its exit code, negative for a signal that ended it; None while it runs."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end, at most *timeout* seconds; return what `poll` does."""
        if timeout is None and self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        until, look = time.monotonic() + (timeout or 0), _FIRST_LOOK
        while self.poll() is None and (left := until - time.monotonic()) > 0:
            time.sleep(min(look, left))
            look = min(2 * look, _LONGEST_LOOK)
        return self._code

    def terminate(self) -> None:
        """Send it SIGTERM."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Send it SIGKILL."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _be(name: str, parent: int, work: Callable[[], object]) -> NoReturn:
    """Do the work and end: what the parent has yet to do, up its stack and at its exit, is not for this process."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        tie_to(parent)
        if sys.platform == "linux":
            _show(name)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        code = _exit_code(work)
        threading._shutdown()  # type: ignore[attr-defined]  # waits for the other threads, as Python does at its end
        _flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _exit_code(work: Callable[[], object]) -> int:
    try:
        work()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    return 0


def _notice_ends() -> None:
    """Let the ends of children be waited for: a program that ignores them passes that on to those which it starts."""
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        # A process may have none, and whoever reads them may have left.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()


def _show(name: str) -> None:
    """Have `ps -e` and `top` show *name*, and the command line its first word where the parent's has what the parent is."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())
    words = "".join(f"{word}\0" for word in (sys.orig_argv[0], "-m", "app.cli", name.split(maxsplit=1)[0])).encode()
    # Where the kernel reads the command line: arg_start and arg_end, proc(5). Python has copies of its own.
    try:
        start, end = map(int, _STAT.read_text().rpartition(")")[2].split()[45:47])
    except OSError:  # no /proc here: nobody could read the line either
        return
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
