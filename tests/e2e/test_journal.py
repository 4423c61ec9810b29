"""The journal of a machine, as systemd-journal-upload sends it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.program import Server, wait_for

pytestmark = pytest.mark.system

#: Entries of the journal amid whose upload the server is killed: some seconds' worth.
ENTRIES = 30_000
REMOTE, UPLOAD = Path("/lib/systemd/systemd-journal-remote"), Path("/lib/systemd/systemd-journal-upload")


@pytest.fixture(autouse=True)
def tools() -> None:
    """The tools of the package systemd-journal-remote are there."""
    if not (REMOTE.exists() and UPLOAD.exists()):
        (pytest.fail if os.environ.get("REQUIRE_SERVICES") else pytest.skip)("systemd-journal-remote is not installed")


def journal(path: Path, count: int) -> None:
    """Write a journal of *count* entries, the last with a stack of two lines."""
    now, lines = int(time.time() * 1_000_000) - count * 1_000, []
    for number in range(count):
        lines += [
            f"__REALTIME_TIMESTAMP={now + number * 1_000}".encode(),
            f"__MONOTONIC_TIMESTAMP={5_000_000 + number * 1_000}".encode(),
            b"_BOOT_ID=00112233445566778899aabbccddeeff",
            f"MESSAGE=entry {number}".encode(),
            f"PRIORITY={number % 8}".encode(),
            b"SYSLOG_IDENTIFIER=shop",
            b"_HOSTNAME=web1",
            b"_MACHINE_ID=0123456789abcdef0123456789abcdef",
            *([b"STACK\n" + (9).to_bytes(8, "little") + b"two\nlines"] if number == count - 1 else []),
            b"",
        ]
    subprocess.run(
        [str(REMOTE), "-o", str(path), "-"], input=b"\n".join(lines) + b"\n", check=True, capture_output=True
    )


def upload(server: Server, path: Path, state: Path) -> int:
    """Send what the journal has since the saved cursor; return the exit code."""
    return subprocess.run(uploading(server, path, state), capture_output=True, timeout=60, check=False).returncode


def uploading(server: Server, path: Path, state: Path) -> list[str]:
    """Return the command that sends what the journal has since the saved cursor."""
    return [str(UPLOAD), f"--url={server.url}", f"--file={path}", f"--save-state={state}", "--follow=no"]


def total(server: Server) -> int:
    """Return how many entries are found."""
    return int(server.get("/logs?q=entry&limit=1&count=exact")["total"])


def test_a_journal_is_found_once(server: Server, tmp_path: Path) -> None:
    """Level, time, host and fields are where they belong; what is posted again is not there twice."""
    journal(tmp_path / "one.journal", 2_000)
    assert upload(server, tmp_path / "one.journal", tmp_path / "state") == 0
    wait_for(lambda: total(server) >= 2_000, 60, "the journal")
    for _ in range(2):
        assert upload(server, tmp_path / "one.journal", tmp_path / "state") == 0
    assert upload(server, tmp_path / "one.journal", tmp_path / "another") == 0
    server.drained()
    assert total(server) == 2_000
    [last] = server.get("/logs?q=%22entry+1999%22")["results"]
    assert (last["level"], last["resourceId"]) == ("debug", "web1")
    assert last["metadata"]["SYSLOG_IDENTIFIER"] == "shop"
    assert last["metadata"]["STACK"] == "two\nlines"


def test_kills_in_the_middle_lose_and_double_nothing(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """Twice the client fails amid its upload, is started again as systemd does it, and everything is there once."""
    server = make_server()
    server.start()
    server.environment["LOGINGESTOR_PORT"] = server.url.rsplit(":", 1)[1]
    journal(tmp_path / "one.journal", ENTRIES)
    failed = 0
    for _ in range(2):
        before = total(server)
        client = subprocess.Popen(
            uploading(server, tmp_path / "one.journal", tmp_path / "state"), stderr=subprocess.DEVNULL
        )
        wait_for(lambda before=before: total(server) > before, 60, "entries")  # type: ignore[misc]
        server.kill_all()
        failed += client.wait(60) != 0
        server.start()
    assert failed, "the uploads were over before the server was killed"
    assert upload(server, tmp_path / "one.journal", tmp_path / "state") == 0
    wait_for(lambda: total(server) >= ENTRIES, 60, "the journal")
    server.drained()
    assert total(server) == ENTRIES
