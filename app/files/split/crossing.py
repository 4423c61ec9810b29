"""Sources that cross: what several wrote into one file, each split as it wrote, and the order in which their entries are given."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

from app.files.formats import Format
from app.files.kept import Kept
from app.files.split.entry import Entry, Line
from app.files.split.first_line import splitter_of
from app.files.split.splitter import Splitter
from app.times.written import Assumed

#: Entries, their characters, and sources from which on what was begun is taken as ended: the entries wait for it in memory.
_HELD, _HELD_CHARACTERS, _BEGUN = 1_000, 4 << 20, 10_000


class CrossedSource:
    """One of several sources whose lines are interleaved in a file: its own lines, split as if they stood alone."""

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


class CrossedSources:
    """Several interleaved sources in one file: entries are returned in groups, cut at places where no entry is half read.

    Reading a file on begins at such a place only.
    """

    def __init__(self, inner: Format, assumed: Assumed) -> None:
        self._inner, self._assumed = inner, assumed
        self._sources: dict[str, CrossedSource] = {}
        self._done: list[Entry] = []
        #: How many characters those have that are done, and where the last of them ends.
        self._size = self._reach = 0
        #: A source that began something before that.
        self._blocker: CrossedSource | None = None

    def _source(self, name: str) -> CrossedSource:
        source = self._sources.get(name)
        if source is None:
            source = self._sources[name] = CrossedSource(splitter_of(self._inner, self._assumed))
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

    def _feed(self, source: CrossedSource) -> None:
        """Give the line whose parts have come to the splitter of its source."""
        parts, source.parts = source.parts, []
        first, last = parts[0][0], parts[-1][0]
        text = "".join(kept.text for _, kept in parts)
        ended = source.inner.take(Line(text, first.start, last.end, first.number))
        if ended is not None:
            self._whole(source, ended)
        source.pending += parts

    def _close(self, source: CrossedSource) -> None:
        if source.parts:
            self._feed(source)
        if (ended := source.inner.end()) is not None:
            self._whole(source, ended)
        source.pending.clear()

    def _whole(self, source: CrossedSource, ended: Entry) -> None:
        """Note the entry that *ended*."""
        source.pending.clear()
        self._hold(ended)

    def _hold(self, entry: Entry) -> None:
        self._done.append(entry)
        self._size += entry.size
        self._reach = max(self._reach, entry.end)
