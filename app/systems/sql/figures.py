"""Samples and sources in a SQL database. None is worth waiting for the disk."""

from __future__ import annotations

from collections.abc import Sequence

from app.log.fold import clean
from app.ports.figures import SAMPLES_MS, SOURCES, FlowSample, Key, Reading, Source, SourceRefusal, Sources, Visit
from app.ports.notes import NOTE, REFUSED
from app.systems.sql.notes import add_state
from app.systems.sql.shelf import Row, Shelf

_FLOWS = ("accepted", "stored", "indexed", "refused", "waiting")
_SAMPLE = ", ".join(("at", *_FLOWS))
_COUNTS = ("requests", "logs", "refused")
_SOURCE = (
    "sender, agent, first, last, requests, logs, refused, minute, minute_logs, before_logs, "
    "refused_at, reason, field, sample, read_as"
)
_NAMES = _SOURCE.split(", ")[:10]
#: State under which the sources are counted that were forgotten because there were too many.
_FORGOTTEN = "sources_forgotten"

_STATE = "coalesce((SELECT value FROM state WHERE name = ?), 0)"
_LACKING = "CAST(coalesce((SELECT sum(logs) FROM unindexed), 0) AS bigint)"
_KEEP_SAMPLE = (
    f"INSERT INTO samples ({_SAMPLE}) VALUES (?, ?, ?, ?, ?, ?) "
    f"ON CONFLICT (at) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _FLOWS)}"
)
_SAMPLES = (
    f"SELECT {_SAMPLE} FROM samples WHERE at >= coalesce((SELECT max(at) FROM samples WHERE at < ?), ?) ORDER BY at"
)


def _see() -> str:
    """Return the statement that adds a visit to its source; one of a later minute moves the counts of the minute on."""
    adds = ", ".join(f"{name} = sources.{name} + excluded.{name}" for name in _COUNTS)
    newest = ", ".join(
        f"{name} = CASE WHEN excluded.refused_at IS NULL THEN sources.{name} ELSE excluded.{name} END"
        for name in ("refused_at", "reason", "field", "sample")
    )
    read_as = "read_as = CASE WHEN excluded.read_as = '' THEN sources.read_as ELSE excluded.read_as END"
    marks = ", ".join("?" * len(_SOURCE.split(",")))
    return (
        f"INSERT INTO sources ({_SOURCE}) VALUES ({marks}) ON CONFLICT (sender, agent) DO UPDATE SET {adds}, {newest}, {read_as}, "
        "last = excluded.last, minute = excluded.minute, "
        "minute_logs = excluded.minute_logs + CASE WHEN excluded.minute = sources.minute THEN sources.minute_logs ELSE 0 END, "
        "before_logs = CASE excluded.minute - sources.minute WHEN 0 THEN sources.before_logs "
        "WHEN 1 THEN sources.minute_logs ELSE 0 END"
    )


_SEE = _see()


class SqlFigures:
    """A FigureKeeper in the tables samples and sources."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def reading(self) -> Reading:
        """See FigureKeeper."""
        stored = f"CAST({self._shelf.stored_ever} AS bigint)"
        with self._shelf.read() as reading:
            return Reading(*reading.row(f"SELECT {self._shelf.now}, {stored}, {_STATE}, {_LACKING}", (NOTE + REFUSED,)))

    def keep_samples(self, samples: Sequence[FlowSample]) -> None:
        """See FigureKeeper."""
        last = samples[-1].at
        with self._shelf.write(durable=False) as writing:
            writing.change("DELETE FROM samples WHERE at < ? OR at > ?", (last - SAMPLES_MS, last))
            writing.change_each(_KEEP_SAMPLE, [_sample_row(one) for one in samples])

    def samples(self, since: int) -> list[FlowSample]:
        """See FigureKeeper."""
        with self._shelf.read() as reading:
            return [FlowSample(*row) for row in reading.rows(_SAMPLES, (since, since))]

    def see(self, visits: Sequence[tuple[Key, Visit]], overlooked: int = 0) -> None:
        """See FigureKeeper."""
        seen = {(clean(sender), clean(agent)): visit for (sender, agent), visit in visits}
        with self._shelf.write(durable=False) as writing:
            (now,) = writing.row(f"SELECT {self._shelf.now}")
            # In one order, so that two processes with the same sources wait for each other one way only.
            ordered = sorted(seen.items(), key=lambda item: item[0])
            writing.change_each(_SEE, [_visited(key, visit, now) for key, visit in ordered])
            (kept,) = writing.row("SELECT count(*) FROM sources")
            gone = 0
            if kept > SOURCES:
                gone = writing.change(
                    "DELETE FROM sources WHERE (sender, agent) IN (SELECT sender, agent FROM sources "
                    f"ORDER BY last, sender, agent LIMIT ?{self._shelf.skip_locked})",
                    (kept - SOURCES,),
                )
            if gone + overlooked:
                add_state(writing, _FORGOTTEN, gone + overlooked)

    def sources(self, limit: int) -> Sources:
        """See FigureKeeper."""
        order = f"last DESC, sender{self._shelf.bytewise}, agent{self._shelf.bytewise}"
        with self._shelf.read() as reading:
            found = reading.rows(f"SELECT {_SOURCE} FROM sources ORDER BY {order} LIMIT ?", (limit,))
            at, kept, forgotten = reading.row(
                f"SELECT {self._shelf.now}, (SELECT count(*) FROM sources), {_STATE}", (_FORGOTTEN,)
            )
        return Sources(at, [_source(row) for row in found], kept, forgotten)


def _visited(key: Key, visit: Visit, now: int) -> Row:
    """Return the values for _SEE."""
    refusal = visit.refusal
    last: Row = (None,) * 4
    if refusal is not None:
        field = None if refusal.field is None else clean(refusal.field)
        last = (now, clean(refusal.reason), field, refusal.sample)
    return (
        *key,
        now,
        now,
        visit.requests,
        visit.logs,
        visit.refused,
        now // 60_000,
        visit.logs,
        0,
        *last,
        clean(visit.read_as),
    )


def _source(row: Row) -> Source:
    """Return the source in a row of _SOURCE."""
    at, reason, field, sample, read_as = row[10:]
    refusal = None if at is None else SourceRefusal(reason, field, bytes(sample))
    return Source(**dict(zip(_NAMES, row[:10], strict=True)), refused_at=at, refusal=refusal, read_as=read_as)


def _sample_row(one: FlowSample) -> Row:
    return one.at, one.accepted, one.stored, one.indexed, one.refused, one.waiting
