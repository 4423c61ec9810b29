"""The journal of a machine, as systemd-journal-upload sends it."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.network import Cutting
from tests.e2e.program import Server, wait_for
from tests.e2e.test_doors import held
from tests.e2e.test_shippers import letters
from tests.e2e.test_trouble import LATE_SECONDS, PASSWORD, no_room, token
from tests.services.server import free_ports

pytestmark = pytest.mark.system

#: Entries of the journal amid whose upload the server is killed: some seconds' worth.
ENTRIES = 30_000
#: Entries that are written before each trouble.
ENTRIES_MORE = 100
REMOTE, UPLOAD = Path("/lib/systemd/systemd-journal-remote"), Path("/lib/systemd/systemd-journal-upload")


@pytest.fixture(autouse=True)
def tools() -> None:
    """The tools of the package systemd-journal-remote are there."""
    if not (REMOTE.exists() and UPLOAD.exists()):
        (pytest.fail if os.environ.get("REQUIRE_SERVICES") else pytest.skip)("systemd-journal-remote is not installed")


def journal(path: Path, count: int, first: int = 0, large: Collection[int] = ()) -> None:
    """Write a journal of *count* entries from the number *first* on, the last with a stack of two lines; those in *large* have a field of 7,000 bytes."""
    now, lines = int(time.time() * 1_000_000) - count * 1_000, []
    for number in range(first, first + count):
        lines += [
            f"__REALTIME_TIMESTAMP={now + number * 1_000}".encode(),
            f"__MONOTONIC_TIMESTAMP={5_000_000 + number * 1_000}".encode(),
            b"_BOOT_ID=00112233445566778899aabbccddeeff",
            f"MESSAGE=entry {number}".encode(),
            f"PRIORITY={number % 8}".encode(),
            b"SYSLOG_IDENTIFIER=shop",
            b"_HOSTNAME=web1",
            b"_MACHINE_ID=0123456789abcdef0123456789abcdef",
            *([b"STACK\n" + (9).to_bytes(8, "little") + b"two\nlines"] if number == first + count - 1 else []),
            *([b"LARGE=" + b"x" * 7_000] if number in large else []),
            b"",
        ]
    subprocess.run(
        [str(REMOTE), "-o", str(path), "-"], input=b"\n".join(lines) + b"\n", check=True, capture_output=True
    )


def upload(url: str, path: Path, state: Path) -> int:
    """Send what the journal has since the saved cursor; return the exit code."""
    return run(uploading(url, path, state))


def run(command: list[str]) -> int:
    """Run the client; return its exit code."""
    return subprocess.run(command, capture_output=True, timeout=150, check=False).returncode


def uploading(url: str, path: Path, state: Path) -> list[str]:
    """Return the command that sends what the journal has since the saved cursor."""
    return [str(UPLOAD), f"--url={url}", f"--file={path}", f"--save-state={state}", "--follow=no"]


def total(server: Server) -> int:
    """Return how many entries are found."""
    return int(server.get("/logs?q=entry&limit=1&count=exact")["total"])


def test_a_journal_is_found_once(server: Server, tmp_path: Path) -> None:
    """Level, time, host and fields are where they belong; what is posted again is not there twice."""
    journal(tmp_path / "one.journal", 2_000)
    assert upload(server.url, tmp_path / "one.journal", tmp_path / "state") == 0
    wait_for(lambda: total(server) >= 2_000, 120, "the journal")
    for _ in range(2):
        assert upload(server.url, tmp_path / "one.journal", tmp_path / "state") == 0
    assert upload(server.url, tmp_path / "one.journal", tmp_path / "another") == 0
    server.drained()
    assert total(server) == 2_000
    [last] = server.get("/logs?q=%22entry+1999%22")["results"]
    assert (last["level"], last["resourceId"]) == ("debug", "web1")
    assert last["metadata"]["SYSLOG_IDENTIFIER"] == "shop"
    assert last["metadata"]["STACK"] == "two\nlines"


def test_kills_in_the_middle_lose_and_double_nothing(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """Twice the client fails amid its upload, is started again as systemd does it, and everything is there once."""
    server = make_server(PORT=str(free_ports(1)[0]))
    server.start()
    journal(tmp_path / "one.journal", ENTRIES)
    failed = 0
    for _ in range(2):
        before = total(server)
        client = subprocess.Popen(
            uploading(server.url, tmp_path / "one.journal", tmp_path / "state"), stderr=subprocess.DEVNULL
        )
        wait_for(lambda before=before: total(server) > before, 120, "entries")  # type: ignore[misc]
        server.kill_all()
        failed += client.wait(150) != 0
        server.start()
    assert failed, "the uploads were over before the server was killed"
    assert upload(server.url, tmp_path / "one.journal", tmp_path / "state") == 0
    wait_for(lambda: total(server) >= ENTRIES, 120, "the journal")
    server.drained()
    assert total(server) == ENTRIES


class Machine:
    """A machine whose journal grows, and its client, which systemd starts again when it has failed."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder
        self._journals = 0

    def write(self, *large: int) -> None:
        """Write a hundred entries more, in a file of their own; of these numbers among them too large ones."""
        first = self._journals * ENTRIES_MORE
        self._journals += 1
        journal(self._path, ENTRIES_MORE, first, [first + number for number in large])

    @property
    def _path(self) -> Path:
        return self._folder / f"{self._journals}.journal"

    def command(self) -> list[str]:
        """Return the command that sends them."""
        return uploading(self._url, self._path, self._folder / f"state {self._journals}")

    def upload(self) -> int:
        """Run it; return its exit code."""
        return run(self.command())


def test_a_journal_amid_trouble(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """Five bad entries of a hundred, a connection that breaks, a full queue, a token over its rate, a late answer: each good entry is found once."""
    server = make_server(
        AUTH="required", ADMIN_PASSWORD=PASSWORD, QUEUE_LIMIT="256 KiB", METADATA_LIMIT="6 KiB", WEB_WORKERS="1"
    )
    server.headers["Authorization"] = f"Bearer {PASSWORD}"
    server.start()
    bad = range(7, ENTRIES_MORE, 20)
    with closing(Cutting(server.url, token(server, "journal"))) as proxy:
        machine = Machine(proxy.url, tmp_path)
        machine.write(*bad)
        assert machine.upload() == 0
        machine.write()
        proxy.cut.set()
        assert machine.upload() != 0
        assert machine.upload() == 0
        machine.write()
        with no_room(server):
            assert machine.upload() != 0
        assert machine.upload() == 0
        machine.write()
        own, proxy.password = proxy.password, token(server, "slow", "--rate", "0.1/s")
        wait_for(lambda: machine.upload() != 0, 120, "the rate")
        proxy.password = own
        assert machine.upload() == 0
        machine.write()
        with held(server):
            client = subprocess.Popen(machine.command(), stderr=subprocess.DEVNULL)
            time.sleep(LATE_SECONDS)
        assert client.wait(150) == 0
        assert {503, 429} <= proxy.statuses.keys()
    wanted = Counter(f"entry {number}" for number in range(5 * ENTRIES_MORE) if number not in bad)
    server.drained()
    logs = server.get("/logs?q=entry&limit=1000")["results"]
    assert Counter(log["message"] for log in logs) == wanted
    wait_for(lambda: letters(server) == len(bad), 120, "a dead letter of each bad entry")
