"""`logingestor rules`: what is in force, what is wrong, what rules would do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.backends import Backends
from app.drain.costing import book
from tests.cli.conftest import Commands, Processes
from tests.conftest import Fill, MakeRecord


def test_check_says_what_is_wrong_and_where(command: Commands, tmp_path: Path) -> None:
    """Exit 2, a line for each fault; exit 0 and how many there are for what is right."""
    path = tmp_path / "rules.txt"
    path.write_text("mails: mask email\nodd: mask /(/\nnoise: drop level:[\n")
    said = command("rules", "check", path, code=2).output
    assert "line 2: the pattern is refused: missing ): ( (at position 10)" in said
    assert "line 3: the filter" in said
    path.write_text("mails: mask email\nnoise: drop level:debug\n")
    assert "1 redaction and 1 rule" in command("rules", "check", path).output
    assert [one["kind"] for one in command.json("rules", "check", path)] == ["redaction", "thinning"]
    assert "can't be read" in command("rules", "check", tmp_path / "none", code=2).output


def test_preview_prints_before_and_after(
    command: Commands, tmp_path: Path, make_record: MakeRecord, fill: Fill
) -> None:
    """Of a file of rules, on what is stored."""
    fill([make_record(message="to a@b.io\x1b[31m"), make_record(message="m", level="debug"), make_record()])
    path = tmp_path / "rules.txt"
    path.write_text("mails: mask email\nnoise: drop level:debug\n")
    said = command("rules", "preview", path).output
    assert "of the newest 3 logs 1 would be changed and 1 dropped" in said
    assert "+ to [mails]" in said
    assert "\x1b" not in said
    found = command.json("rules", "preview", path)
    assert (found["changed"], found["dropped"]) == (1, 1)
    assert "no rules are in force" in command("rules", "list").output


@pytest.mark.system
def test_files_meet_the_rules_too(processes: Processes, tmp_path: Path) -> None:
    """`logingestor ingest` redacts and drops, says how many, and takes nothing twice; `rules list` counts."""
    path = tmp_path / "app.ndjson"
    logs = [{"message": "to a@b.io"}, {"message": "m", "level": "debug"}, {"message": "fine"}]
    path.write_text("".join(json.dumps(log) + "\n" for log in logs))
    rules = "mails: mask email\nnoise: drop level:debug"
    assert b"2 accepted, 1 dropped by rules" in processes.run("ingest", path, RULES=rules).stdout
    assert b"2 accepted before" in processes.run("ingest", path, RULES=rules).stdout
    listed = json.loads(processes.run("rules", "list", "--json", RULES=rules).stdout)
    assert [(one["rule"], one.get("changed"), one.get("dropped")) for one in listed] == [
        ("mails", 1, None),
        ("noise", None, 1),
    ]
    processes.run("rules", "list", code=2, RULES="mails: mask emial")


def test_costs_are_printed(command: Commands, backends: Backends, make_record: MakeRecord, fill: Fill) -> None:
    """What takes the room, the most first, put together as asked."""
    fill([make_record(message=f"took {n} ms", resource_id="web-1") for n in range(9)] + [make_record(resource_id="db")])
    assert book(backends.record) == 10
    said = command("costs").output
    assert "10 logs" in said
    assert "took <number> ms" in said
    found = command.json("costs", "--by", "resource", "--limit", "1")
    assert (found["logs"], found["exact"]) == (10, True)
    assert [(one["resource"], one["logs"]) for one in found["costs"]] == [("web-1", 9)]
    command("costs", "--by", "colour", code=2)
