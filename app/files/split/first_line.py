"""Sources of whose logs the first lines are known by a pattern."""

from __future__ import annotations

from app.files.formats import Format
from app.files.split.entry import JOINED_LINES, Entry, Line
from app.files.split.splitter import Splitter, bounded
from app.log.lines import ansi
from app.query.meaning import regex
from app.times.written import Assumed


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


def splitter_of(format: Format, assumed: Assumed) -> Splitter:
    """Return what splits the lines of a source."""
    if assumed.first_line is None:
        return Splitter(format, assumed)
    return FirstLineSplitter(format, assumed, assumed.first_line)
