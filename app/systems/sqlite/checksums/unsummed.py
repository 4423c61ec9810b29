"""Parts that have no checksum, as earlier releases wrote them: each is read to its end when it is opened, so that damage is noticed there, and no later."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

from app.systems.sqlite.segments.columns import OpenHexadecimal
from app.systems.sqlite.segments.keys import OpenKeys
from app.systems.sqlite.segments.messages import OpenMessages
from app.systems.sqlite.segments.segment import TRUNCATED, OpenChunk, OpenSegmentFields


def keys(part: OpenKeys, logs: int) -> None:
    """Read the keys of so many logs. Raises one of DAMAGED, as all of these do."""
    _each(logs, part, part.places, part.t, part.ns, part.codes, part.levels(), part.ids())


def fields(part: OpenSegmentFields, logs: int) -> None:
    """Read the fields of which few values differ."""
    for number in range(TRUNCATED + 1):
        values = part.all(number)
        if values is not None:
            _each(logs, values)


def digits(part: dict[int, OpenHexadecimal], logs: int) -> None:
    """Read the hex digits."""
    for column in part.values():
        _each(logs, column.all(logs))


def texts(part: OpenMessages, logs: int) -> None:
    """Read the messages."""
    _each(part.count, part.counts(), part.skeletons)
    _each(logs, part.codes, part.all())
    _each(int(part.starts[-1]), part.ends)


def chunk(part: OpenChunk, logs: int) -> None:
    """Read a chunk of so many logs."""
    _each(logs, *part.columns.values())
    doc: list[Any] = [None] * (TRUNCATED + 1)
    for at in range(logs):
        part.fill(doc, at)


def _each(count: int, *found: Sized) -> None:
    for one in found:
        if len(one) != count:
            raise ValueError(f"there are {len(one)} where {count} were to be")
