"""Saved searches and alerts in a SQLite file."""

from __future__ import annotations

from collections.abc import Sequence

from app.ports.alerts import AHEAD_MS, CHANGES, Alert, Change, SavedSearch, Status, WatchedAlert
from app.systems.sql import alerts
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.times.instant import now_ms


class Alerts:
    """The part of a LogStore in the tables searches, alerts and alert_changes."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def searches(self) -> list[SavedSearch]:
        """See AlertKeeper."""
        with self._database.snapshot() as connection:
            return [alerts.search(body) for (body,) in connection.execute("SELECT body FROM searches ORDER BY name")]

    def keep_search(self, search: SavedSearch) -> bool:
        """See AlertKeeper."""
        with self._database.write(durable=True) as connection:
            if _is_taken(connection, "searches", search.name, search.id):
                return False
            connection.execute(
                "INSERT INTO searches VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body",
                (search.id, search.name, alerts.body(search)),
            )
        return True

    def drop_search(self, identity: str) -> bool:
        """See AlertKeeper."""
        with self._database.write(durable=True) as connection:
            return bool(connection.execute("DELETE FROM searches WHERE id = ?", (identity,)).rowcount)

    def alerts(self) -> list[WatchedAlert]:
        """See AlertKeeper."""
        with self._database.snapshot() as connection:
            found = connection.execute("SELECT body, status, turn FROM alerts ORDER BY name")
            return [WatchedAlert(alerts.alert(body), alerts.status(status), turn) for body, status, turn in found]

    def keep_alert(self, alert: Alert, change: Change | None = None, earlier: Alert | None = None) -> bool:
        """See AlertKeeper."""
        with self._database.write(durable=True) as connection:
            if _is_taken(connection, "alerts", alert.name, alert.id):
                return False
            if earlier is not None:
                there = connection.execute("SELECT body FROM alerts WHERE id = ?", (alert.id,)).fetchone()
                if there is None or alerts.alert(there[0]) != earlier:
                    return False
            connection.execute(
                "INSERT INTO alerts VALUES (?, ?, ?, ?, 0, 0) "
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body",
                (alert.id, alert.name, alerts.body(alert), alerts.body(Status())),
            )
            if change is not None:
                _note(connection, alert.id, [change])
        return True

    def drop_alert(self, identity: str) -> bool:
        """See AlertKeeper."""
        with self._database.write(durable=True) as connection:
            connection.execute("DELETE FROM alert_changes WHERE alert = ?", (identity,))
            return bool(connection.execute("DELETE FROM alerts WHERE id = ?", (identity,)).rowcount)

    def lease_alert(self, identity: str, turn: int, seconds: float) -> bool:
        """See AlertKeeper. A lease from a clock that was ahead counts as over."""
        now = now_ms()
        until = now + int(seconds * 1000)
        with self._database.write(durable=False) as connection:
            return bool(
                connection.execute(
                    "UPDATE alerts SET turn = turn + 1, leased = ? WHERE id = ? AND turn = ? AND leased NOT BETWEEN ? AND ?",
                    (until, identity, turn, now + 1, until + AHEAD_MS),
                ).rowcount
            )

    def settle_alert(self, identity: str, turn: int, status: Status, changes: Sequence[Change] = ()) -> bool:
        """See AlertKeeper. Not synced: what a power cut takes back is evaluated once more."""
        with self._database.write(durable=False) as connection:
            settled = connection.execute(
                "UPDATE alerts SET status = ?, leased = 0, turn = turn + 1 WHERE id = ? AND turn = ?",
                (alerts.body(status), identity, turn + 1),
            ).rowcount
            if settled:
                _note(connection, identity, changes)
            return bool(settled)

    def alert_changes(self, identity: str, limit: int = CHANGES) -> list[Change]:
        """See AlertKeeper."""
        with self._database.snapshot() as connection:
            found = connection.execute(
                "SELECT body FROM alert_changes WHERE alert = ? ORDER BY seq DESC LIMIT ?", (identity, limit)
            )
            return [alerts.change(body) for (body,) in found]


def _is_taken(connection: Connection, table: str, name: str, identity: str) -> bool:
    found = connection.execute(f"SELECT 1 FROM {table} WHERE name = ? AND id <> ?", (name, identity)).fetchone()
    return found is not None


def _note(connection: Connection, identity: str, changes: Sequence[Change]) -> None:
    if not changes:
        return
    rows = [(identity, alerts.body(change)) for change in changes]
    connection.executemany("INSERT INTO alert_changes (alert, body) VALUES (?, ?)", rows)
    connection.execute(
        "DELETE FROM alert_changes WHERE alert = ? AND seq <= "
        "(SELECT seq FROM alert_changes WHERE alert = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)",
        (identity, identity, CHANGES),
    )
