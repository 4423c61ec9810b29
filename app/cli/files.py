"""Files of logs as pieces of bytes and lines: compressed or not, UTF-16 or not, or a pipe that is still being written."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import select
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from app.core.errors import InvalidInput, Problem
from app.core.formats_entries import Line

#: Bytes read at once.
PIECE_BYTES = 1 << 20
#: Seconds without input after which what came through a pipe is passed on.
IDLE_SECONDS = 0.2
#: Largest window a zstd frame may ask for, in bytes: what `zstd --ultra` can make.
_ZSTD_WINDOW = 1 << 27

#: A piece; None says that none comes for now.
Pieces = Iterator[bytes | None]


def open_file(path: Path) -> BinaryIO:
    """Open the file; raises InvalidInput when it can't be read."""
    try:
        if path.is_dir():
            raise InvalidInput(Problem("is a folder", str(path)))
        return path.open("rb")
    except OSError as error:
        raise InvalidInput(Problem(error.strerror or str(error), str(path))) from None


def pieces(file: BinaryIO) -> Pieces:
    """Yield the text of *file*, decompressed and in UTF-8; raises InvalidInput where compressed data is broken."""
    start = file.read(6)
    file.seek(0)
    try:
        yield from _decoded(_unpacked(file, start))
    except (EOFError, OSError, zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
        raise InvalidInput(Problem(f"can't be read to its end: {error}", file.name)) from error


def _unpacked(file: BinaryIO, start: bytes) -> Iterator[bytes]:
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        return _unzstd(file)
    openers: tuple[tuple[bytes, Callable[[BinaryIO], io.BufferedIOBase]], ...] = (
        (b"\x1f\x8b", lambda raw: gzip.GzipFile(fileobj=raw)),
        (b"BZh", bz2.BZ2File),
        (b"\xfd7zXZ\0", lzma.LZMAFile),
    )
    stream: BinaryIO | io.BufferedIOBase = file
    for magic, opened in openers:
        if start.startswith(magic):
            stream = opened(file)
    return iter(lambda: stream.read(PIECE_BYTES), b"")


def _unzstd(file: BinaryIO) -> Iterator[bytes]:
    """Yield the pieces of any number of frames; a stream reader would take a cut frame for a whole one."""
    reader = None
    while part := file.read(4096):
        while part:
            reader = reader or zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
            yield reader.decompress(part)
            part = reader.unused_data if reader.eof else b""
            reader = None if reader.eof else reader
    if reader is not None:
        raise EOFError("it ends too early")


def _decoded(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Turn UTF-16 with its mark, which Windows writes, into UTF-8; drop the mark of UTF-8."""
    first = next((part for part in parts if part), b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        decoder = codecs.getincrementaldecoder("utf-16")("replace")
        yield decoder.decode(first).encode()
        for part in parts:
            yield decoder.decode(part).encode()
        yield decoder.decode(b"", final=True).encode()
        return
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from parts


def piped() -> Pieces:
    """Yield what standard input gives, as soon as it does; None when nothing came for a moment."""
    stream = sys.stdin.buffer
    try:
        descriptor = stream.fileno()
        live = not stat.S_ISREG(os.fstat(descriptor).st_mode)
    except (OSError, io.UnsupportedOperation):
        live = False
    if not live:
        yield from iter(lambda: stream.read(PIECE_BYTES), b"")
        return
    while True:
        ready, _, _ = select.select([descriptor], [], [], IDLE_SECONDS)
        if not ready:
            yield None
            select.select([descriptor], [], [])
        part = os.read(descriptor, PIECE_BYTES)
        if not part:
            return
        yield part


def lines(parts: Iterable[bytes | None], *, limit: int, begin: int = 0, cut: int = 0) -> Iterator[Line | None]:
    """Yield the lines that end behind offset *begin*, and None behind the one that ends at *cut*.

    Where *cut* lies inside a line, as it does when the file ended there before, the line is cut in two.
    What a line has over *limit* bytes is read over.
    """
    place = number = over = 0
    rest = b""
    for piece in parts:
        if piece is None:
            yield None
            continue
        part = piece
        if over:
            head, newline, tail = piece.partition(b"\n")
            over += len(head)
            if not newline:
                continue
            part = newline + tail
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            end = place + len(line) + over + 1
            yield from _halves(line, place, end, number, begin, cut)
            place, number, over = end, number + 1, 0
        over += max(len(rest) - limit, 0)
        rest = rest[:limit]
    if rest:
        yield from _halves(rest, place, place + len(rest) + over, number, begin, cut)


def _halves(line: bytes, start: int, end: int, number: int, begin: int, cut: int) -> Iterator[Line | None]:
    """Yield what of the line lies behind *begin*, in two where *cut* lies inside it."""
    if max(start, begin) < cut < min(end, start + len(line)):
        yield _line(line[: cut - start], start, cut, number, begin)
        yield None
        begin = cut
    if end > begin:
        yield _line(line, start, end, number, begin)
    if end == cut:
        yield None


def _line(line: bytes, start: int, end: int, number: int, begin: int) -> Line:
    return Line(decode(line[max(begin - start, 0) :].removesuffix(b"\r")), max(start, begin), end, number)


def decode(line: bytes) -> str:
    """Return the text of a line: UTF-8, else Latin-1, in which every byte is a character."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")
