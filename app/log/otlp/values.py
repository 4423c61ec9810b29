"""Values of OTLP in protobuf as plain data (opentelemetry-proto, common/v1/common.proto), most of them from their bytes at once."""

from __future__ import annotations

import base64
from typing import Any

from app.log.otlp import logs

#: KeyValues that are remembered, and bytes of the longest: many are ids, which never come again.
_REMEMBERED, _SHORT = 1_024, 128


class _Pairs(dict[bytes, tuple[str, Any]]):
    """Keys and values by the bytes of their KeyValues: those of a few names or short texts come again with every record."""

    def __init__(self) -> None:
        super().__init__()
        self._decode = self._load

    def _load(self, raw: bytes) -> Any:
        from opentelemetry.proto.common.v1.common_pb2 import KeyValue

        self._decode = KeyValue.FromString
        return self._decode(raw)

    def __missing__(self, raw: bytes) -> tuple[str, Any]:
        size = len(raw)
        if size > _SHORT:
            return self._read(raw)
        if len(self) >= _REMEMBERED:
            self.clear()
        # A key (field 1) and a text (field 1 of field 2), each with its length in one byte: what nearly all are.
        at, rest = (raw[1] + 2, size - raw[1] - 6) if size > 5 and raw[0] == 0x0A else (size, -1)
        plain = (
            rest >= 0 and raw[at] == 0x12 and raw[at + 2] == 0x0A and raw[at + 1] == rest + 2 and raw[at + 3] == rest
        )
        found = self[raw] = (raw[2:at].decode(), raw[at + 4 :].decode()) if plain else self._read(raw)
        return found

    def _read(self, raw: bytes) -> tuple[str, Any]:
        pair = self._decode(raw)
        inner = pair.value
        # The usual types first: to ask which one is set takes longer than to read both.
        return pair.key, inner.string_value or inner.int_value or value(inner)


#: Key and value of a KeyValue, given its bytes.
read_pair = _Pairs().__getitem__


def body(raw: bytes) -> Any:
    """Return the AnyValue in *raw* as plain data; nearly always it is a text, its field 1, and its length is one byte or two."""
    rest = len(raw) - 2
    if rest >= 0 and raw[0] == 0x0A:
        if rest == raw[1] < 0x80:
            return raw[2:].decode()
        # A length in two bytes has seven bits in each, the lower ones first; the first byte's eighth bit says that a second follows.
        if rest >= 0x80 and raw[2] < 0x80 <= raw[1] and rest - 1 == raw[1] - 0x80 + (raw[2] << 7):
            return raw[3:].decode()
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue

    return value(AnyValue.FromString(raw))


def plain(pairs: Any) -> dict[str, Any]:
    """Return a sequence of KeyValue as a dict."""
    # The usual types first: to ask which one is set takes longer than to read both.
    return {pair.key: (inner := pair.value).string_value or inner.int_value or value(inner) for pair in pairs[:]}


def value(any_value: Any) -> Any:
    """Return an AnyValue as plain data; bytes as base64, as protobuf's JSON has them."""
    match any_value.WhichOneof("value"):
        case "string_value":
            return any_value.string_value
        case "int_value":
            return any_value.int_value
        case "bool_value":
            return any_value.bool_value
        case "double_value":
            return logs.number(any_value.double_value)
        case "kvlist_value":
            return plain(any_value.kvlist_value.values)
        case "array_value":
            return [value(one) for one in any_value.array_value.values[:]]
        case "bytes_value":
            return base64.b64encode(any_value.bytes_value).decode()
    return None
