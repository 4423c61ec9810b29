"""docs/security.md names each limit as the program has it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.listen import places, streams
from app.log import packed
from app.query.query import PAGE_LIMIT
from app.settings.settings import SETTINGS
from app.systems import shares
from app.web import current
from app.web.security import open_counts, tries
from app.web.server import admission, bridge, connections, server, waiting

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "security.md").read_text()
ROWS = re.findall(r"^\| ([^|\n]+) \| ([^|\n]+) \|([^|\n]*)\|", TEXT.partition("## Limits")[2], re.MULTILINE)


@pytest.mark.parametrize(("limit", "names"), [(row[1], re.findall(r"`([A-Z_]+)`", row[2])) for row in ROWS])
def test_defaults_of_settings(limit: str, names: list[str]) -> None:
    """Each setting's default stands in its row, in the order of the settings."""
    defaults = {setting.name: setting.default for setting in SETTINGS}
    named = [defaults[name] for name in names if name in defaults]
    assert not named or limit.split("; ") == named


def test_numbers_of_the_code() -> None:
    """What is no setting is the code's constant."""
    shown = {row[0]: row[1] for row in ROWS}
    assert shown["bodies in memory at once, in one web process"] == f"{bridge.BODIES_LIMIT >> 20} MiB"
    members = "members of a body of gzip, deflate or zstd; encodings of one body, one around the other"
    assert shown[members] == f"{packed.MEMBERS:,}; {packed.LAYERS}"
    assert shown["requests that wait for a thread, of each kind"] == f"{admission.WAITING_LIMIT:,}"
    both = f"{admission.THREADS}, of which {admission.EACH} that send logs, or {admission.EACH} others"
    assert shown["requests worked at by one web process"] == both
    long = f"each takes longer than {admission.LEAST_SECONDS * 1000:.0f} ms, and queue and record are one file"
    hot = f"the same, where some were refused within {admission.CALM_SECONDS:.0f} seconds, {long}"
    assert shown[hot] == f"{admission.FEW} at work, {admission.FEW_WAIT} that may wait"
    minutes = {300.0: "five"}[shares.SENDING_SECONDS]
    assert any(f"spaces) send or sent within {minutes} minutes, those" in row for row in shown)
    behind = f"seconds that logs wait for a thread, behind {admission.ALWAYS} others of their kind, or their sender's share of these"
    assert shown[behind] == "{:g}, and {:g} where some always wait".format(*waiting.RESENDING_SECONDS)
    losing = shown["the same at doors whose clients lose what is refused"]
    assert losing.startswith("{:g}, and {:g} where some always wait;".format(*waiting.LOSING_SECONDS))
    assert shown["seconds without a byte of a body"] == f"{bridge.SILENCE_SECONDS:.0f}"
    head = f"{connections.HEAD_LIMIT >> 10} KiB, within {connections.HEAD_SECONDS:.0f} s of the first byte"
    assert shown["a request's line and headers"] == head
    assert shown["connections of one web process"].endswith(f"but {connections.OWN_FILES}")
    assert shown["idle seconds of a connection between requests"] == str(server.KEEP_ALIVE_SECONDS)
    assert shown["time of a query"] == f"{current.QUERY_SECONDS:.0f} s"
    assert shown["wrong passwords"].startswith(f"{tries.AT_ONCE} at once, then one in {tries.SECONDS_EACH:.0f} s")
    peers = f"{streams.CONNECTIONS:,}, {streams.PEER_CONNECTIONS:,}"
    assert shown["connections of syslog and GELF, of one peer (IPv6: /64)"].startswith(
        f"{peers}; of the last {streams.CONNECTIONS // places.KEPT} "
    )
    assert shown["exports of one token or user at once, in one web process"] == str(open_counts.EXPORTS)
    followed = "sockets and streams of events of one token or user at once, in one web process"
    assert shown[followed] == str(open_counts.FOLLOWED)
    assert shown["logs in an answer"].startswith(f"{PAGE_LIMIT:,};")
