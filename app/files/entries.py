"""Entries: what of a source makes one log, in its own lines or in those that a container's were kept in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter

from app.files import joins, kept
from app.files.entry import JOINED_CHARACTERS, JOINED_LINES, Entry, Line
from app.files.formats import Format
from app.files.kept import Carried, Kept, Reader
from app.files.splitter import Splitter, bounded
from app.log.lines import ansi
from app.query.meaning import regex
from app.times.written import Assumed

#: Entries, their characters, and sources from which on what was begun is taken as ended: the entries wait for it in memory.
_HELD, _HELD_CHARACTERS, _BEGUN = 1_000, 4 << 20, 10_000


def entries(lines: Iterable[Line | None], format: Format, assumed: Assumed) -> Iterator[Entry | None]:
    """Yield the entries of *lines*. None among the lines says that none comes for now: the last entry is whole."""
    if format.inner is not None:
        yield from _Unwrapping(format, format.inner, format.keep or kept.read, assumed).entries(lines)
        return
    if format.processes and assumed.first_line is None:
        yield from _Processes(format, assumed).entries(lines)
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


#: Stands beside a line that nobody kept.
_WHOLE = Kept("", False, "", None, {})


class _Source:
    """One of those whose lines lie within each other: its own lines, split as it wrote them."""

    def __init__(self, inner: Splitter) -> None:
        self.inner = inner
        #: The lines, as they were kept, of the entry that is pending, and of the line of which only parts have come.
        self.pending: list[tuple[Line, Kept]] = []
        self.parts: list[tuple[Line, Kept]] = []

    @property
    def first(self) -> Line | None:
        """The first line of what is pending."""
        held = self.pending or self.parts
        return held[0][0] if held else None


class _Sources:
    """Several sources in one: the entries between two places at which none is begun are given together.

    A source is taken again from such a place only.
    """

    def __init__(self, inner: Format, assumed: Assumed) -> None:
        self._inner, self._assumed = inner, assumed
        self._sources: dict[str, _Source] = {}
        self._done: list[Entry] = []
        #: How many characters those have that are done, and where the last of them ends.
        self._size = self._reach = 0
        #: A source that began something before that.
        self._blocker: _Source | None = None

    def _source(self, name: str) -> _Source:
        source = self._sources.get(name)
        if source is None:
            source = self._sources[name] = _Source(_splitter(self._inner, self._assumed))
        return source

    def _released(self, line: Line) -> Iterator[Entry]:
        """Yield what has ended before all that is pending; where too much waits, take as ended what was begun before *line*."""
        if len(self._done) >= _HELD or self._size >= _HELD_CHARACTERS or len(self._sources) >= _BEGUN:
            for name, source in [*self._sources.items()]:
                if source.first is None or source.first.start < line.start:
                    self._close(source)
                    del self._sources[name]
        elif self._done and not self._is_blocked():
            begun = ((one.first.start, one) for one in self._sources.values() if one.first is not None)
            self._blocker = min(begun, key=itemgetter(0), default=(0, None))[1]
        if self._done and not self._is_blocked():
            yield from self._together()

    def _is_blocked(self) -> bool:
        first = None if self._blocker is None else self._blocker.first
        return first is not None and first.start < self._reach

    def _together(self) -> Iterator[Entry]:
        done, self._done = self._done, []
        self._size = self._reach = 0
        if len(done) > 1:
            done.sort(key=lambda entry: entry.start)
        end = max((entry.end for entry in done), default=0)
        for number, entry in enumerate(done, 1):
            entry.tied = number < len(done)
            if not entry.tied:
                entry.end = end
            yield entry

    def _feed(self, source: _Source) -> None:
        """Give the line whose parts have come to the splitter of its source."""
        parts, source.parts = source.parts, []
        first, last = parts[0][0], parts[-1][0]
        text = "".join(kept.text for _, kept in parts)
        ended = source.inner.take(Line(text, first.start, last.end, first.number))
        if ended is not None:
            self._whole(source, ended)
        source.pending += parts

    def _close(self, source: _Source) -> None:
        if source.parts:
            self._feed(source)
        if (ended := source.inner.end()) is not None:
            self._whole(source, ended)
        source.pending.clear()

    def _whole(self, source: _Source, ended: Entry) -> None:
        """Note the entry that *ended*."""
        source.pending.clear()
        self._hold(ended)

    def _hold(self, entry: Entry) -> None:
        self._done.append(entry)
        self._size += entry.size
        self._reach = max(self._reach, entry.end)


class _Unwrapping(_Sources):
    """Takes lines that hold a container's lines: those of each stream are put together again, then split as it wrote them."""

    def __init__(self, format: Format, inner: Format, keep: Reader, assumed: Assumed) -> None:
        super().__init__(inner, assumed)
        self._keep = keep
        self._outer = Splitter(format, assumed)

    def entries(self, lines: Iterable[Line | None]) -> Iterator[Entry | None]:
        """Yield the entries of *lines* as `entries` does."""
        for line in lines:
            outer = None if line is None else self._keep(line.text)
            if line is None or outer is None:
                yield from self._end()
                if line is None:
                    yield None
                elif (entry := self._outer.take(line)) is not None:
                    yield entry
                continue
            if (entry := self._outer.end()) is not None:
                yield entry
            source = self._source(outer.source)
            source.parts.append((line, outer))
            if not outer.partial or line.end - source.parts[0][0].start > JOINED_CHARACTERS:
                self._feed(source)
            yield from self._released(line)
        yield from self._end()

    def _end(self) -> Iterator[Entry]:
        for source in self._sources.values():
            self._close(source)
        yield from self._together()
        if (entry := self._outer.end()) is not None:
            yield entry

    def _whole(self, source: _Source, ended: Entry) -> None:
        """Note the entry of the lines that hold the one that *ended*."""
        (first, outer), *more = source.pending
        source.pending = []
        last = more[-1][0] if more else first
        size = sum(len(line.text) for line, _ in (*more, (first, outer)))
        entry = Entry(first.text, first.start, last.end, first.number, [line.text for line, _ in more], size=size)
        entry.kept = Carried(ended, self._inner, outer)
        self._hold(entry)


class _Processes(_Sources):
    """Takes the lines of processes that write into one file: an entry of one that is sure to go on waits while others write."""

    def entries(self, lines: Iterable[Line | None]) -> Iterator[Entry | None]:
        """Yield the entries of *lines* as `entries` does."""
        name = ""
        for line in lines:
            if line is None:
                yield from self._end()
                yield None
                continue
            before, name = name, self._name(line.text, name)
            source = self._turn(before, name)
            ended = source.inner.take(line)
            if ended is not None:
                self._whole(source, ended)
            if not source.pending:
                source.pending.append((line, _WHOLE))
            if len(self._sources) == 1 and ended is not None and len(self._done) == 1:
                yield from self._together()
            elif self._done or len(self._sources) > 1:
                yield from self._released(line)
        yield from self._end()

    def _turn(self, before: str, name: str) -> _Source:
        """Return what takes the lines of the process *name* when the one *before* wrote last: another only where that one's entry waits."""
        source = self._sources.get(before)
        if name == before or source is None or source.inner.waits:
            return self._source(name)
        if name in self._sources:
            self._close(source)
            del self._sources[before]
        else:
            self._sources[name] = self._sources.pop(before)
        return self._sources[name]

    def _name(self, text: str, before: str) -> str:
        """Return the process that wrote a line: the one in its head; without one the one that wrote last, or whose trace goes on."""
        found = joins.HEADED_PROCESS.match(text)
        if found is not None:
            return found[1]
        source = self._sources.get(before)
        if source is not None and not source.inner.waits:
            waiting = [name for name, one in self._sources.items() if one.inner.traced]
            return waiting[0] if len(waiting) == 1 else before
        return before

    def _end(self) -> Iterator[Entry]:
        for source in self._sources.values():
            self._close(source)
        self._sources.clear()
        yield from self._together()
