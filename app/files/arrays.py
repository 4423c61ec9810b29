"""A source that is one JSON array: each element is an entry with its own bytes."""

from __future__ import annotations

from collections.abc import Iterator

from app.errors import InvalidRecord, Problem
from app.files import structured
from app.files.split.entry import Entry


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
