"""Files of systemd's journal, as `journalctl -o export` writes them: each entry is taken once, however the file grows."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Commands, Stored


def entry(number: int, message: bytes) -> bytes:
    """Return one entry, whose message comes with its length where it has several lines."""
    fields = (
        f"__CURSOR=s=1;i={number}\n__REALTIME_TIMESTAMP=179600000000{number}000\n_HOSTNAME=web1\nPRIORITY=3\n".encode()
    )
    if b"\n" in message:
        return fields + b"MESSAGE\n" + len(message).to_bytes(8, "little") + message + b"\n\n"
    return fields + b"MESSAGE=" + message + b"\n\n"


def test_entries_are_taken_once(tmp_path: Path, command: Commands, stored: Stored) -> None:
    """With all lines of a message, level, host and time; of a file that grew only what is new."""
    path = tmp_path / "journal.export"
    path.write_bytes(entry(1, b"payment failed\n\nKeyError: 1") + entry(2, b"two"))
    command("ingest", path)
    with path.open("ab") as file:
        file.write(entry(3, b"three"))
    assert "1 accepted, 2 accepted before" in command("ingest", path).stdout
    logs = stored()
    assert [log["message"] for log in logs] == ["payment failed\n\nKeyError: 1", "two", "three"]
    assert {(log["level"], log["resourceId"]) for log in logs} == {("err", "web1")}
    assert logs[0]["timestamp"].startswith("2026-11-30T00:53:20.001")


def test_half_an_entry_is_left_while_it_is_written(tmp_path: Path, command: Commands, stored: Stored) -> None:
    """It is taken as a whole when its end has come."""
    path = tmp_path / "journal.export"
    whole = entry(2, b"two\nlines")
    path.write_bytes(entry(1, b"one") + whole[:-4])
    command("ingest", path)
    assert [log["message"] for log in stored()] == ["one"]
    with path.open("ab") as file:
        file.write(whole[-4:])
    command("ingest", path)
    assert [log["message"] for log in stored()] == ["one", "two\nlines"]
