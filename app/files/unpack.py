"""Compressed streams, recognized by their first bytes: gzip, bzip2, xz and zstd, each of any number of members."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import zstandard

#: A piece; None says that none comes for now.
Pieces = Iterator[bytes | None]

#: Exceptions that broken data raises while it is unpacked.
ERRORS = (EOFError, OSError, zlib.error, lzma.LZMAError, zstandard.ZstdError)
#: Bytes unpacked at once, so that what they become stays small.
_AT_ONCE = 4_096
#: Largest window a zstd frame may ask for, in bytes: what `zstd --ultra` can make.
_ZSTD_WINDOW = 1 << 27

#: By its first bytes, what reads a member; each has `decompress`, `eof` and `unused_data`.
_READERS: tuple[tuple[bytes, Callable[[], Any]], ...] = (
    (b"\x1f\x8b", lambda: zlib.decompressobj(31)),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\0", lzma.LZMADecompressor),
    (b"\x28\xb5\x2f\xfd", lambda: zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()),
)
_LONGEST = max(len(magic) for magic, _ in _READERS)


def is_packed(start: bytes) -> bool:
    """Return whether a stream that begins with *start* is compressed."""
    return _reader(start) is not None


def _reader(start: bytes) -> Callable[[], Any] | None:
    return next((make for magic, make in _READERS if start.startswith(magic)), None)


def peeked(pieces: Pieces, count: int) -> tuple[bytes, Pieces]:
    """Return the beginning, of *count* bytes or more unless a pause or the end comes first, and what follows."""
    start = b""
    for piece in pieces:
        start += piece or b""
        if piece is None and start:
            return start, chain([None], pieces)
        if len(start) >= count:
            break
    return start, pieces


def unpacked(pieces: Pieces) -> Pieces:
    """Return what *pieces* hold, decompressed where they are compressed; raises one of ERRORS for broken data."""
    start, rest = peeked(pieces, _LONGEST)
    make, whole = _reader(start), chain([start], rest)
    return whole if make is None else _members(whole, make)


def _members(pieces: Pieces, make: Callable[[], Any]) -> Pieces:
    reader = None
    for piece in pieces:
        if piece is None:
            yield None
            continue
        for at in range(0, len(piece), _AT_ONCE):
            part = piece[at : at + _AT_ONCE]
            while part := part if reader else part.lstrip(b"\0"):  # a member may be padded
                reader = reader or make()
                yield reader.decompress(part)
                part = reader.unused_data if reader.eof else b""
                reader = None if reader.eof else reader
    if reader is not None:
        raise EOFError("it ends too early")
