"""Logs written as JSON objects in a file: one a line, spread over lines, or as one array."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from app.errors import InvalidRecord, Problem
from app.json_text import FAULTS, STRICT, Decoder, NotJSON
from app.log import own
from app.log.foreign import doubled
from app.log.limits import Limits
from app.log.reading import Line, Reader, to_log
from app.times.written import Assumed

#: The beginning of a document that is one array of objects; `[error]` and `[2023-…` start lines.
ARRAY = re.compile(r"\s*\[\s*(?:\{|\]\s*$)")
_GAP = re.compile(r"[\s,]*")
#: Parts of a line that show how deep it nests; strings hold no line feed in JSON.
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*"|([{\[])|([}\]])')
#: A line that can't be a whole object, but the first of one that is spread over lines.
SPREAD = re.compile(r"\{(?:.*[{\[,])?\s*$")


#: Limits that no log in our own form exceeds here: the door has those that count.
_ANY = Limits(1 << 62, 1 << 62, 1 << 62)
_fast = msgspec.json.Decoder().decode
#: Takes line feeds within a text, which JSON writes as `\\n` and a format string of Python's logging does not.
_LAX = Decoder(strict=False)


def read_json(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line that is one JSON object."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        return from_text(line, assumed)
    except InvalidRecord:
        return None


def from_text(text: str, assumed: Assumed, line: Line | None = None) -> dict[str, Any]:
    """Return the log in *text*, one JSON object; *line* reads a line of text that it wraps. Raises InvalidRecord naming the place of a fault."""
    try:
        return _quickly(text)
    except FAULTS:
        pass  # not in our own form, or not JSON, which is said in other words
    try:
        value = STRICT.read(text.strip())
    except NotJSON as error:
        raise _refused(error) from error
    if not isinstance(value, dict):
        raise InvalidRecord(Problem("is not a JSON object"))
    raw = text.encode("utf-8", "surrogatepass")
    value, later = doubled.decode(raw, value)
    return to_log(value, assumed, raw, later, line)


def all_of(text: str, assumed: Assumed, line: Line | None = None) -> list[dict[str, Any]]:
    """Return the logs in *text*: one object, which may hold many, or objects one behind the other without a line feed.

    Raises InvalidRecord naming the place of a fault.
    """
    if assumed.form is None:
        try:
            return [_quickly(text)]
        except FAULTS:
            pass  # not in our own form, or several
    found: list[dict[str, Any]] = []
    reader = Reader(assumed, line)
    for part, value in _objects(text.strip()):
        raw = part.encode("utf-8", "surrogatepass")
        whole, later = doubled.decode(raw, value)
        found += [one.log for one in reader.read(dict(whole), raw, later=later)]
    return found


def _objects(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the objects that stand one behind the other in *text*, each with its own."""
    place, decoder = 0, _LAX if "\n" in text else STRICT
    while place < len(text):
        try:
            value, end = decoder.first(text, place)
        except NotJSON as error:
            raise _refused(error) from error
        if not isinstance(value, dict):
            raise InvalidRecord(Problem("is not a JSON object", position=place))
        yield text[place:end], value
        place = end + len(text[end:]) - len(text[end:].lstrip()) if text[end : end + 1].isspace() else end


def _refused(error: NotJSON) -> InvalidRecord:
    if error.position is None:
        return InvalidRecord(Problem(f"is not JSON that can be taken: {error}"))
    return InvalidRecord(Problem(f"is not JSON: {error.message.lower()}", position=error.position))


def is_cut(line: str) -> bool:
    """Return whether a text in quotes begins or ends on the line, and not both."""
    return (line.count('"') - line.count('\\"')) % 2 == 1


def _quickly(text: str) -> dict[str, Any]:
    """Return a log in our own form, with nothing odd in it, as it is. Raises ValueError and MsgspecError for all else."""
    value = _fast(text)
    if type(value) is not dict or not value.keys() <= own.NAMES or text.count('"message"') > 1 or "\\u001b" in text:
        raise ValueError
    if own.record(value, len(text), _ANY, 0) is None:
        raise ValueError
    return value


def depth(line: str) -> int:
    """Return by how many levels the line opens more than it closes."""
    return sum(1 if found[1] else -1 if found[2] else 0 for found in _NESTING.finditer(line))


def elements(text: str) -> Iterator[tuple[str, int]]:
    """Yield the text of each element of the array in *text*, and the offset behind it.

    Raises InvalidRecord where the array breaks off; the elements before that have been yielded.
    """
    place = text.index("[") + 1
    while True:
        start = place
        gap = _GAP.match(text, start)
        place = start if gap is None else gap.end()
        if text[place : place + 1] == "]":
            return
        try:
            _, end = STRICT.first(text, place)
        except NotJSON as error:
            raise InvalidRecord(Problem(f"the array is not JSON: {error}", position=place)) from error
        yield text[place:end], end
        place = end
