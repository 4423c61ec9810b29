"""Checksums of what a file keeps compressed: bytes that changed on the disk are an error, never a wrong log.

Damage mostly shows when bytes are decompressed, but a bit of what is kept as it is (hex digits, short columns), or a part that
came to lie in another's place, gives other logs without any fault. So CRC-32 stands behind each part, begun with what the
part is and which segment it belongs to. zstd's own checksum is of the content, a frame each, and knows nothing of either.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

import msgspec

log = logging.getLogger(__name__)

#: Begins what has a checksum; no text in MessagePack, which is what earlier releases kept, begins with it.
_MARK = b"\xc1"
_SIZE = 4
#: The CRC-32 of anything with its own CRC-32 behind it, whatever it was begun with: one call compares.
_WHOLE = 0x2144_DF1C

#: Damage that was said.
_noted = set[tuple[str, int]]()
_encode = msgspec.msgpack.Encoder().encode


class DamagedPart(ValueError):
    """The bytes that were read are not those that were written."""


@lru_cache(maxsize=64)
def _named(name: str) -> int:
    return crc32(name.encode())


def start(stamp: int, name: str) -> int:
    """Return what the checksum of a segment's part begins with: the segment's stamp, and the name of the part's column."""
    return stamp & 0xFFFF_FFFF ^ _named(name)


def sealed(data: bytes, begun: int) -> bytes:
    """Return *data* with its checksum."""
    marked = _MARK + data
    return marked + crc32(marked, begun).to_bytes(_SIZE, "little")


def has(packed: bytes) -> bool:
    """Return whether *packed* has a checksum; what an earlier release wrote has none."""
    return packed[:1] == _MARK


def opened(packed: bytes, begun: int, *, always: bool = False) -> bytes:
    """Return what was sealed; raises DamagedPart where it is anything else. What has no checksum is returned as it is, unless all *always* have one."""
    if packed[:1] != _MARK and not always:
        return packed
    if crc32(packed, begun) != _WHOLE:
        raise DamagedPart("its bytes are not those that were written")
    return packed[1:-_SIZE]


def note(what: str, first: int, last: int) -> None:
    """Log once in a process that *what* makes searches quicker is damaged for these places."""
    if (what, first) not in _noted:
        _noted.add((what, first))
        log.error(
            "the %s of the places %d to %d are damaged: the logs themselves are asked, which takes longer; "
            "`logingestor rebuild` makes them anew",
            what,
            first,
            last,
        )


def of_row(values: Sequence[object]) -> int:
    """Return the checksum of a segment's row: its first and last place, its logs, its stamp, and its lowest and highest id."""
    return crc32(_encode(list(values)))
