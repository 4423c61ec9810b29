"""Logs that lie in many segments are deleted in steps, so that who writes never waits for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.backends import Backends
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.segments import storing
from tests.conftest import MakeRecord


def test_no_transaction_writes_more_than_a_few_segments_anew(
    backends: Backends, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One log of each of many segments goes."""
    many, gone, left = 2 * storing.SEGMENTS_AT_ONCE + 3, list[bytes](), list[bytes]()
    for _ in range(many):
        logs = [make_record() for _ in range(1_024)]
        backends.store.add(logs)
        gone.append(logs[500].id)
        left += [one.id for one in logs if one is not logs[500]]
    write, changed = SqliteDatabase.write, list[int]()

    @contextmanager
    def counting(self: SqliteDatabase, *, durable: bool) -> Iterator[Connection]:
        with write(self, durable=durable) as connection:
            before = set(connection.execute("SELECT stamp FROM segments"))
            yield connection
            changed.append(len(before - set(connection.execute("SELECT stamp FROM segments"))))

    monkeypatch.setattr(SqliteDatabase, "write", counting)

    assert backends.store.delete(gone) == many

    assert max(changed) <= storing.SEGMENTS_AT_ONCE
    assert [one.id for one in backends.store.get(left)] == left
    assert backends.store.get(gone) == []
