"""Samples and sources in a SQLite file. None is worth a sync of the disk."""

from __future__ import annotations

from collections.abc import Sequence

from app.ports.figures import SAMPLES_MS, SOURCES, FlowSample, Key, Reading, Sources, Visit
from app.ports.memory import NOTE, REFUSED
from app.systems.sql import figures
from app.systems.sqlite import rows
from app.systems.sqlite.file import SqliteDatabase
from app.times.instant import now_ms

_SEE = figures.see("?")


class Figures:
    """The part of a LogStore in the tables samples and sources."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def reading(self) -> Reading:
        """See FigureKeeper."""
        with self._database.snapshot() as connection:
            lacking = connection.execute("SELECT coalesce(sum(logs), 0) FROM unindexed").fetchone()[0]
            stored, refused = rows.next_place(connection) - 1, rows.get_state(connection, NOTE + REFUSED)
        return Reading(now_ms(), stored, refused, lacking)

    def keep_samples(self, samples: Sequence[FlowSample]) -> None:
        """See FigureKeeper."""
        last = samples[-1].at
        with self._database.write(durable=False) as connection:
            connection.execute("DELETE FROM samples WHERE at < ? OR at > ?", (last - SAMPLES_MS, last))
            for one in samples:
                connection.execute(
                    f"INSERT OR REPLACE INTO samples ({figures.SAMPLE}) VALUES (?, ?, ?, ?, ?, ?)",
                    figures.sample_row(one),
                )

    def samples(self, since: int) -> list[FlowSample]:
        """See FigureKeeper."""
        with self._database.snapshot() as connection:
            found = connection.execute(
                f"SELECT {figures.SAMPLE} FROM samples "
                "WHERE at >= coalesce((SELECT max(at) FROM samples WHERE at < ?), ?) ORDER BY at",
                (since, since),
            )
            return [FlowSample(*row) for row in found]

    def see(self, visits: Sequence[tuple[Key, Visit]], overlooked: int = 0) -> None:
        """See FigureKeeper."""
        now = now_ms()
        with self._database.write(durable=False) as connection:
            connection.executemany(_SEE, [figures.visited(key, visit, now) for key, visit in visits])
            kept = connection.execute("SELECT count(*) FROM sources").fetchone()[0]
            if kept > SOURCES:
                connection.execute(
                    "DELETE FROM sources WHERE (sender, agent) IN "
                    "(SELECT sender, agent FROM sources ORDER BY last, sender, agent LIMIT ?)",
                    (kept - SOURCES,),
                )
            if forgotten := max(kept - SOURCES, 0) + overlooked:
                rows.add_state(connection, figures.FORGOTTEN, forgotten)

    def sources(self, limit: int) -> Sources:
        """See FigureKeeper."""
        with self._database.snapshot() as connection:
            found = connection.execute(
                f"SELECT {figures.SOURCE} FROM sources ORDER BY last DESC, sender, agent LIMIT ?", (limit,)
            ).fetchall()
            kept = connection.execute("SELECT count(*) FROM sources").fetchone()[0]
            forgotten = rows.get_state(connection, figures.FORGOTTEN)
        return Sources(now_ms(), [figures.source(row) for row in found], kept, forgotten)
