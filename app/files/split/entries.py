"""Entries: what of a source makes one log, in its own lines or in those that a container's were kept in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.files import kept
from app.files.formats import Format
from app.files.kept import Carried, Kept, Reader
from app.files.split import joins
from app.files.split.crossing import CrossedSource, CrossedSources
from app.files.split.entry import JOINED_CHARACTERS, Entry, Line
from app.files.split.first_line import splitter_of
from app.files.split.splitter import Splitter
from app.times.written import Assumed


def entries(lines: Iterable[Line | None], format: Format, assumed: Assumed) -> Iterator[Entry | None]:
    """Yield the entries of *lines*. None among the lines says that none comes for now: the last entry is whole."""
    if format.inner is not None:
        yield from _Unwrapping(format, format.inner, format.keep or kept.read, assumed).entries(lines)
        return
    if format.processes and assumed.first_line is None:
        yield from _Processes(format, assumed).entries(lines)
        return
    splitter = splitter_of(format, assumed)
    sequence = format.name == "json"
    for line in lines:
        if line is None:
            if (entry := splitter.end()) is not None:
                yield entry
            yield None
        elif sequence and _SEPARATOR in line.text:
            for part in _texts(line):
                if (entry := splitter.take(part)) is not None:
                    yield entry
        elif (entry := splitter.take(line)) is not None:
            yield entry
    if (entry := splitter.end()) is not None:
        yield entry


def _texts(line: Line) -> Iterator[Line]:
    """Yield the texts that begin on a line of a sequence of JSON texts (RFC 7464): one that was cut has another behind it."""
    start = place = line.start
    *begun, last = line.text.split(_SEPARATOR)
    for text in begun:
        place = min(place + len(text.encode("utf-8", "surrogatepass")) + 1, line.end)
        if text:
            yield Line(text, start, place, line.number)
            start = place
    yield Line(last, start, line.end, line.number)


#: Stands before each text of a sequence (RFC 7464, section 2.1); no text of JSON holds it as it is.
_SEPARATOR = "\x1e"
#: Stands beside a line that nobody kept.
_WHOLE = Kept("", False, "", None, {})


class _Unwrapping(CrossedSources):
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

    def _whole(self, source: CrossedSource, ended: Entry) -> None:
        """Note the entry of the lines that hold the one that *ended*."""
        (first, outer), *more = source.pending
        source.pending = []
        last = more[-1][0] if more else first
        size = sum(len(line.text) for line, _ in (*more, (first, outer)))
        entry = Entry(first.text, first.start, last.end, first.number, [line.text for line, _ in more], size=size)
        entry.kept = Carried(ended, self._inner, outer)
        self._hold(entry)


class _Processes(CrossedSources):
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

    def _turn(self, before: str, name: str) -> CrossedSource:
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
        """Return the process that wrote a line: the process named in its head, else that whose trace goes on, else the last writer."""
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
