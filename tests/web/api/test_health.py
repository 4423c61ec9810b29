"""Whether the process lives, and whether its parts are ready."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.log.envelope import Envelope
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from app.web import create_app
from tests.conftest import MakeRecord
from tests.prepared import prepare


def test_live(client: FlaskClient) -> None:
    """200 as long as the process answers."""
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json) == (200, {"status": True})
    assert answer.headers["Cache-Control"] == "no-store"


def test_ready(client: FlaskClient, backends: Backends, make_record: MakeRecord) -> None:
    """200 with the state of each part: what waits, what the index lacks, what is free."""
    backends.queue.put([Envelope([make_record(), make_record()])])
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    parts = answer.json["parts"]
    assert answer.json == {"status": True, "message": "ready", "errors": [], "parts": parts}
    assert parts.keys() == {"queue", "store", "index", "disk"}
    assert all(part["ready"] for part in parts.values())
    assert parts["queue"]["waiting"] == 2
    assert parts["queue"]["waiting_bytes"] > 0
    assert 0 <= parts["queue"]["oldest_ms"] < 60_000
    assert parts["index"]["behind"] == 0
    assert parts["disk"]["free_bytes"] > parts["disk"]["least_bytes"]


@pytest.mark.parametrize(("table", "wrong"), [("state", {"queue", "store", "index"}), ("logs", {"store", "index"})])
def test_part_that_is_broken_is_named(client: FlaskClient, settings: Settings, table: str, wrong: set[str]) -> None:
    """503 with the parts at fault, and only those; the process itself lives."""
    with SqliteDatabase(settings.database).write(durable=True) as connection:
        connection.execute(f"DROP TABLE {table}")
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["status"] is False
    assert {name for name, part in answer.json["parts"].items() if not part["ready"]} == wrong
    assert {problem["field"] for problem in answer.json["errors"]} == wrong
    assert all(name in answer.json["message"] for name in wrong)
    assert client.get("/health/live").status_code == 200


def test_full_disk_and_full_queue_are_not_ready(
    settings: Settings, backends: Backends, make_record: MakeRecord
) -> None:
    """Where ingest answers 503, readiness does as well and says which limit it is."""
    backends.queue.put([Envelope([make_record()])])
    app = create_app(replace(settings, min_free_disk=1 << 60, queue_limit=1))
    answer = app.test_client().get("/health/ready")
    assert answer.status_code == 503
    assert {problem["field"] for problem in answer.json["errors"]} == {"disk", "queue"}
    parts = answer.json["parts"]
    assert (parts["queue"]["waiting"], parts["disk"]["least_bytes"]) == (1, 1 << 60)
    app.extensions["logingestor"].close()


def test_index_that_is_away_says_what_waits_for_it(tmp_path: Path, make_record: MakeRecord) -> None:
    """What is stored and can't be found is told as long as the record answers."""
    own = {"DATA_DIR": f"{tmp_path}", "SEARCH_URL": f"sqlite:///{tmp_path / 'index.db'}", "MIN_FREE_DISK": "1 MiB"}
    apart = Settings.from_env({f"LOGINGESTOR_{name}": text for name, text in own.items()})
    prepare(apart)
    app = create_app(apart)
    app.extensions["logingestor"].backends().store.add([make_record(), make_record()])
    with SqliteDatabase(tmp_path / "index.db").write(durable=True) as connection:
        connection.execute("DROP TABLE blocks")
    answer = app.test_client().get("/health/ready")
    assert (answer.status_code, answer.json["parts"]["index"]["behind"]) == (503, 2)
    assert {problem["field"] for problem in answer.json["errors"]} == {"index"}
    app.extensions["logingestor"].close()


def test_no_database_is_not_ready(settings: Settings, tmp_path: Path) -> None:
    """A process without its data lives, and says that it is not ready."""
    app = create_app(replace(settings, data_dir=tmp_path / "nowhere"))
    client = app.test_client()
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert {"queue", "store", "index"} <= {problem["field"] for problem in answer.json["errors"]}
