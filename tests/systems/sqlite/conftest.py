"""A file of its own for a test, and the record in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.systems.sqlite import schema
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.record import SqliteStore


@pytest.fixture
def database(tmp_path: Path) -> SqliteDatabase:
    """A file with nothing in it."""
    path = tmp_path / "store.db"
    schema.upgrade(path)
    return SqliteDatabase(path)


@pytest.fixture
def store(database: SqliteDatabase) -> SqliteStore:
    """The record in that file."""
    return SqliteStore(database)
