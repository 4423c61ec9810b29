"""The processes of this package have this in common: lines on the console, exit codes, and the signal to stop."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from app import watchdog
from app.errors import InvalidInput, LogIngestorError
from app.settings.settings import Settings

_STOPS = (signal.SIGTERM, signal.SIGINT)
#: Seconds for which the broker's library says the same only once.
SAME_SECONDS = 60.0


class Stopping(threading.Event):
    """Set once the process is to stop; it ends in time then, whatever hangs."""

    def set(self) -> None:
        """Tell all who wait."""
        if not self.is_set():
            watchdog.end_in_time()
        super().set()


class Seldom(logging.Filter):
    """Lets through what Dramatiq says again and again, each queue for itself, while its broker is away, once a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is to be written."""
        if not record.name.startswith("dramatiq"):
            return True
        # Without its arguments: they differ from try to try.
        text, now = str(record.msg), time.monotonic()
        if now - self._said.get(text, -SAME_SECONDS) < SAME_SECONDS:
            return False
        self._said[text] = now
        return True


def run(part: str, work: Callable[[Settings], None]) -> int:
    """Run a part by the settings of the environment; return the exit code."""
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {part} %(levelname)s %(message)s", stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.addFilter(Seldom())
    for name in ("dramatiq", "periodiq"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # what goes wrong there is said by who uses it
    try:
        work(Settings.from_env(os.environ))
    except InvalidInput as error:
        print(error, file=sys.stderr)
        return 2
    except LogIngestorError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def when_told_to_stop(stop: Callable[[], None]) -> None:
    """Have the first SIGTERM or SIGINT call *stop*, in the main thread; one held back at the start, too."""
    # A second one interrupts the handler of the first: there *stop* would wait for a lock that it holds itself.
    first = [stop]

    def told(*_: object) -> None:
        if first:
            first.pop()()

    for number in _STOPS:
        signal.signal(number, told)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)


def stop_by_itself(stopping: threading.Event) -> None:
    """Set the event where no signal has: from now on none is handled, since a handler that interrupts this would wait for the event's lock for ever."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    if not stopping.is_set():
        stopping.set()
