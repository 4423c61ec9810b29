"""Waiting for descriptors: at any number, and nothing else of the product waits by `select`, which takes numbers below 1,024."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.run.supervisor import Signals
from app.files.pieces import text
from app.readable import readable
from app.systems.sqlite.file import SqliteDatabase

ROOT = Path(__file__).resolve().parents[1]

#: The first number that does not fit into `select`'s set.
BEYOND = 1_024


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Let the process have descriptors beyond those of `select`, and give it so many that the next ones lie there."""
    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * BEYOND:
        pytest.skip(f"this process may have {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before, 2 * BEYOND), hard))
    taken = [os.open(os.devnull, os.O_RDONLY)]
    try:
        while taken[-1] < BEYOND:
            taken.append(os.dup(taken[0]))
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))


@pytest.mark.usefixtures("many_descriptors")
def test_any_number_is_waited_for() -> None:
    reader, writer = os.pipe()
    try:
        assert reader > BEYOND
        assert readable([reader], 0) == set()
        os.write(writer, b"a")
        assert readable([reader]) == {reader}
        os.read(reader, 1)
        os.close(writer)
        assert readable([reader], 0) == {reader}, "an end is something to read"
    finally:
        os.close(reader)


@pytest.mark.usefixtures("many_descriptors")
def test_what_waits_does_so_at_any_number(tmp_path: Path) -> None:
    """A worker for a ring, a command for what comes through a pipe, a supervisor for a signal."""
    database = SqliteDatabase(tmp_path / "a.db")
    database.wait(0.01)
    database.close()

    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as pipe:
        pieces = text(pipe)
        os.write(writer, b"a\n")
        assert next(pieces) == b"a\n"
        assert next(pieces) is None, "nothing came for a moment"
        os.close(writer)
        assert list(pieces) == []

    signals = Signals()
    signals.take()
    try:
        signal.raise_signal(signal.SIGCHLD)
        signals.wait(60)
    finally:
        signals.leave()


def test_nothing_waits_by_select() -> None:
    users = [
        path.relative_to(ROOT).as_posix()
        for room in ("app", "logingestor", "workers", "bench", "tests")
        for path in (ROOT / room).rglob("*.py")
        if "select.select(" in path.read_text(encoding="utf-8") and path != Path(__file__)
    ]
    assert users == []
