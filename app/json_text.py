"""JSON from outside is decoded here, so that all ways in which it can't be are known in one place.

Two libraries do it. msgspec is the fast one; it takes what RFC 8259 allows but lone surrogates, and integers of 64 bits.
Python's takes all, can keep names that stand twice, and says at which character a fault is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import msgspec

T = TypeVar("T")

#: The errors by which either library refuses to decode. Under ValueError are msgspec's errors, json.JSONDecodeError, UnicodeError, and that
#: of an integer with more digits than Python converts; RecursionError is for what is nested deeper than the stack.
#: To be named where logs are decoded one by one, and a call more would cost; elsewhere NotJSON is raised.
FAULTS = (ValueError, RecursionError)
#: The errors by which msgspec refuses to encode: TypeError is for types and names that JSON does not know.
UNWRITABLE = (TypeError, *FAULTS)


class NotJSON(ValueError):
    """A text is not JSON, or JSON that can't be decoded."""

    def __init__(self, fault: BaseException) -> None:
        #: Whether it is nested too deeply.
        self.deep = isinstance(fault, RecursionError)
        super().__init__("it is nested too deeply" if self.deep else str(fault))
        #: The fault without its place; the place, in characters from 0, and as line and column, from 1: None where it is not known.
        self.message, self.position, self.line_column = str(self), None, None
        if isinstance(fault, json.JSONDecodeError):
            self.message, self.position, self.line_column = fault.msg, fault.pos, (fault.lineno, fault.colno)


def no_constant(name: str) -> NoReturn:
    """Refuse NaN and infinities, which Python's library would take."""
    raise ValueError(f"{name} is not a JSON number")


class Decoder:
    """Decodes by Python's library."""

    def __init__(
        self,
        *,
        pairs: Callable[[list[tuple[str, Any]]], Any] | None = None,
        constant: Callable[[str], Any] | None = no_constant,
        strict: bool = True,
    ) -> None:
        """Take what is made of an object's *pairs*, a dict if not said, and of NaN and infinities, a float for None.

        Without *strict* texts may hold line feeds and other control characters.
        """
        made = json.JSONDecoder(object_pairs_hook=pairs, parse_constant=constant, strict=strict)
        self._decode, self._first = made.decode, made.raw_decode

    def read(self, sent: str | bytes | bytearray) -> Any:
        """Return the value that is all of a text, bytes in UTF-8, 16 or 32. Raises NotJSON."""
        try:
            return self._decode(
                sent if isinstance(sent, str) else sent.decode(json.detect_encoding(sent), "surrogatepass")
            )
        except FAULTS as fault:
            raise NotJSON(fault) from None

    def first(self, text: str, place: int) -> tuple[Any, int]:
        """Return the value that begins at *place*, and where it ends, in characters. Raises NotJSON."""
        try:
            return self._first(text, place)
        except FAULTS as fault:
            raise NotJSON(fault) from None


#: As RFC 8259 has it, and with NaN and infinities, as many programs write it.
STRICT, LENIENT = Decoder(), Decoder(constant=None)


def decode(sent: bytes | str, kind: type[T]) -> T:
    """Return what was sent, by msgspec and of this kind. Raises NotJSON."""
    try:
        return msgspec.json.decode(sent, type=kind)
    except FAULTS as fault:
        raise NotJSON(fault) from None
