"""Compressed data: gzip, deflate and zstd, unpacked member by member in small steps, as a few bytes can become many."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import zstandard

from app.errors import InvalidRecord, Problem, TooLarge, UnsupportedMedia

#: A piece of a stream; None says that none comes for now.
Pieces = Iterator[bytes | None]
#: Makes what reads one member; it has `decompress`, `eof` and `unused_data`.
MakeReader = Callable[[], Any]

#: Encodings of a body (Content-Encoding) that are read.
ENCODINGS = ("gzip", "deflate", "zstd")
#: Most encodings of one body, one around the other, and most members of one: beside their bytes each takes time of its own, an empty
#: frame of zstd 1 µs, and a body of 260 KB could hold 30 million of them in two layers.
LAYERS, MEMBERS = 2, 100_000

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


def inflate(body: bytes, encoding: str | None, limit: int) -> bytes:
    """Return *body* without its Content-Encoding; never holds more than *limit* bytes and a piece.

    Raises TooLarge beyond the limit and for more than MEMBERS, UnsupportedMedia for another encoding and more than LAYERS of them,
    InvalidRecord for broken data.
    """
    names = [part.strip().lower() for part in (encoding or "").split(",")]
    layers = [name for name in names if name not in ("", "identity")]
    if len(layers) > LAYERS:
        raise UnsupportedMedia(Problem(f"has more than {LAYERS} encodings, one around the other", "Content-Encoding"))
    for name in reversed(layers):
        if name not in ENCODINGS:
            known = ", ".join(ENCODINGS)
            raise UnsupportedMedia(Problem(f"{name!r} is not an encoding that is read: {known}", "Content-Encoding"))
        make = {"gzip": gzip, "zstd": zstd}.get(name, partial(deflate, body))
        try:
            body = _bounded(members(iter([body]), _few(make())), limit) if body else body
        except ERRORS as error:
            raise InvalidRecord(Problem(f"the body is not {name}: {error}", "Content-Encoding")) from None
    return body


def _few(make: MakeReader) -> MakeReader:
    """Return *make* for at most MEMBERS; raises TooLarge beyond."""
    left = iter(range(MEMBERS))

    def made() -> Any:
        if next(left, None) is None:
            raise TooLarge(Problem(f"the body has more than {MEMBERS:,} parts that are compressed each for itself"))
        return make()

    return made


def _bounded(pieces: Pieces, limit: int) -> bytes:
    whole = bytearray()
    for piece in pieces:
        whole += piece or b""
        if len(whole) > limit:
            raise TooLarge(Problem(f"the body holds more than {limit:,} bytes once decompressed"))
    return bytes(whole)
