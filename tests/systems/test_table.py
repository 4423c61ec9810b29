"""The table of systems: what a URL may name, has a row; what has a row, can be opened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app import backends
from app.settings.settings import SETTINGS
from app.systems import entry

ROWS = {row.name: row for row in SETTINGS}
FOLDER = Path(entry.__file__).parent


def test_each_scheme_that_a_setting_takes_has_a_row() -> None:
    """A scheme that passed as a setting and had no row would end a process with a KeyError."""
    taken = set()
    for name in ("STORE_URL", "QUEUE_URL", "SEARCH_URL"):
        with pytest.raises(ValueError, match="is not a URL that starts with") as refused:
            ROWS[name].read("unknown:")
        taken |= set(re.findall(r"(\w+):", str(refused.value)))
    assert taken == set(backends.SYSTEMS)


def test_each_folder_of_a_system_has_a_row() -> None:
    """A folder beside the others is of use only when a URL can name it; `sql` is what two of them share."""
    folders = {f"app.systems.{path.parent.name}.entry" for path in FOLDER.glob("*/__init__.py")} - {
        "app.systems.sql.entry"
    }
    assert {module for module, _ in backends.SYSTEMS.values()} == folders


@pytest.mark.parametrize("scheme", backends.SYSTEMS)
def test_a_row_names_a_system_that_opens(scheme: str) -> None:
    """The module and its class exist, and the class opens something of its own."""
    found = backends.system(f"{scheme}:")
    assert isinstance(found, entry.System)
    assert type(found).open is not entry.System.open
