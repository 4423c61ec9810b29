"""Saved searches and alerts in a SQL database."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from app.errors import Forbidden
from app.ports.alerts import AHEAD_MS, CHANGES, Alert, Change, SavedSearch, Status, WatchedAlert
from app.systems.sql.shelf import KeyTaken, Shelf, Transaction

_search = msgspec.json.Decoder(SavedSearch).decode
_alert = msgspec.json.Decoder(Alert).decode
_status = msgspec.json.Decoder(Status).decode
_change = msgspec.json.Decoder(Change).decode

#: Whether a token, or the session of a user, with a digest opens anything; both tables are the web's own.
_VALID = "SELECT 1 FROM tokens WHERE digest = ? AND revoked IS NULL"
_SESSION = 'SELECT 1 FROM sessions JOIN users ON users.name = sessions."user" AND users.stamp = sessions.stamp WHERE sessions.digest = ?'


class SqlAlerts:
    """An AlertKeeper in the tables searches, alerts and alert_changes."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def searches(self) -> list[SavedSearch]:
        """See AlertKeeper."""
        with self._shelf.read() as reading:
            found = reading.rows(f"SELECT CAST(body AS text) FROM searches ORDER BY name{self._shelf.bytewise}")
        return [_search(body) for (body,) in found]

    def keep_search(self, search: SavedSearch, key: bytes = b"") -> bool:
        """See AlertKeeper. Who gives the name to somebody else waits for this to end, and then forgets the search."""
        try:
            with self._shelf.write(durable=True) as writing:
                if key and not writing.rows(self._opening(search.owner), (key,)):
                    raise Forbidden("the token or session that saves this search opens nothing any more")
                writing.change(
                    "INSERT INTO searches VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body",
                    (search.id, _key(search), _body(search)),
                )
        except KeyTaken:
            return False
        return True

    def _opening(self, owner: str) -> str:
        """Return the question whether the token, or session of a user, with a digest opens anything; until the transaction ends that stays so."""
        condition = (
            _SESSION if owner.startswith("user ") else f"{_VALID} AND (expires IS NULL OR expires > {self._shelf.now})"
        )
        return condition + self._shelf.for_update

    def drop_search(self, identity: str) -> bool:
        """See AlertKeeper."""
        with self._shelf.write(durable=True) as writing:
            return bool(writing.change("DELETE FROM searches WHERE id = ?", (identity,)))

    def alerts(self) -> list[WatchedAlert]:
        """See AlertKeeper."""
        statement = "SELECT CAST(body AS text), CAST(status AS text), turn FROM alerts ORDER BY name"
        with self._shelf.read() as reading:
            found = reading.rows(f"{statement}{self._shelf.bytewise}")
        return [WatchedAlert(_alert(body), _status(status), turn) for body, status, turn in found]

    def keep_alert(self, alert: Alert, change: Change | None = None, earlier: Alert | None = None) -> bool:
        """See AlertKeeper."""
        try:
            with self._shelf.write(durable=True) as writing:
                if earlier is not None and self._locked(writing, alert.id) != earlier:
                    return False
                writing.change(
                    "INSERT INTO alerts VALUES (?, ?, ?, ?, 0, 0) "
                    "ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body",
                    (alert.id, alert.name, _body(alert), _body(Status())),
                )
                _note(writing, alert.id, [] if change is None else [change])
        except KeyTaken:
            return False
        return True

    def _locked(self, writing: Transaction, identity: str) -> Alert | None:
        """Return the alert as it is, and stays until the transaction ends."""
        found = writing.rows(f"SELECT CAST(body AS text) FROM alerts WHERE id = ?{self._shelf.for_update}", (identity,))
        return _alert(found[0][0]) if found else None

    def drop_alert(self, identity: str) -> bool:
        """See AlertKeeper."""
        with self._shelf.write(durable=True) as writing:
            there = bool(writing.change("DELETE FROM alerts WHERE id = ?", (identity,)))
            writing.change("DELETE FROM alert_changes WHERE alert = ?", (identity,))
            return there

    def lease_alert(self, identity: str, turn: int, seconds: float) -> bool:
        """See AlertKeeper. A lease from a clock that was ahead counts as over."""
        ms, now = int(seconds * 1000), self._shelf.now
        with self._shelf.write(durable=False) as writing:
            leased = writing.change(
                f"UPDATE alerts SET turn = turn + 1, leased = {now} + ? "
                f"WHERE id = ? AND turn = ? AND leased NOT BETWEEN {now} + 1 AND {now} + ?",
                (ms, identity, turn, ms + AHEAD_MS),
            )
            return bool(leased)

    def settle_alert(self, identity: str, turn: int, status: Status, changes: Sequence[Change] = ()) -> bool:
        """See AlertKeeper. Not durable: what a power cut takes back is evaluated once more."""
        with self._shelf.write(durable=False) as writing:
            settled = writing.change(
                "UPDATE alerts SET status = ?, leased = 0, turn = turn + 1 WHERE id = ? AND turn = ?",
                (_body(status), identity, turn + 1),
            )
            if settled:
                _note(writing, identity, changes)
            return bool(settled)

    def alert_changes(self, identity: str, limit: int = CHANGES) -> list[Change]:
        """See AlertKeeper."""
        statement = "SELECT CAST(body AS text) FROM alert_changes WHERE alert = ? ORDER BY seq DESC LIMIT ?"
        with self._shelf.read() as reading:
            return [_change(body) for (body,) in reading.rows(statement, (identity, limit))]

    def sampled(self) -> set[str]:
        """See AlertKeeper."""
        with self._shelf.read() as reading:
            return {sample.id for _, change in _changes(reading) for sample in change.samples}

    def forget_samples(self, ids: Collection[str]) -> None:
        """See AlertKeeper."""
        with self._shelf.write(durable=True) as writing:
            for seq, change in _changes(writing):
                left = [sample for sample in change.samples if sample.id not in ids]
                if left != change.samples:
                    body = _body(msgspec.structs.replace(change, samples=left))
                    writing.change("UPDATE alert_changes SET body = ? WHERE seq = ?", (body, seq))


def drop_searches(writing: Transaction, owner: str) -> int:
    """Forget the searches of an owner, who is not everybody, within a transaction; return how many there were."""
    end = f"\x1f{owner}"
    return writing.change(
        "DELETE FROM searches WHERE substr(name, length(name) - ?) = ?",
        (len(end) - 1, end),
    )


def _key(search: SavedSearch) -> str:
    """Return what no two searches have in common and what they are ordered by; names hold no character that can't be seen."""
    return f"{search.name}\x1f{search.owner}" if search.owner else search.name


def _body(value: msgspec.Struct) -> str:
    """Return what a row holds of a search, an alert, a status or a change."""
    return msgspec.json.encode(value).decode()


def _changes(transaction: Transaction) -> list[tuple[int, Change]]:
    """Return the changes of all alerts with their numbers."""
    found = transaction.rows("SELECT seq, CAST(body AS text) FROM alert_changes ORDER BY seq")
    return [(seq, _change(body)) for seq, body in found]


def _note(writing: Transaction, identity: str, changes: Sequence[Change]) -> None:
    """Keep what happened to an alert; the oldest beyond CHANGES go."""
    if not changes:
        return
    rows = [(identity, _body(change)) for change in changes]
    writing.change_each("INSERT INTO alert_changes (alert, body) VALUES (?, ?)", rows)
    writing.change(
        "DELETE FROM alert_changes WHERE alert = ? AND seq <= "
        "(SELECT seq FROM alert_changes WHERE alert = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)",
        (identity, identity, CHANGES),
    )
