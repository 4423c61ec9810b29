"""Files of the journal's entries: what was taken of an entry before is not taken again when the rest has come."""

from __future__ import annotations

from collections import Counter

import pytest

from app.files.journal.exported import Exported, entries
from tests.cli.test_exported import entry

DATA = entry(1, b"one") + entry(2, b"two\nlines") + entry(3, b"three")
#: Fields that are not in each part of an entry.
OWN = ("PRIORITY", "MESSAGE")


def taken(data: bytes, begin: int = 0, cut: int = 0, size: int = 7) -> tuple[list[Exported], list[int]]:
    """Return the entries of *data*, read in pieces, and where each ends."""
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    found = [one for one in entries(iter(pieces), limit=1 << 20, begin=begin, cut=cut, growing=False) if one]
    return [one.kept for one in found if isinstance(one.kept, Exported)], [one.end for one in found]


def counted(parts: list[Exported]) -> Counter[tuple[str, str, str]]:
    """Return how often each field of each entry was taken."""
    return Counter(
        (one.fields["__CURSOR"], name, one.fields[name]) for one in parts for name in OWN if name in one.fields
    )


@pytest.mark.parametrize("place", range(1, len(DATA)))
def test_each_field_is_taken_once(place: int) -> None:
    """Wherever the file stood still for so long that its end was taken; a part that was begun ends where it did."""
    first, ends = taken(DATA[:place])
    noted = ends[-1] if ends else 0
    rest, _ = taken(DATA, begin=noted)
    assert counted(first + rest) == counted(taken(DATA)[0])
    again, ends = taken(DATA, cut=noted)
    assert noted == 0 or noted in ends
    assert counted(again) == counted(first + rest)
