"""Costs of logs in a SQL database: a row for each day, and one that says how far logs are booked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from app.ports.costs import DAYS, OTHERS, Booked, Cost, DayCosts, added
from app.systems.sql.shelf import Shelf, Transaction

#: The row that says how far logs are booked.
_BOOKED = -1
_KEEP = "INSERT INTO costs VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET state = excluded.state"
_encode = msgspec.msgpack.Encoder().encode
_booked = msgspec.msgpack.Decoder(Booked | None).decode
_day = msgspec.msgpack.Decoder(tuple[int, int, list[Cost]]).decode


class SqlCosts:
    """A CostKeeper in the table costs."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def booked(self) -> Booked | None:
        """See CostKeeper."""
        with self._shelf.read() as reading:
            found: Booked | None = _read(reading, _BOOKED, _booked)
        return found

    def book(self, before: Booked | None, after: Booked, day: DayCosts) -> bool:
        """See CostKeeper."""
        with self._shelf.write(durable=False) as writing:
            # First an empty row: of two processes that book first, one waits here for the other.
            writing.change("INSERT INTO costs VALUES (?, ?) ON CONFLICT (day) DO NOTHING", (_BOOKED, _encode(None)))
            if _read(writing, _BOOKED, _booked, self._shelf.for_update) != before:
                return False
            logs, looked, costs = _read(writing, day.day, _day) or (0, 0, [])
            state = (logs + day.logs, looked + day.looked, added([*costs, *day.costs]))
            writing.change_each(_KEEP, [(_BOOKED, _encode(after)), (day.day, _encode(state))])
            writing.change("DELETE FROM costs WHERE day >= 0 AND day <= ?", (day.day - DAYS,))
        return True

    def costs(self, since: int) -> list[DayCosts]:
        """See CostKeeper."""
        with self._shelf.read() as reading:
            found = reading.rows("SELECT day, state FROM costs WHERE day >= ? ORDER BY day", (max(since, 0),))
        return [DayCosts(day, *_day(bytes(state))) for day, state in found]

    def forget_names(self, forms: Collection[str], resources: Collection[str]) -> None:
        """See CostKeeper."""
        with self._shelf.write(durable=True) as writing:
            booked = _read(writing, _BOOKED, _booked, self._shelf.for_update)
            if booked is not None:
                writing.change(_KEEP, (_BOOKED, _encode(msgspec.structs.replace(booked, turn=booked.turn + 1))))
            for day, state in writing.rows("SELECT day, state FROM costs WHERE day >= 0"):
                logs, looked, costs = _day(bytes(state))
                named = [_without(one, forms, resources) for one in costs]
                if named != costs:
                    writing.change(_KEEP, (day, _encode((logs, looked, added(named)))))


def _without(cost: Cost, forms: Collection[str], resources: Collection[str]) -> Cost:
    resource = OTHERS if cost.resource in resources else cost.resource
    form = OTHERS if cost.form in forms else cost.form
    return Cost(resource, cost.level, form, cost.logs, cost.bytes)


def _read(transaction: Transaction, day: int, decode: Any, end: str = "") -> Any:
    found: Sequence[Any] = transaction.rows(f"SELECT state FROM costs WHERE day = ?{end}", (day,))
    return decode(bytes(found[0][0])) if found else None
