"""Flow: how many logs go through the system per second, computed from samples that all processes share.

The process that leads the watch takes a sample every few seconds and keeps it if anything has happened, so that an idle
system writes nothing, and a page shows rates and a history at once, whichever process answers it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from app.monitor.board import Trouble
from app.ports.figures import FigureKeeper, FlowSample
from app.ports.queue import LogQueue

#: Width of a bar of the history in ms, and how many there are.
BAR_MS, BARS = 10_000, 60
#: Over how long the rate of now is taken, in ms.
NOW_MS = 10_000
#: The counts of a sample of which there are rates.
RATES = ("accepted", "stored", "indexed", "refused")


def sample(queue: LogQueue, keeper: FigureKeeper, waiting: int) -> FlowSample:
    """Return what has flowed until now, of which *waiting* logs wait. Raises Unavailable."""
    # First what was accepted: it is never behind what was stored of it.
    accepted, now = queue.accepted(), keeper.reading()
    return FlowSample(now.at, accepted, now.stored, max(now.stored - now.lacking, 0), now.refused, waiting)


class Sampler:
    """Takes samples of the system's counts. It has a probe's interface, since the leading process runs probes at intervals; it never finds trouble."""

    name = "flow"

    def __init__(self, queue: LogQueue, keeper: FigureKeeper, waiting: Callable[[], int | None]) -> None:
        self._queue = queue
        self._keeper = keeper
        self._waiting = waiting
        self._kept: FlowSample | None = None
        #: The last that was like the one kept.
        self._same: FlowSample | None = None

    def look(self) -> dict[str, Trouble]:
        """Take a sample; keep it if anything has happened, after the last one before that."""
        waiting = self._waiting()
        taken = sample(self._queue, self._keeper, 0 if waiting is None else waiting)
        if self._kept is None:
            self._kept = next(reversed(self._keeper.samples(taken.at)), None)
            # Since the last sample of whoever led before nobody was at work, or for a moment only.
            if self._kept is not None and self._kept.at < taken.at - NOW_MS:
                self._same = msgspec.structs.replace(self._kept, at=taken.at - NOW_MS)
        if self._kept is not None and taken.like(self._kept):
            self._same = taken
            return {}
        # Without it a rate would be smeared over all the time in which nothing happened.
        before = [self._same] if self._same is not None and self._same.at < taken.at else []
        self._keeper.keep_samples([*before, taken])
        self._kept, self._same = taken, None
        return {}

    def unreachable(self, reason: str) -> dict[str, Trouble]:
        """Report nothing: a service that can't be reached is reported by its own probe."""
        return {}


@dataclass(frozen=True, slots=True)
class Flow:
    """Logs per second: now, and over the last minutes."""

    #: Start of the first bar in ms, by the record's clock.
    start: int
    #: By the names in RATES; None where it is not known yet.
    now: dict[str, float | None]
    #: The newest bar last; None before the first sample.
    bars: dict[str, list[float | None]]
    #: How many logs waited at the end of each bar.
    waiting: list[int | None]


def flow(samples: Sequence[FlowSample], now: FlowSample) -> Flow:
    """Return the flow until *now*, with the *samples* that were kept before. Between two samples it is taken as even."""
    line = [*(one for one in samples if one.at < now.at), now]
    start = now.at - now.at % BAR_MS - (BARS - 1) * BAR_MS
    edges = [start + bar * BAR_MS for bar in range(BARS)] + [now.at]
    bars, rates = dict[str, list[float | None]](), dict[str, float | None]()
    for name in RATES:
        counts = [_at(line, name, edge) for edge in edges]
        # The newest bar is never narrower than a sample's distance: it would jump.
        bars[name] = [_rate(counts[bar], counts[bar + 1], edges[bar + 1] - edges[bar]) for bar in range(BARS - 1)]
        since = max(now.at - NOW_MS, line[0].at)
        rates[name] = _rate(_at(line, name, since), _at(line, name, now.at), now.at - since)
        bars[name].append(rates[name])
    return Flow(start, rates, bars, [_waited(line, edge) for edge in edges[1:]])


def _rate(before: float | None, after: float | None, ms: int) -> float | None:
    # The count of indexed logs can fall for a moment: a record that is stored twice is marked twice.
    return None if before is None or after is None or ms <= 0 else max(after - before, 0.0) * 1000 / ms


def _at(line: Sequence[FlowSample], name: str, at: int) -> float | None:
    """Return a count as it was at a moment; None before the first sample."""
    place = bisect_left(line, at, key=lambda one: one.at)
    if place == len(line):
        return None
    there = line[place]
    if there.at == at:
        return float(getattr(there, name))
    if place == 0:
        return None
    before = line[place - 1]
    share = (at - before.at) / (there.at - before.at)
    return float(getattr(before, name) + (getattr(there, name) - getattr(before, name)) * share)


def _waited(line: Sequence[FlowSample], at: int) -> int | None:
    place = bisect_left(line, at + 1, key=lambda one: one.at)
    return line[place - 1].waiting if place else None
