"""Ids that are asked for twice: what segments say of them is what rows say."""

from __future__ import annotations

import pytest

from app.backends import Backends
from app.drain.indexing import Indexing
from app.query.language.parse import parse
from app.query.query import Query
from tests.conftest import MakeRecord


@pytest.mark.parametrize("logs", [100, 300])
def test_logs_that_two_marks_name_are_counted_once(backends: Backends, make_record: MakeRecord, logs: int) -> None:
    """A restore that is killed and goes on marks its logs twice; so does a queue that delivers a batch again."""
    records = [make_record() for _ in range(logs)]
    backends.store.add(records)
    backends.store.add(records)

    Indexing(backends.store, backends.record.letters, backends.index).catch_up()

    info = Query(parse("level:info"), count="exact", limit=1)
    assert backends.index.find(info).total == logs
    assert sum(bucket.count for bucket in backends.index.histogram(info, 60_000, False)) == logs


@pytest.mark.parametrize("logs", [100, 300])
def test_a_log_that_is_deleted_by_two_names_is_deleted_once(
    backends: Backends, make_record: MakeRecord, logs: int
) -> None:
    """What is stored afterwards is counted right."""
    records = [make_record() for _ in range(logs)]
    backends.store.add(records)
    backends.index.add(records)

    assert backends.store.delete([records[7].id, records[7].id]) == 1

    assert backends.store.stats()["stored"] == logs - 1
    assert backends.index.find(Query(count="exact", limit=1)).total == logs - 1
