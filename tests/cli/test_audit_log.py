"""`logingestor audit-log`, and what the other commands leave in it."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from sqlalchemy import create_engine, text

from app import backends as backends_module
from app.backends import Backends
from app.cli import COMMANDS, load
from app.cli.recorded import ADMINISTRATION, READS
from app.errors import Unavailable
from app.settings.settings import Settings
from app.systems.sql.audit_log import SqlAuditLog
from tests.cli.conftest import Commands, Processes
from tests.conftest import Fill, MakeRecord

#: Commands that leave nothing: they serve, or tell nothing of single logs, or write where they change something.
OTHERS = {
    *("serve", "web", "worker", "scheduler", "syslog", "db upgrade", "ingest", "preview", "stats", "costs", "doctor"),
    *("queue status", "notifiers list", "rules list", "rules check", "searches list", "alerts list"),
    *("alerts show", "audit-log verify", "audit-log mend", "tokens create", "tokens list", "tokens revoke"),
    *("users add", "users list", "users role", "users reset", "users sessions", "users logout", "users remove"),
    *(
        "users disable",
        "users enable",
        "users remove-totp",
        "users remove-passkeys",
        "users link",
        "sources list",
        "spaces list",
    ),
}


def test_an_end_that_was_moved_back_is_mended(command: Commands, settings: Settings) -> None:
    """Until then nothing that leaves an entry can be changed; afterwards the chain is whole, and says what was done."""
    command("searches", "add", "errors", "level:error")
    assert "nothing to mend" in command("audit-log", "mend").stdout
    url, options = backends_module.engine(settings)
    engine = create_engine(url, **options)
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_chain SET seq = 1 WHERE place = 1"))
    engine.dispose()
    command("searches", "add", "more", "level:warn", code=1)
    assert "goes on" in command("audit-log", "mend").stdout
    command("audit-log", "verify")
    command("searches", "add", "more", "level:warn")
    (said,) = command.json("audit-log", "find", "metadata.action:audit-log.mend")
    assert said["metadata"]["details"]["moved_to"].startswith("1:")


def every() -> set[str]:
    """Return the names of all commands."""
    found = set()
    for name in COMMANDS:
        command = load(name)
        found |= {f"{name} {inner}" for inner in command.commands} if isinstance(command, click.Group) else {name}
    return found


def test_each_command_leaves_an_entry_or_is_known_not_to() -> None:
    """A new command has to say which; what is named is there."""
    recorded = ADMINISTRATION | READS.keys()
    assert recorded & OTHERS == set()
    assert recorded | OTHERS == every()


def test_what_commands_leave(command: Commands, fill: Fill, make_record: MakeRecord) -> None:
    """Before they begin and how they ended: who, with which arguments, how many came back."""
    fill([make_record(level="error") for _ in range(5)])
    command("find", "level:error", "--from", "2020-01-01", "--limit", "3")
    command("searches", "add", "errors", "level:error")
    command("searches", "remove", "nobody", code=1)
    command("delete", "level:(", "--yes", code=2)
    command("tokens", "create", "shop", "--role", "reader")
    found = command.json("audit-log", "find", "NOT metadata.action:audit-log.search", "--sort", "asc")
    seen = [one["metadata"] for one in found]
    assert [(one["action"], one["subject"], one["outcome"]) for one in seen] == [
        ("log.search", "find", "asked"),
        ("log.search", "find", "done"),
        ("command", "searches add", "asked"),
        ("command", "searches add", "done"),
        ("command", "searches remove", "asked"),
        ("command", "searches remove", "failed"),
        ("command", "delete", "asked"),
        ("command", "delete", "refused"),
        ("token.create", "shop", "done"),
    ]
    assert seen[1]["details"] == {"query": "level:error", "start": "2020-01-01", "limit": 3, "returned": 3}
    assert all("@" in one["actor"] and one["by"] == "command" for one in seen)
    shown = command("audit-log", "find", "metadata.subject:find", "--limit", "1")
    assert '"returned":3' in shown.stdout
    assert "--limit N gives more" in shown.stderr


@pytest.mark.system
def test_arguments_that_are_no_utf_8_are_kept_too(
    command: Commands, processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Python has them from the operating system: in texts, paths and lists, and in who runs the command."""
    monkeypatch.setenv("LOGNAME", "zo\udcff")
    processes.environment |= {"LOGNAME": "zo\udcff", "PYTHONIOENCODING": "utf-8:strict"}
    odd = "a\udcff"
    command("find", odd)
    command("dead", "show", odd, code=2)
    command("dead", "drop", odd, "b", code=2)
    assert b"/a\xff.gz: 0 logs" in processes.run("backup", tmp_path / f"{odd}.gz").stdout
    found = command.json("audit-log", "find", "NOT metadata.action:audit-log.search", "--sort", "asc")
    seen = [(one["metadata"]["subject"], one["metadata"].get("details")) for one in found[::2]]
    assert seen[0] == ("find", {"query": r"a\udcff"})
    assert seen[1] == ("dead show", {"identity": r"a\udcff"})
    assert seen[2] == ("dead drop", {"ids": r"a\udcff b"})
    assert seen[3][1]["to"].endswith(r"/a\udcff.gz")
    assert found[-1]["metadata"]["outcome"] == "done"
    assert {one["metadata"]["actor"].partition("@")[0] for one in found} == {r"zo\udcff"}


def test_nothing_is_done_without_its_entry(
    command: Commands, fill: Fill, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the audit log can't be written a command that changes something ends with 1; one that reads says so."""
    fill([make_record()])

    def full(*_: object) -> int:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(SqlAuditLog, "append", full)
    assert "nothing is done without it" in command("delete", "*", "--yes", code=1).stderr
    assert "not in the audit log" in command("find", "*").stderr
    monkeypatch.undo()
    assert command.json("stats")["stored"] == 1


def test_verify(command: Commands, settings: Settings, backends: Backends) -> None:
    """Whole, with a head to be noted; exit code 1 with what is wrong when a line was taken out."""
    command("searches", "add", "errors", "level:error")
    whole = command.json("audit-log", "verify")
    assert (whole["whole"], whole["entries"], whole["faults"]) == (True, 2, [])
    assert command("audit-log", "verify", "--head", whole["head"]).stdout.startswith("2 entries; whole\nhead 2:")
    assert "SEQ:DIGEST" in command("audit-log", "verify", "--head", "2", code=2).stderr
    wrong = f"1:{whole['head'].partition(':')[2]}"
    assert "digest that was noted" in command("audit-log", "verify", "--head", wrong, code=1).stdout
    url, options = backends_module.engine(settings)
    engine = create_engine(url, **options)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_log WHERE seq = 1"))
    engine.dispose()
    broken = command("audit-log", "verify", code=1)
    assert broken.stdout.startswith("entries 1 to 1 are missing\n1 entries; NOT WHOLE")


def test_deleting_logs_leaves_the_audit_log_alone(command: Commands, fill: Fill, make_record: MakeRecord) -> None:
    """And so does their retention: it has its own."""
    fill([make_record() for _ in range(3)])
    command("delete", "*", "--yes")
    command("expire")
    whole = command.json("audit-log", "verify")
    assert (whole["whole"], whole["entries"], whole["begins_after"]) == (True, 4, 0)
