"""Empty databases for tests: made by the migrations once in each process of tests, and copied from then on."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from app.backends import system, upgrade
from app.settings.settings import Settings
from app.systems.sqlite import schema


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        schema.upgrade(path)
        return path.read_bytes()


def empty(path: Path) -> None:
    """Make an empty, migrated file of SQLite at *path*, where none is."""
    path.write_bytes(_migrated())


def prepare(settings: Settings) -> None:
    """Do as `upgrade` does, with a copy for each SQLite file that is not there yet: the migrations take 30 ms, to look at a copy's schema 3."""
    others = False
    for url in {settings.store_url, settings.queue_url, settings.search_url}:
        path = system(url).file(url, settings)
        if path is None or path.exists():
            others = True
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            empty(path)
    if others:
        upgrade(settings)
