"""`logingestor retention`, and what holds keep from other commands."""

from __future__ import annotations

import json

import pytest

from app.backends import Backends
from app.log.record import IdSource
from app.times.instant import now_ms
from tests.cli.conftest import Commands, Processes
from tests.conftest import Fill, MakeRecord

#: Ten hours ago, in ms.
OLD = 10 * 3_600_000


@pytest.mark.system
def test_a_preview_says_what_expire_then_deletes(
    command: Commands, processes: Processes, make_record: MakeRecord, fill: Fill
) -> None:
    """The same logs and bytes by rule, before and then; a rule that can't be read is the user's fault."""
    ids = IdSource()
    fill(
        [make_record(id=ids.take(1, now=now_ms() - OLD).to_bytes(16, "big"), level="debug") for _ in range(5)]
        + [make_record(level="debug")]
    )
    rules = "level:debug 9h"
    told = command.json("retention", "preview", rules)
    assert [(one["rule"], one["logs"]) for one in told] == [(rules, 5), ("RETENTION", 0)]
    assert "level:debug 9h: 5 logs" in command("retention", "preview", rules).output
    assert [one["logs"] for one in command.json("retention", "preview")] == [0]
    command("retention", "preview", "level:debug", code=2)
    gone = json.loads(processes.run("expire", "--json", RETENTION_RULES=rules).stdout)
    assert gone == {"deleted": 5, "rules": told}
    assert [one["logs"] for one in command.json("retention", "preview", rules)] == [0, 0]


@pytest.mark.system
def test_delete_leaves_what_is_held(
    backends: Backends, processes: Processes, make_record: MakeRecord, fill: Fill
) -> None:
    """And says how much that is."""
    fill([make_record(resource_id="case-1"), make_record(resource_id="web-1")])
    ended = processes.run("delete", "*", "--yes", RETENTION_RULES="hold resourceId:case-1")
    assert b"1 log and 0 dead letters are held" in ended.stderr
    assert backends.store.stats()["stored"] == 1
