"""Notices in a SQLite file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from app.ports.memory import NOTE
from app.ports.notices import HISTORY, Notice
from app.systems.sqlite import rows
from app.systems.sqlite.file import SqliteDatabase

_COLUMNS = "id, key, kind, severity, text, since, until, details"


class Notices:
    """The part of a LogStore in the table `notices`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def lead(self) -> bool:
        """See NoticeKeeper: processes on one file share a data folder, and its lock decides."""
        return True

    def keep_notices(self, notices: Sequence[Notice]) -> None:
        """See NoticeKeeper."""
        with self._database.write(durable=True) as connection:
            for one in notices:
                details = msgspec.json.encode(one.details).decode()
                connection.execute("DELETE FROM notices WHERE id = ?", (one.id,))
                connection.execute(
                    f"INSERT INTO notices ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (one.id, one.key, one.kind, one.severity, one.text, one.since, one.until, details),
                )
            connection.execute(
                "DELETE FROM notices WHERE until IS NOT NULL AND revision <= (SELECT revision FROM notices "
                "WHERE until IS NOT NULL ORDER BY revision DESC LIMIT 1 OFFSET ?)",
                (HISTORY,),
            )

    def notices_after(self, revision: int) -> list[tuple[int, Notice]]:
        """See NoticeKeeper."""
        with self._database.snapshot() as connection:
            found = connection.execute(
                f"SELECT revision, {_COLUMNS} FROM notices WHERE revision > ? ORDER BY revision", (revision,)
            )
            return [(row[0], _notice(row[1:])) for row in found]

    def notices(self, limit: int, state: str | None = None) -> list[Notice]:
        """See NoticeKeeper."""
        condition = {None: "1", "open": "until IS NULL", "closed": "until IS NOT NULL"}[state]
        with self._database.snapshot() as connection:
            found = connection.execute(
                f"SELECT {_COLUMNS} FROM notices WHERE {condition} ORDER BY since DESC, id DESC LIMIT ?", (limit,)
            )
            return [_notice(row) for row in found]

    def tally(self, name: str, change: int) -> int:
        """See NoticeKeeper."""
        with self._database.write(durable=False) as connection:
            rows.add_state(connection, NOTE + name, change)
            return rows.get_state(connection, NOTE + name)


def _notice(row: Sequence[Any]) -> Notice:
    identity, key, kind, severity, text, since, until, details = row
    return Notice(identity, key, kind, severity, text, since, until, msgspec.json.decode(details))
