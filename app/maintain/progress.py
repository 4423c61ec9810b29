"""How far a long command is, reported now and then to its caller."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: logs done by this run, the part of all that is done (0 to 1), seconds since it began."""

    logs: int
    part: float
    seconds: float
    #: Seconds left at the rate so far; None while it is not known.
    left: float | None

    @property
    def rate(self) -> float:
        """Logs a second."""
        return self.logs / self.seconds if self.seconds > 0 else 0.0


#: A function that is called with the progress after each step.
Report = Callable[[Progress], object]


class Meter:
    """Measures a run over places that may have begun half-way."""

    def __init__(self, start: int, end: int, report: Report) -> None:
        self._start = start
        self._end = max(end, start)
        self._report = report
        self._began = time.monotonic()
        self.logs = 0

    def done(self, logs: int, place: int) -> None:
        """Count *logs* more, up to *place*, and report."""
        self.logs += logs
        seconds = time.monotonic() - self._began
        place = min(place, self._end)
        covered = place - self._start
        left = seconds * (self._end - place) / covered if covered > 0 else None
        self._report(Progress(self.logs, place / self._end if self._end else 1.0, seconds, left))

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began
