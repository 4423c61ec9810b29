"""MessagePack for what we keep, with integers of any size.

MessagePack ends at 64 bits, JSON doesn't: a larger integer travels as an extension.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

#: Code of our extension: an integer in hexadecimal digits, which Python converts whatever their number.
_BIG_INTEGER = 1
_fast = msgspec.msgpack.Encoder().encode


def encode(value: Any) -> bytes:
    """Return *value*, a msgspec Struct or plain data, packed."""
    try:
        return _fast(value)
    except OverflowError:
        return _fast(_replaced(msgspec.to_builtins(value, builtin_types=(bytes,))))


def encode_each(values: Sequence[Any]) -> list[bytes | None]:
    """Return each of the values packed; None stays None."""
    try:
        return [None if value is None else _fast(value) for value in values]
    except OverflowError:
        return [None if value is None else encode(value) for value in values]


def decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]:
    """Return a decoder of what `encode` packed."""
    return msgspec.msgpack.Decoder(kind, ext_hook=_from_extension)


class _First(msgspec.Struct, array_like=True, gc=False):
    text: str


_decode_first = msgspec.msgpack.Decoder(_First).decode


def first_text(packed: bytes) -> str:
    """Return the text that a packed sequence begins with; the rest is passed over."""
    return _decode_first(packed).text


def _from_extension(code: int, data: memoryview) -> int:
    if code != _BIG_INTEGER:
        raise msgspec.DecodeError(f"extension {code} is not known")
    return int(bytes(data), 16)


def _replaced(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(inner) for inner in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return msgspec.msgpack.Ext(_BIG_INTEGER, format(value, "x").encode())
    return value
