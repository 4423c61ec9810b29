"""An audit log in a file and on a server, with the database beneath it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from app import backends
from app.log.record import IdSource
from app.ports.audit_log.chain import AuditLog
from app.ports.audit_log.entry import AuditEntry, decode, entry
from app.settings.settings import Settings
from tests.prepared import prepare

DAY_MS = 86_400_000


@dataclass
class Kept:
    """An audit log and the database beneath it."""

    settings: Settings
    log: AuditLog

    def execute(self, statement: str) -> None:
        """Do what no part of the program does."""
        url, options = backends.engine(self.settings)
        engine = create_engine(url, **options)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def entries(self) -> list[AuditEntry]:
        """Return all entries in the order of the chain."""
        return [decode(one.body) for chunk in self.log.chained(0) for one in chunk]


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """An empty audit log in a file, and on a server."""
    given = {"LOGINGESTOR_DATA_DIR": str(tmp_path), "LOGINGESTOR_MIN_FREE_DISK": "1 MiB"}
    if request.param == "postgres":
        given["LOGINGESTOR_STORE_URL"] = request.getfixturevalue("postgres_database")
    settings = Settings.from_env(given)
    prepare(settings)
    with closing(backends.connect_record(settings, settings.store_url, None)) as opened:
        yield Kept(settings, opened.record.audit_log)


def filled(kept: Kept, count: int = 10) -> list[AuditEntry]:
    """Append some entries."""
    made = [entry("test", actor="zoe", details={"number": n}) for n in range(count)]
    assert kept.log.append(made) == count
    return made


def aged(count: int, at: int) -> list[AuditEntry]:
    """Return entries of a time, in ms since 1970."""
    ids = IdSource()
    return [AuditEntry(id=ids.take(1, at + n).to_bytes(16, "big"), action="test") for n in range(count)]
