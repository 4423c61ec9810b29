"""The operators' commands as they are typed: what they print, their exit codes, and what they refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.backends import Backends, connect
from app.drain import pause
from app.log.envelope import Envelope
from app.maintain import audit as audits
from app.ports.index import Rebuildable
from app.settings.settings import Settings
from tests.conftest import Fill, MakeRecord
from tests.prepared import prepare
from tests.process import ROOT, environment

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is on its way but what a test puts there."""
    monkeypatch.setattr(audits, "SETTLE_SECONDS", 0.0)


def run(
    settings: Settings, *arguments: str, code: int = 0, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does, without a terminal; fail unless it ends with *code*, and without a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env=environment(settings),
        input=text or "",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


def printed(settings: Settings, *arguments: str, code: int = 0) -> Any:
    """Run a command with --json and return what it printed."""
    return json.loads(run(settings, *arguments, "--json", code=code).stdout)


def test_rebuild(settings: Settings, fill: Fill, make_record: MakeRecord) -> None:
    """Says how many, how fast, and whether it was resumed."""
    fill([make_record() for _ in range(1_200)])
    assert "rebuilt the index from 1,200 logs" in run(settings, "rebuild").stdout
    found = printed(settings, "rebuild")
    assert (found["logs"], found["refused"], found["resumed"]) == (1_200, 0, False)
    assert found["logs_per_second"] > 0


def test_second_rebuild_at_once_is_refused(settings: Settings) -> None:
    """Exit code 1 and a sentence, as long as the first is at work."""
    from app.cli.options import alone

    with alone(settings, "rebuild"):
        assert "another `logingestor rebuild`" in run(settings, "rebuild", code=1).stderr
    run(settings, "rebuild")


def test_abandoned_rebuild(settings: Settings, backends: Backends, fill: Fill, make_record: MakeRecord) -> None:
    """What was half made is dropped, logs are found as before, and what waited for its end goes on."""
    fill([make_record() for _ in range(20)])
    index = backends.index
    assert isinstance(index, Rebuildable)
    index.begin_rebuild()
    index.rebuild_add([record for _, record in backends.store.after(0, 10)], 10)
    assert "a rebuild of the index is under way" in run(settings, "delete", "level:nothing", "--yes", code=1).stderr
    assert run(settings, "rebuild", "--abandon").stdout == "dropped the half-made index of 10 logs\n"
    assert printed(settings, "rebuild", "--abandon") == {"abandoned": False, "logs": 0}
    assert "no rebuild is under way" in run(settings, "rebuild", "--abandon").stdout
    run(settings, "delete", "level:nothing", "--yes")
    assert len(printed(settings, "find")) == 20


def test_audit(settings: Settings, backends: Backends, fill: Fill, make_record: MakeRecord) -> None:
    """0 without a difference, 1 with one, listed; after a repair 0."""
    fill([make_record() for _ in range(20)])
    assert "no difference" in run(settings, "audit").stdout
    lost = make_record()
    backends.store.indexed([backends.store.add([lost]).mark])
    shown = run(settings, "audit", code=1).stdout
    assert "1 missing, 0 too many" in shown
    assert "is not in the index" in shown
    found = printed(settings, "audit", code=1)
    assert (found["same"], found["missing"], found["waiting"]) == (False, 1, 0)
    assert [one["difference"] for one in found["listed"]] == ["missing"]
    assert "repaired" in run(settings, "audit", "--repair", code=1).stdout
    assert printed(settings, "audit")["same"]


def test_backup_overwrites_nothing(settings: Settings, fill: Fill, make_record: MakeRecord, tmp_path: Path) -> None:
    """A folder gets a new file each time; a file that is there is left, and half a file is never seen."""
    fill([make_record() for _ in range(30)])
    folder = tmp_path / "backups"
    folder.mkdir()
    found = printed(settings, "backup", str(folder))
    (file,) = folder.iterdir()
    assert (found["file"], found["logs"], found["left_waiting"]) == (str(file), 30, 0)
    before = file.read_bytes()
    assert "not overwritten" in run(settings, "backup", str(file), code=2).stderr
    assert file.read_bytes() == before
    run(settings, "backup", str(tmp_path / "no folder" / "file"), code=1)
    assert "is whole: 30 logs" in run(settings, "restore", str(file), "--check").stdout


def test_restore(settings: Settings, fill: Fill, make_record: MakeRecord, tmp_path: Path) -> None:
    """Into an empty record; into another only with --merge; damage is the user's input, 2."""
    fill([make_record() for _ in range(30)])
    file = tmp_path / "backup"
    run(settings, "backup", str(file))
    assert "not empty" in run(settings, "restore", str(file), code=2).stderr
    assert printed(settings, "restore", str(file), "--merge")["new"] == 0
    other = replace(settings, data_dir=tmp_path / "other")
    prepare(other)
    assert printed(other, "restore", str(file))["new"] == 30
    file.write_bytes(file.read_bytes()[:-50])
    assert "damaged" in run(other, "restore", str(file), "--merge", code=2).stderr


def test_copy(settings: Settings, fill: Fill, make_record: MakeRecord, tmp_path: Path) -> None:
    """From a file into the configured record, with an audit at the end; onto itself it is refused."""
    fill([make_record() for _ in range(30)])
    url = f"sqlite:///{settings.database}"
    assert "the same record" in run(settings, "copy", "--from", url, code=2).stderr
    assert "is no record's URL" in run(settings, "copy", "--from", "amqp://x", code=2).stderr
    other = ("copy", "--from", "sqlite:///other.db", "--from-queue", "postgresql://x")
    assert "--from-queue: is no queue's URL" in run(settings, *other, code=2).stderr
    other = replace(settings, data_dir=tmp_path / "other")
    prepare(other)
    found = printed(other, "copy", "--from", url)
    assert (found["read"], found["new"], found["source"], found["target"], found["left"]) == (30, 30, 30, 30, 0)
    assert found["audit"]["same"]
    shown = run(other, "copy", "--from", url).stdout
    assert "copied 0 logs" in shown
    assert "no difference" in shown
    run(other, "copy", "--from", f"sqlite:///{tmp_path}/nothing.db", code=2)


def test_delete_asks_first(settings: Settings, fill: Fill, make_record: MakeRecord) -> None:
    """Without a terminal nothing goes unless --yes says so; a dry run only counts; no query is no wish."""
    fill([make_record(resource_id=f"r{n % 3}") for n in range(30)])
    assert "say which logs" in run(settings, "delete", "--yes", code=2).stderr
    assert "unless --yes" in run(settings, "delete", "resourceId:r1", code=2, text="y\n").stderr
    assert printed(settings, "delete", "resourceId:r1", "--dry-run") == {
        "logs": 10, "dead_letters": 0, "deleted": False,
    }  # fmt: skip
    run(settings, "delete", "resourceId:(", "--yes", code=2)
    assert printed(settings, "stats")["stored"] == 30


def test_deletions_are_kept_on_record(settings: Settings, fill: Fill, make_record: MakeRecord) -> None:
    """An entry of the audit log before and one after, with who, when, what and how many; the counts are printed too."""
    fill([make_record(resource_id=f"r{n % 3}") for n in range(30)])
    found = printed(settings, "delete", "resourceId:r1", "--from", "2020-01-01", "--yes")
    assert (found["logs"], found["dead_letters"], found["deleted"]) == (10, 0, True)
    lines = [
        one["metadata"] for one in printed(settings, "audit-log", "find", "metadata.subject:delete", "--sort", "asc")
    ]
    assert [line["outcome"] for line in lines] == ["asked", "done"]
    asked = {"query": "resourceId:r1", "start": "2020-01-01", "yes": True}
    assert [line["details"] for line in lines] == [asked, {**asked, "logs": 10, "dead_letters": 0}]
    assert all("@" in line["actor"] for line in lines)
    assert "deleted 20 logs" in run(settings, "delete", "*", "--yes").stdout
    assert printed(settings, "stats")["stored"] == 0


def test_delete_waits_for_what_is_on_its_way(settings: Settings, backends: Backends, make_record: MakeRecord) -> None:
    """With nobody to store it, it says so and deletes nothing."""
    backends.queue.put([Envelope([make_record()])])
    assert "1 accepted logs can't be found yet" in run(settings, "delete", "*", "--yes", "--wait", "0", code=1).stderr
    run(settings, "queue", "pause")
    assert "queue resume" in run(settings, "delete", "*", "--yes", code=1).stderr


def test_pause_is_shown_everywhere(settings: Settings, client: FlaskClient, backends: Backends) -> None:
    """By status, health and doctor, until it is resumed."""
    assert printed(settings, "queue", "status")["paused"] is None
    assert "paused since" in run(settings, "queue", "pause").stdout
    since = printed(settings, "queue", "status")["paused"]
    assert printed(settings, "queue", "pause")["paused"] == since
    assert "the drain is paused" in run(settings, "queue", "status").stdout
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json["parts"]["queue"]["paused"]) == (200, since)
    (queue,) = [one for one in printed(settings, "doctor", code=1) if one["check"] == "queue"]
    assert not queue["ok"]
    assert "queue resume" in queue["advice"]
    assert printed(settings, "queue", "resume") == {"paused": None, "was_paused": since}
    assert "was not paused" in run(settings, "queue", "resume").stdout
    assert client.get("/health/ready").json["parts"]["queue"]["paused"] is None
    assert pause.paused(backends.record.notes) == 0


def test_two_connections(settings: Settings) -> None:
    """Commands work beside open backends of another process."""
    opened = connect(settings)
    assert printed(settings, "audit")["same"]
    opened.close()
