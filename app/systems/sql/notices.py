"""Notices in a SQL database."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from app.log.fold import clean
from app.ports.notices import HISTORY, Notice
from app.systems.sql.shelf import Row, Shelf

_COLUMNS = "id, key, kind, severity, text, since, until"
_READ = f"{_COLUMNS}, CAST(details AS text)"


class SqlNotices:
    """A NoticeKeeper in the table notices; *lead* decides which process on the record watches."""

    def __init__(self, shelf: Shelf, lead: Callable[[], bool]) -> None:
        self._shelf = shelf
        self._lead = lead

    def lead(self) -> bool:
        """See NoticeKeeper."""
        return self._lead()

    def keep_notices(self, notices: Sequence[Notice]) -> None:
        """See NoticeKeeper."""
        with self._shelf.write(durable=True) as writing:
            # In one order: a revision that was read is never followed by a lower one.
            writing.exclude_writers("notices")
            for one in notices:
                writing.change("DELETE FROM notices WHERE id = ?", (one.id,))
                writing.change(f"INSERT INTO notices ({_COLUMNS}, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _row(one))
            writing.change(
                "DELETE FROM notices WHERE until IS NOT NULL AND revision <= (SELECT revision FROM notices "
                "WHERE until IS NOT NULL ORDER BY revision DESC LIMIT 1 OFFSET ?)",
                (HISTORY,),
            )

    def notices_after(self, revision: int) -> list[tuple[int, Notice]]:
        """See NoticeKeeper."""
        statement = f"SELECT revision, {_READ} FROM notices WHERE revision > ? ORDER BY revision"
        with self._shelf.read() as reading:
            return [(row[0], _notice(row[1:])) for row in reading.rows(statement, (revision,))]

    def notices(self, limit: int, state: str | None = None) -> list[Notice]:
        """See NoticeKeeper."""
        condition = {None: "1 = 1", "open": "until IS NULL", "closed": "until IS NOT NULL"}[state]
        statement = f"SELECT {_READ} FROM notices WHERE {condition} ORDER BY since DESC, id DESC LIMIT ?"
        with self._shelf.read() as reading:
            return [_notice(row) for row in reading.rows(statement, (limit,))]


def _row(one: Notice) -> Row:
    # JSON knows NUL, PostgreSQL doesn't, not even escaped in `jsonb`; `json` keeps the escape as it is.
    details = msgspec.json.encode(one.details).decode()
    return one.id, one.key, one.kind, one.severity, clean(one.text), one.since, one.until, details


def _notice(row: Row) -> Notice:
    *values, details = row
    identity, key, kind, severity, text, since, until = values
    return Notice(identity, key, kind, severity, text, since, until, msgspec.json.decode(details))
