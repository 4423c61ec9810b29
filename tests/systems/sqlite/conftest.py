"""A file of its own for a test, and the record in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.record import SqliteStore
from tests.prepared import empty


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """A file with nothing in it."""
    path = tmp_path / "store.db"
    empty(path)
    made = SqliteDatabase(path)
    yield made
    made.close()


@pytest.fixture
def store(database: SqliteDatabase) -> SqliteStore:
    """The record in that file."""
    return SqliteStore(database)
