"""Logs written as names and values on one line: `level=info msg="a text" took=1.5` (logfmt)."""

from __future__ import annotations

import re
from typing import Any

from app.log.foreign.roles import ROLES
from app.log.reading import to_log
from app.times.written import Assumed

#: A name; one before a sign of equality may have any character but blanks and quotes, as Go's writers take it, a word alone not.
_KEY = r"""(?:[\w@!%#$.][^\s="']*(?==)|[A-Za-z_@!][\w.@/!-]*)"""
_DOUBLE, _SINGLE = r'(?:[^"\\]|\\.)*', r"(?:[^'\\]|\\.)*"
#: A time with a blank, as Python's asctime is; a list or a dictionary as Python or Go writes it; or a word, before which a
#: single quote may stand that nothing closes: `'tis`.
_BARE = r"""\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*|[\[({][^\[\](){}]{0,500}[\])}]|[^\s"]\S*|"""
_END = r"(?:\s+|$)"
#: One pair, whose text stands in either quotes; a key alone is true, as in Go's logfmt.
_PAIR = re.compile(rf"""({_KEY})(?:=(?:"({_DOUBLE})"|'({_SINGLE})'|({_BARE})))?{_END}""", re.DOTALL)
#: A text in quotes without a name, as phuslu/log writes the message.
_ALONE = re.compile(rf'"({_DOUBLE})"{_END}')
#: A line of nothing else; without groups, for Python's re ends with a SystemError where a possessive repetition has some.
_ALL = re.compile(rf"""(?>{_KEY}(?:=(?:"{_DOUBLE}"|'{_SINGLE}'|(?:{_BARE})))?{_END}|"{_DOUBLE}"{_END})*+""", re.DOTALL)
#: The last value of a line, whose quotes have just been closed.
_OPEN = re.compile(rf'="{_DOUBLE}"', re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|u\{(?:0?[0-9a-fA-F]{1,5}|10[0-9a-fA-F]{4})\}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPED = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_PLAIN = {"true": True, "false": False}
#: Names in a line about a request, as Lograge writes it.
_REQUEST = {"method", "path", "status"}
#: Levels that stand under `at`; other words there say what is done: `at=start`.
_LEVELS = frozenset(("debug", "info", "notice", "warn", "warning", "error", "critical", "fatal"))
#: A line must have one of so many of a field's best names.
_KNOWN = 13
#: Day, clock and offset, each in a pair of its own.
_DAY, _CLOCK, _OFFSET = (
    re.compile(r"\d{4}-\d\d-\d\d"),
    re.compile(r"\d\d:\d\d:\d\d(?:\.\d{1,9})?"),
    re.compile(r"[+-]\d\d:?\d\d"),
)


def read_logfmt(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line that is nothing but pairs, with a message, level or time among them.

    Numbers and booleans without quotes are such. Without a message the line itself is it, for so it stands in the file.
    """
    if "=" not in line:
        return None
    sent = line
    if _ALL.fullmatch(line) is None:
        # A line feed within quotes, as pino-logfmt writes it, ends the line within a value.
        line = f'{line}"'
        if _OPEN.fullmatch(line, line.rfind('="')) is None or _ALL.fullmatch(line) is None:
            return None
    pairs, later = dict[str, Any](), dict[str, list[Any]]()
    place, alone = 0, 0
    while place < len(line):
        found = _PAIR.match(line, place)
        if found is None:
            text = _ALONE.match(line, place)
            if text is None or "msg" in pairs or len(pairs) < 2:
                return None
            pairs["msg"], place = unescaped(text[1]), text.end()
            continue
        key, double, single, bare = found.groups()
        quoted = double if double is not None else single
        alone += quoted is None and bare is None
        value = unescaped(quoted) if quoted is not None else True if bare is None else _typed(key, bare)
        if key in pairs:
            later.setdefault(key, []).append(value)
        else:
            pairs[key] = value
        place = found.end()
    if len(pairs) - alone < 2 or alone > len(pairs) // 2 or not is_log(pairs):
        return None
    _join_clock(pairs)
    _name_level(pairs, later)
    log = to_log(pairs, assumed, later=later)
    if not any(ROLES.get(key, ("",))[0] == "message" for key in pairs) and log["message"].startswith("{"):
        log["message"] = sent
    return log


def _join_clock(pairs: dict[str, Any]) -> None:
    """Put day, clock and offset together that stand in pairs of their own, as firewalls write them."""
    day, clock, zone = pairs.get("date"), pairs.get("time"), pairs.get("tz", "")
    if isinstance(day, str) and isinstance(clock, str) and _DAY.fullmatch(day) and _CLOCK.fullmatch(clock):
        offset = f"{zone[:3]}:{zone[-2:]}" if isinstance(zone, str) and _OFFSET.fullmatch(zone) else ""
        pairs["time"] = f"{pairs.pop('date')}T{clock}{offset}"


def _name_level(pairs: dict[str, Any], later: dict[str, list[Any]]) -> None:
    """Name the level of a line that has it under `at`, as logfmter and programs on Heroku write it.

    A request's level is that of its status: Heroku's router has `at=info` beside one of 500, too.
    """
    said = pairs.get("at")
    if not isinstance(said, str) or said.lower() not in _LEVELS or "status" in pairs:
        return
    if any(ROLES.get(name, ("",))[0] == "level" for name in pairs):
        return
    pairs["level"] = pairs.pop("at")
    if "at" in later:
        first, *rest = later.pop("at")
        pairs["at"] = first
        if rest:
            later["at"] = rest


def is_log(pairs: dict[str, Any]) -> bool:
    """Return whether the names are those of a log: a message, or a time or level beside anything; or a request's."""
    return pairs.keys() >= _REQUEST or any(
        role[0] in ("message", "level", "timestamp") and role[1] < _KNOWN
        for name in pairs
        if (role := ROLES.get(name)) is not None
    )


def _typed(key: str, text: str) -> Any:
    """Return what stands without quotes as the number or boolean that it is; ids and fields of our own stay texts."""
    if text in _PLAIN:
        return _PLAIN[text]
    if _NUMBER.fullmatch(text) is None or ROLES.get(key, ("",))[0] in ("message", "traceId", "spanId", "resourceId"):
        return text
    number = int(text) if text.lstrip("-").isdecimal() else float(text)
    return number if str(number) == text or "e" in text.lower() or float(text) == number else text


def unescaped(text: str) -> str:
    """Return a text in quotes with its escapes resolved as Go, JSON and Rust write them."""
    if "\\" not in text:
        return text
    found = _ESCAPE.sub(_character, text)
    # Two halves of a pair of surrogates, each an escape of its own, are one character.
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if "\\u" in text else found


def _character(found: re.Match[str]) -> str:
    escape = found[1]
    return chr(int(escape[1:].strip("{}"), 16)) if len(escape) > 1 else _ESCAPED.get(escape, escape)
