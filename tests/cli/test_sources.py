"""`logingestor sources`: said, shown and forgotten."""

from __future__ import annotations

import json

from tests.cli.conftest import Commands


def test_sources(command: Commands) -> None:
    """What is said is kept and shown; a fault names its option; what was never said can't be forgotten."""
    made = command("sources", "set", "shop/*", "--as", "pino", "--zone", "Europe/Berlin", "--json").stdout
    assert json.loads(made)["dialect"] == "pino"
    assert "--first-line" in command("sources", "set", "x", "--first-line", "(", code=2).stderr
    assert "--as" in command("sources", "set", "x", "--as", "pinot", code=2).stderr
    [form] = json.loads(command("sources", "list", "--json").stdout)["forms"]
    assert (form["name"], form["zone"]) == ("shop/*", "Europe/Berlin")
    assert "as pino, zone Europe/Berlin" in command("sources", "list").stdout
    command("sources", "remove", "shop/*")
    command("sources", "remove", "shop/*", code=1)
    assert json.loads(command("sources", "list", "--json").stdout)["forms"] == []
