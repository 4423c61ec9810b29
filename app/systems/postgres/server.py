"""A PostgreSQL database: a few connections shared by all threads of a process, and what its errors mean.

An error is a record's own fault only where PostgreSQL says so (a value, a constraint, a limit of size). All
others, a lost connection or a missing right as much as a full disk, are Unavailable: whoever stores
tries again and loses nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras

from app.errors import InvalidSettings, Problem, Unavailable
from app.readable import readable

Connection: TypeAlias = Any  # psycopg2 has no types
Cursor: TypeAlias = Any
#: A row with this key is there already.
Taken: type[Exception] = psycopg2.errors.UniqueViolation
#: No partition takes the row (or another check fails).
NoPlace: type[Exception] = psycopg2.errors.CheckViolation

#: Connections of one process; threads beyond wait their turn.
CONNECTIONS = 8
#: Rows that `chunks` reads at once.
CHUNK = 1_000
#: Seconds that a thread waits for a connection.
WAIT_SECONDS = 30.0
#: Parameters of libpq unless the URL says otherwise: a dead network is noticed within half a minute.
DEFAULTS = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
    "application_name": "logingestor",
}
#: Milliseconds after which the server gives up a statement, a wait for a lock, and a transaction that nobody goes on with:
#: a stopped process must not keep `after` from the records of others.
TIMEOUTS = {"statement_timeout": 60_000, "lock_timeout": 20_000, "idle_in_transaction_session_timeout": 60_000}
#: By these the server notices within half a minute that the machine of who holds a lock is gone.
KEEPALIVES = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4"
#: Classes of SQLSTATE that concern the record at hand: data, constraint, limit of the program.
_RECORDS_FAULT = ("22", "23", "54")
_LOCKED = "55P03"
#: SQL for the server's clock in ms since 1970: leases and beats of several machines are measured by one clock.
NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"


class Busy(Unavailable):
    """A lock could not be had in time; nothing was done."""


def parameters(url: str) -> dict[str, str]:
    """Return libpq's parameters of the URL; raises InvalidSettings when it is none."""
    try:
        return {**DEFAULTS, **psycopg2.extensions.parse_dsn(url)}
    except psycopg2.ProgrammingError as error:
        raise InvalidSettings(Problem(f"LOGINGESTOR_STORE_URL: {_sentence(error)}", "LOGINGESTOR_STORE_URL")) from error


def place(url: str) -> str:
    """Return where the database is, for messages: without the password."""
    given = parameters(url)
    host = given.get("host") or given.get("hostaddr") or "the local socket"
    port = f":{given['port']}" if "port" in given else ""
    return f"PostgreSQL at {host}{port}, database {given.get('dbname') or given.get('user') or 'of this user'}"


def open_connection(url: str) -> Connection:
    """Connect; each statement is a transaction of its own until one says BEGIN. Raises Unavailable."""
    connection = None
    try:
        connection = psycopg2.connect(**parameters(url))
        connection.autocommit = True
        connection.set_client_encoding("UTF8")
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET {name} = {value}" for name, value in TIMEOUTS.items()))
            # A server may be set to forget the last commits at a crash; what we acknowledge must be there.
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
            )
    except psycopg2.Error as error:
        if connection is not None:
            connection.close()
        # An error by which libpq fails to connect has no SQLSTATE; the server's own answer in it begins so.
        answered = error.pgcode is not None or "FATAL:" in str(error)
        fault = "refuses connections" if answered else "can't be reached"
        raise Unavailable(f"{place(url)} {fault}: {_sentence(error)}") from error
    return connection


class PostgresDatabase:
    """The database of a URL. *check* looks at it before its first use, and raises what keeps it from being used."""

    def __init__(self, url: str, check: Callable[[Cursor], None] = lambda _: None) -> None:
        self.place = place(url)
        self._url = url
        self._examine = check
        self._examined = False
        self._turn = threading.BoundedSemaphore(CONNECTIONS)
        self._guard = threading.Lock()
        self._idle: list[Connection] = []
        self._closed = False

    def look(self) -> None:
        """Connect and run the check; raises Unavailable, or what the check raises."""
        connection = open_connection(self._url)
        try:
            with connection.cursor() as cursor:
                self._examine(cursor)
        finally:
            connection.close()

    @contextmanager
    def read(self) -> Iterator[Cursor]:
        """Give a cursor whose statements each see what is committed when they begin."""
        with self._connection() as connection, connection.cursor() as cursor:
            yield cursor

    @contextmanager
    def write(self) -> Iterator[Cursor]:
        """Write in one durable transaction; rolled back when the block raises."""
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                with suppress(psycopg2.Error):
                    cursor.execute("ROLLBACK")
                raise

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if not self._turn.acquire(timeout=WAIT_SECONDS):
            raise Unavailable(f"{self.place}: all {CONNECTIONS} connections are in use")
        try:
            connection = self._take()
            try:
                yield connection
            except psycopg2.Error as error:
                if _is_the_records_fault(error):
                    raise
                raise self._unavailable(error) from error
            finally:
                self._give_back(connection)
        finally:
            self._turn.release()

    def _unavailable(self, error: Exception) -> Unavailable:
        kind = Busy if getattr(error, "pgcode", None) == _LOCKED else Unavailable
        return kind(f"{self.place} can't be used: {_sentence(error)}")

    def _take(self) -> Connection:
        while True:
            with self._guard:
                if self._closed:
                    raise Unavailable(f"{self.place}: the connections are closed")
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._open()
            if _is_quiet(connection):
                return connection
            connection.close()

    def _open(self) -> Connection:
        connection = open_connection(self._url)
        if self._examined:
            return connection
        try:
            with connection.cursor() as cursor:
                self._examine(cursor)
            self._examined = True
        except (psycopg2.Error, InvalidSettings) as error:
            connection.close()
            raise self._unavailable(error) from error
        return connection

    def _give_back(self, connection: Connection) -> None:
        # A connection that is still in a transaction was left half-way; answers to its statements may still arrive, so it is closed.
        idle = psycopg2.extensions.TRANSACTION_STATUS_IDLE
        fine = not connection.closed and connection.info.transaction_status == idle
        with self._guard:
            if fine and not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close every connection that is not in use; those in use are closed when they are given back."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


class AdvisoryLock:
    """An advisory lock on a connection of its own: the server lets go of it when the process, or its machine, is gone.

    Its second half is the number of a *table*, for a database may hold two records.
    """

    def __init__(self, url: str, database: PostgresDatabase, name: int, table: str) -> None:
        self._url = url
        self._database = database
        self._names = (name, table)
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Return whether this process holds it now; not to be called by two threads at once. Raises Unavailable."""
        if self._connection is not None:
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
                return True
            except psycopg2.Error:
                self.close()
        with self._database.read() as cursor:
            # Looked at first: who does not get it opens no connection.
            cursor.execute(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s::regclass "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1",
                self._names,
            )
            if cursor.fetchone() is not None:
                return False
        connection = open_connection(self._url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(KEEPALIVES)
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s::regclass::oid::int)", self._names)
                if cursor.fetchone()[0]:
                    self._connection = connection
        except psycopg2.Error as error:
            raise Unavailable(f"{self._database.place} can't be used: {_sentence(error)}") from error
        finally:
            if self._connection is not connection:
                connection.close()
        return self._connection is not None

    def close(self) -> None:
        """Let go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def insert(cursor: Cursor, statement: str, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Run an INSERT whose VALUES are one %s, for all rows; return what it returns."""
    found: list[tuple[Any, ...]] = []
    if rows:
        found = psycopg2.extras.execute_values(cursor, statement, rows, page_size=50, fetch=" RETURNING " in statement)
    return found or []


def chunks(
    database: PostgresDatabase, table: str, columns: Sequence[str], key: Sequence[str]
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of *table* by its *key*, which is its first columns, in chunks."""
    names, order, after = ", ".join(columns), ", ".join(key), list[Any]()
    while True:
        condition = f"WHERE ({order}) > ({', '.join(['%s'] * len(key))})" if after else ""
        with database.read() as cursor:
            cursor.execute(f"SELECT {names} FROM {table} {condition} ORDER BY {order} LIMIT %s", [*after, CHUNK])
            found = list(cursor.fetchall())
        if found:
            yield found
        if len(found) < CHUNK:
            return
        after = list(found[-1][: len(key)])


def _is_the_records_fault(error: psycopg2.Error) -> bool:
    code = error.pgcode or ""
    return code[:2] in _RECORDS_FAULT or (not code and isinstance(error, psycopg2.DataError))


def _is_quiet(connection: Connection) -> bool:
    """Return whether the server has nothing to say: it speaks unasked only to say that the connection ends."""
    if connection.closed:
        return False
    return not readable([connection.fileno()], 0)


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())
