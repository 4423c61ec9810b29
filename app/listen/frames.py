"""Frames: what of a stream of syslog is one message.

RFC 6587 has two framings: a count of octets before the message, and a line feed behind it. Real senders mix them up:
rsyslog and syslog-ng count the line feed too, a count may come in a segment of its own, log4j sends nothing at all between
two messages, and stack traces bring line feeds inside a message. So each frame is decided by its own first bytes.

Others send no syslog at all over such a connection, but lines of JSON or of text, as to a Logstash: see app/listen/lines.py.
"""

from __future__ import annotations

import re

from app.listen import lines
from app.listen.lines import Whole

#: Most lines and bytes that are joined into one message.
JOINED_LINES, JOINED_BYTES = 1_000, 1 << 20
_COUNTED = re.compile(rb"([1-9]\d{0,6}) <")
_COUNTING = re.compile(rb"[1-9]\d{0,6} ?\Z")
#: The beginning of a message in the middle of a line: behind a blank or a quotation mark it is quoted by the message itself.
GLUED = re.compile(rb"(?<![\s\"'(:=\[])(?=<\d{1,3}>(?:1 (?:\d{4}-\d\d-\d\dT|- )|[A-Z][a-z]{2} [ \d]\d \d\d:))")
#: Most bytes of what GLUED looks at.
HEADER_BYTES = 32
_BETWEEN = b"\n\0\r"


class Frames:
    """The frames of one connection; *limit* is the most bytes of one, longer ones are cut into several."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        #: Up to where the buffer was searched for an end without finding one.
        self._searched = 0
        #: A message that ended with a line feed: lines without a header that follow belong to it.
        self._open: list[bytes] = []
        self._size = 0

    @property
    def pending(self) -> bool:
        """Whether something waits for what comes next, or for `flush`."""
        return bool(self._buffer or self._open)

    def feed(self, data: bytes) -> list[Whole]:
        """Take what the connection brought; return what is whole by now, for `lines.apart`."""
        self._buffer += data
        whole: list[Whole] = []
        while self._buffer and (self._lines(whole) or self._next(whole)):
            pass
        return whole

    def flush(self) -> list[Whole]:
        """Return what is left, though nothing says that it is whole: the sender rests, or has gone."""
        whole: list[Whole] = []
        rest = bytes(self._buffer).strip(_BETWEEN)
        self._drop(len(self._buffer))
        if rest:
            self._line(rest, whole)
        self._close(whole)
        return whole

    def _lines(self, whole: list[Whole]) -> bool:
        """Move messages that a line feed ends each, as most senders frame them, from the buffer to *whole*; False where none is next."""
        buffer = self._buffer
        end = buffer.rfind(b"\n") if buffer.startswith(b"<") and b"\0" not in buffer else -1
        if end < 0:
            return False
        taken = 0
        for line in bytes(buffer[:end]).split(b"\n"):
            if not line.startswith(b"<"):
                break
            taken += len(line) + 1
            self._line(line.removesuffix(b"\r"), whole)
        self._drop(taken)
        return True

    def _next(self, whole: list[Whole]) -> bool:
        """Move the next frame from the buffer to *whole*; False when it has not arrived."""
        buffer = self._buffer
        if buffer and buffer[0] in _BETWEEN:
            del buffer[: len(buffer) - len(buffer.lstrip(_BETWEEN))]
        # A message that begins at once is not counted, and most do.
        bare = buffer.startswith(b"<")
        if not buffer or (not bare and _COUNTING.match(buffer)):
            return False
        counted = None if bare else _COUNTED.match(buffer)
        if counted is not None and int(counted[1]) <= self._limit:
            start, end = counted.end() - 1, counted.end() - 1 + int(counted[1])
            if len(buffer) < end:
                return False
            self._close(whole)
            whole.append(bytes(buffer[start:end]).removesuffix(b"\0").removesuffix(b"\n"))
            self._drop(end)
            return True
        end = self._end_of_line()
        after = end + 1
        if end < 0:
            # The message has no end yet; the beginning of the next one, glued to it, ends it too.
            following = GLUED.search(buffer, max(1, self._searched - HEADER_BYTES))
            if following is None and len(buffer) <= self._limit:
                self._searched = len(buffer)
                return False
            end = after = self._limit if following is None else following.start()
        line = bytes(buffer[:end]).removesuffix(b"\r")
        self._drop(after)
        self._line(line, whole)
        return True

    def _end_of_line(self) -> int:
        """Return the place of the first line feed or NUL that was not looked for yet; -1 without one."""
        feed = self._buffer.find(b"\n", self._searched)
        nul = self._buffer.find(b"\0", self._searched, feed if feed >= 0 else len(self._buffer))
        return feed if nul < 0 else nul

    def _drop(self, until: int) -> None:
        del self._buffer[:until]
        self._searched = 0

    def _line(self, line: bytes, whole: list[Whole]) -> None:
        """Take one line: a message, several without anything between them, or more of the message before."""
        if line.startswith(b"<") and line.find(b"<", 1) < 0:
            self._close(whole)
            self._open, self._size = [line], len(line)
            return
        for piece in GLUED.split(line) if line.find(b"<", 1) > 0 else (line,):
            if not piece:
                continue
            fits = len(self._open) < JOINED_LINES and self._size + len(piece) <= JOINED_BYTES
            if piece.startswith(b"<") or not self._open or not fits or lines.is_next_object(self._open, piece):
                self._close(whole)
            self._open.append(piece)
            self._size += len(piece)

    def _close(self, whole: list[Whole]) -> None:
        if len(self._open) > 1 and not self._open[0].startswith(b"<"):
            whole.append(tuple(self._open))
        elif self._open:
            whole.append(b"\n".join(self._open))
        self._open, self._size = [], 0
