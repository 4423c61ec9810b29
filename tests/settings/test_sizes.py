"""Sizes, and the file of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import InvalidSettings
from app.settings.settings import Settings
from app.settings.values import parse_bytes, written_bytes


def test_sizes_are_read_as_they_are_written() -> None:
    """What a page or command shows can be set; nothing is lost of a large number."""
    for count in (0, 999, 3 << 9, 3 << 29, 10 << 30, 5 << 40, 1_234_567 << 40):
        assert parse_bytes(written_bytes(count)) == count
    assert parse_bytes("1.5GB") == 1_500_000_000
    assert parse_bytes(str((1 << 80) + 1)) == (1 << 80) + 1


@pytest.mark.parametrize("text", ["", "GiB", "1.", ".5 GiB", "1,5 GiB", "1.2.3 GiB", "-1", "1 bits"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """A comma stands between thousands only."""
    with pytest.raises(ValueError, match="is not a size"):
        parse_bytes(text)


@pytest.mark.parametrize("text", ["0", "0 GiB", "0.1"])
def test_a_queue_that_takes_nothing_is_refused(text: str) -> None:
    """No limit is meant by 0, and none would be accepted."""
    with pytest.raises(InvalidSettings, match="LOGINGESTOR_QUEUE_LIMIT is 0, by which nothing would be taken"):
        Settings.from_env({"LOGINGESTOR_QUEUE_LIMIT": text})


def test_a_line_that_is_none_is_one_fault(tmp_path: Path) -> None:
    """It is named by its number, and the lines around it count."""
    path = tmp_path / "settings"
    path.write_text("PORT=4000\nFOO\nHOST=127.0.0.1\n")
    with pytest.raises(InvalidSettings) as raised:
        Settings.from_env({"LOGINGESTOR_SETTINGS": str(path)})
    assert [one.message for one in raised.value.problems] == [f"{path}, line 2: is not NAME=value"]
