"""Entries: what of a source makes one log, in its own lines or in those that a container's were kept in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.files import kept
from app.files.entry import JOINED_CHARACTERS, JOINED_LINES, Entry, Line
from app.files.formats import Format
from app.files.kept import Carried, Kept
from app.files.splitter import Splitter, bounded
from app.log.lines import ansi
from app.query.meaning import regex
from app.times.written import Assumed


def entries(lines: Iterable[Line | None], format: Format, assumed: Assumed) -> Iterator[Entry | None]:
    """Yield the entries of *lines*. None among the lines says that none comes for now: the last entry is whole."""
    if format.inner is not None:
        yield from _Unwrapping(format, format.inner, assumed).entries(lines)
        return
    splitter = _splitter(format, assumed)
    for line in lines:
        if line is None:
            if (entry := splitter.end()) is not None:
                yield entry
            yield None
        elif (entry := splitter.take(line)) is not None:
            yield entry
    if (entry := splitter.end()) is not None:
        yield entry


class FirstLineSplitter(Splitter):
    """A Splitter for a source of whose logs the first lines are known by a pattern: every other line goes on with the log before."""

    def __init__(self, format: Format, assumed: Assumed, first_line: str) -> None:
        super().__init__(format, assumed)
        self._first = regex(first_line)

    def take(self, line: Line) -> Entry | None:
        """See Splitter."""
        entry, text = self._pending, ansi.stripped(line.text)
        if line.text.startswith("\0"):
            return self._behind_gap(line)
        if entry is not None and self._first.search(text) is None:
            if not text.strip() and len(self._blank) < JOINED_LINES:
                self._blank.append(line)
                return None
            if bounded(entry):
                self._join(line, line.text)
                return None
            entry.cut = True
        elif not text.strip():
            return None
        return self._begin_object(line) if line.text.startswith('{"') else self._begin(line, None)


def _splitter(format: Format, assumed: Assumed) -> Splitter:
    """Return what splits the lines of a source."""
    if assumed.first_line is None:
        return Splitter(format, assumed)
    return FirstLineSplitter(format, assumed, assumed.first_line)


class _Unwrapping:
    """Takes lines that hold a container's lines: those are put together again, then split as the container wrote them."""

    def __init__(self, format: Format, inner: Format, assumed: Assumed) -> None:
        self._format = inner
        self._inner = _splitter(inner, assumed)
        self._outer = Splitter(format, assumed)
        #: The lines, as they were kept, of the entry that is pending, and of the line of which only parts have come.
        self._pending: list[tuple[Line, Kept]] = []
        self._parts: list[tuple[Line, Kept]] = []

    def entries(self, lines: Iterable[Line | None]) -> Iterator[Entry | None]:
        """Yield the entries of *lines* as `entries` does."""
        for line in lines:
            outer = None if line is None else kept.read(line.text)
            if line is None or outer is None:
                yield from self._end()
                if line is None:
                    yield None
                elif (entry := self._outer.take(line)) is not None:
                    yield entry
                continue
            if (entry := self._outer.end()) is not None:
                yield entry
            before = self._parts or self._pending
            if before and before[0][1].source != outer.source:
                yield from self._end()
            self._parts.append((line, outer))
            if not outer.partial or line.end - self._parts[0][0].start > JOINED_CHARACTERS:
                yield from self._feed()
        yield from self._end()

    def _feed(self) -> Iterator[Entry]:
        """Give the line whose parts have come to the inner splitter."""
        parts, self._parts = self._parts, []
        first, last = parts[0][0], parts[-1][0]
        text = "".join(outer.text for _, outer in parts)
        ended = self._inner.take(Line(text, first.start, last.end, first.number))
        if ended is not None:
            yield self._whole(ended)
        self._pending += parts

    def _end(self) -> Iterator[Entry]:
        if self._parts:
            yield from self._feed()
        if (ended := self._inner.end()) is not None:
            yield self._whole(ended)
        if (entry := self._outer.end()) is not None:
            yield entry
        self._pending.clear()

    def _whole(self, ended: Entry) -> Entry:
        """Return the entry of the lines that hold the one that *ended*."""
        (first, outer), *more = self._pending
        self._pending = []
        last = more[-1][0] if more else first
        size = last.end - first.start
        entry = Entry(first.text, first.start, last.end, first.number, [line.text for line, _ in more], size=size)
        entry.kept = Carried(ended, self._format, outer)
        return entry
