"""The labels of a stream, which protobuf carries as text: `{app="shop", level="info"}`."""

from __future__ import annotations

import re
from contextlib import suppress

from app.json_text import LENIENT, NotJSON
from app.log.wire import ReadOnce

#: A label by the book: a name and a quoted text with Go's escapes.
_LABEL = re.compile(r'\s*([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)', re.ASCII | re.DOTALL)
#: Where the next label begins in a text whose quotes are not escaped, as winston-loki writes it.
_NEXT = re.compile(r'"\s*,\s*(?=[A-Za-z_]\w*=")', re.ASCII)
_FIRST = re.compile(r'\s*([A-Za-z_]\w*)="', re.ASCII)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def _read(text: str) -> dict[str, str]:
    inner = text.strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        return {"labels": text} if inner else {}
    inner = inner[1:-1]
    found: dict[str, str] = {}
    place = 0
    while place < len(inner) and (label := _LABEL.match(inner, place)):
        found[label[1]] = _unescaped(label[2])
        place = label.end()
    return found if not inner[place:].strip() else _leniently(inner, text)


#: The labels of a text; quotes that are not escaped are read as meant, what is no label at all is kept under `labels`.
read = ReadOnce(_read).__getitem__


def _leniently(inner: str, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in _NEXT.split(inner.rstrip().removesuffix('"')):
        label = _FIRST.match(part)
        if label is None:
            return {"labels": text}
        found[label[1]] = _unescaped(part[label.end() :])
    return found


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    with suppress(NotJSON):
        return str(LENIENT.read(f'"{text}"'))
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text)
