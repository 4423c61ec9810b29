"""Protobuf's wire format (https://protobuf.dev/programming-guides/encoding), field by field: what a decoder refuses, or can't be given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from app.errors import InvalidRecord, Problem
from app.log.limits import ensure_few

_NOT = "is not a message in protobuf"
#: Bytes for each log that a request may hold, below which it is not worth counting them: as many empty ones are bearable.
_WORTH = 16

#: Parts of requests that are remembered, and bytes or characters of the longest.
_REMEMBERED, _LONGEST = 512, 2_048

Packed = TypeVar("Packed", bytes, memoryview)
Sent = TypeVar("Sent", bytes, str, tuple[bytes, bytes])
Read = TypeVar("Read")


class ReadOnce(dict[Sent, Read]):
    """The meaning of parts that senders repeat in each request, such as a resource or labels, by what was sent.

    One that was read belongs to every request that has the part, so it is not to be changed. Raises what reading it raises.
    """

    def __init__(self, read: Callable[[Sent], Read]) -> None:
        super().__init__()
        self._read: Callable[[Sent], Read] = read

    def __missing__(self, sent: Sent) -> Read:
        found = self._read(sent)
        if (sum(map(len, sent)) if isinstance(sent, tuple) else len(sent)) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[sent] = found
        return found


def ensure_few_packed(message: bytes, way: Sequence[int], limit: int) -> None:
    """Raise TooLarge where more than *limit* submessages lie at the end of a *way* of field numbers; before any is decoded.

    An empty one takes two bytes, and decoded some hundred.
    """
    if len(message) > limit * _WORTH:
        ensure_few(_count(memoryview(message), way, limit), limit)


def _count(message: memoryview, way: Sequence[int], most: int) -> int:
    """Return how many there are; a number above *most* stands for any. What is broken ends the count: its decoder will say so."""
    count = 0
    try:
        for field, _, content in fields(message):
            if field == way[0] and content is not None:
                count += _count(content, way[1:], most - count) if len(way) > 1 else 1
                if count > most:
                    break
    except InvalidRecord:
        pass
    return count


def split(message: bytes, wanted: int) -> tuple[list[bytes], bytes]:
    """Return the contents of the field *wanted*, and the message without them. Raises InvalidRecord."""
    contents, rest = list[bytes](), bytearray()
    for field, raw, content in fields(message):
        if field == wanted and content is not None:
            contents.append(content)
        else:
            rest += raw
    return contents, bytes(rest)


def fields(message: Packed) -> Iterator[tuple[int, Packed, Packed | None]]:
    """Yield number, bytes and, where it has a length, content of each field."""
    place = 0
    while place < len(message):
        start = place
        key, place = _varint(message, place)
        kind = key & 7
        content: Packed | None = None
        if kind == 2:
            size, place = _varint(message, place)
            content = message[place : place + size]
            place += size
        elif kind == 0:
            _, place = _varint(message, place)
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        else:
            raise InvalidRecord(Problem(f"{_NOT}: wire type {kind}", position=start))
        if place > len(message):
            raise InvalidRecord(Problem(f"{_NOT}: it is cut off", position=start))
        yield key >> 3, message[start:place], content


def _varint(message: bytes | memoryview, place: int) -> tuple[int, int]:
    found = shift = 0
    while shift < 70 and place < len(message):
        byte = message[place]
        found |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return found, place
    raise InvalidRecord(Problem(f"{_NOT}: it is cut off", position=place))
