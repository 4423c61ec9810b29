"""Texts of blocks that a rebuild has replaced before they were written."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.query.language.parse import parse
from app.query.query import Query
from app.systems.sqlite import schema
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index import writing
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.segments.places import BLOCK
from tests.conftest import MakeRecord


def test_texts_of_replaced_tables_are_not_written_to_the_new(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index alone keeps rows of its own, to which a rebuild gives other places."""
    path = tmp_path / "index.db"
    schema.upgrade(path)
    database = SqliteDatabase(path)
    index, other = SqliteIndex(database, shared=False), SqliteIndex(SqliteDatabase(path), shared=False)
    records = [make_record(message=f"number{number} ends") for number in range(2 * BLOCK)]
    index.add(random.Random(1).sample(records, len(records)))
    pack = writing._packed

    def packed(messages: Sequence[str]) -> tuple[bytes, bytes]:
        monkeypatch.setattr(writing, "_packed", pack)
        other.begin_rebuild()
        other.rebuild_add(records, 2 * BLOCK)
        other.finish_rebuild()
        return pack(messages)

    monkeypatch.setattr(writing, "_packed", packed)
    while writing.seal(database):
        pass

    for number in range(0, 2 * BLOCK, 50):
        found = index.find(Query(parse(f'message:contains("number{number} ends")'))).records
        assert f"number{number} ends" in [record.message for record in found]
