"""How room is given back in PostgreSQL: partitions are dropped, or lose rows; and how much room is in use."""

from __future__ import annotations

from app.systems.postgres.schema import PERIODS_LOCK
from app.systems.postgres.server import Cursor

#: Milliseconds to wait for readers before a drop is put off: whoever comes after waits behind it.
_WAIT_MS = 1_000

#: Tables beside the partitions of `logs`.
_TABLES = (
    "unindexed",
    "claims",
    "doubles",
    "listings",
    "dead_letters",
    "counts",
    "peaks",
    "state",
    "notices",
    "deliveries",
    "notifiers",
    "costs",
)
_PARTITIONS = "SELECT inhrelid FROM pg_inherits WHERE inhparent = 'logs'::regclass"
_SIZE = "coalesce(sum(pg_total_relation_size({})), 0)::bigint"


def drop(cursor: Cursor, table: str) -> int:
    """Drop a partition with all its records; return how many there were. Raises Busy while it is read for long."""
    if not _held(cursor, table):
        return 0
    # In the order in which readers lock, so that nobody waits in a circle; afterwards nobody stores into it.
    cursor.execute("LOCK TABLE ONLY logs IN ACCESS EXCLUSIVE MODE")
    cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    cursor.execute(f"SELECT place FROM {table} ORDER BY place DESC LIMIT 1")
    newest = cursor.fetchone()
    if newest is not None:
        note_place(cursor, newest[0])
    cursor.execute(f"DROP TABLE {table}")
    cursor.execute("DELETE FROM peaks WHERE period = %s", (table,))
    cursor.execute("DELETE FROM counts WHERE period = %s RETURNING logs", (table,))
    return sum(logs for (logs,) in cursor.fetchall())


def delete_oldest(cursor: Cursor, table: str, limit: int) -> int:
    """Delete up to *limit* of the oldest records of a partition; return how many. The caller counts them."""
    if not _held(cursor, table):
        return 0
    cursor.execute(
        "INSERT INTO peaks SELECT %s, coalesce(sum(logs), 0) FROM counts WHERE period = %s "
        "ON CONFLICT (period) DO UPDATE SET logs = greatest(peaks.logs, excluded.logs)",
        (table, table),
    )
    cursor.execute(
        f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} ORDER BY id LIMIT %s) RETURNING place", (limit,)
    )
    places = [place for (place,) in cursor.fetchall()]
    if places:
        note_place(cursor, max(places))
    return len(places)


def _held(cursor: Cursor, table: str) -> bool:
    """Keep other processes from dropping partitions; return whether this one is still there."""
    cursor.execute(f"SET LOCAL lock_timeout = {_WAIT_MS}")
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (PERIODS_LOCK,))
    cursor.execute("SELECT to_regclass(%s)", (table,))
    return cursor.fetchone()[0] is not None


def note_place(cursor: Cursor, place: int) -> None:
    """Note the place of a record that goes: no later one may get a lower place, and `newest_place` doesn't fall."""
    cursor.execute(
        "INSERT INTO state VALUES ('newest_place', %s) "
        "ON CONFLICT (name) DO UPDATE SET value = greatest(state.value, excluded.value)",
        (place,),
    )


def size(cursor: Cursor) -> int:
    """Return the bytes in use.

    Deleted rows leave room in the files that only new rows of the same partition take; so a partition
    counts by the share that is left of the most records that it ever had.
    """
    cursor.execute(
        f"""
        SELECT coalesce(sum(pg_total_relation_size(oid) * coalesce(least(counted.logs / nullif(peaks.logs, 0), 1), 1)), 0)::bigint
        FROM pg_class LEFT JOIN peaks ON peaks.period = relname
        LEFT JOIN (SELECT period, sum(logs) AS logs FROM counts GROUP BY period) AS counted ON counted.period = relname
        WHERE oid IN ({_PARTITIONS})
        """
    )
    return int(cursor.fetchone()[0]) + _others(cursor)


def size_on_disk(cursor: Cursor) -> int:
    """Return the bytes of all files."""
    cursor.execute(f"SELECT {_SIZE.format('inhrelid')} FROM ({_PARTITIONS}) AS partitions")
    return int(cursor.fetchone()[0]) + _others(cursor)


def _others(cursor: Cursor) -> int:
    cursor.execute(f"SELECT {_SIZE.format('name::regclass')} FROM unnest(%s) AS name", (list(_TABLES),))
    return int(cursor.fetchone()[0])
