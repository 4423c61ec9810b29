"""Counts of what listeners have ever received and lost: one small file in the data folder, read by the figures."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

log = logging.getLogger(__name__)

FILE = "listen.json"
#: Seconds between two times that the counts are written.
WRITE_SECONDS = 5.0


class ListenCounts(msgspec.Struct):
    """Counts of one address since it was first listened at."""

    messages: int = 0
    bytes: int = 0
    connections: int = 0
    #: Datagrams that the kernel dropped because they came faster than they were read, and those dropped for want of room.
    lost_kernel: int = 0
    lost_full: int = 0
    #: Chunks of GELF whose message never became whole.
    lost_chunks: int = 0

    @property
    def lost(self) -> dict[str, int]:
        """The datagrams that were lost, by the reason."""
        return {"kernel": self.lost_kernel, "full": self.lost_full, "chunks": self.lost_chunks}


_Counts = dict[str, ListenCounts]


def read(data_dir: Path) -> _Counts:
    """Return the counts of each address; none where nothing ever listened, or the file can't be read."""
    try:
        return msgspec.json.decode((data_dir / FILE).read_bytes(), type=_Counts)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("%s can't be read: %s", data_dir / FILE, error)
        return {}


def write(data_dir: Path, counts: _Counts) -> None:
    """Write the counts; a file that can't be written costs figures, no log."""
    path = data_dir / FILE
    try:
        new = path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(counts))
        new.replace(path)
    except OSError as error:
        log.warning("%s can't be written: %s", path, error)
