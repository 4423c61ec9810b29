"""docs/security-asvs.md names tests and files that are there, and each point once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "security-asvs.md"
ROWS = [line.split(" | ") for line in PAGE.read_text().splitlines() if re.match(r"\| \d", line)]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE.read_text())))


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_what_is_named_is_there(file: str, test: str) -> None:
    """A test that was renamed shows nothing any more."""
    assert (ROOT / file).exists()
    assert not test or re.search(rf"^def {test}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_every_point_has_a_state_and_words() -> None:
    """None is passed over in silence; what applies and is unmet is said."""
    assert {row[1] for row in ROWS} == {"met", "unmet", "n/a"}
    assert all(len(row[2].strip(" |")) > 5 for row in ROWS)
    chapters = {int(point) for row in ROWS for point in re.findall(r"\b(\d+)\.\d+\.\d+", row[0])}
    assert chapters == set(range(1, 15))


def test_no_point_stands_twice() -> None:
    """Or two rows could say different things of it."""
    points = [point for row in ROWS for point in re.findall(r"\d+\.\d+\.\d+", re.sub(r", but .*", "", row[0]))]
    assert len(points) == len(set(points))
