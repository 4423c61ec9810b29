"""Files of logs as pieces of bytes and lines: compressed or not, UTF-16 or not, or a pipe that is still being written."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from app.errors import InvalidInput, Problem
from app.files.split.entry import Line
from app.files.unpack import ERRORS, decode, peeked, unpacked
from app.log.packed import Pieces
from app.readable import readable

#: Bytes read at once.
PIECE_BYTES = 1 << 20
#: Seconds without input after which what came through a pipe is passed on.
IDLE_SECONDS = 0.2


def open_file(path: Path) -> BinaryIO:
    """Open the file; raises InvalidInput when it can't be read."""
    try:
        if path.is_dir():
            raise InvalidInput(Problem("is a folder"))
        return path.open("rb")
    except OSError as error:
        raise InvalidInput(Problem(error.strerror or str(error))) from None


def is_pipe(file: BinaryIO) -> bool:
    """Return whether the file lies on no disk, and so can be read once only."""
    return not stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def text(file: BinaryIO) -> Pieces:
    """Yield the text of *file*, decompressed and in UTF-8; of a pipe as soon as it comes.

    Where the file can't be read on, what came before is passed on, then InvalidInput is raised.
    """
    return _failing(_live(file) if is_pipe(file) else _read(file))


def text_again(file: BinaryIO) -> Pieces:
    """Yield the text of a regular *file* without moving the place at which it is read."""
    return _failing(_read_again(file))


def _failing(raw: Pieces) -> Pieces:
    try:
        yield from _decoded(unpacked(raw))
    except ERRORS as error:
        yield None
        raise InvalidInput(Problem(f"can't be read to its end: {error}")) from error


def _read(file: BinaryIO) -> Pieces:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _read_again(file: BinaryIO) -> Pieces:
    place = 0
    while piece := os.pread(file.fileno(), PIECE_BYTES, place):
        place += len(piece)
        yield piece


def _live(file: BinaryIO) -> Pieces:
    """Yield what a pipe gives as soon as it does; None when nothing came for a moment."""
    descriptor = file.fileno()
    while True:
        if not readable([descriptor], IDLE_SECONDS):
            yield None
            readable([descriptor])
        piece = os.read(descriptor, PIECE_BYTES)
        if not piece:
            return
        yield piece


def _decoded(pieces: Pieces) -> Pieces:
    """Turn UTF-16 with its mark, which Windows writes, into UTF-8; drop the mark of UTF-8."""
    start, rest = peeked(pieces, len(codecs.BOM_UTF8))
    if not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield start.removeprefix(codecs.BOM_UTF8)
        yield from rest
        return
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    yield decoder.decode(start).encode()
    for piece in rest:
        yield None if piece is None else decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


def lines(
    pieces: Iterable[bytes | None],
    *,
    limit: int,
    begin: int = 0,
    cut: int = 0,
    whole: Callable[[str], bool] = lambda _: True,
    passed: Callable[[str], None] | None = None,
) -> Iterator[Line | None]:
    """Yield the lines that end behind offset *begin*, and None behind the one that ends at *cut*; *passed* is given each comment before them.

    Where *cut* lies inside a line, as it does when the file ended there before, the line is cut in two.
    The bytes of a line beyond *limit* are left out. A last line without an end is left if it is not *whole*.
    """
    place = number = over = 0
    rest = b""
    for piece in pieces:
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
        *ended, rest = (rest + part).split(b"\n")
        for line in ended:
            end = place + len(line) + over + 1
            if end <= begin and passed is not None and line.startswith(b"#"):
                passed(decode(line.removesuffix(b"\r")))
            yield from _halves(line, place, end, number, begin, cut)
            place, number, over = end, number + 1, 0
        over += max(len(rest) - limit, 0)
        rest = rest[:limit]
    if rest and (cut > place or whole(decode(rest))):
        yield from _halves(rest, place, place + len(rest) + over, number, begin, cut)


def _halves(line: bytes, start: int, end: int, number: int, begin: int, cut: int) -> Iterator[Line | None]:
    """Yield what of the line lies behind *begin*, in two where *cut* lies before its end."""
    if max(start, begin) < cut < end:
        yield _line(line[: cut - start], start, cut, number, begin)
        yield None
        begin = cut
    if end > begin:
        yield _line(line, start, end, number, begin)
    if end == cut:
        yield None


def _line(line: bytes, start: int, end: int, number: int, begin: int) -> Line:
    return Line(decode(line[max(begin - start, 0) :].removesuffix(b"\r")), max(start, begin), end, number)
