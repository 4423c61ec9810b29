"""Spaces take their turns in the queue that is a table."""

from __future__ import annotations

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import QueueFull
from app.log.envelope import Envelope
from app.settings.settings import Settings
from app.systems.sqlite.fair import SHARED_LOGS, SHARED_SECONDS, Turns, in_turn
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.queue import SqliteQueue
from app.systems.sqlite.rows import get_state, get_states
from tests.conftest import MakeRecord
from tests.systems.filling import fill

#: Sizes of the envelopes of several spaces.
SIZES = st.lists(st.lists(st.integers(0, 300), max_size=8), max_size=5)


@given(SIZES)
def test_each_gets_as_much_while_it_has_any(sizes: list[list[int]]) -> None:
    """All rows come, each line's in its order, and no line has had more than another that waits, but for its last row."""
    lines = [[(n * 100 + line, 1, bytes(size)) for n, size in enumerate(some)] for line, some in enumerate(sizes)]
    had, left = [0] * len(lines), [list(line) for line in lines]
    for row in in_turn(lines, [0] * len(lines)):
        line = row[0] % 100
        assert left[line].pop(0) == row
        assert all(had[line] <= had[other] for other, rows in enumerate(left) if rows)
        had[line] += len(row[2])
    assert not any(left)


def test_batches_are_small_while_several_send(settings: Settings, make_record: MakeRecord) -> None:
    """From when two spaces waited at once, and no longer than a moment after they last did: alone a flood has whole batches."""
    now, turns = [0.0], Turns(lambda: now[0])
    with closing(SqliteDatabase(settings.database)) as database:
        queue = SqliteQueue(database, limit=1 << 30, min_free=0)

        def logs() -> int:
            with database.snapshot() as connection:
                return sum(row[1] for row in turns.oldest(connection, 4_000, 0))

        queue.put([Envelope([make_record() for _ in range(100)]) for _ in range(12)], space="loud")
        assert logs() == 1_200
        queue.put([Envelope([make_record()])], space="quiet")
        assert logs() == SHARED_LOGS + 1
        queue.ack(queue.take(SHARED_LOGS, 0))
        with database.snapshot() as connection:
            assert connection.execute("SELECT DISTINCT space FROM queue").fetchall() == [("loud",)]
        now[0] = SHARED_SECONDS - 0.1
        assert logs() == SHARED_LOGS
        now[0] = SHARED_SECONDS
        assert logs() == 700


def test_more_spaces_than_fit_into_a_batch(settings: Settings, make_record: MakeRecord) -> None:
    """None is left out for as long as others go on sending: who had nothing of one batch comes first in the next."""
    names = [f"s{number:02}" for number in range(12)]
    with closing(SqliteDatabase(settings.database)) as database:
        queue = SqliteQueue(database, limit=1 << 30, min_free=0)
        for name in names:
            queue.put([Envelope([make_record() for _ in range(100)]) for _ in range(3)], space=name)
        queue.put([Envelope([make_record(message="last of all")])], space="zz")
        found: list[str] = []
        for _ in range(1 + len(names) * 100 // SHARED_LOGS):
            batch = queue.take(4_000, 0)
            found += [record.message for record in batch.records]
            queue.ack(batch)
            for name in names[:5]:
                queue.put([Envelope([make_record() for _ in range(100)])], space=name)
        with database.snapshot() as connection:
            left = connection.execute("SELECT space, count(*) FROM queue GROUP BY space").fetchall()
    assert "last of all" in found
    assert all(count < 3 for name, count in left if name not in names[:5])


def test_a_flood_leaves_room_for_others(settings: Settings, make_record: MakeRecord) -> None:
    """One fills half, two a third each, logs of no space count as one; what is stored makes room. Where no space sends, all of it is there for all."""
    with closing(SqliteDatabase(settings.database)) as database:
        queue = SqliteQueue(database, limit=100_000, min_free=0)
        assert fill(queue, make_record, "") > 85
        while queue.depth().logs:
            queue.ack(queue.take(1_000, 0))
        alone = fill(queue, make_record, "a")
        assert 35 < alone <= 50
        with pytest.raises(QueueFull, match="the space a has a share"):
            queue.put([Envelope([make_record(message="x" * 1_000)])], space="a")
        beside = fill(queue, make_record, "b")
        assert 15 < beside < alone
        assert 5 < fill(queue, make_record, "") < beside
        queue.put([Envelope([make_record(message="the first of another")])], space="c")
        # It is counted in the file: another process knows as much.
        other = SqliteQueue(database, limit=100_000, min_free=0)
        assert fill(other, make_record, "a") == 0
        while queue.depth().logs:
            queue.ack(queue.take(1_000, 0))
        assert fill(other, make_record, "a") == alone


def test_what_waited_before_it_was_counted(settings: Settings, make_record: MakeRecord) -> None:
    """Rows of an earlier version take nothing off what was counted since, beyond what that is."""
    with closing(SqliteDatabase(settings.database)) as database:
        queue = SqliteQueue(database, limit=100_000, min_free=0)
        queue.put([Envelope([make_record(message="x" * 9_000)])], space="a")
        with database.write(durable=False) as connection:
            connection.execute("DELETE FROM state WHERE name LIKE 'queued_bytes %'")
        queue.put([Envelope([make_record()])], space="a")
        while queue.depth().logs:
            queue.ack(queue.take(1_000, 0))
        with database.snapshot() as connection:
            assert get_states(connection, "queued_bytes ") == {"a": 0}


def test_what_was_accepted_before_is_not_counted_again(settings: Settings, make_record: MakeRecord) -> None:
    """Of a space that sends logs with ids of their own anew, nothing more waits."""
    with closing(SqliteDatabase(settings.database)) as database:
        queue = SqliteQueue(database, limit=1 << 20, min_free=0)
        again = [make_record(message="x" * 100) for _ in range(2)]
        for some in (again[:1], again, again):
            queue.put([Envelope(some)], own_ids=frozenset(record.id for record in some), space="a")
        with database.snapshot() as connection:
            assert get_states(connection, "queued_bytes ") == {"a": get_state(connection, "queued_bytes")}
        while batch := queue.take(100, 0):
            queue.ack(batch)
        with database.snapshot() as connection:
            assert get_states(connection, "queued_bytes ") == {"a": 0}
