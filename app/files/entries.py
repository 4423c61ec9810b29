"""Entries: what of a source makes one log. Mostly a line; a stack trace is joined to the line before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.errors import InvalidRecord, Problem
from app.files import structured
from app.files.formats import Format
from app.times.written import Assumed

#: Most lines, and characters, joined into one log.
JOINED_LINES = 1_000
JOINED_CHARACTERS = 1 << 20

_TRACEBACK = "Traceback (most recent call last)"
#: Lines that go on with the log before although they are not indented.
_CONTINUED = re.compile(
    r"Traceback \(most recent|Caused by: |Suppressed: |\.\.\. \d+ more|During handling of the above exception|"
    r"The above exception was the direct cause|(?:[a-z_$][\w$]{0,99}\.){1,20}[A-Z][\w$]{0,99}(?:Exception|Error)(?::|$)"
)


class Line(NamedTuple):
    """A line of a source: its text without the line's end, its bytes' offsets, its number from 0."""

    text: str
    start: int
    end: int
    number: int


@dataclass(slots=True)
class Entry:
    """What makes one log: its first line, and those that go on with it."""

    first: str
    start: int
    end: int
    number: int
    more: list[str] = field(default_factory=list)
    #: What is wrong with it, where it can't be a log.
    problem: Problem | None = None
    #: How many brackets of a JSON object over several lines are open.
    open: int = 0
    #: Whether the line with the error of a Python traceback is still to come.
    traced: bool = False
    size: int = 0

    @property
    def text(self) -> str:
        """The whole entry."""
        return "\n".join((self.first, *self.more)) if self.more else self.first

    def log(self, format: Format, assumed: Assumed) -> dict[str, Any]:
        """Return the log as it would be sent; raises InvalidRecord where it can't be one."""
        if self.problem is not None:
            raise InvalidRecord(self.problem)
        if not self.more or self.first.startswith("{"):
            return format.log(self.text, assumed)
        log = format.log(self.first, assumed)
        if self.first.startswith(_TRACEBACK):
            log["level"] = "error"
        return {**log, "message": "\n".join((log["message"], *self.more))}


def entries(lines: Iterable[Line | None], format: Format, assumed: Assumed) -> Iterator[Entry | None]:
    """Yield the entries of *lines*. None among the lines says that none comes for now: the last entry is whole."""
    pending: Entry | None = None
    for line in lines:
        if line is not None and not line.text.strip():
            continue
        if line is not None and pending is not None and _continues(pending, line.text, format, assumed):
            _join(pending, line)
            continue
        if pending is not None:
            yield pending
        pending = None if line is None else _begin(line, format)
        if line is None:
            yield None
    if pending is not None:
        yield pending


def _begin(line: Line, format: Format) -> Entry:
    entry = Entry(line.text, line.start, line.end, line.number, size=len(line.text))
    if format.name == "json" and structured.SPREAD.fullmatch(line.text):
        entry.open = structured.depth(line.text)
    entry.traced = line.text.startswith(_TRACEBACK)
    return entry


def _join(entry: Entry, line: Line) -> None:
    entry.more.append(line.text)
    entry.end = line.end
    entry.size += len(line.text)
    if entry.open > 0:
        entry.open += structured.depth(line.text)
    elif line.text.startswith(_TRACEBACK):
        entry.traced = True
    elif line.text[0] not in " \t":
        entry.traced = False


def _continues(entry: Entry, text: str, format: Format, assumed: Assumed) -> bool:
    if format.name == "plain":
        return False
    if entry.open > 0:
        # A whole object begins a log though the one before was never closed.
        return not (text.startswith("{") and structured.read_json(text, assumed) is not None)
    if entry.first.startswith("{") or len(entry.more) >= JOINED_LINES or entry.size > JOINED_CHARACTERS:
        return False
    if text[0] in " \t":
        return not format.known(text.lstrip(), assumed)
    if _CONTINUED.match(text) is not None:
        return True
    return entry.traced and bool(entry.more) and not format.known(text, assumed)


def elements(text: str, begin: int) -> Iterator[Entry]:
    """Yield the elements of the JSON array in *text*, which was decoded with surrogateescape.

    *begin* is the offset, in bytes, up to which they were taken before.
    """
    place = offset = number = 0
    try:
        for element, end in structured.elements(text):
            start = end - len(element)
            number += text.count("\n", place, start)
            offset += _bytes(text[place:end])
            place = end
            if offset > begin:
                yield Entry(element, offset - _bytes(element), offset, number)
            number += element.count("\n")
        place = text.index("]", place) + 1
        if text[place:].strip():
            raise InvalidRecord(Problem("stands behind the end of the array"))
    except InvalidRecord as error:
        rest = text[place:]
        yield Entry(rest, offset, offset + _bytes(rest), number, problem=error.problems[0])


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
