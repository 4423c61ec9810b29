"""The partitions of PostgreSQL's table `logs`: one for each period of arrival, made ahead or when first needed.

There is no default partition: it would have to be locked against all readers whenever a period is made,
behind a dump that may run for hours. Any period is made within milliseconds instead.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.log.record import LogRecord, first_id
from app.settings.settings import Retention
from app.systems.postgres.schema import PERIODS_LOCK
from app.systems.postgres.server import Cursor, PostgresDatabase
from app.times.instant import now_ms

_DAY = 24 * 3600 * 1000
#: An id's time has 48 bits: the end of all times.
_END = 1 << 48
#: Periods within a retention; more would make each query ask more partitions.
_PERIODS = 60

_BOUNDS = """
SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class
WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'logs'::regclass)
"""


@dataclass(frozen=True, slots=True)
class Period:
    """A partition: its table, and the times of arrival that it takes, in ms, the last excluded."""

    table: str
    start: int
    end: int


class Periods:
    """The partitions, as far as this process knows them."""

    def __init__(self, database: PostgresDatabase, retention: Retention) -> None:
        self._database = database
        days = -(-retention.seconds * 1000 // (_PERIODS * _DAY))
        #: Milliseconds of a period that is made from now on.
        self.length = max(days, 1) * _DAY
        self._known: list[Period] = []

    def of(self, records: Sequence[LogRecord]) -> Counter[str]:
        """Return how many of the records belong to each partition's table; makes those that are missing."""
        received = Counter(record.received for record in records)
        known = self._known
        if missing := [time for time in received if _find(known, time) is None]:
            self.make(missing)
            # A partition that was known before may have been dropped meanwhile, and be missing now.
            return self.of(records)
        found = Counter[str]()
        for time, logs in received.items():
            if period := _find(known, time):
                found[period.table] += logs
        return found

    def make_ahead(self) -> None:
        """Make the period of now and the next one, so that nobody waits for it."""
        now = now_ms()
        if None in (_find(self._known, now), _find(self._known, now + self.length)):
            self.make([now, now + self.length])

    def make(self, times: Iterable[int]) -> None:
        """Make the periods of these times, unless another process did. One that was dropped since is made again."""
        with self._database.write() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (PERIODS_LOCK,))
            known = read(cursor)
            for time in times:
                if not any(period.start <= time < period.end for period in known):
                    known.append(self._made(cursor, time, known))
        self._learn(known)

    def _made(self, cursor: Cursor, time: int, known: Iterable[Period]) -> Period:
        start = time // self.length * self.length
        end = min(start + self.length, _END)
        # The length of a period may have been another when its neighbours were made.
        start = max([start, *(period.end for period in known if period.end <= time)])
        end = min([end, *(period.start for period in known if period.start > time)])
        period = Period(_name(start), start, end)
        cursor.execute(f"CREATE TABLE {period.table} (LIKE logs INCLUDING ALL)")
        # Attaching lets others read and write meanwhile; CREATE ... PARTITION OF would not.
        cursor.execute(
            f"ALTER TABLE logs ATTACH PARTITION {period.table} FOR VALUES FROM ({_bound(start)}) TO ({_bound(end)})"
        )
        return period

    def refresh(self) -> list[Period]:
        """Look anew which partitions there are; return them, the oldest first."""
        with self._database.read() as cursor:
            return self._learn(read(cursor))

    def _learn(self, known: list[Period]) -> list[Period]:
        known = sorted(known, key=lambda period: period.start)
        self._known = known
        return known


def _find(known: Sequence[Period], time: int) -> Period | None:
    at = bisect_right(known, time, key=lambda period: period.start) - 1
    return known[at] if at >= 0 and time < known[at].end else None


def read(cursor: Cursor) -> list[Period]:
    """Return the partitions that there are."""
    cursor.execute(_BOUNDS)
    found = []
    for table, bounds in cursor.fetchall():
        if bounds is None:  # dropped at this very moment
            continue
        start, end = (_time(text) for text in re.findall(r"MAXVALUE|'[0-9a-f-]{36}'", bounds))
        found.append(Period(table, start, end))
    return found


def _bound(time: int) -> str:
    return "MAXVALUE" if time >= _END else f"'{first_id(time).hex()}'"


def _time(bound: str) -> int:
    return _END if bound == "MAXVALUE" else int(bound.strip("'").replace("-", "")[:12], 16)


def _name(start: int) -> str:
    """Return the table's name: the day, and the time of day for one that begins within a day."""
    try:
        began = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=start)
    except OverflowError:
        return f"logs_{start}ms"
    return f"logs_{began:%Y%m%d}" if start % _DAY == 0 else f"logs_{began:%Y%m%d}_{start % _DAY}ms"
