"""A query's window, cursor and order in SQL: what every store's `walk` says of a row of `logs`."""

from __future__ import annotations

from typing import Any

from app.log.record import first_id
from app.query.query import Query

_LAST_ID = b"\xff" * 10


def bounds(query: Query, mark: str = "?") -> tuple[str, list[Any], str]:
    """Return condition, parameters and ORDER BY for the columns t, ns and id; *mark* stands for a parameter."""
    descending = query.sort == "desc"
    event = query.clock == "event"
    columns, marks = ("(t, ns)", f"({mark}, {mark})") if event else ("id", mark)
    conditions, parameters = ["1 = 1"], list[Any]()
    for bound, sign in ((_low(query), ">="), (_high(query), "<=")):
        if bound is not None:
            conditions.append(f"{columns} {sign} {marks}")
            parameters.extend(bound if event else [bound])
    if query.after is not None:
        columns, marks = ("(t, ns, id)", f"({mark}, {mark}, {mark})") if event else ("id", mark)
        conditions.append(f"{columns} {'<' if descending else '>'} {marks}")
        parameters.extend(query.after if event else [query.after[2]])
    direction = "DESC" if descending else "ASC"
    order = ", ".join(f"{column} {direction}" for column in (("t", "ns", "id") if event else ("id",)))
    return " AND ".join(conditions), parameters, order


def _low(query: Query) -> Any:
    if query.start is None or query.clock == "event":
        return query.start
    return first_id(query.start[0] + (query.start[1] > 0))


def _high(query: Query) -> Any:
    if query.end is None or query.clock == "event":
        return query.end
    return first_id(query.end[0])[:6] + _LAST_ID if query.end[0] >= 0 else b""
