"""Migrated, empty folders by the copy: for tests that need hundreds of them."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from app.backends import Backends, connect
from tests.contract.conftest import combination_settings, open_combination


@cache
def _template(name: str) -> tempfile.TemporaryDirectory[str]:
    made = tempfile.TemporaryDirectory()
    open_combination(name, Path(made.name)).close()
    return made


def open_copy(name: str, folder: Path) -> Backends:
    """Open a combination whose systems are files, on an empty folder, without migrating anew."""
    shutil.copytree(_template(name).name, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.wake", "*.lock"))
    return connect(combination_settings(name, folder))
