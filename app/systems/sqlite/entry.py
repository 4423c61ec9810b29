"""SQLite, as app/backends.py opens it: whatever purposes one file has share its connections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pysqlite3

from app.settings.settings import Settings
from app.systems.entry import Opened, Purpose, System
from app.systems.sql.parts import record_parts
from app.systems.sqlite import schema
from app.systems.sqlite.checksums import giving
from app.systems.sqlite.claims import SqliteClaims
from app.systems.sqlite.file import BUSY_SECONDS, SqliteDatabase
from app.systems.sqlite.freeing import pages
from app.systems.sqlite.index import renewing, writing
from app.systems.sqlite.index.index import SqliteIndex
from app.systems.sqlite.index.scan import marking
from app.systems.sqlite.letters import SqliteLetters
from app.systems.sqlite.move import Mover
from app.systems.sqlite.queue import SqliteQueue
from app.systems.sqlite.record import SqliteStore
from app.systems.sqlite.segments import converting, sealing
from app.systems.sqlite.shelf import SqliteShelf


class Sqlite(System):
    """Files: `sqlite:` alone, or `sqlite:///relative` or `sqlite:////absolute`."""

    def file(self, url: str, settings: Settings) -> Path:
        """See System."""
        path = url.removeprefix("sqlite:").removeprefix("///")
        return (Path(path) if path else settings.database).absolute()

    def database(self, url: str, settings: Settings) -> str:
        """See System."""
        return str(self.file(url, settings))

    def check(self, url: str, settings: Settings) -> None:
        """See System."""
        schema.check(self.file(url, settings))

    def upgrade(self, url: str, settings: Settings) -> None:
        """See System."""
        schema.upgrade(self.file(url, settings))

    def engine(self, url: str, settings: Settings) -> tuple[str, dict[str, Any]]:
        """See System. By the driver of all else here, so that no second SQLite checkpoints the file; commits are durable."""
        from sqlalchemy import URL

        where = URL.create("sqlite", database=str(self.file(url, settings)))
        return where.render_as_string(hide_password=False), {
            "module": pysqlite3,
            "connect_args": {"timeout": BUSY_SECONDS},
        }

    def open(self, url: str, purposes: frozenset[Purpose], settings: Settings) -> Opened:
        """See System. Record and index in one file expire together; all three purposes in one file can `move`."""
        path = self.file(url, settings)
        schema.check(path)
        file, together = SqliteDatabase(path), {"record", "index"} <= purposes
        made = Opened(tidy=[file.checkpoint], hurry=[file.hurry], closers=[file.close])
        if "record" in purposes:
            made.record = record_parts(
                SqliteShelf(file),
                # Processes on one file share a data folder, and its lock decides which of them leads.
                lambda: True,
                store=SqliteStore(file, forget=writing.forget if together else None),
                letters=SqliteLetters(file, settings.dead_limit),
                claims=SqliteClaims(file),
            )
        if "queue" in purposes:
            made.queue = queue = SqliteQueue(file, limit=settings.queue_limit, min_free=settings.min_free_disk)
            made.tidy.append(lambda: pages.shrink(file))
            if "record" in purposes:
                made.is_free = file.is_free
            if together:
                made.move = Mover(file, queue, SqliteLetters(file, settings.dead_limit)).move
        if purposes & {"record", "index"}:
            made.tidy += [
                lambda: converting.convert(file, indexed="index" in purposes),
                lambda: giving.give(file),
                lambda: sealing.seal(file, indexed="index" in purposes),
            ]
        if "index" in purposes:
            made.index = SqliteIndex(file, shared=together)
            made.tidy += [lambda: marking.mark(file) > 0, lambda: renewing.renew(file)]
        return made
