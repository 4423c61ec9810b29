"""What the tests of the pages share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from app.backends import connect
from app.log.record import LogRecord
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from app.times import instant
from app.web import create_app
from app.web.accounts import users
from app.web.security.tries import Tries
from tests.conftest import Fill, MakeRecord, fill_backends
from tests.prepared import prepare


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> Iterator[None]:
    """Hash passwords of users with little work and in one thread, as tests log in a thousand times; commands that run as processes hash as ever."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(autouse=True, scope="session")
def no_tries_come_back() -> Iterator[None]:
    """Let no time pass for those who guess, but where a test moves their clock: on a busy machine a dozen guesses take long enough for one more."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Tries.__init__, "__defaults__", (lambda: 0.0,))
        yield


@pytest.fixture
def some(make_record: MakeRecord, fill: Fill) -> list[LogRecord]:
    """Five logs, a second apart, oldest first."""
    levels = ("info", "ERROR", "warn", "debug", "info")
    records = [
        make_record(
            level=level,
            message=f"message number {n}",
            resource_id=f"server-{n % 2}",
            trace_id="t-1",
            t=1_700_000_000_000 + n * 1000,
            metadata={"n": n, "dataset": "demo"},
        )
        for n, level in enumerate(levels)
    ]
    fill(records)
    return records


@pytest.fixture
def minutes(fill: Fill, make_record: MakeRecord) -> list[LogRecord]:
    """120 findable logs, one a minute from 08:00, every third an error, of two resources and traces."""
    base = instant.parse("2023-09-15T08:00:00Z")[0]
    records = [
        make_record(
            message=f"step {n}",
            level="error" if n % 3 == 0 else "info",
            resource_id=f"server-{n % 2}",
            trace_id=f"trace-{n // 60}",
            metadata={"n": n, "tags": ["a", f"t{n % 5}"]},
            t=base + n * 60_000,
        )
        for n in range(120)
    ]
    fill(records)
    return records


@pytest.fixture
def apart(tmp_path: Path, make_record: MakeRecord) -> Iterator[FlaskClient]:
    """A client whose index, in a file of its own, is broken after logs came."""
    settings = Settings.from_env(
        {
            "LOGINGESTOR_DATA_DIR": str(tmp_path / "apart"),
            "LOGINGESTOR_SEARCH_URL": f"sqlite:///{tmp_path}/index.db",
            "LOGINGESTOR_MIN_FREE_DISK": "1 MiB",
        }
    )
    prepare(settings)
    held = connect(settings)
    fill_backends(held, [make_record(message=f"step {n}", trace_id="t-1") for n in range(30)])
    held.close()
    with SqliteDatabase(tmp_path / "index.db").write(durable=True) as connection:
        connection.execute("DROP TABLE logs")
    app = create_app(settings)
    yield app.test_client()
    app.extensions["logingestor"].close()
