"""Samples and sources in PostgreSQL. All times are the server's: it is the one clock that several machines share."""

from __future__ import annotations

from collections.abc import Sequence

from app.log.fold import clean
from app.ports.figures import SAMPLES_MS, SOURCES, FlowSample, Key, Reading, SourceRefusal, Sources, Visit
from app.ports.memory import NOTE, REFUSED
from app.systems.postgres import server
from app.systems.postgres.dead import add_state
from app.systems.postgres.server import Cursor, PostgresDatabase
from app.systems.sql import figures

#: In the place of a partition's name in `counts`: counts what was ever stored, and never falls.
EVER = "ever"
_NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_STATE = "coalesce((SELECT value FROM state WHERE name = %s), 0)"
_SEE = figures.see("%s")


class Figures:
    """The part of a LogStore in the tables samples and sources."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def reading(self) -> Reading:
        """See FigureKeeper."""
        with self._database.read() as cursor:
            cursor.execute(
                f"SELECT {_NOW}, coalesce((SELECT sum(logs) FROM counts WHERE period = %s), 0)::bigint, {_STATE}, "
                "coalesce((SELECT sum(logs) FROM unindexed), 0)::bigint",
                (EVER, NOTE + REFUSED),
            )
            return Reading(*cursor.fetchone())

    def keep_samples(self, samples: Sequence[FlowSample]) -> None:
        """See FigureKeeper."""
        last = samples[-1].at
        with self._database.write() as cursor:
            cursor.execute("DELETE FROM samples WHERE at < %s OR at > %s", (last - SAMPLES_MS, last))
            server.insert(
                cursor,
                f"INSERT INTO samples ({figures.SAMPLE}) VALUES %s ON CONFLICT DO NOTHING",
                [figures.sample_row(one) for one in samples],
            )

    def samples(self, since: int) -> list[FlowSample]:
        """See FigureKeeper."""
        with self._database.read() as cursor:
            cursor.execute(
                f"SELECT {figures.SAMPLE} FROM samples "
                "WHERE at >= coalesce((SELECT max(at) FROM samples WHERE at < %s), %s) ORDER BY at",
                (since, since),
            )
            return [FlowSample(*row) for row in cursor.fetchall()]

    def see(self, visits: Sequence[tuple[Key, Visit]], overlooked: int = 0) -> None:
        """See FigureKeeper."""
        told = {(clean(sender), clean(agent)): visit for (sender, agent), visit in visits}
        with self._database.write() as cursor:
            now = _now(cursor)
            # In one order, so that two processes with the same sources wait for each other one way only.
            for key, visit in sorted(told.items(), key=lambda item: item[0]):
                cursor.execute(_SEE, figures.visited(key, _cleaned(visit), now))
            cursor.execute("SELECT count(*) FROM sources")
            kept = cursor.fetchone()[0]
            gone = 0
            if kept > SOURCES:
                cursor.execute(
                    "DELETE FROM sources WHERE (sender, agent) IN (SELECT sender, agent FROM sources "
                    "ORDER BY last, sender, agent LIMIT %s FOR UPDATE SKIP LOCKED)",
                    (kept - SOURCES,),
                )
                gone = cursor.rowcount
            if gone + overlooked:
                add_state(cursor, figures.FORGOTTEN, gone + overlooked)

    def sources(self, limit: int) -> Sources:
        """See FigureKeeper."""
        with self._database.read() as cursor:
            cursor.execute(
                f'SELECT {figures.SOURCE} FROM sources ORDER BY last DESC, sender COLLATE "C", agent COLLATE "C" LIMIT %s',
                (limit,),
            )
            found = [figures.source(row) for row in cursor.fetchall()]
            cursor.execute(f"SELECT {_NOW}, (SELECT count(*) FROM sources), {_STATE}", (figures.FORGOTTEN,))
            at, kept, forgotten = cursor.fetchone()
        return Sources(at, found, kept, forgotten)


def _now(cursor: Cursor) -> int:
    cursor.execute(f"SELECT {_NOW}")
    return int(cursor.fetchone()[0])


def _cleaned(visit: Visit) -> Visit:
    """Return the visit with texts that PostgreSQL can hold."""
    told = visit.refusal
    if told is None:
        return visit
    field = None if told.field is None else clean(told.field)
    return Visit(visit.requests, visit.logs, visit.refused, SourceRefusal(clean(told.reason), field, told.sample))
