"""What the tests of the commands share: running them, in this process and as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask.testing import FlaskCliRunner

from app.backends import Backends
from app.cli import cli
from app.settings.settings import Settings
from tests.e2e.program import ROOT

#: Returns the logs of the record as they are shown, oldest arrival first, after moving there what waits.
Stored = Callable[[], list[dict[str, Any]]]


@dataclass
class Commands:
    """Runs commands on the test's data folder."""

    runner: FlaskCliRunner

    def __call__(self, *arguments: str | Path, code: int = 0) -> Result:
        """Run one that must end with exit code *code*, without a traceback."""
        result: Result = self.runner.invoke(cli, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def json(self, *arguments: str | Path, code: int = 0) -> Any:
        """Run one with --json; return what it printed, which is JSON and nothing else."""
        return json.loads(self(*arguments, "--json", code=code).stdout)


@pytest.fixture
def command(runner: FlaskCliRunner) -> Commands:
    """Runs a command in this process."""
    return Commands(runner)


@pytest.fixture
def stored(backends: Backends) -> Stored:
    """Return a function that moves what waits and returns all logs, in the order of storing."""

    def move() -> list[dict[str, Any]]:
        assert backends.move is not None
        while backends.queue.depth().bytes:
            backends.move(1_000, 0)
        return [record.to_dict() for _, record in backends.store.after(0, 1_000_000)]

    return move


class Processes:
    """Runs commands as processes of their own, as a shell does."""

    def __init__(self, settings: Settings) -> None:
        self.environment = {name: text for name, text in os.environ.items() if not name.startswith("LOGINGESTOR_")}
        self.environment |= {"LOGINGESTOR_DATA_DIR": str(settings.data_dir), "LOGINGESTOR_MIN_FREE_DISK": "1 MiB"}

    def start(self, *arguments: str | Path, stdin: Any = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start a command; its output is piped."""
        words = [sys.executable, "-m", "app.cli", *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(words, cwd=ROOT, env=self.environment, stdin=stdin, stdout=pipe, stderr=pipe)

    def run(
        self, *arguments: str | Path, input: bytes = b"", code: int = 0, **settings: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command that must end with exit code *code*, without a traceback."""
        ended = subprocess.run(
            [sys.executable, "-m", "app.cli", *map(str, arguments)],
            cwd=ROOT,
            env=self.environment | {f"LOGINGESTOR_{name}": text for name, text in settings.items()},
            input=input,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == code, ended.stderr.decode()
        assert b"Traceback" not in ended.stderr
        return ended


@pytest.fixture
def processes(settings: Settings) -> Processes:
    """Runs commands as processes on the test's data folder."""
    return Processes(settings)
