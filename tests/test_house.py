"""The house: what its figures may be at most; `python -m tests.house` prints all of them."""

from __future__ import annotations

from tests import house

#: Most modules of a folder; the commands are one each.
FILES, COMMANDS = 16, 24


def test_no_folder_is_crowded() -> None:
    """Whoever opens a folder sees at a glance what is in it."""
    crowded = {folder: files for folder, files in house.files_per_folder().items() if files > FILES}
    assert crowded.keys() <= {"app/cli"}
    assert crowded.get("app/cli", 0) <= COMMANDS


def test_no_public_class_name_stands_twice() -> None:
    """A name that is read anywhere means one thing."""
    assert house.doubled_classes().keys() <= {
        *("Asked", "Notes", "Rebuilding", "Spark"),
    }
