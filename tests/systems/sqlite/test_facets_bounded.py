"""Values of facets are counted for as long, and up to as many, as they may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.query.query import Query
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.index import search
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.segments.places import BLOCK
from tests.conftest import MakeRecord
from tests.prepared import empty


def test_values_that_are_too_many_end_it_within_neighbouring_segments(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """These are up to 64: what was counted is said to be a part."""
    path = tmp_path / "index.db"
    empty(path)
    database = SqliteDatabase(path)
    index = SqliteIndex(database, shared=False)
    index.add([make_record(metadata={"user": f"u{number}"}) for number in range(8 * BLOCK)])
    monkeypatch.setattr(search, "FACET_LOGS", BLOCK)
    monkeypatch.setattr(search, "FACET_VALUES", BLOCK // 2)
    # The first segment has enough of them.
    found = index.facets(Query(), ["metadata.user"], 10 * BLOCK)
    assert not found.exact
    assert len(found.fields["metadata.user"]) == BLOCK
    database.close()
