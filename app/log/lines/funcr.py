"""Lines of logr's funcr and stdr: a name, then names and values that stand in quotes both: `pay "level"=0 "msg"="started"`."""

from __future__ import annotations

import re
from typing import Any

from app.json_text import LENIENT, NotJSON
from app.log.foreign.scales import from_number
from app.log.lines import tail
from app.times import stamps
from app.times.written import Assumed

_LINE = re.compile(
    r"(?:(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) )?(?:(?P<source>[^\s:]{1,200}:\d{1,7}): )?(?:(?P<name>[^\s\"=]{1,200}) )?"
    r"(?P<pairs>(?:\"(?:ts|level|msg|caller|error)\"=).*)",
    re.DOTALL,
)
_PAIR = re.compile(r"\"((?:[^\"\\]|\\.)*+)\"=(\"(?:[^\"\\]|\\.)*+\"|[\[{].{0,2000}?[\]}](?=\s\"|$)|[^\s\"]+)(?:\s+|$)")
_MOST = 100


def read(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line of funcr's; a verbosity of 0 is info, a greater one is less severe, none is an error's."""
    found = _LINE.fullmatch(line)
    values = None if found is None else _values(found["pairs"])
    if found is None or values is None or type(values.get("msg")) is not str:
        return None
    level, time = values.pop("level", None), values.pop("ts", found["time"])
    stamp = None if type(time) is not str else stamps.from_value(time, assumed)
    name = values.pop("logger", None) or (found["name"] or "").rstrip(":") or None
    log: dict[str, Any] = {
        "level": from_number(level, "logr") if type(level) is int else "error",
        "message": values.pop("msg"),
        "resourceId": name,
        "timestamp": stamp,
        **tail.ids(values),
    }
    return {**log, "metadata": values | ({"source": found["source"]} if found["source"] else {})}


def _values(text: str) -> dict[str, Any] | None:
    values: dict[str, Any] = {}
    place = 0
    while place < len(text):
        found = _PAIR.match(text, place)
        if found is None or len(values) >= _MOST:
            return None
        try:
            value = LENIENT.read(found[2])
        except NotJSON:
            value = found[2]
        values.setdefault(found[1], value)
        place = found.end()
    return values
