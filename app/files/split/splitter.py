"""Splitting lines into entries: mostly a line is one; a stack trace, or what else goes on, is joined to it."""

from __future__ import annotations

import re
from typing import Any

from app.files import structured
from app.files.formats import Format
from app.files.split import db2diag, joins
from app.files.split.entry import JOINED_CHARACTERS, JOINED_LINES, Entry, Line, is_second
from app.log.lines import ansi
from app.log.record import SEVERITY
from app.times.written import Assumed

_WARNING = SEVERITY["warn"]
_BLANK = " \t"
#: A time in brackets before a level in capitals, which rich writes for the first log of a second only.
_TIMED = re.compile(r"\[[^\[\]]{5,40}\] (?=[A-Z]{4,8} )")


class Splitter:
    """Takes the lines of a source one by one, and gives the entry that ended."""

    def __init__(self, format: Format, assumed: Assumed) -> None:
        self._format = format
        self._assumed = assumed
        self._pending: Entry | None = None
        #: Blank lines behind the pending entry: a part of it if it goes on behind them.
        self._blank: list[Line] = []
        #: The time of the last log that had one, and what stood before its level.
        self._last: Any = None
        self._head = ""

    def end(self) -> Entry | None:
        """Return the entry that is pending, which is whole."""
        ended, self._pending = self._pending, None
        self._blank.clear()
        return ended

    @property
    def traced(self) -> bool:
        """Whether the pending entry is a trace of Python's whose error is still to come."""
        return self._pending is not None and self._pending.traced

    @property
    def waits(self) -> bool:
        """Whether the pending entry is sure to go on: a trace without its error, PostgreSQL's error without its statement."""
        entry = self._pending
        if entry is None or entry.found is None:
            return entry is not None and entry.traced
        return entry.traced or (joins.PART_SIGN in entry.first and entry.found.get("level") in joins.PARTED)

    def take(self, line: Line) -> Entry | None:
        """Take the next line; return the entry before it if that is whole now."""
        entry = self._pending
        if line.text.startswith("\0"):
            return self._behind_gap(line)
        if line.text.startswith('{"') and (entry is None or not (entry.open or entry.bracket)):
            return self._begin_object(line)
        text = ansi.stripped(line.text)
        if not text.strip():
            if entry is not None and len(self._blank) < JOINED_LINES:
                self._blank.append(line)
            return None
        if self._format.name == "plain":
            return self._begin(line, None)
        if entry is not None and bounded(entry) and self._is_inside(entry, line.text):
            self._join(line, line.text)
            return None
        if line.text.startswith('{"') or (self._format.name == "json" and line.text.startswith("{")):
            return self._begin(line, None)
        if self._is_repeated(text):  # rich writes a time once for all logs of its second
            return self._begin(line, self._format.read(self._head + text[len(self._head) :], self._assumed), asked=True)
        opened = entry is not None and entry.bracket and text[0] in _BLANK
        asked = not opened and (text[0] not in _BLANK or joins.may_begin(text))
        found = self._format.read(text, self._assumed) if asked else None
        if entry is None or (entry.first.startswith("{") and not entry.bracket):
            return self._begin(line, found, asked=asked)
        said = self._goes_on(entry, text, found)
        if said is None:
            return self._begin(line, found, asked=asked)
        if not bounded(entry):
            entry.cut = True
            return self._begin(line, found, asked=asked)
        self._join(line, said)
        return None

    def _is_repeated(self, text: str) -> bool:
        """Return whether a level stands in the column of the log before, and blanks in the place of its time."""
        column = len(self._head)
        if column == 0 or text[:column].strip() or text[column : column + 1] in (" ", ""):
            return False
        return joins.is_column(text[column:])

    def _is_inside(self, entry: Entry, text: str) -> bool:
        """Return whether the line lies within the object that the entry began: within a text, or before its last bracket."""
        if entry.quoted:
            entry.quoted = not structured.is_cut(text)
            return True
        return entry.open > 0 and not self._is_whole(text)

    def _is_whole(self, text: str) -> bool:
        """Return whether *text* is an object by itself: it begins a log though the one before was never closed."""
        return text.startswith("{") and structured.read_json(text, self._assumed) is not None

    def _behind_gap(self, line: Line) -> Entry | None:
        """Take a line behind NUL bytes: it begins an entry that says so; NUL bytes alone end the one before."""
        text = line.text.lstrip("\0")
        rest = line._replace(text=text, start=line.start + len(line.text) - len(text))
        ended = self.end()
        if not text.strip():
            return ended
        self.take(rest)
        if self._pending is not None:
            self._pending.gap = len(line.text) - len(text)
        return ended

    def _begin_object(self, line: Line) -> Entry | None:
        """Begin an entry with a line of JSON, whole or the first of several; it is read when its log is asked for."""
        ended = self.end()
        self._pending = entry = Entry(line.text, line.start, line.end, line.number, size=len(line.text))
        if self._format.name == "json" and structured.SPREAD.fullmatch(line.text):
            entry.open = structured.depth(line.text)
        elif line.text[-1:] != "}":
            entry.quoted = structured.is_cut(line.text)
        return ended

    def _begin(self, line: Line, found: dict[str, Any] | None, *, asked: bool = False) -> Entry | None:
        ended = self.end()
        entry = Entry(line.text, line.start, line.end, line.number, found=found, asked=asked, size=len(line.text))
        self._pending = entry
        if found is not None and "timestamp" in found:
            self._last = found["timestamp"]
            timed = _TIMED.match(line.text)
            self._head = timed[0] if timed is not None else self._head if self._is_repeated(line.text) else ""
        elif not line.text.startswith("{"):
            entry.before = self._last
        text = ansi.stripped(line.text)
        if self._format.name == "plain":
            return ended
        if self._format.name == "json" and structured.SPREAD.fullmatch(line.text):
            entry.open = structured.depth(line.text)
            return ended
        message = text if found is None else str(found["message"])
        entry.bracket = message.removesuffix("\n").endswith(joins.OPENS)
        if text.startswith(joins.STANZA_SIGNS) or db2diag.SIGN in text:
            entry.stanza = next((until for begins, until in joins.STANZAS if begins.match(text)), None)
        if joins.BLOCK_SIGN in message:
            entry.until = next((until for begins, until in joins.BLOCKS if begins.search(message)), None)
        if found is not None and text.endswith(message[-80:]) and ("timestamp" in found or self._format.npmlog):
            entry.column = max(len(text) - len(message), 0)
            if self._format.npmlog and text.startswith(f"{found.get('resourceId')} "):
                entry.column += message.find(" ") + 1  # behind a heading the prefix stands in the text
        _trace(entry, text if found is None or "timestamp" not in found else message, first=True)
        return ended

    def _join(self, line: Line, said: str) -> None:
        entry = self._pending
        assert entry is not None
        for blank in self._blank:
            entry.more.append(blank.text)
            if entry.said is not None:
                entry.said.append("")
        self._blank.clear()
        if entry.said is None and said is not line.text and said != line.text:
            entry.said = list(entry.more)
        entry.more.append(line.text)
        if entry.said is not None:
            entry.said.append(said)
        entry.end = line.end
        entry.size += len(line.text)
        if entry.open > 0:
            entry.open += structured.depth(line.text)
            return
        text = ansi.stripped(said)
        entry.bracket = text.removesuffix("\n").endswith(joins.OPENS) or (entry.bracket and text[:1] in _BLANK)
        _trace(entry, text, first=False)

    def _goes_on(self, entry: Entry, text: str, found: dict[str, Any] | None) -> str | None:
        """Return what the line adds to the entry's message, if it goes on with it; else None."""
        if entry.stanza is not None:
            return text if joins.in_stanza(entry.first, entry.more, entry.stanza, text, found) else None
        part = joins.PART.match(text) if joins.PART_SIGN in text else None
        if part is not None and joins.same_process(entry.first, text):
            return part["part"]
        if entry.free > 0 and (found is None or "timestamp" not in found):
            crash = joins.begun(text)
            return None if crash is not None and crash.alone else text
        if found is not None and text[0] in _BLANK and self._is_beneath(entry, found):
            return text
        if found is not None and (entry.trace is None or text[0] not in _BLANK or "timestamp" in found):
            return self._repeats(entry, text, found)
        if text[0] in _BLANK:
            return text if self._is_deeper(entry, text) else None
        if entry.bracket and joins.CLOSES.match(text):
            return text
        begun = joins.begun(text)
        if begun is not None:
            return text if self._takes(entry, begun) else None
        if entry.trace is not None and (
            entry.traced or (entry.trace.goes is not None and entry.trace.goes.match(text))
        ):
            return text
        warned = entry.found is not None and entry.rank >= _WARNING
        if (
            joins.goes_on(entry.first, text)
            or (warned and joins.FUNCTION.match(text))
            or (joins.CLOSES.match(text) and entry.more)
        ):
            return text
        timed = entry.found is not None and "status" not in entry.found.get("metadata", {})
        return text if self._format.headed and timed else None

    def _repeats(self, entry: Entry, text: str, found: dict[str, Any]) -> str | None:
        """Return the rest of a line with a head of its own that goes on nevertheless; else None."""
        if entry.until is not None:
            if entry.until.search(str(found["message"])):
                entry.until = None
            return str(found["message"])
        if (said := joins.of_block(entry.found, found)) is not None:
            return said
        column = entry.column
        if column > 8 and not entry.more and joins.TRACEBACK in text:
            column = entry.column = joins.repeated(ansi.stripped(entry.first), text, column)
        if column > 8 and text[:column] == ansi.stripped(entry.first)[:column]:
            rest = text[column:]
            # Behind a bar without a blank the one blank belongs to a field.
            blank = rest[:1] in _BLANK and not (text[column - 1] == "|" and rest[1:2] not in _BLANK)
            if not rest.strip() or blank or joins.is_repeated(rest, traced=entry.traced):
                return rest
        if "timestamp" not in found and "level" in found:
            if is_second(entry, text, found):
                entry.second = found
                return text
            begun = joins.begun(text)
            return text if begun is not None and self._takes(entry, begun) else None
        return None

    def _is_beneath(self, entry: Entry, found: dict[str, Any]) -> bool:
        """Return whether an indented line that is a time and nothing else belongs to a log that stands at the edge."""
        headed = entry.found is not None and "timestamp" in entry.found and entry.first[:1] not in _BLANK
        return headed and "timestamp" in found and not found["message"]

    def _is_deeper(self, entry: Entry, text: str) -> bool:
        """Return whether an indented line goes on: a line no deeper than an entry that is indented itself begins one."""
        first = ansi.stripped(entry.first)
        indent = len(first) - len(first.lstrip())
        if indent == 0 or first[0] == "\t" or entry.trace is not None or joins.FRAME.match(text):
            return True
        return len(text) - len(text.lstrip()) > indent

    def _takes(self, entry: Entry, begun: joins.TraceForm) -> bool:
        """Return whether an exception that begins belongs to the entry, which its logger printed before it."""
        if begun.alone:
            return False
        if entry.trace is not None and (entry.trace.language == begun.language or entry.traced):
            if begun.language == "javascript" and not entry.more and entry.column == 0:
                return False  # no frame follows the one before: both are lines that a label begins
            return entry.trace.language != "javascript" or entry.found is not None
        # Without times, a line of JavaScript's is as often a log of its own: only its frames would show whose it is.
        graver = entry.rank >= _WARNING and begun.language != "javascript"
        if entry.found is not None and ("timestamp" in entry.found or self._format.headed or graver):
            grave = entry.rank >= _WARNING or (begun.language == "go" and "panic" in entry.first)
            bare = (
                begun.language == "python"
                and "level" not in entry.found
                and "status" not in (entry.found.get("metadata") or {})
            )
            return grave or bare or (begun.language == "java" and self._format.headed)
        # A bare line before it is the logger's text; behind a blank line it is not.
        return begun.language == "python" and entry.found is None and not self._blank


def bounded(entry: Entry) -> bool:
    """Return whether more lines may be joined to the entry."""
    return len(entry.more) < JOINED_LINES and entry.size <= JOINED_CHARACTERS


def _trace(entry: Entry, text: str, *, first: bool) -> None:
    """Note where in an exception's lines the entry is after *text*."""
    if entry.free > 0:
        entry.free -= 1
    begun = None if text[:1] in _BLANK and not text.startswith("  +") else joins.begun(text)
    if begun is not None and (entry.trace is None or begun.alone or begun.language == "python"):
        entry.trace = begun
        entry.free = begun.free if begun.free else entry.free
        if begun.language == "javascript":
            entry.free = 0
        entry.traced = begun.language == "python" and "Traceback (most recent" in text and "+" not in text[:4]
    elif first:
        if (place := text.find("Traceback (most recent call last)")) >= 0 and text.rstrip().endswith((":", ")")):
            entry.trace, entry.traced = joins.TRACES[0], place >= 0
    elif entry.trace is None and not first and text.lstrip().startswith(joins.TRACEBACK):
        entry.trace = joins.TRACES[0]
    elif entry.trace is None and text[:1] in _BLANK and joins.FRAME.match(text) and joins.INLINE.search(entry.first):
        entry.trace = joins.JAVASCRIPT
    elif entry.traced and text[:1] not in _BLANK and not text.startswith((">", "│", "╰")):
        entry.traced = False
