"""Loki's messages in protobuf (its pkg/push/push.proto), and pairs of a name and a value from their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

#: Fields of the messages: name, number, repeated, message or None for text.
_MESSAGES: dict[str, tuple[tuple[str, int, bool, str | None], ...]] = {
    "PushRequest": (("streams", 1, True, "Stream"),),
    "Stream": (("labels", 1, False, None), ("entries", 2, True, "Entry")),
    "Entry": (("timestamp", 1, False, "Timestamp"), ("line", 2, False, None), ("metadata", 3, True, "Pair")),
    "Pair": (("name", 1, False, None), ("value", 2, False, None)),
}
#: Names that are remembered, and pairs of each.
_NAMES, _VALUES = 256, 64
#: Lengths below it are one byte; what the value of a pair begins with, its field 2.
_LONG, _VALUE = 0x80, 0x12


@lru_cache(maxsize=8)
def kind(name: str, *, packed: str = "", texts: bool = True) -> Any:
    """Return the class of a message: its texts are texts, which must be UTF-8, or bytes; messages of the name *packed* in it stay bytes."""
    return message_factory.GetMessageClass(_pool(packed, texts).FindMessageTypeByName(f"logproto.{name}"))


@lru_cache(maxsize=4)
def _pool(packed: str, texts: bool) -> Any:
    """Return the messages, made at their first use."""
    file = descriptor_pb2.FileDescriptorProto(name="push.proto", package="logproto", syntax="proto3")
    kinds = descriptor_pb2.FieldDescriptorProto
    stamp = file.message_type.add(name="Timestamp")
    stamp.field.add(name="seconds", number=1, type=kinds.TYPE_INT64, label=kinds.LABEL_OPTIONAL)
    stamp.field.add(name="nanos", number=2, type=kinds.TYPE_INT32, label=kinds.LABEL_OPTIONAL)
    for name, fields in _MESSAGES.items():
        made = file.message_type.add(name=name)
        for field, number, repeated, inner in fields:
            within = None if inner in (None, packed) else f".logproto.{inner}"
            plain = kinds.TYPE_STRING if texts and inner is None else kinds.TYPE_BYTES
            made.field.add(
                name=field,
                number=number,
                label=kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL,
                type=plain if within is None else kinds.TYPE_MESSAGE,
                type_name=within,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


class _Pairs(dict[bytes, tuple[str, str]]):
    """Names and values by the bytes of their pairs: levels and versions come again with every entry, and ids never."""

    def __init__(self) -> None:
        super().__init__()
        #: By what stands before the length of a value: the name, and how many of its pairs may still be remembered.
        self._names: dict[bytes, tuple[str, list[None]]] = {}

    def __missing__(self, raw: bytes) -> tuple[str, str]:
        at = raw[1] + 3 if len(raw) > 1 else 0
        known, size = self._names.get(raw[:at]), len(raw) - at - 1
        if known is None or not 0 <= size < _LONG or raw[at] != size:
            return self._read(raw, at)
        name, left = known
        found = name, raw[at + 1 :].decode()
        if left:
            left.pop()
            self[raw] = found
        return found

    def _read(self, raw: bytes, at: int) -> tuple[str, str]:
        pair = kind("Pair").FromString(raw)
        # A name, its field 1, with its length in one byte.
        if 3 <= at < min(len(raw), _LONG) and raw[0] == 0x0A and raw[at - 1] == _VALUE:
            if len(self._names) >= _NAMES:
                self._names.clear()
                self.clear()
            self._names.setdefault(raw[:at], (raw[2 : at - 1].decode(), [None] * _VALUES))
        return pair.name, pair.value


#: Name and value of a pair, given its bytes. Raises DecodeError and UnicodeDecodeError.
read_pair = _Pairs().__getitem__


def read_alike(pairs: Sequence[bytes]) -> tuple[str, Sequence[str]] | None:
    """Return the one name of pairs and their values; None where they have several names. Raises what `read_pair` does."""
    different = set(pairs)
    if len(different) * 2 <= len(pairs):
        read = {raw: read_pair(raw) for raw in different}
        named = {name for name, _ in read.values()}
        held = {raw: value for raw, (_, value) in read.items()}
        return (named.pop(), list(map(held.__getitem__, pairs))) if len(named) == 1 else None
    first, size = pairs[0], len(pairs[0])
    at = first[1] + 3 if size > 1 else 0
    # A name and a value with their lengths in one byte each.
    usual = 3 <= at < size < _LONG and first[0] == 0x0A and first[at - 1] == _VALUE and first[at] == size - at - 1
    if usual and set(map(len, pairs)) == {size} and len(pairs) > 1:
        # Values that hardly come again, such as ids: nothing is remembered of them.
        whole = b"".join(pairs)
        if whole.isascii() and all(map(bytes.startswith, pairs, repeat(first[: at + 1]))):
            text = whole.decode()
            return text[2 : at - 1], [text[place + at + 1 : place + size] for place in range(0, len(text), size)]
    names, values = zip(*map(read_pair, pairs), strict=True)
    return (names[0], values) if names.count(names[0]) == len(names) else None
