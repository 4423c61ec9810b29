"""Redaction of what was refused: a payload as it was sent, of JSON or not, before it becomes a dead letter."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import msgspec

from app.json_text import Decoder, NotJSON
from app.rules.redact import MARK, Compiled, Redactor, Work
from app.rules.rule import METADATA

#: More of a payload is read than is kept of it, in bytes: a secret that the end cuts would be found by nobody.
BEYOND = 64 << 10
#: Control characters that no text holds, and compressed bytes do.
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
#: Characters that JSON may write by their number, but those that end a text, and a slash behind a backslash.
_ESCAPED = re.compile(r"\\u(?!0022|005[Cc]|00[01]|[Dd][89A-Fa-f])([0-9A-Fa-f]{4})|\\(/)")
_json = msgspec.json.Encoder().encode


def redacted(redactor: Redactor, payload: bytes, most: int | None = None) -> tuple[bytes, Counter[str]]:
    """Return at most *most* bytes of the payload without what the rules find, and how many values by rule.

    JSON is walked through like a log. Other text is looked through as it is. What is no text, such as compressed bytes,
    can't be looked through: a word about its length is kept in its place.
    """
    work = redactor.work()
    try:
        value = _DECODER.read(payload)
    except NotJSON:
        return _text(redactor, work, payload, most), work.counts
    found = work.document(value)
    if work.counts:
        if isinstance(found, dict):
            found[MARK] = dict(work.counts)
        payload = _json(found)
    return (payload if most is None else payload[:most]), work.counts


def sentence(redactor: Redactor, text: str) -> str:
    """Return a sentence about a log, which may cite it, without what the rules find."""
    return redactor.work().text(text, ())


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raises ValueError for one with a name twice, of which only one would be looked at."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


_DECODER = Decoder(pairs=_single, constant=None)


def _text(redactor: Redactor, work: Work, payload: bytes, most: int | None) -> bytes:
    payload, length = payload[: None if most is None else most + BEYOND], len(payload)
    try:
        text, code = payload.decode(), "utf-8"
    except UnicodeDecodeError:
        # Latin-1 makes each byte one character, so that secrets are found all the same and no byte is lost.
        text, code = payload.decode("latin-1"), "latin-1"
    if _BINARY.search(text):
        return f"[{length} bytes that are no text: not kept, as no rule can look into them]".encode()
    changed = work.text(_ESCAPED.sub(_character, text), ())
    for one in redactor.rules:
        if one.whole:
            changed = _without_values(one, changed, work.counts)
    kept = (changed if work.counts else text).encode(code, "backslashreplace")
    return kept if most is None else kept[:most]


def _character(found: re.Match[str]) -> str:
    return found[2] or chr(int(found[1], 16))


def _without_values(one: Compiled, text: str, counts: Counter[str]) -> str:
    """Return a text without the values behind the names that a rule for whole values has."""
    for field in one.rule.fields:
        if field in ("message", METADATA):
            counts[one.rule.name] += 1
            return f"[{one.rule.name}]"
        name = re.escape(field.rpartition(".")[2])
        values = re.compile(
            rf"(?i)(?<!\w)({name}\\*[\"']?\s*[:=]\s*)(\\*\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|[^\s,;&}}\"']+)"
        )
        text, changed = values.subn(rf"\g<1>[{one.rule.name}]", text)
        counts[one.rule.name] += changed
        if not counts[one.rule.name]:
            del counts[one.rule.name]
    return text
