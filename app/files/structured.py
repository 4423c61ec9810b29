"""Logs written as names and values: JSON objects, and `level=info msg="a text"` (logfmt).

The names under which programs write the fields of a log become ours; everything else is kept as metadata.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from app.errors import InvalidRecord, Problem
from app.files import level as formats_level
from app.times import written
from app.times.written import Assumed

#: Our text fields and the names they go by, best first; a dot may also be a level of nesting.
NAMES: dict[str, tuple[str, ...]] = {
    "message": (
        *("message", "msg", "@m", "@mt", "short_message", "MESSAGE", "event", "textPayload", "log", "body", "text"),
        "error",
    ),
    "level": (
        *("level", "lvl", "severity", "log.level", "loglevel", "levelname", "level_name", "severity_text", "@l"),
        *("severityText", "PRIORITY", "priority"),
    ),
    "timestamp": (
        *("timestamp", "@timestamp", "time", "ts", "@t", "datetime", "date", "asctime", "eventTime"),
        *("__REALTIME_TIMESTAMP", "timeMillis", "t"),
    ),
    "resourceId": (
        *("resourceId", "resource_id", "resourceID", "service.name", "service", "service_name", "app", "application"),
        *("host", "hostname", "host.name", "_HOSTNAME", "logger", "logger_name", "loggerName", "name"),
    ),
    "traceId": ("traceId", "trace_id", "traceID", "trace.id", "traceid", "dd.trace_id", "otelTraceID", "@tr"),
    "spanId": ("spanId", "span_id", "spanID", "span.id", "spanid", "dd.span_id", "otelSpanID", "@sp"),
    "commit": ("commit", "git_commit", "gitCommit", "git.commit.sha"),
}
#: Names that no other program uses: an object with one of them is in our own form already.
_OURS = ("resourceId", "metadata")
#: Longest text of a field other than the message; a longer one under a foreign name stays metadata.
_SHORT = 255


def is_log(pairs: Mapping[str, Any]) -> bool:
    """Return whether the names are those of a log: a message, or a time or level beside anything."""
    return any(name in pairs for field in ("message", "level", "timestamp") for name in NAMES[field][:5])


def to_log(pairs: Mapping[str, Any], assumed: Assumed) -> dict[str, Any]:
    """Return the log that these names and values tell; one in our own form stays as it is.

    A foreign name is taken over only where its value fits, else it stays metadata; a value under our
    own name that fits nothing stays too, and is refused as it is over HTTP.
    """
    log = dict(pairs)
    if any(name in pairs for name in _OURS):
        return log
    if "short_message" in pairs:  # GELF, whose numbers are syslog's
        log["level"] = formats_level.from_value(pairs.get("level"), syslog=True)
        pairs = {**log, "level": log["level"] or "info"}
    for field, names in NAMES.items():
        for name in names:
            fitting = _FITTING.get(field, _short)(_lookup(pairs, name), name, assumed)
            if fitting is not None:
                log.pop(name, None)
                log[field] = fitting
            if fitting is not None or (name == field and pairs.get(name) is not None):
                break
    if log.get("message") is None:
        log["message"] = json.dumps(dict(pairs), ensure_ascii=False, separators=(",", ":"))
    return log


def _lookup(pairs: Mapping[str, Any], name: str) -> Any:
    if name in pairs:
        return pairs[name]
    outer, dot, inner = name.partition(".")
    nested = pairs.get(outer) if dot else None
    return nested.get(inner) if isinstance(nested, dict) else None


def _message(value: Any, _name: str, _assumed: Assumed) -> str | None:
    return value.rstrip("\r\n") if isinstance(value, str) else None


def _level(value: Any, name: str, _assumed: Assumed) -> str | None:
    level = formats_level.from_value(value, syslog=name in ("PRIORITY", "priority", "severity"))
    return level if level is None or len(level) <= _SHORT else None


def _timestamp(value: Any, _name: str, assumed: Assumed) -> str | int | float | None:
    return written.from_value(value, assumed)


def _short(value: Any, _name: str, _assumed: Assumed) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and 0 < len(value) <= _SHORT else None


_FITTING = {"message": _message, "level": _level, "timestamp": _timestamp}


#: What may start a document that is one array of objects; `[error]` and `[2023-…` start lines.
ARRAY = re.compile(r"\s*\[\s*(?:\{|\]\s*$)")
_GAP = re.compile(r"[\s,]*")
#: Parts of a line that tell how deep it nests; strings hold no line feed in JSON.
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*"|([{\[])|([}\]])')
#: A line that can't be a whole object, but the first of one that is spread over lines.
SPREAD = re.compile(r"\{(?:.*[{\[,])?\s*$")


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_not_json)


def read_json(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line that is one JSON object."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        return from_text(line, assumed)
    except InvalidRecord:
        return None


def from_text(text: str, assumed: Assumed) -> dict[str, Any]:
    """Return the log in *text*, one JSON object; raises InvalidRecord naming the place of a fault."""
    try:
        value = _decoder.decode(text.strip())
    except json.JSONDecodeError as error:
        raise InvalidRecord(Problem(f"is not JSON: {error.msg.lower()}", position=error.pos)) from error
    except (ValueError, RecursionError) as error:
        raise InvalidRecord(Problem(f"is not JSON that can be taken: {error}")) from error
    if not isinstance(value, dict):
        raise InvalidRecord(Problem("is not a JSON object"))
    return to_log(value, assumed)


def depth(line: str) -> int:
    """Return by how many levels the line opens more than it closes."""
    return sum(1 if found[1] else -1 if found[2] else 0 for found in _NESTING.finditer(line))


def elements(text: str) -> Iterator[tuple[str, int]]:
    """Yield the text of each element of the array in *text*, and the offset behind it.

    Raises InvalidRecord where the array breaks off; the elements before that have been yielded.
    """
    place = text.index("[") + 1
    while True:
        start = place
        gap = _GAP.match(text, start)
        place = start if gap is None else gap.end()
        if text[place : place + 1] == "]":
            return
        try:
            _, end = _decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise InvalidRecord(Problem(f"the array is not JSON: {error}", position=place)) from error
        yield text[place:end], end
        place = end


#: One pair; a key alone is true, as in Go's logfmt.
_PAIR = re.compile(r'([A-Za-z_@][\w.@/-]*)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*)))?(?:\s+|$)')
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def read_logfmt(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line that is nothing but pairs, with a message, level or time among them."""
    if "=" not in line:
        return None
    pairs: dict[str, Any] = {}
    place, alone = 0, 0
    while place < len(line):
        found = _PAIR.match(line, place)
        if found is None:
            return None
        key, quoted, bare = found.groups()
        if quoted is None and bare is None:
            alone += 1
        pairs.setdefault(key, bare if bare is not None else True if quoted is None else _unescape(quoted))
        place = found.end()
    if len(pairs) - alone < 2 or alone > len(pairs) // 2 or not is_log(pairs):
        return None
    return to_log(pairs, assumed)


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(
        lambda found: chr(int(found[1][1:], 16)) if len(found[1]) == 5 else _ESCAPED.get(found[1], found[1]), text
    )
