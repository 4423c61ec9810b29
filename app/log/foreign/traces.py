"""Ids of traces and spans in the forms in which programs write them, brought to the hexadecimal one.

Sources: W3C Trace Context, section 3.2 (traceparent); Google Cloud's LogEntry.trace and X-Cloud-Trace-Context; AWS X-Ray's
trace id and header; Zipkin's B3 single header; Jaeger's uber-trace-id; Datadog, whose ids in logs are decimal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

_HEX = re.compile(r"[0-9a-f]{16}(?:[0-9a-f]{16})?", re.ASCII)
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})(?:-[0-9a-f]{2})?(?:-.*)?", re.ASCII)
_B3 = re.compile(r"([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-[01d](?:-[0-9a-f]{16})?)?", re.ASCII)
_CLOUD = re.compile(r"(?:projects/[^/]+/traces/)?([0-9a-fA-F]{32})(?:/(\w+))?(?:;o=\d)?", re.ASCII)
_XRAY = re.compile(
    r"(?:.*?\broot=)?1-([0-9a-f]{8})-([0-9a-f]{24})(?:(?:;[^;]{0,100}){0,4}?;parent=([0-9a-f]{16}))?(?:;.*)?", re.ASCII
)
#: A client leaves out few zeros before a random id, if any: `12:30:45:10` is something else.
_JAEGER = re.compile(r"(0|[0-9a-f]{9,32}):(0|[0-9a-f]{9,16}):[0-9a-f]{1,16}:[0-9a-f]{1,2}", re.ASCII)
_NOTHING = re.compile(r"(?:0x)?0*", re.ASCII)
#: Fewest characters of an id in hexadecimal, and of any form in which an id is a part; longest id.
_LEAST, _SHORTEST = 16, 32
_LONGEST = 255
#: Lengths of ids in hexadecimal, and such that are none.
_LENGTHS, _ZEROS = frozenset((16, 32)), frozenset(("0" * 16, "0" * 32))


class Ids(NamedTuple):
    """The ids in one text such as a `traceparent`: trace and span; None for a missing or all-zero id."""

    trace: str | None
    span: str | None = None


def _short(number: int) -> str | None:
    return f"{number:016x}" if 0 < number < 1 << 64 else f"{number:032x}" if 0 < number < 1 << 128 else None


def trace(value: Any, *, decimal: bool = False) -> Ids:
    """Return the ids in the value of a trace's field; *decimal* says that digits are a number, as Datadog's are.

    An id of zeros alone is none: it stands outside every trace. A text of another form is an id as it is.
    """
    if type(value) is int:
        return Ids(_short(value))
    if type(value) is not str or len(value) > _LONGEST:
        return Ids(None)
    if not decimal and _HEX.fullmatch(value) is not None:
        return Ids(value if value.strip("0") else None)
    text = value.strip()
    low = text.lower()
    if _NOTHING.fullmatch(low) is not None:
        return Ids(None)
    low = low.removeprefix("0x")
    if decimal and low.isdecimal() and len(low) <= 20:
        return Ids(_short(int(low)))
    if _HEX.fullmatch(low) is not None:
        return Ids(low)
    if ":" in low and (found := _JAEGER.fullmatch(low)) is not None:
        return Ids(_known(found[1].zfill(16 if len(found[1]) <= 16 else 32)), _known(found[2].zfill(16)))
    if len(text) < _SHORTEST:
        return Ids(text)
    if (found := _PARENT.fullmatch(low) or _B3.fullmatch(low)) is not None:
        return Ids(_known(found[1]), _known(found[2]))
    if (found := _CLOUD.fullmatch(text)) is not None:
        return Ids(_known(found[1].lower()), found[2] and span(found[2], decimal=True))
    if (found := _XRAY.fullmatch(low)) is not None:
        return Ids(found[1] + found[2], found[3])
    return Ids(text)


def is_plain(value: str) -> bool:
    """Return whether a text is an id in the usual form, or too short for any, so that `trace` takes it as it is."""
    if len(value) < _LEAST:
        return value[:1].isalpha() and not value[-1].isspace()
    try:
        # Nearly all ids are of this form, for which this takes a third of the pattern's time.
        identity = bytes.fromhex(value)
    except ValueError:
        return False
    return len(identity) in (8, 16) and identity.hex() == value and any(identity)


def are_plain(values: Sequence[str]) -> bool:
    """Return whether all of some texts, one at least, are such ids; False also where that is not plain to see."""
    lengths = set(map(len, values))
    if max(lengths) < _LEAST and "" not in values:
        ends = set(map(itemgetter(-1), values))
        return "".join(map(itemgetter(0), values)).isalpha() and not any(map(str.isspace, ends))
    if not lengths <= _LENGTHS or not _ZEROS.isdisjoint(values):
        return False
    joined = "".join(values)
    try:
        return bytes.fromhex(joined).hex() == joined
    except ValueError:
        return False


def span(value: Any, *, decimal: bool = False) -> str | None:
    """Return the id in the value of a span's field, as `trace` does."""
    return trace(value, decimal=decimal).trace


def _known(identity: str) -> str | None:
    return None if _NOTHING.fullmatch(identity) is not None else identity
