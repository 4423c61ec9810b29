"""Entries on their way: whole or refused, moved once, and left alone while their writer lives."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.audit_log import spool as spooling
from app.audit_log.recorder import Recorder, settings_note, shown_settings
from app.audit_log.spool import FOLDER, Spool, move
from app.backends import Backends
from app.errors import Unavailable
from app.ports.audit_log.chain import AuditLog
from app.ports.audit_log.entry import AuditEntry, decode, encode, entry
from app.settings.settings import Settings
from app.systems.sql.shelf import KeyTaken
from app.times.instant import now_ms
from tests.e2e.program import wait_for


def entries(audit_log: AuditLog) -> list[AuditEntry]:
    """Return all entries in the order of the chain."""
    return [decode(one.body) for chunk in audit_log.chained(0) for one in chunk]


def test_what_another_writes_is_left_alone_until_it_ends(backends: Backends, tmp_path: Path) -> None:
    """Then it is moved, and its file goes."""
    one, other, audit_log = Spool(tmp_path), Spool(tmp_path), backends.record.audit_log
    first, second = entry("first"), entry("second")
    one.write(first)
    other.write(second)
    assert move(one, audit_log) == 1
    assert entries(audit_log) == [first]
    other.let_go()
    assert move(one, audit_log) == 1
    assert entries(audit_log) == [first, second]
    assert list(tmp_path.glob("*.*")) == []


def test_what_is_written_while_the_last_are_moved_is_moved_too(
    backends: Backends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To stop is asked for in the middle of a move: what came behind it does not wait for the next start."""
    moving, moved = spooling.move, threading.Event()
    recorder, first, last = Recorder(tmp_path, backends.record.audit_log), entry("first"), entry("last")

    def slowly(spool: Spool, audit_log: AuditLog) -> int:
        found = moving(spool, audit_log)
        if not moved.is_set():
            recorder.write(last)
            moved.set()
            assert recorder.start()._stopping.wait(120)
        return found

    monkeypatch.setattr(spooling, "move", slowly)
    recorder.write(first)
    assert moved.wait(120)
    recorder.close()
    assert entries(backends.record.audit_log) == [first, last]


def test_moved_again_after_a_kill_nothing_is_doubled(backends: Backends, tmp_path: Path) -> None:
    """Killed after the commit, before the file was gone."""
    spool, audit_log = Spool(tmp_path), backends.record.audit_log
    spool.write(entry("first"))
    (path,) = tmp_path.glob("*.jsonl")
    content = path.read_bytes()
    assert move(spool, audit_log) == 1
    path.write_bytes(content)
    assert move(spool, audit_log) == 0
    assert len(entries(audit_log)) == 1
    assert not path.exists()


def test_what_a_power_cut_left_unreadable_is_said(backends: Backends, tmp_path: Path) -> None:
    """As an entry, beside those that can be read."""
    spool, audit_log = Spool(tmp_path), backends.record.audit_log
    spool.write(entry("first"))
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(path.read_bytes() + b'{"id": "AAA')
    assert move(spool, audit_log) == 2
    assert [one.action for one in entries(audit_log)] == ["first", "audit-log.unreadable"]


def test_a_full_disk_refuses_and_leaves_no_half_line(
    backends: Backends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What did not fit is taken back; what was there before is moved."""
    spool, audit_log, write = Spool(tmp_path), backends.record.audit_log, os.write
    spool.write(entry("first"))
    monkeypatch.setattr(spooling.os, "write", lambda file, line: write(file, line[:10]))
    with pytest.raises(Unavailable, match="no space"):
        spool.write(entry("second"))
    monkeypatch.undo()
    spool.write(entry("third"))
    assert move(spool, audit_log) == 2
    assert [one.action for one in entries(audit_log)] == ["first", "third"]


def test_a_file_that_could_not_be_made_is_tried_again(
    backends: Backends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said to be written lies where it is found."""
    spool, audit_log, rename = Spool(tmp_path), backends.record.audit_log, Path.rename

    def full(*_: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(Unavailable, match="No space"):
        spool.write(entry("first"))
    assert list(tmp_path.glob("*.*")) == []
    monkeypatch.setattr(Path, "rename", rename)
    spool.write(entry("second"))
    assert move(spool, audit_log) == 1
    assert [one.action for one in entries(audit_log)] == ["second"]


def test_a_file_that_can_t_be_read_keeps_no_other_waiting(
    backends: Backends, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, and moved when it can be read."""
    spool, audit_log = Spool(tmp_path), backends.record.audit_log
    (tmp_path / "0.jsonl").mkdir()
    for name in ("first", "second"):
        spool.write(entry(name))
        assert move(spool, audit_log) == 1
    assert caplog.text.count("0.jsonl can't be moved") == 1
    (tmp_path / "0.jsonl").rmdir()
    (tmp_path / "0.jsonl").write_bytes(encode(entry("third")))
    assert move(spool, audit_log) == 1
    assert (spool.stuck, list(tmp_path.glob("*.*"))) == (set(), [])


@pytest.mark.parametrize("fault", [KeyTaken("seq"), OSError(5, "Input/output error"), RuntimeError("something else")])
@pytest.mark.parametrize("of", ["a file", "the folder"])
def test_no_fault_ends_the_moving(
    backends: Backends, settings: Settings, monkeypatch: pytest.MonkeyPatch, fault: Exception, of: str
) -> None:
    """What waited is moved when it is over."""
    audit_log, recorder = backends.record.audit_log, Recorder(settings.data_dir, backends.record.audit_log)
    monkeypatch.setattr(spooling, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(spooling, "GATHER_SECONDS", 0.0)
    tried = list[int]()

    def fail(*_: Any) -> Any:
        tried.append(1)
        raise fault

    with monkeypatch.context() as patched:
        if of == "a file":
            patched.setattr(audit_log, "append", fail)
        else:
            patched.setattr(Path, "glob", fail)
        recorder.write(entry("first"))
        wait_for(lambda: len(tried) > 2, 120, "tries")
    wait_for(lambda: len(entries(audit_log)) == 1, 120, "the entry")
    recorder.close()


def test_what_waits_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that is away for long does not fill the disk."""
    monkeypatch.setattr(spooling, "LIMIT", 100)
    spool = Spool(tmp_path)
    with pytest.raises(Unavailable, match="wait to be moved"):
        for _ in range(10):
            spool.write(entry("one"))


def test_what_waits_is_bounded_for_all_who_write(
    backends: Backends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often they try to move it, and whichever process wrote it; they leave no file more for each try."""
    monkeypatch.setattr(spooling, "LIMIT", 10_000)
    monkeypatch.setattr(spooling, "COUNTED_EACH", 500)
    folder, audit_log = tmp_path / FOLDER, backends.record.audit_log
    spools, refused, append = [Spool(folder) for _ in range(3)], 0, audit_log.append

    def away(_: Sequence[AuditEntry]) -> int:
        raise Unavailable("away")

    monkeypatch.setattr(audit_log, "append", away)
    for _ in range(20):
        for spool in spools:
            for _ in range(10):
                try:
                    spool.write(entry("one", details={"q": "x" * 200}))
                except Unavailable:
                    refused += 1
            with pytest.raises(Unavailable, match="away"):
                move(spool, audit_log)
    files = list(folder.iterdir())
    assert 9_000 < sum(one.stat().st_size for one in files) <= 10_000 + 500 * len(spools)
    assert refused > 500
    assert len(files) <= 2 * len(spools)
    monkeypatch.setattr(audit_log, "append", append)
    assert sum(move(spool, audit_log) for spool in spools) == len(entries(audit_log)) == 600 - refused
    spools[0].write(entry("one"))


def test_entries_wait_while_the_record_is_away(
    backends: Backends, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """And are moved when it is back, in their order."""
    audit_log, recorder = backends.record.audit_log, Recorder(settings.data_dir, backends.record.audit_log)
    monkeypatch.setattr(spooling, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(spooling, "GATHER_SECONDS", 0.0)
    append, tried = audit_log.append, list[int]()

    def away(given: Sequence[AuditEntry]) -> int:
        tried.append(len(given))
        raise Unavailable("away")

    monkeypatch.setattr(audit_log, "append", away)
    for name in ("first", "second"):
        recorder.write(entry(name))
    wait_for(lambda: len(tried) > 2, 120, "tries")
    assert entries(audit_log) == []
    monkeypatch.setattr(audit_log, "append", append)
    wait_for(lambda: len(entries(audit_log)) == 2, 120, "the entries")
    recorder.close()
    assert [one.action for one in entries(audit_log)] == ["first", "second"]
    assert list((settings.data_dir / FOLDER).iterdir()) == []


def test_settings_are_an_entry_when_they_change(backends: Backends, settings: Settings) -> None:
    """Without secrets: neither their values, nor passwords in URLs."""
    given = {
        "LOGINGESTOR_DATA_DIR": str(settings.data_dir),
        "LOGINGESTOR_ADMIN_PASSWORD": "a secret password",
        "LOGINGESTOR_SECRET_KEY": "a secret key",
        "LOGINGESTOR_SEARCH_URL": "https://user:secret@search:9200/logs",
        "LOGINGESTOR_RETENTION_RULES": "level:debug 3d; hold traceId:abc",
        "LOGINGESTOR_RULES": "mails: mask email",
    }
    made = Settings.from_env(given)
    shown = shown_settings(made)
    assert "secret" not in repr(shown)
    assert shown["ADMIN_PASSWORD"] == "set"
    assert shown["SEARCH_URL"] == "https://search:9200/logs"
    assert shown["RETENTION_RULES"] == ["hold traceId:abc", "level:debug 3d"]
    assert "mails" in repr(shown["RULES"])
    audit_log = backends.record.audit_log
    assert [settings_note(audit_log, one)() for one in (made, made, settings, made)] == [True, False, True, True]
    assert entries(audit_log)[0].details == shown


def test_settings_are_noted_when_the_record_is_back(
    backends: Backends, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever starts meanwhile is not kept from it; the entry's time is that of the start."""
    audit_log = backends.record.audit_log
    monkeypatch.setattr(spooling, "RETRY_SECONDS", 0.05)
    add, tried, is_away = audit_log.append_change, list[int](), True

    def away(name: str, state: int, one: AuditEntry) -> bool:
        tried.append(now_ms())
        if is_away:
            raise Unavailable("away")
        return add(name, state, one)

    monkeypatch.setattr(audit_log, "append_change", away)
    recorder = Recorder(settings.data_dir, audit_log)
    recorder.note_settings(settings)
    wait_for(lambda: len(tried) > 2, 120, "tries")
    is_away = False
    wait_for(lambda: len(entries(audit_log)) == 1, 120, "the entry")
    recorder.close()
    (one,) = entries(audit_log)
    assert (one.action, int.from_bytes(one.id[:6], "big") <= tried[0]) == ("settings", True)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("amqp://u:pw1@h1:5672/;amqp://u:pw2@h2:5672/", "amqp://h1:5672/;amqp://h2:5672/"),
        ("https://a:pw1@o1:9200,https://b:pw2@o2:9200", "https://o1:9200,https://o2:9200"),
        ("https://a:pw1@o1:9200, https://o2:9200", "https://o1:9200, https://o2:9200"),
        ("postgresql://u:pw1;pw2,pw3@h1,h2/db?password=pw4", "postgresql://h1,h2/db"),
        ("postgresql://u:pw1/pw2@h/db#pw3", "postgresql://h/db"),
        ("postgresql://u:pw1?pw2@h/db", "postgresql://…"),
        ("postgresql://u:pw1@h/db?password=pw2@pw3", "postgresql://…"),
        ("no URL: a@b;c", "no URL: a@b;c"),
    ],
)
def test_no_url_of_a_setting_shows_a_password(given: str, shown: str) -> None:
    """Neither one of several, nor what a password holds that should have been written otherwise."""
    settings = Settings.from_env({"LOGINGESTOR_DATA_DIR": "."})
    assert shown_settings(replace(settings, broker_url=given))["BROKER_URL"] == shown
