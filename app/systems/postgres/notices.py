"""Notices and beats in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from app.log.fold import clean
from app.ports.memory import NOTE
from app.ports.notices import HISTORY, Beat, Notice, Seen
from app.systems.postgres import server
from app.systems.postgres.dead import add_state
from app.systems.postgres.server import PostgresDatabase

_COLUMNS = "id, key, kind, severity, text, since, until, details::text"
#: The server's clock in ms: beats of several machines are told by one clock.
_NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
#: Advisory lock of who watches.
_LOCK = 0x10C1465
_decode = msgspec.json.Decoder(Beat).decode


class Notices:
    """The part of a LogStore in the tables notices and beats; a BeatPlace too."""

    def __init__(self, database: PostgresDatabase, url: str) -> None:
        self._database = database
        self._lead = server.AdvisoryLock(url, database, _LOCK, "notices")

    def lead(self) -> bool:
        """See NoticeKeeper."""
        return self._lead.take()

    def keep_notices(self, notices: Sequence[Notice]) -> None:
        """See NoticeKeeper."""
        with self._database.write() as cursor:
            # In one order: a revision that is seen is never followed by a lower one.
            cursor.execute("LOCK TABLE notices IN SHARE ROW EXCLUSIVE MODE")
            for one in notices:
                cursor.execute("DELETE FROM notices WHERE id = %s", (one.id,))
                cursor.execute(
                    "INSERT INTO notices (id, key, kind, severity, text, since, until, details) "
                    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                    (one.id, one.key, one.kind, one.severity, clean(one.text), one.since, one.until, _json(one)),
                )
            cursor.execute(
                "DELETE FROM notices WHERE until IS NOT NULL AND revision <= (SELECT revision FROM notices "
                "WHERE until IS NOT NULL ORDER BY revision DESC LIMIT 1 OFFSET %s)",
                (HISTORY,),
            )

    def notices_after(self, revision: int) -> list[tuple[int, Notice]]:
        """See NoticeKeeper."""
        with self._database.read() as cursor:
            cursor.execute(
                f"SELECT revision, {_COLUMNS} FROM notices WHERE revision > %s ORDER BY revision", (revision,)
            )
            return [(row[0], _notice(row[1:])) for row in cursor.fetchall()]

    def notices(self, limit: int, state: str | None = None) -> list[Notice]:
        """See NoticeKeeper."""
        condition = {None: "true", "open": "until IS NULL", "closed": "until IS NOT NULL"}[state]
        with self._database.read() as cursor:
            cursor.execute(
                f"SELECT {_COLUMNS} FROM notices WHERE {condition} ORDER BY since DESC, id DESC LIMIT %s", (limit,)
            )
            return [_notice(row) for row in cursor.fetchall()]

    def tally(self, name: str, change: int) -> int:
        """See NoticeKeeper."""
        with self._database.write() as cursor:
            return add_state(cursor, NOTE + name, change)

    def beat(self, beat: Beat) -> None:
        """See BeatPlace."""
        with self._database.write() as cursor:
            cursor.execute(
                f"INSERT INTO beats VALUES (%s, {_NOW}, {_NOW}, %s) "
                "ON CONFLICT (id) DO UPDATE SET at = excluded.at, body = excluded.body",
                (beat.id, clean(msgspec.json.encode(beat).decode())),
            )

    def beats(self) -> list[Seen]:
        """See BeatPlace. When a process began is told by the server's clock."""
        with self._database.read() as cursor:
            cursor.execute(f"SELECT at, made, {_NOW} - at, body::text FROM beats ORDER BY made, id")
            found = cursor.fetchall()
        return [
            Seen(msgspec.structs.replace(_decode(body), began=made), at, max(age, 0) / 1000)
            for at, made, age, body in found
        ]

    def forget_beats(self, ids: Sequence[str]) -> None:
        """See BeatPlace."""
        with self._database.write() as cursor:
            cursor.execute("DELETE FROM beats WHERE id = ANY(%s)", (list(ids),))


def _json(notice: Notice) -> str:
    # JSON knows NUL, PostgreSQL doesn't, not even escaped in `jsonb`; `json` keeps the escape as it is.
    return msgspec.json.encode(notice.details).decode()


def _notice(row: Sequence[Any]) -> Notice:
    identity, key, kind, severity, text, since, until, details = row
    return Notice(identity, key, kind, severity, text, since, until, msgspec.json.decode(details))
