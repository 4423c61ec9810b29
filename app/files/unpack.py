"""From bytes to text: compressed streams, recognized by their first bytes (gzip, bzip2, xz and zstd, each of any number of members), and lines."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable
from itertools import chain

from app.log import packed
from app.log.packed import MakeReader, Pieces

#: Exceptions that broken data raises while it is unpacked.
ERRORS = (*packed.ERRORS, OSError, lzma.LZMAError)

#: By the first bytes of a stream: each has its own maker of readers of its members.
_READERS: tuple[tuple[bytes, Callable[[], MakeReader]], ...] = (
    (b"\x1f\x8b", packed.gzip),
    (b"BZh", lambda: bz2.BZ2Decompressor),
    (b"\xfd7zXZ\0", lambda: lzma.LZMADecompressor),
    (b"\x28\xb5\x2f\xfd", packed.zstd),
)
_LONGEST = max(len(magic) for magic, _ in _READERS)


def is_packed(start: bytes) -> bool:
    """Return whether a stream that begins with *start* is compressed."""
    return _reader(start) is not None


def _reader(start: bytes) -> Callable[[], MakeReader] | None:
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
    return whole if make is None else packed.members(whole, make())


def decode(line: bytes) -> str:
    """Return the text of a line: UTF-8, else Latin-1, in which every byte is a character.

    A line that holds characters of UTF-8 beside other bytes is UTF-8 that was damaged: such a byte is shown as `\\xff`.
    """
    try:
        return line.decode()
    except UnicodeDecodeError:
        text = line.decode("utf-8", "surrogateescape")
    if any(sign > "\x7f" and not "\udc80" <= sign <= "\udcff" for sign in text):
        return line.decode("utf-8", "backslashreplace")
    return line.decode("latin-1")
