"""Notices and beats in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg2

from app.core.errors import Unavailable
from app.core.fold import clean
from app.core.operating import NOTE
from app.core.watching import HISTORY, Beat, Notice, Seen
from app.drivers import postgres
from app.drivers.postgres import Connection, Database
from app.stores.postgres_dead import add_state

_COLUMNS = "id, key, kind, severity, text, since, until, details::text"
#: The server's clock in ms: beats of several machines are told by one clock.
_NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
#: First half of the advisory lock of who watches; the second is the table's own number, for a database may hold two records.
_LOCK = 0x10C1465
#: The server notices within half a minute that the holder's machine is gone, and lets another one watch.
_KEEPALIVES = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4"
_decode = msgspec.json.Decoder(Beat).decode


class Notices:
    """The part of a LogStore in the tables notices and beats; a BeatPlace too."""

    def __init__(self, database: Database, url: str) -> None:
        self._database = database
        self._lead_url = url
        self._leading: Connection | None = None

    def lead(self) -> bool:
        """See NoticeKeeper. An advisory lock on a connection of its own: it goes with the process."""
        if self._leading is not None:
            try:
                with self._leading.cursor() as cursor:
                    cursor.execute("SELECT 1")
                return True
            except psycopg2.Error:
                self.stop_leading()
        with self._database.read() as cursor:
            # Looked at first: who follows does not open a connection each second.
            cursor.execute(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = 'notices'::regclass "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1",
                (_LOCK,),
            )
            if cursor.fetchone() is not None:
                return False
        connection = postgres.open_connection(self._lead_url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(_KEEPALIVES)
                cursor.execute("SELECT pg_try_advisory_lock(%s, 'notices'::regclass::oid::int)", (_LOCK,))
                if cursor.fetchone()[0]:
                    self._leading = connection
        except psycopg2.Error as error:
            raise Unavailable(f"{self._database.place} can't be used: {error}") from error
        finally:
            if self._leading is not connection:
                connection.close()
        return self._leading is not None

    def stop_leading(self) -> None:
        """Let another process watch."""
        connection, self._leading = self._leading, None
        if connection is not None:
            connection.close()

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
