"""Probes: look at one thing that may be wrong, and say in a sentence what that means for the data."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Protocol

from app.drain import pause
from app.errors import LogIngestorError
from app.monitor.board import Trouble
from app.ports.index import IndexKeeper
from app.ports.notes import REFUSED
from app.ports.parts import RecordParts
from app.ports.queue import Depth, LogQueue
from app.times.instant import now_ms

#: Milliseconds after which logs that wait, for the record or for the index, are a trouble; below the second, it is over.
LATE_MS, FINE_MS = 60_000, 30_000
#: Seconds over which a queue that does not know ages must have grown, by which factor and how many logs, or nothing was stored.
GROWING_SECONDS = 60.0
GROWN, GROWN_LOGS = 1.5, 10_000
#: Seconds without a refusal after which it is over.
QUIET_SECONDS = 60.0
#: Times MIN_FREE_DISK below which the disk counts as nearly full, and above which it does no more.
NEARLY, ENOUGH = 2.0, 2.2

_CONSEQUENCE = {
    "record": "Nothing is lost: accepted logs wait in the queue until the record answers. Searches may fail meanwhile.",
    "queue": "No log is accepted: senders are answered 503 and send again. What was accepted before is kept.",
    "index": "Nothing is lost: logs are stored, searches read the record, which is slow, and the index catches up by itself.",
    "broker": "Nothing is lost: workers go on with their shifts. Only retention and alerts wait until the broker answers.",
}
#: Where the record is also the queue.
_ALL_IN_ONE = "No log is accepted: senders are answered 503 and send again. What was accepted before is kept."


class Probe(Protocol):
    """Checks one part of the system."""

    #: The beginning of its troubles' keys.
    name: str

    def look(self) -> dict[str, Trouble]:
        """Return what is wrong now; any exception means that the part can't be reached."""

    def unreachable(self, reason: str) -> dict[str, Trouble]:
        """Return the trouble of a part that can't be reached, beside what was found before."""


class _Service:
    """The base of the probes of services."""

    name = ""

    def __init__(self, consequence: str = "") -> None:
        self._consequence = consequence or _CONSEQUENCE[self.name]
        self._found: dict[str, Trouble] = {}

    def unreachable(self, reason: str) -> dict[str, Trouble]:
        """See Probe."""
        text = f"The {self.name} does not work: {reason.rstrip('.')}. {self._consequence}"
        trouble = Trouble("service_unreachable", "error", text, {"service": self.name, "reason": reason})
        return {f"{self.name}/unreachable": trouble}

    def _are(self, *troubles: tuple[str, Trouble]) -> dict[str, Trouble]:
        self._found = {f"{self.name}/{key}": trouble for key, trouble in troubles}
        return self._found


class RecordProbe(_Service):
    """The record: whether it answers, how far the index is behind it, and whether logs were refused."""

    name = "record"

    def __init__(self, record: RecordParts, *, alone: bool) -> None:
        super().__init__(_ALL_IN_ONE if alone else "")
        self._parts = record
        self._refused: int | None = None
        self._new = 0
        self._refused_at = 0.0
        self._reason = ""

    def look(self) -> dict[str, Trouble]:
        """See Probe."""
        self._parts.store.get([bytes(16)])
        found = [("behind", self._behind()), ("refused", self._refusals())]
        return self._are(*((key, trouble) for key, trouble in found if trouble is not None))

    def _behind(self) -> Trouble | None:
        lacking = self._parts.store.lacking()
        age = 0 if lacking.since is None else now_ms() - lacking.since
        if age < (FINE_MS if f"{self.name}/behind" in self._found else LATE_MS):
            return None
        text = (
            f"The index is behind: {_logs(lacking.logs)} can't be found yet, the oldest for {age // 1000:,} s. "
            "Nothing is lost: all are stored, and the index catches up by itself."
        )
        return Trouble("index_behind", "warning", text, {"logs": lacking.logs, "oldest_ms": age})

    def _refusals(self) -> Trouble | None:
        total, now = self._parts.notes.noted(REFUSED), monotonic()
        if self._refused is not None and total > self._refused:
            newest = self._parts.letters.dead(1)
            # The reason goes on from the field: "message is missing".
            self._reason = " ".join(filter(None, (newest[0].field, newest[0].reason))) if newest else ""
            self._new += total - self._refused
            self._refused_at = now
        self._refused = total
        if not self._new or now - self._refused_at >= QUIET_SECONDS:
            self._new = 0
            return None
        reason = f" Last: {self._reason[:200]}." if self._reason else ""
        text = (
            f"{self._new:,} {'log was' if self._new == 1 else 'logs were'} refused.{reason} "
            "Each is kept as a dead letter with its reason, to be mended and sent again: the page of dead letters, or `logingestor dead list`, shows them."
        )
        return Trouble("logs_refused", "warning", text, {"logs": self._new, "reason": self._reason[:1000]})


class Queue(_Service):
    """The queue: whether it answers and takes logs, and whether they wait too long."""

    name = "queue"

    def __init__(self, queue: LogQueue, record: RecordParts, alive: Callable[[], int]) -> None:
        super().__init__()
        self._queue = queue
        self._parts = record
        self._alive = alive
        self._window: deque[tuple[float, int, int | None]] = deque()
        #: How many logs waited when it was last asked; None when it did not answer.
        self.waiting: int | None = None

    def look(self) -> dict[str, Trouble]:
        """See Probe."""
        self.waiting = None
        depth = self._queue.depth()
        self.waiting = depth.logs
        late = self._is_late(depth)
        if depth.full:
            text = (
                f"The queue is full: {_logs(depth.logs)} wait in {depth.bytes >> 20:,} MiB. "
                "Nothing that was accepted is lost, but no log is accepted: senders are answered 503."
            )
            return self._are(("backlog", Trouble("backlog_growing", "error", text, _depth(depth))))
        return self._are(("backlog", self._late(depth))) if late else self._are()

    def _is_late(self, depth: Depth) -> bool:
        if depth.oldest is not None:
            late = FINE_MS if f"{self.name}/backlog" in self._found else LATE_MS
            return bool(depth.logs) and now_ms() - depth.oldest >= late
        if depth.logs == 0:
            self._window.clear()
            return False
        now = monotonic()
        self._window.append((now, depth.logs, self._place()))
        while len(self._window) > 1 and self._window[1][0] <= now - GROWING_SECONDS:
            self._window.popleft()
        began, before, place = self._window[0]
        # Logs under way count as waiting: that some logs always do is no backlog while others are stored.
        stands = place == self._window[-1][2]
        grows = depth.logs >= GROWN * before + GROWN_LOGS
        return now - began >= GROWING_SECONDS and (stands or grows)

    def _place(self) -> int | None:
        """Return how far the record is; None where it can't be asked."""
        try:
            return self._parts.store.newest_place()
        except LogIngestorError:
            return None

    def _late(self, depth: Depth) -> Trouble:
        age = "" if depth.oldest is None else f", the oldest for {(now_ms() - depth.oldest) // 1000:,} s"
        alive = self._alive()
        workers = (
            "no worker is at work" if not alive else f"{alive} {'worker is' if alive == 1 else 'workers are'} at work"
        )
        try:
            paused = (
                "; the drain is paused: `logingestor queue resume` lets it go on"
                if pause.paused(self._parts.notes)
                else ""
            )
        except LogIngestorError:
            paused = "; the record does not answer"
        text = (
            f"{_logs(depth.logs)} wait in the queue{age}: {workers}{paused}. Nothing is lost; they can't be found yet."
        )
        return Trouble("backlog_growing", "warning", text, _depth(depth))


class Index(_Service):
    """The index: whether it can be read and written."""

    name = "index"

    def __init__(self, index: IndexKeeper) -> None:
        super().__init__()
        self._index = index

    def look(self) -> dict[str, Trouble]:
        """See Probe."""
        self._index.check()
        return self._are()


class Broker(_Service):
    """Dramatiq's broker, where it is not in the worker."""

    name = "broker"

    def __init__(self, reach: Callable[[], object]) -> None:
        super().__init__()
        self._reach = reach

    def look(self) -> dict[str, Trouble]:
        """See Probe."""
        self._reach()
        return self._are()


class Disk(_Service):
    """The disk that holds the data folder."""

    name = "disk"

    def __init__(self, folder: Path, least: int) -> None:
        super().__init__("No log is accepted as long as the data folder can't be used.")
        self._folder = folder
        self._least = least

    def look(self) -> dict[str, Trouble]:
        """See Probe."""
        free = shutil.disk_usage(self._folder).free
        if free >= self._least * (ENOUGH if self._found else NEARLY):
            return self._are()
        full = free < self._least
        then = (
            "No log is accepted: senders are answered 503"
            if full
            else f"Below {self._least >> 20:,} MiB no log will be accepted"
        )
        text = f"The disk is nearly full: {free >> 20:,} MiB are free. {then}. What was accepted is kept."
        details = {"free_bytes": free, "least_bytes": self._least}
        return self._are(("full", Trouble("disk_nearly_full", "error" if full else "warning", text, details)))


def _logs(count: int) -> str:
    return f"{count:,} {'log' if count == 1 else 'logs'}"


def _depth(depth: Depth) -> dict[str, object]:
    age = None if depth.oldest is None else max(now_ms() - depth.oldest, 0)
    return {"logs": depth.logs, "bytes": depth.bytes, "oldest_ms": age}
