"""A file that a program is writing: read while a line is half written, and rotated in the middle, it gives what it gives at once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.cli.conftest import Commands, Stored
from tests.files.test_mixtures import OWN, blocks, mixed


@pytest.mark.parametrize("seed", range(8))
def test_half_a_line_and_a_rotation_change_nothing(
    seed: int, tmp_path: Path, command: Commands, stored: Stored
) -> None:
    """Three programs in one file, each of whose logs is there once, with all its lines."""
    source = random.Random(seed)
    text, expected = mixed(source.sample(OWN, 3), source)
    events = blocks(text)
    path, rotated = tmp_path / "app.log", tmp_path / "app.log.1"
    half, turn = sorted(source.sample(range(2, len(events)), 2))
    first = events[half].partition("\n")[0]
    begun = "\n".join(events[:half]) + "\n" + first[: source.randrange(1, len(first))]
    path.write_text(begun, encoding="utf-8")
    command("ingest", path)
    whole = "\n".join(events[:turn]) + "\n"
    assert whole.startswith(begun)
    with path.open("a", encoding="utf-8") as file:
        file.write(whole[len(begun) :])
    path.rename(rotated)
    path.write_text("\n".join(events[turn:]) + "\n", encoding="utf-8")
    command("ingest", rotated, path)
    assert [log["message"] for log in stored()] == [message for message, _, _ in expected]


def test_columns_that_were_named_anew_count_for_what_is_written_later(
    tmp_path: Path, command: Commands, stored: Stored
) -> None:
    """IIS names them again where it was started again or set to log more; the next run begins behind that line."""
    path = tmp_path / "u_ex261129.log"
    first = "#Fields: date time c-ip sc-status\n2026-11-29 10:00:00 192.0.2.7 200\n"
    path.write_text(first + "#Fields: date time sc-status c-ip\n2026-11-29 11:00:00 500 192.0.2.7\n")
    command("ingest", path)
    with path.open("a") as file:
        file.write("2026-11-29 11:00:01 404 192.0.2.7\n")
    command("ingest", path)
    found = [log["metadata"]["status"] for log in stored() if log["message"].startswith("2026")]
    assert found == [200, 500, 404]
