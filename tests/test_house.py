"""The house: what its figures may be at most; `python -m tests.house` prints all of them."""

from __future__ import annotations

from tests import house

#: Most modules of a folder; the commands are one each.
FILES, COMMANDS = 16, 24
#: Most methods of a port, those of its bases included: what somebody who writes another system must understand at once.
METHODS = 16
#: Most places that say `tell` for what is no notifier's work (the names of the room `notify`, and a file's `tell`), and most
#: docstrings and comments that begin with who, what, whoever or of instead of their subject.
TOLD, SUBJECTLESS = 10, 0
#: Most rooms that a batch passes on its way from queue to record and index of the default, and most calls between two of them.
ROOMS, MOVES = 4, 4


def test_no_folder_is_crowded() -> None:
    """Whoever opens a folder sees at a glance what is in it."""
    crowded = {folder: files for folder, files in house.files_per_folder().items() if files > FILES}
    assert crowded.keys() <= {"app/cli"}
    assert crowded.get("app/cli", 0) <= COMMANDS


def test_no_name_repeats_its_folder() -> None:
    """The folder is the prefix."""
    assert house.repeated_folders() == []


def test_no_port_is_a_tower() -> None:
    """A function that asks for a port gets a page of methods."""
    assert {port: methods for port, methods in house.methods_per_port().items() if methods > METHODS} == {}


def test_no_public_class_name_stands_twice() -> None:
    """A name that is read anywhere means one thing."""
    assert house.doubled_classes() == {}


def test_the_way_of_a_batch_is_short() -> None:
    """A stranger who wants to know how a log becomes findable reads few rooms; counted by the calls that are made."""
    trip = house.drain_trip()
    assert len({room for move in trip for room in move}) <= ROOMS
    assert len(trip) <= MOVES


def test_sentences_name_their_subject() -> None:
    """A stranger reads a comment once: it says what it is about, and `tell` is the work of notifiers alone."""
    assert house.tell_and_told() <= TOLD
    assert house.unnamed_subjects() <= SUBJECTLESS
