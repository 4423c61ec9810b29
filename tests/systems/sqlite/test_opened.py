"""What is open of a segment: it is weighed, and another thread may close it at any moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from app.log.record import LogRecord
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import segment, stored
from app.systems.sqlite.segments.directory import directory
from app.systems.sqlite.segments.stored import Segment
from tests.conftest import MakeRecord
from tests.sealing import seal_all


class _ClosedMeanwhile(Segment):
    """A segment that is closed whenever somebody has looked whether its messages are open."""

    @property
    def _texts(self) -> Any:
        found, self._kept = self._kept, None
        return found

    @_texts.setter
    def _texts(self, value: Any) -> None:
        self._kept = value


@contextmanager
def sealed(
    store: SqliteStore, database: SqliteDatabase, records: Sequence[LogRecord]
) -> Iterator[tuple[Connection, Segment]]:
    """Store records, and yield the segment that they become."""
    store.add(records)
    seal_all(database)
    with database.snapshot() as connection:
        yield connection, directory(connection).segment(0)


def test_messages_that_are_closed_meanwhile_are_read(
    store: SqliteStore, database: SqliteDatabase, make_record: MakeRecord
) -> None:
    """For one question, in another thread."""
    with sealed(store, database, [make_record(message="hello")]) as (connection, known):
        one = _ClosedMeanwhile(known.first, known.last, known.logs, known.stamp, known.first_id, known.last_id)
        one._texts = known.texts(connection)
        assert one.texts_once(connection).one(0) == b"hello"


def test_ids_are_weighed_when_they_are_opened(
    store: SqliteStore, database: SqliteDatabase, make_record: MakeRecord
) -> None:
    """Those of a segment take ten times what its other keys take."""
    records = [make_record() for _ in range(200)]
    with sealed(store, database, records[::2]) as (connection, one):
        keys = one.keys(connection)
        before = stored._cache._weights[one.stamp]
        assert len(keys.rows_of(sorted(record.id for record in records))) == 100
        assert stored._cache._weights[one.stamp] - before >= 100 * 100


def test_variables_are_weighed_when_they_are_opened(
    store: SqliteStore, database: SqliteDatabase, make_record: MakeRecord
) -> None:
    """A plain word asks for none: else a few hundred segments that are asked for one would close each other."""
    with sealed(
        store, database, [make_record(message=f"user {number}x{number * 7919} came") for number in range(200)]
    ) as (connection, one):
        texts = one.texts(connection)
        before = stored._cache._weights[one.stamp]
        assert texts.skeletons == [b"user \xff came"]
        assert stored._cache._weights[one.stamp] == before
        assert texts.one(7) == b"user 7x55433 came"
        assert stored._cache._weights[one.stamp] - before == 3 * len(texts.variables)


def test_digits_for_one_question_are_not_kept(
    store: SqliteStore, database: SqliteDatabase, make_record: MakeRecord
) -> None:
    """Those that are open already are taken."""
    with sealed(store, database, [make_record(trace_id=f"{number * 7919:032x}") for number in range(200)]) as (
        connection,
        one,
    ):
        digits = one.digits_once(connection)
        assert digits[segment.TRACE][7] == f"{7 * 7919:032x}"
        assert one.digits_once(connection) is not digits
        kept = one.digits(connection)
        assert one.digits_once(connection) is kept
