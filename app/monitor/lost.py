"""Logs that were lost before any door: gaps in the numbers of senders and datagrams that listeners dropped, in words, and as probes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from app.monitor import listen_counts
from app.monitor.board import Trouble
from app.ports.gaps import GapKeeper, NumbererGaps
from app.ports.queue import Depth, LogQueue
from app.query.sentence import logs
from app.times import instant
from app.times.instant import now_ms

#: Milliseconds that a gap must be old to count: logs overtake each other. Where nobody knows how old waiting logs are, as
#: long as a batch of a killed worker stays away at most.
SETTLED_MS, UNSURE_MS = 10_000, 180_000
#: Milliseconds after the last loss for which its notice stays open.
OPEN_MS = 3_600_000
#: Numberers that are looked at; more than so many that miss logs are one notice.
LOOKED_AT, MANY = 1_000, 3
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Lost:
    """The logs of one numberer that never arrived."""

    #: The numberer, in words: `process 812 on server-17`.
    who: str
    lost: int
    #: How many it numbered, as far as is known: those that arrived and those that never arrived.
    numbered: int
    #: Between which logs they were lost, by their sender's time in ms since 1970; -1 where it gives none.
    since: int
    until: int
    #: When the last of them were noticed, by the record's clock.
    noticed: int
    #: Ranges of missing numbers whose logs may still come, first and last of each.
    numbers: Sequence[tuple[int, int]]

    @property
    def text(self) -> str:
        """A sentence without its full stop."""
        return f"{self.who}: {self.lost:,} of {self.numbered:,} never arrived{_between(self.since, self.until)}"


def lost(keeper: GapKeeper, depth: Depth, limit: int = LOOKED_AT) -> list[Lost]:
    """Return what never arrived, the last noticed first. What may still be under way or wait, by *depth*, is left out.

    Raises Unavailable.
    """
    before = settled(depth)
    found = (_lost(one, before) for one in keeper.gaps(limit))
    return sorted((one for one in found if one is not None), key=lambda one: -one.noticed)


def settled(depth: Depth) -> int:
    """Return when a gap must have been noticed, in ms since 1970, so that no log that waits can close it."""
    now = now_ms()
    if depth.logs == 0:
        return now - SETTLED_MS
    return min(now, depth.oldest) - SETTLED_MS if depth.oldest is not None else now - UNSURE_MS


def _lost(found: NumbererGaps, before: int) -> Lost | None:
    gaps = [*filter(None, [found.older]), *(gap for gap in found.gaps if gap.noticed <= before)]
    if not gaps:
        return None
    return Lost(
        who=_who(found),
        lost=sum(gap.logs for gap in gaps),
        numbered=found.numbered,
        since=min((t for gap in gaps for t in (gap.since, gap.until) if t >= 0), default=-1),
        until=max(max(gap.since, gap.until) for gap in gaps),
        noticed=max(gap.noticed for gap in gaps),
        numbers=[(gap.first, gap.last) for gap in gaps if gap is not found.older],
    )


def _who(found: NumbererGaps) -> str:
    numberer = found.numberer
    name = numberer.name or "an unnamed machine"
    match numberer.kind:
        case "process":
            return f"process {numberer.source.partition('@')[0]} on {name}"
        case "journal":
            return f"the journal of {name}"
        case "logplex":
            return f"Logplex drain {name}"
    return f"syslog of {name}" + (f" ({numberer.source})" if numberer.source != numberer.name else "")


def _between(since: int, until: int) -> str:
    """Return the times, UTC, without the day where it is today."""
    if since < 0:
        return ""
    first, last = (instant.text((t, 0))[:19].replace("T", " ") for t in (since, until))
    if since // _DAY_MS == until // _DAY_MS == now_ms() // _DAY_MS:
        first, last = first[11:], last[11:]
    return f", at {first} UTC" if first == last else f", between {first} and {last} UTC"


class LostProbe:
    """A probe: logs that were lost before any door."""

    name = "lost"

    def __init__(self, keeper: GapKeeper, queue: LogQueue) -> None:
        self._keeper, self._queue = keeper, queue

    def look(self) -> dict[str, Trouble]:
        """See Probe."""
        newest = now_ms() - OPEN_MS
        found = [one for one in lost(self._keeper, self._queue.depth()) if one.noticed >= newest]
        if len(found) <= MANY:
            return {f"{self.name}/{one.who}": _trouble([one]) for one in found}
        return {f"{self.name}/many": _trouble(found)}

    def unreachable(self, reason: str) -> dict[str, Trouble]:
        """See Probe: record and queue have probes of their own, which report that they can't be reached."""
        return {}


#: Why datagrams are lost, in words.
_REASONS = {
    "kernel": "came faster than they were read",
    "full": "found no room while the queue was away",
    "chunks": "were chunks of GELF whose message never became whole",
}
#: Seconds without a loss after which its notice closes.
QUIET_SECONDS = 60.0


class LostDatagramProbe:
    """A probe: datagrams that the listeners of this machine have lost since this process looks."""

    name = "datagrams"

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._before: dict[str, dict[str, int]] | None = None
        self._new = Counter[tuple[str, str]]()
        self._lost_at = 0.0

    def look(self) -> dict[str, Trouble]:
        """See Probe."""
        counts = {address: one.lost for address, one in listen_counts.read(self._data_dir).items()}
        if self._before is not None:
            for address, lost_there in counts.items():
                before = self._before.get(address, {})
                for reason, count in lost_there.items():
                    if count > before.get(reason, 0):
                        self._new[address, reason] += count - before.get(reason, 0)
                        self._lost_at = monotonic()
        self._before = counts
        if monotonic() - self._lost_at >= QUIET_SECONDS:
            self._new.clear()
        if not self._new:
            return {}
        parts = "; ".join(
            f"{count:,} at {address} {_REASONS[reason]}" for (address, reason), count in sorted(self._new.items())
        )
        text = (
            f"Datagrams were lost: {parts}. Nothing that was accepted is lost; senders over UDP do not learn of it. "
            "Over TCP they are made to wait instead."
        )
        return {f"{self.name}/lost": Trouble("logs_lost", "warning", text, {"datagrams": self._new.total()})}

    def unreachable(self, reason: str) -> dict[str, Trouble]:
        """See Probe: the disk has a probe of its own."""
        return {}


def _trouble(found: Sequence[Lost]) -> Trouble:
    lost, most = sum(one.lost for one in found), max(found, key=lambda one: one.lost)
    said = most.text[:1].upper() + most.text[1:]
    if len(found) > 1:
        said = f"{logs(lost)} of {len(found):,} senders never arrived, most of them of one: {most.text}"
    text = (
        f"{said}. They were lost before they reached this server, by the numbers that senders give their logs; "
        "nothing that was accepted is lost. Those that come late are counted as arrived."
    )
    return Trouble("logs_lost", "warning", text, {"logs": lost, "senders": [one.text for one in found[:20]]})
