"""A thread that writes to the record every few seconds what a process has counted, so that ingest pays next to nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from app.errors import Unavailable

log = logging.getLogger(__name__)

#: Least seconds between two reports to the record.
REPORT_SECONDS = 2.0
#: Seconds given to the last report when the process stops.
STOP_SECONDS = 3.0


class CountReporter:
    """Calls *report* at most every REPORT_SECONDS after something is due; begins its thread with the first that is."""

    def __init__(self, name: str, report: Callable[[], None]) -> None:
        self._name = name
        self._report = report
        self._guard = threading.Lock()
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def due(self) -> None:
        """Have what was counted reported soon."""
        # Reading the flag of an event that is set already takes no lock.
        if self._due.is_set():
            return
        with self._guard:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        self._due.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._due.wait()
            self._stopping.wait(REPORT_SECONDS)
            # Before the report: what is counted meanwhile is due again.
            self._due.clear()
            try:
                self._report()
            except Exception as error:
                self._due.set()
                if not isinstance(error, Unavailable):
                    log.warning("%s can't be written to the record: %s", self._name, error, exc_info=True)

    def close(self) -> None:
        """Report what is left."""
        self._stopping.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        try:
            self._report()
        except Unavailable as error:
            log.warning("the last of %s can't be written to the record: %s", self._name, error)
