"""Compressed data: gzip, deflate and zstd, unpacked member by member in small steps, as a few bytes can become many."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import zstandard

#: A piece of a stream; None says that none comes for now.
Pieces = Iterator[bytes | None]
#: Makes what reads one member; it has `decompress`, `eof` and `unused_data`.
MakeReader = Callable[[], Any]

#: Exceptions that broken data raises while it is unpacked.
ERRORS = (EOFError, zlib.error, zstandard.ZstdError)
#: Bytes unpacked at once, which bounds the memory of the records made from them.
_AT_ONCE = 4_096
#: Largest window a zstd frame may ask for, in bytes: what `zstd --ultra` can make.
_ZSTD_WINDOW = 1 << 27


def gzip() -> MakeReader:
    """Return what makes readers of members of gzip (RFC 1952)."""
    return lambda: zlib.decompressobj(31)


def zstd() -> MakeReader:
    """Return what makes readers of frames of zstd (RFC 8878), one behind the other: what they share takes longest to make."""
    return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj


def deflate(start: bytes) -> MakeReader:
    """Return what makes readers of deflate, with the header of RFC 1950 if data that begin with *start* have it, or without."""
    bits = 15 if start and start[0] & 0x0F == 8 else -15
    return lambda: zlib.decompressobj(bits)


def members(pieces: Pieces, make: MakeReader) -> Pieces:
    """Yield what *pieces* hold, any number of members with NUL bytes between them; raises one of ERRORS for broken data."""
    # The first member begins at once: deflate without a header may begin with a NUL byte.
    reader = make()
    for piece in pieces:
        if piece is None:
            yield None
            continue
        for at in range(0, len(piece), _AT_ONCE):
            part = piece[at : at + _AT_ONCE]
            while part := part if reader else part.lstrip(b"\0"):
                reader = reader or make()
                yield reader.decompress(part)
                part = reader.unused_data if reader.eof else b""
                reader = None if reader.eof else reader
    if reader is not None:
        raise EOFError("it ends too early")
