"""Visits: who sends, gathered in memory and reported to the record every few seconds, so that ingest pays next to nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from app.accept.report import CountReporter
from app.errors import Unavailable
from app.log.parsed import Refused
from app.ports.figures import NAME_LENGTH, SAMPLE_LENGTH, SOURCES, FigureKeeper, Key, SourceRefusal, Visit


class Visits:
    """The sources that this process has seen since it last reported to the record; for all its threads.

    Visits that a killed process had not reported are missing from the counts; no log is.
    """

    def __init__(self, keeper: FigureKeeper) -> None:
        self._keeper = keeper
        self._guard = threading.Lock()
        self._seen: dict[Key, Visit] = {}
        self._overlooked = 0
        self._reporter = CountReporter("visits of sources", self.report)

    def saw(self, sender: str, agent: str, accepted: int, refused: Sequence[Refused] = (), read_as: str = "") -> None:
        """Note a request: how many of its logs were accepted, what was refused, and what its last log was *read_as*."""
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
            visit.read_as = read_as[:NAME_LENGTH] or visit.read_as
            if refused:
                last = refused[-1]
                visit.refused += len(refused)
                visit.refusal = SourceRefusal(last.problem.message, last.problem.field, last.payload[:SAMPLE_LENGTH])
        self._reporter.due()

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
                newer.read_as = newer.read_as or visit.read_as

    def close(self) -> None:
        """Report the last visits to the record."""
        self._reporter.close()
