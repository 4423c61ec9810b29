"""`logingestor searches` and `alerts`: kept, changed, tried and forgotten; what is printed only shows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskCliRunner

from app.backends import Backends
from app.cli import cli
from app.log.record import IdSource
from app.ports.alerts import Status
from app.times.instant import now_ms
from tests.conftest import Fill, MakeRecord


@pytest.fixture
def run(runner: FlaskCliRunner) -> Any:
    """Return a function that runs a command and returns what it printed; the exit code must be as said."""

    def invoke(*words: str, code: int = 0) -> Any:
        result = runner.invoke(cli, list(words))
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if "--json" in words and not code else result.output

    return invoke


def test_searches(run: Any) -> None:
    """A search is added, replaced when told so, renamed, removed."""
    made = run("searches", "add", "errors", "level:error", "AND", "db", "--from", "now-1h", "--json")
    assert made["parameters"] == {"q": "level:error AND db", "from": "now-1h"}
    assert "another saved search" in run("searches", "add", "errors", "x", code=2)
    assert "saved errors" in run("searches", "add", "errors", "x", "--replace")
    run("searches", "rename", "errors", "bad things")
    assert run("searches", "list") == "bad things  x\n"
    assert [one["id"] for one in run("searches", "list", "--json")] == [made["id"]]
    assert "(at position 2)" in run("searches", "add", "other", "a (b", code=2)
    assert "no saved search" in run("searches", "remove", "errors", code=1)
    run("searches", "remove", "bad things")
    assert run("searches", "list", "--json") == []


def test_alerts(run: Any, backends: Backends, fill: Fill, make_record: MakeRecord) -> None:
    """An alert is made, tried, changed, silenced, shown with its history, removed."""
    run("searches", "add", "errors", "level:error")
    words = ("--search", "errors", "--kind", "at_least", "--window", "5m")
    made = run("alerts", "add", "many", *words, "--threshold", "2", "--json")
    assert (made["state"], made["condition"]) == ("cannot_tell", "at least 2 logs in 5 minutes")
    assert "0 logs in 5 minutes: not at least 2. It would not fire." in run("alerts", "test", "many")
    identity = IdSource().take(2, now_ms() - 5)
    fill([make_record(id=(identity + n).to_bytes(16, "big"), level="error", message="\x1b[31m") for n in range(2)])
    tried = run("alerts", "test", "many")
    assert "It would fire." in tried and "\\x1b[31m" in tried
    assert run("alerts", "test", "many", "--json")["count"] == 2
    assert run("alerts", "change", "many", "--threshold", "7", "--name", "more", "--json")["threshold"] == 7
    assert (
        run("alerts", "silence", "more", "now+2h", "--reason", "I know", "--by", "me", "--json")["silence"]["by"]
        == "me"
    )
    assert "cannot_tell  more: at least 7 logs in 5 minutes (silenced until" in run("alerts", "list")
    run("alerts", "unsilence", "more")
    shown = run("alerts", "show", "more")
    assert shown.index("No longer silenced.") < shown.index("I know") < shown.index("Made.")
    assert [one["what"] for one in run("alerts", "show", "more", "--json")["changes"]] == [
        "unsilenced",
        "silenced",
        "made",
    ]
    assert "is watched by 1 alert" in run("searches", "remove", "errors", code=2)
    assert "window: must be whole minutes" in run("alerts", "change", "more", "--window", "90s", code=2)
    assert "until: " in run("alerts", "silence", "more", "never", code=2)
    assert "there is no alert" in run("alerts", "show", "many", code=1)
    run("alerts", "remove", "more")
    assert run("alerts", "list", "--json") == []


def test_an_alert_that_may_be_over_soon_says_so(run: Any, backends: Backends) -> None:
    """Else the reason would be one against its state."""
    run("searches", "add", "errors", "level:error")
    words = ("--search", "errors", "--kind", "at_least", "--threshold", "9", "--window", "5m", "--close-after", "3")
    made = run("alerts", "add", "many", *words, "--json")
    keeper, now = backends.record.alerts, now_ms()
    status = Status("firing", now, "1 log in 5 minutes: not at least 9.", True, 1, now, now, now)
    assert keeper.lease_alert(made["id"], 0, 60)
    assert keeper.settle_alert(made["id"], 0, status)
    why = "1 of 3 evaluations in a row say that it is over. 1 log in 5 minutes: not at least 9."
    assert why in run("alerts", "show", "many")


def test_one_log_is_one(run: Any, fill: Fill, make_record: MakeRecord) -> None:
    """In what commands print."""
    fill([make_record(message="a")])
    assert "1 log in the record" in run("audit")
    assert "from 1 log in" in run("rebuild")
    assert "0 logs wait" in run("queue", "status")
