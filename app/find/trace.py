"""A trace as a picture needs it: its logs in lanes, one for each span, beneath its parent where that is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from app.errors import TimedOut
from app.find import find
from app.find.span_times import SpanReport, read_span
from app.log.fold import clean
from app.log.record import LogRecord
from app.ports.deadline import Budget, Deadline
from app.ports.index import SearchIndex
from app.ports.record import LogStore
from app.query.filter import Equals
from app.query.meaning import severity
from app.query.query import Key, Query

#: Most logs in one picture: the rest of a longer trace is a picture of its own.
LOGS = 10_000
#: Characters kept of a message.
MESSAGE = 300
#: `metadata.kind` of a log that is a span itself, as the door of OTLP writes it.
SPAN = "span"
#: Share of the time for the number of all logs.
COUNT_SHARE = 0.15
#: A gap is drawn from this share of the whole on; most gaps that are.
GAP_SHARE, GAPS = 0.1, 5
#: A log of a time so many ms after its arrival shows that its sender's clock is ahead.
AHEAD = 1_000

_MS = 10**6


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One log of the trace; `at` is its time in ns since 1970, by the clock that was asked for."""

    at: int
    key: Key
    level: str
    severity: int | None
    span: str | None
    resource: str | None
    message: str
    #: Milliseconds by which the log's own time lies after its arrival.
    ahead: int
    reported: SpanReport
    #: Name of the span, where the log is the span itself.
    name: str | None = None


@dataclass(slots=True)
class Lane:
    """The logs of one span; those without one have a lane for each resource."""

    span: str | None
    resource: str | None
    logs: list[TraceEntry] = field(default_factory=list)
    #: Latest time at which it can have begun, and earliest at which it can have ended, by its logs' times and the durations they report.
    start: int = 0
    end: int = 0
    #: Id of the span that it is a part of, as its logs say; and whether that has a lane.
    parent: str | None = None
    #: The span's own name, where one of its logs is the span.
    name: str | None = None
    nested: bool = False
    depth: int = 0

    @property
    def resources(self) -> list[str]:
        """The resources of its logs, in the order in which they occur."""
        return list(dict.fromkeys(entry.resource for entry in self.logs if entry.resource is not None))

    @property
    def first(self) -> int:
        """Time of its first log."""
        return self.logs[0].at

    @property
    def last(self) -> int:
        """Time of its last log."""
        return self.logs[-1].at

    def take(self, entry: TraceEntry) -> None:
        """Add a log, the next in order of time."""
        known = [at for at in (entry.at, entry.reported.start, entry.reported.end) if at is not None]
        self.start = min(*known, self.start if self.logs else entry.at)
        self.end = max(*known, self.end if self.logs else entry.at)
        self.logs.append(entry)
        self.name = self.name or entry.name
        if self.span is not None and entry.reported.parent not in (None, "", self.span):
            self.parent = self.parent or entry.reported.parent

    @property
    def reported(self) -> bool:
        """Whether a log reports more than the times of the logs."""
        return self.start < self.first or self.end > self.last


@dataclass(frozen=True, slots=True)
class Trace:
    """The logs of a trace, as far as they are known."""

    logs: Sequence[TraceEntry]
    lanes: Sequence[Lane]
    #: Place to continue after where there are more logs than these; whether the time ended before all of them were read.
    next: Key | None
    late: bool
    total: int | None
    total_exact: bool
    from_record: bool

    @property
    def start(self) -> int:
        """When it began, as far as these logs show."""
        return min((lane.start for lane in self.lanes), default=0)

    @property
    def end(self) -> int:
        """When it ended, as far as these logs show."""
        return max((lane.end for lane in self.lanes), default=0)

    def gaps(self) -> list[tuple[int, int]]:
        """Return the longest stretches of time without a log, in order of time."""
        ends = zip(self.logs, self.logs[1:], strict=False)
        least = max((self.end - self.start) * GAP_SHARE, 1)
        found = [(one.at, other.at) for one, other in ends if other.at - one.at >= least]
        return sorted(sorted(found, key=lambda gap: gap[0] - gap[1])[:GAPS])

    def ahead(self) -> dict[str | None, int]:
        """Return by how many ms the clocks of resources are ahead at least, where their logs show it."""
        found = dict[str | None, int]()
        for entry in self.logs:
            if entry.ahead > max(AHEAD, found.get(entry.resource, 0)):
                found[entry.resource] = entry.ahead
        return found


def trace(store: LogStore, index: SearchIndex, trace_id: str, query: Query, budget: Budget = Budget()) -> Trace:
    """Return the trace, after the query's cursor and by its clock; from the record when the index can't be reached.

    Raises TimedOut when there was no time for any log, and Unavailable when neither can be read.
    """
    deadline = Deadline(budget)
    query = replace(query, filter=Equals("traceId", clean(trace_id)), sort="asc", limit=LOGS)
    total, exact = find.total(index, query, deadline, COUNT_SHARE)
    entries, more, late = list[TraceEntry](), False, False
    from_record, chunks = find.scan(store, index, query, deadline.shared())
    try:
        for records in chunks:
            entries += (entry_of(record, query.clock == "received") for record in records[: LOGS + 1 - len(entries)])
            if len(entries) > LOGS:
                more = True
                break
    except TimedOut:
        if not entries:
            raise
        late = True
    del entries[LOGS:]
    if not (more or late or query.after):
        total, exact = len(entries), True
    following = entries[-1].key if more or late else None
    return Trace(entries, lanes(entries), following, late, total, exact, from_record)


def entry_of(record: LogRecord, received: bool) -> TraceEntry:
    at = record.received * _MS if received else record.t * _MS + record.ns
    reported = read_span(record, at)
    return TraceEntry(
        at,
        record.key,
        record.level,
        severity(record),
        record.span_id,
        record.resource_id,
        record.message[:MESSAGE],
        record.t - record.received,
        # No interval by arrival: senders report times of their own clocks.
        SpanReport(reported.parent) if received else reported,
        record.message[:MESSAGE] if (record.metadata or {}).get("kind") == SPAN else None,
    )


def lanes(entries: Iterable[TraceEntry]) -> list[Lane]:
    """Return the lanes of *entries*: parents before their parts, else in order of time."""
    found = dict[tuple[str | None, str | None], Lane]()
    for entry in entries:
        resource = entry.resource if entry.span is None else None
        found.setdefault((entry.span, resource), Lane(entry.span, resource)).take(entry)
    for lane in found.values():
        lane.nested = (lane.parent, None) in found and lane.parent is not None
    return _ordered(sorted(found.values(), key=lambda lane: (lane.start, lane.first)))


def _ordered(found: Sequence[Lane]) -> list[Lane]:
    """Return the lanes as a tree from above; parents that go round in a circle count as none."""
    parts = defaultdict[str | None, list[Lane]](list)
    for lane in found:
        parts[lane.parent if lane.nested else None].append(lane)
    ordered, seen = list[Lane](), set[int]()
    # Last come lanes of a circle, which nothing else leads to.
    waiting = [(lane, 0) for lane in (*parts[None], *found)][::-1]
    while waiting:
        lane, depth = waiting.pop()
        if id(lane) in seen:
            continue
        seen.add(id(lane))
        lane.depth = depth
        if lane.nested and not depth:
            lane.nested, lane.parent = False, None
        ordered.append(lane)
        if lane.span is not None:
            waiting += [(part, depth + 1) for part in reversed(parts[lane.span])]
    return ordered
