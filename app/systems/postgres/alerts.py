"""Saved searches and alerts in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from app.ports.alerts import AHEAD_MS, CHANGES, Alert, Change, SavedSearch, Status, WatchedAlert
from app.systems.postgres.server import Cursor, PostgresDatabase, Taken
from app.systems.sql import alerts

#: The server's clock in ms: leases of several machines are told by one clock.
_NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"


class Alerts:
    """The part of a LogStore in the tables searches, alerts and alert_changes."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def searches(self) -> list[SavedSearch]:
        """See AlertKeeper."""
        with self._database.read() as cursor:
            cursor.execute('SELECT body::text FROM searches ORDER BY name COLLATE "C"')
            return [alerts.search(body) for (body,) in cursor.fetchall()]

    def keep_search(self, search: SavedSearch) -> bool:
        """See AlertKeeper."""
        try:
            with self._database.write() as cursor:
                cursor.execute(
                    "INSERT INTO searches VALUES (%s, %s, %s) "
                    "ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body",
                    (search.id, search.name, alerts.body(search)),
                )
        except Taken:
            return False
        return True

    def drop_search(self, identity: str) -> bool:
        """See AlertKeeper."""
        with self._database.write() as cursor:
            cursor.execute("DELETE FROM searches WHERE id = %s", (identity,))
            return bool(cursor.rowcount)

    def alerts(self) -> list[WatchedAlert]:
        """See AlertKeeper."""
        with self._database.read() as cursor:
            cursor.execute('SELECT body::text, status::text, turn FROM alerts ORDER BY name COLLATE "C"')
            return [
                WatchedAlert(alerts.alert(body), alerts.status(status), turn)
                for body, status, turn in cursor.fetchall()
            ]

    def keep_alert(self, alert: Alert, change: Change | None = None, earlier: Alert | None = None) -> bool:
        """See AlertKeeper."""
        try:
            with self._database.write() as cursor:
                if earlier is not None:
                    cursor.execute("SELECT body::text FROM alerts WHERE id = %s FOR UPDATE", (alert.id,))
                    there = cursor.fetchone()
                    if there is None or alerts.alert(there[0]) != earlier:
                        return False
                cursor.execute(
                    "INSERT INTO alerts VALUES (%s, %s, %s, %s, 0, 0) "
                    "ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body",
                    (alert.id, alert.name, alerts.body(alert), alerts.body(Status())),
                )
                if change is not None:
                    _note(cursor, alert.id, [change])
        except Taken:
            return False
        return True

    def drop_alert(self, identity: str) -> bool:
        """See AlertKeeper."""
        with self._database.write() as cursor:
            cursor.execute("DELETE FROM alerts WHERE id = %s", (identity,))
            there = bool(cursor.rowcount)
            cursor.execute("DELETE FROM alert_changes WHERE alert = %s", (identity,))
            return there

    def lease_alert(self, identity: str, turn: int, seconds: float) -> bool:
        """See AlertKeeper. A lease from a clock that was ahead counts as over."""
        ms = int(seconds * 1000)
        with self._database.write() as cursor:
            cursor.execute(
                f"UPDATE alerts SET turn = turn + 1, leased = {_NOW} + %s "
                f"WHERE id = %s AND turn = %s AND leased NOT BETWEEN {_NOW} + 1 AND {_NOW} + %s",
                (ms, identity, turn, ms + AHEAD_MS),
            )
            return bool(cursor.rowcount)

    def settle_alert(self, identity: str, turn: int, status: Status, changes: Sequence[Change] = ()) -> bool:
        """See AlertKeeper."""
        with self._database.write() as cursor:
            cursor.execute(
                "UPDATE alerts SET status = %s, leased = 0, turn = turn + 1 WHERE id = %s AND turn = %s",
                (alerts.body(status), identity, turn + 1),
            )
            settled = bool(cursor.rowcount)
            if settled:
                _note(cursor, identity, changes)
            return settled

    def alert_changes(self, identity: str, limit: int = CHANGES) -> list[Change]:
        """See AlertKeeper."""
        with self._database.read() as cursor:
            cursor.execute(
                "SELECT body::text FROM alert_changes WHERE alert = %s ORDER BY seq DESC LIMIT %s", (identity, limit)
            )
            return [alerts.change(body) for (body,) in cursor.fetchall()]


def _note(cursor: Cursor, identity: str, changes: Sequence[Change]) -> None:
    for change in changes:
        cursor.execute("INSERT INTO alert_changes (alert, body) VALUES (%s, %s)", (identity, alerts.body(change)))
    if changes:
        cursor.execute(
            "DELETE FROM alert_changes WHERE alert = %s AND seq <= "
            "(SELECT seq FROM alert_changes WHERE alert = %s ORDER BY seq DESC LIMIT 1 OFFSET %s)",
            (identity, identity, CHANGES),
        )
