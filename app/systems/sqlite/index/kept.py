"""Counts that are kept: logs by minute and level, and by value of level, resourceId and commit.

Both are kept in the transaction that stores the logs, so that they are what a count would find.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.log.record import LogRecord
from app.query.filter import EVERYTHING, Equals, Filter, In, leaves
from app.query.meaning import predicate
from app.query.query import Query
from app.systems.sqlite import rows
from app.systems.sqlite.index.search import SqliteQuery

MINUTE = 60_000
#: In the table `state`: damaged logs that a rebuild could not count, or that were dropped without being taken out of the counts.
UNCOUNTED = "uncounted"
#: Fields whose values are counted.
FIELDS = ("level", "resourceId", "commit")
#: Levels named in one statement; with more of them all are read and compared here.
_LEVELS_LIMIT = 500
#: Levels that are summed beside each other.
_LEVELS_AT_ONCE = 16


def by_level_only(tree: Filter) -> bool:
    """Return whether the level alone decides about *tree*."""
    return all(getattr(leaf, "field", None) == "level" for leaf in leaves(tree))


def right(search: SqliteQuery) -> bool:
    """Return whether the counts are those of all logs; else the logs are asked, so that what is damaged is noticed."""
    return rows.get_state(search.connection, UNCOUNTED) == 0


def total(search: SqliteQuery) -> int | None:
    """Return how many records the query has; None when it has a window, or a filter that is not counted."""
    query = search.query
    if query.start is not None or query.end is not None:
        return None
    if query.filter == EVERYTHING:
        return rows.get_state(search.connection, "stored")
    if not right(search):
        return None
    if by_level_only(query.filter):
        return sum(count for _, count in _levels(search))
    match query.filter:
        case Equals("resourceId" | "commit" as field, text):
            return _count(search, field, text)
        case In("resourceId" | "commit" as field, texts):
            return sum(_count(search, field, text) for text in set(texts))
    return None


def _count(search: SqliteQuery, field: str, value: str) -> int:
    found = search.run("SELECT count FROM counts WHERE field = ? AND value = ?", [field, value])
    return int(found[0][0]) if found else 0


def _levels(search: SqliteQuery) -> list[tuple[str, int]]:
    """Return the levels that satisfy a filter by level only, with their counts."""
    holds = predicate(search.query.filter)
    found = search.run("SELECT value, count FROM counts WHERE field = 'level'", [])
    return [(level, count) for level, count in found if holds(LogRecord(bytes(16), 0, 0, level, ""))]


def whole_minutes(query: Query) -> tuple[int | None, int | None] | None:
    """Return the first and last minute that lie wholly in the window (None: it is open there); None without any."""
    nanoseconds = MINUTE * 1_000_000
    first = None if query.start is None else -(-(query.start[0] * 1_000_000 + query.start[1]) // nanoseconds)
    last = None if query.end is None else query.end[0] // MINUTE - 1
    return None if first is not None and last is not None and first > last else (first, last)


def ends(search: SqliteQuery, first: int | None, last: int | None) -> Iterator[SqliteQuery]:
    """Yield the same search in what the window has before minute *first* and after minute *last*."""
    query = search.query
    if first is not None and query.start is not None and query.start < (first * MINUTE, 0):
        yield search.narrowed(query.start, (first * MINUTE - 1, 999_999))
    if last is not None:
        yield search.narrowed(((last + 1) * MINUTE, 0), query.end)


def sum_of_minutes(search: SqliteQuery, first: int | None, last: int | None) -> int:
    """Return how many logs the minutes from *first* to *last* have, for a filter by level only."""
    return sum(count for _, _, count in _grouped(search, first, last, "0"))


def in_minutes(
    search: SqliteQuery, first: int | None, last: int | None, interval: int, offset: int
) -> list[tuple[int, str, int]]:
    """Return (start of bucket, level, count) for the minutes from *first* to *last* and a filter by level only."""
    levels = [level for level, _ in _levels(search)]
    if not 0 < len(levels) <= _LEVELS_AT_ONCE:
        return _grouped(search, first, last, search.bucket(f"minute * {MINUTE}", interval, offset))
    lowest, highest = search.run("SELECT min(minute), max(minute) FROM minutes", [])[0]
    if lowest is None:
        return []
    first, last = max(lowest, lowest if first is None else first), min(highest, highest if last is None else last)
    length = interval // MINUTE
    start = first - (first - offset // MINUTE) % length
    # Buckets follow each other as minutes do: to group minutes by bucket and level would sort them, for three times as long.
    sums = ", ".join(["sum(count) FILTER (WHERE level = ?)"] * len(levels))
    statement = (
        "WITH RECURSIVE buckets (start) AS (SELECT ? UNION ALL SELECT start + ? FROM buckets WHERE start + ? <= ?)"
        f" SELECT start, (SELECT printf('{' '.join(['%d'] * len(levels))}', {sums}) FROM minutes"
        " WHERE minute BETWEEN max(start, ?) AND min(start + ?, ?)) FROM buckets"
    )
    parameters = [start, length, length, last, *levels, first, length - 1, last]
    return [
        (at * MINUTE, level, count)
        for at, counts in search.run(statement, parameters)
        for level, count in zip(levels, map(int, counts.split()), strict=True)
        if count
    ]


def _grouped(search: SqliteQuery, first: int | None, last: int | None, start: str) -> list[tuple[int, str, int]]:
    """Return (start, level, count) for the minutes from *first* to *last* and a filter by level only; *start* is SQL."""
    levels = [level for level, _ in _levels(search)]
    condition, parameters = "1", list[int | str]()
    for bound, sign in ((first, ">="), (last, "<=")):
        if bound is not None:
            condition, parameters = f"{condition} AND minute {sign} ?", [*parameters, bound]
    if len(levels) <= _LEVELS_LIMIT:
        condition, parameters = f"{condition} AND level IN ({','.join('?' * len(levels))})", [*parameters, *levels]
    statement = f"SELECT {start}, level, sum(count) FROM minutes WHERE {condition} GROUP BY 1, 2"
    among = set(levels)
    return [row for row in search.run(statement, parameters) if row[1] in among]
