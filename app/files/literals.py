"""Object literals of JavaScript, as Node's console and util.inspect print them: `{ level: 'info', message: 'a' }`."""

from __future__ import annotations

import re
from typing import Any

from app.log.reading import to_log
from app.times.written import Assumed

#: Characters of the longest literal that is read, and how deep it may nest.
_LONGEST, _DEEPEST = 1 << 20, 50
_BLANK = re.compile(r"\s*")
_NAME = re.compile(
    r"(?:([A-Za-z_$][\w$]*)|'((?:[^'\\\n]|\\.)*+)'|\"((?:[^\"\\\n]|\\.)*+)\"|\[([\w()., ]{1,100})\])\s*(?::|=>)\s*"
)
_TEXT = re.compile(r"'((?:[^'\\\n]|\\.)*+)'|\"((?:[^\"\\\n]|\\.)*+)\"|`((?:[^`\\]|\\.)*+)`", re.DOTALL)
_JOINED = re.compile(r"\s*\+\s*(?=['\"`])")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?(?:e[+-]?\d{1,3})?n?(?![\w.:-])")
_WORD = re.compile(r"(?:true|false|null|undefined|NaN|-?Infinity)(?!\w)")
#: Words before the bracket of an array or a class: `Array(3) [`, `Map(1) {`, `Pay {`, `[Object: null prototype] {`.
_CLASS = re.compile(r"(?:[A-Z][\w$]{0,60}(?:\(\d{1,9}\))? |\[[\w: ]{1,60}\] |<ref \*\d{1,3}> ){1,3}(?=[{\[])")
#: An error and its stack, up to the brace of its own fields or the end of its lines.
_ERROR = re.compile(
    r"(?P<first>(?:[A-Z]\w{0,60})?(?:Error|Exception)\b[^\n]*?)(?P<stack>(?:\n\s+(?:at |\.\.\. )[^\n]*?)*)(?P<more> \{)?(?=,?(?:\n|$))"
)
_BARE = re.compile(
    r"\[(?:Function|AsyncFunction|Object|Array|Circular|class|Getter|Setter|Promise|External)\b[^\[\]\n]{0,200}\]|\d{4}-\d\d-\d\dT[\d:.]{8,12}Z|Symbol\([^()\n]{0,200}\)|<[^<>\n]{1,200}>"
)
_REST = re.compile(r"\.\.\. \d+ more (?:items?|characters?)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)


class _NoLiteral(ValueError):
    pass


def log(text: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log that a literal is; None for a text that is none. A literal without a message is the message, whole."""
    value = read(text)
    if value is None:
        return None
    found = to_log(value, assumed)
    return {**found, "message": text} if found["message"].startswith("{") else found


def read(text: str) -> dict[str, Any] | None:
    """Return the object that *text* is a literal of; None where it is none."""
    if len(text) > _LONGEST or not text.rstrip().endswith("}"):
        return None
    try:
        value, end = _value(text, 0, 0)
    except _NoLiteral:
        return None
    return value if type(value) is dict and value and not text[end:].strip() else None


def _skip(text: str, place: int) -> int:
    found = _BLANK.match(text, place)
    return place if found is None else found.end()


def _value(text: str, place: int, depth: int) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise _NoLiteral
    if (name := _CLASS.match(text, place)) is not None:
        place = name.end()
    if text.startswith("{", place):
        return _object(text, place + 1, depth)
    if (bare := _BARE.match(text, place)) is not None and text[bare.end() : bare.end() + 1] in (
        ",",
        "\n",
        " ",
        "]",
        "",
    ):
        return bare[0], bare.end()
    if text.startswith("[", place):
        return _array(text, place + 1, depth)
    if _TEXT.match(text, place) is not None:
        return _text(text, place)
    if (number := _NUMBER.match(text, place)) is not None:
        digits = number[0].removesuffix("n")
        return (int(digits) if digits.lstrip("-").isdecimal() else float(digits)), number.end()
    if (word := _WORD.match(text, place)) is not None:
        return {"true": True, "false": False}.get(word[0]), word.end()
    if (error := _ERROR.match(text, place)) is not None:
        return _error(text, error, depth)
    raise _NoLiteral


def _object(text: str, place: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    place = _skip(text, place)
    while not text.startswith("}", place):
        if (rest := _REST.match(text, place)) is not None:
            place = _skip(text, rest.end())
            continue
        name = _NAME.match(text, place)
        if name is None:
            raise _NoLiteral
        key = next(part for part in name.groups() if part is not None)
        value, place = _value(text, name.end(), depth + 1)
        found.setdefault(key, value)
        place = _comma(text, place, "}")
    return found, place + 1


def _array(text: str, place: int, depth: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    place = _skip(text, place)
    while not text.startswith("]", place):
        if (rest := _REST.match(text, place)) is not None:
            place = _skip(text, rest.end())
            continue
        value, place = _value(text, place, depth + 1)
        found.append(value)
        place = _comma(text, place, "]")
    return found, place + 1


def _comma(text: str, place: int, end: str) -> int:
    place = _skip(text, place)
    if text.startswith(",", place):
        return _skip(text, place + 1)
    if not text.startswith(end, place):
        raise _NoLiteral
    return place


def _text(text: str, place: int) -> tuple[str, int]:
    """Return a text, of several parts with `+` between them where it was long."""
    parts = []
    while (found := _TEXT.match(text, place)) is not None:
        parts.append(_ESCAPE.sub(_character, next(part for part in found.groups() if part is not None)))
        place = found.end()
        joined = _JOINED.match(text, place)
        if joined is None:
            break
        place = joined.end()
    return "".join(parts), place


def _error(text: str, error: re.Match[str], depth: int) -> tuple[dict[str, Any], int]:
    kind, _, message = error["first"].partition(": ")
    found = {"type": kind, "message": message, "stack": error["first"] + error["stack"]}
    if error["more"] is None:
        return found, error.end()
    more, end = _object(text, error.end(), depth + 1)
    return {**more, **found}, end


def _character(found: re.Match[str]) -> str:
    escape = found[1]
    return chr(int(escape[1:], 16)) if len(escape) > 1 else _ESCAPES.get(escape, escape)
