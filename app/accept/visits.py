"""Visits: who sends, gathered in memory and reported to the record every few seconds, so that ingest pays next to nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from app.errors import Unavailable
from app.log.schema import Refused
from app.ports.figures import NAME_LENGTH, SAMPLE_LENGTH, SOURCES, FigureKeeper, Key, SourceRefusal, Visit

log = logging.getLogger(__name__)

#: Least seconds between two reports to the record.
REPORT_SECONDS = 2.0
#: Seconds given to the last report when the process stops.
STOP_SECONDS = 3.0


class Visits:
    """The sources that this process has seen since it last reported to the record; for all its threads.

    Visits that a killed process had not reported are missing from the counts; no log is.
    """

    def __init__(self, keeper: FigureKeeper) -> None:
        self._keeper = keeper
        self._guard = threading.Lock()
        self._seen: dict[Key, Visit] = {}
        self._overlooked = 0
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def saw(self, sender: str, agent: str, accepted: int, refused: Sequence[Refused] = ()) -> None:
        """Note a request: how many of its logs were accepted, and what was refused."""
        key = sender[:NAME_LENGTH], agent[:NAME_LENGTH]
        with self._guard:
            visit = self._seen.get(key)
            if visit is None:
                if len(self._seen) >= SOURCES:
                    self._overlooked += 1
                    return
                visit = self._seen[key] = Visit()
            visit.requests += 1
            visit.logs += accepted
            if refused:
                last = refused[-1]
                visit.refused += len(refused)
                visit.refusal = SourceRefusal(last.problem.message, last.problem.field, last.payload[:SAMPLE_LENGTH])
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="visits", daemon=True)
                self._thread.start()
        # Reading the flag of an event that is set already takes no lock.
        if not self._due.is_set():
            self._due.set()

    def report(self) -> None:
        """Report to the record what was seen. Raises Unavailable; then it is reported with what comes next."""
        with self._guard:
            seen, self._seen = self._seen, {}
            overlooked, self._overlooked = self._overlooked, 0
        if not seen and not overlooked:
            return
        try:
            self._keeper.see(sorted(seen.items(), key=lambda item: item[0]), overlooked)
        except Unavailable:
            self._take_back(seen, overlooked)
            raise

    def _take_back(self, seen: dict[Key, Visit], overlooked: int) -> None:
        with self._guard:
            self._overlooked += overlooked
            for key, visit in seen.items():
                newer = self._seen.get(key)
                if newer is None:
                    # Sources that call while the record is away count too: no more are kept than one report may hold.
                    if len(self._seen) < SOURCES:
                        self._seen[key] = visit
                    else:
                        self._overlooked += 1
                    continue
                newer.requests += visit.requests
                newer.logs += visit.logs
                newer.refused += visit.refused
                newer.refusal = newer.refusal or visit.refusal

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._due.wait()
            self._stopping.wait(REPORT_SECONDS)
            # Before the report: what is seen meanwhile is due again.
            self._due.clear()
            try:
                self.report()
            except Exception as error:
                self._due.set()
                if not isinstance(error, Unavailable):
                    log.warning("what was seen of sources can't be reported: %s", error, exc_info=True)

    def close(self) -> None:
        """Report the last visits to the record."""
        self._stopping.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        try:
            self.report()
        except Unavailable as error:
            log.warning("what was seen of sources last can't be reported: %s", error)
