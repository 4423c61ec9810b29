"""Rebuild, copy and restore as real processes, killed in the middle with SIGKILL, and run again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.backends import Backends
from app.drain.indexing import Indexing
from app.ports.index import Rebuildable
from app.query.filter import Contains
from app.query.query import Query
from tests.conftest import MakeRecord, fill_backends
from tests.contract.conftest import EACH, open_combination, services
from tests.process import ROOT, environment

pytestmark = pytest.mark.system

LOGS = 40_000
#: Seconds within which a command must have come half-way, or to its end, be the machine ever so busy.
SECONDS = 240.0


@pytest.fixture(params=[name for name in EACH if name != "one-file-sealed"])
def each(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backends]:
    """Backends in every combination."""
    urls = {fixture: request.getfixturevalue(fixture) for fixture in services(request.param)}
    opened = open_combination(request.param, tmp_path / "data", urls)
    yield opened
    opened.close()


def start(backends: Backends, *arguments: str) -> subprocess.Popen[str]:
    """Start a command on the backends' settings."""
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env=environment(backends.settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_when(process: subprocess.Popen[str], half_way: Callable[[], Any]) -> None:
    """Kill the process as soon as it is half-way; fail when it has ended before."""
    until = time.monotonic() + SECONDS
    while not half_way():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=150)
    assert process.returncode == -signal.SIGKILL


def finish(backends: Backends, *arguments: str) -> Any:
    """Run the command to its end; return what it printed."""
    process = start(backends, *arguments, "--json")
    output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    return json.loads(output)


def records_of(make_record: MakeRecord, count: int = LOGS) -> list[Any]:
    """Return records."""
    return [make_record(message=f"needle number {n}", t=n, resource_id=f"r{n % 9}") for n in range(count)]


def whole(backends: Backends, count: int = LOGS) -> None:
    """Fail unless all is there once, in record and index, by every way of searching."""
    assert finish(backends, "audit")["same"]
    for query in (Query(), Query(Contains("message", "eedle n"))):
        page = backends.index.find(Query(query.filter, limit=1, count="exact"))
        assert page.total == count
    assert backends.store.stats()["stored"] == count


def test_rebuild(each: Backends, make_record: MakeRecord) -> None:
    """Killed half-way, while logs come, it goes on where it was; searches see everything all the time."""
    fill_backends(each, records_of(make_record))
    index = each.index
    assert isinstance(index, Rebuildable)

    def place() -> int:
        found = index.rebuilding()
        return 0 if found is None else found.place

    for least in (0, 1):
        before = place()
        kill_when(start(each, "rebuild"), lambda seen=before + least: place() > max(seen, 0))  # type: ignore[misc]
        fill_backends(each, records_of(make_record, 50))
        page = index.find(Query(Contains("message", "eedle n"), limit=1, count="exact"))
        assert page.total == LOGS + 50 * (least + 1)
    found = finish(each, "rebuild")
    assert found["resumed"]
    assert found["logs"] < LOGS
    whole(each, LOGS + 100)


def test_copy(each: Backends, make_record: MakeRecord, tmp_path: Path) -> None:
    """Killed half-way it goes on after what it had noted."""
    old = open_combination("one-file", tmp_path / "old")
    try:
        fill_backends(old, records_of(make_record))
        url = f"sqlite:///{tmp_path}/old/logingestor.db"
        kill_when(start(each, "copy", "--from", url), lambda: each.store.stats()["stored"] >= 10_000)
        found = finish(each, "copy", "--from", url)
        assert found["read"] < LOGS
        assert (found["left"], found["audit"]["same"]) == (0, True)
        index_all(each)
        whole(each)
    finally:
        old.close()


def test_restore(each: Backends, make_record: MakeRecord, tmp_path: Path) -> None:
    """Killed half-way it is completed by the same command, and only by it."""
    old = open_combination("one-file", tmp_path / "old")
    try:
        fill_backends(old, records_of(make_record))
        finish(old, "backup", str(tmp_path / "backup"))
    finally:
        old.close()
    kill_when(start(each, "restore", str(tmp_path / "backup")), lambda: each.store.stats()["stored"] >= 10_000)
    found = finish(each, "restore", str(tmp_path / "backup"))
    assert found["new"] < LOGS
    again = start(each, "restore", str(tmp_path / "backup"))
    assert "not empty" in again.communicate(timeout=150)[1]
    assert again.returncode == 2
    index_all(each)
    whole(each)


def index_all(backends: Backends) -> None:
    """Do what the index actor does until nothing is lacking; leases of the dead end meanwhile."""
    indexing = Indexing(backends.store, backends.record.letters, backends.index)
    until = time.monotonic() + SECONDS
    while backends.store.lacking().logs:
        assert time.monotonic() < until
        if not indexing.catch_up():
            time.sleep(0.1)
        indexing.settle(now=True)
