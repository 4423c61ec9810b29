"""Entries of IBM Db2's `db2diag.log`: a line with time and level, lines of names with their values, then what happened.

https://www.ibm.com/docs/en/db2/11.5?topic=files-interpreting-diagnostic-log-file-entries has the format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

#: A text that each first line has.
SIGN = " LEVEL: "
#: The first line: `2007-05-18-14.20.46.973000-240   I27204F655   LEVEL: Info`; behind the time stand the minutes east of UTC.
FIRST = re.compile(
    r"(\d{4}-\d\d-\d\d)-(\d\d)\.(\d\d)\.(\d\d\.\d{6})([+-])(\d{1,3}) {1,9}([A-Z]\d{1,19}[A-Z]\d{1,9}) {1,40}LEVEL: (\w{3,12})"
)
#: The line behind the names.
_FUNCTION = "FUNCTION: "
_PAIR = re.compile(r"([A-Z]{2,10}) {0,9}: (\S(?:[^ ]| (?! ))*)")
#: The level of what Db2 notes of its own working, which has no severity by its name.
_LEVELS = {"Event": "info"}


def log(first: str, more: Sequence[str]) -> dict[str, Any]:
    """Return the log of an entry's lines, of which *first* is like FIRST."""
    found = FIRST.match(first)
    assert found is not None
    day, hour, minute, second, sign, offset, record, level = found.groups()
    start = next((place for place, line in enumerate(more) if line.startswith(_FUNCTION)), 0)
    named = {name.lower(): value.rstrip() for line in more[:start] for name, value in _PAIR.findall(line)}
    log: dict[str, Any] = {
        "level": _LEVELS.get(level, level.lower()),
        "message": "\n".join(more[start:]).rstrip(),
        "timestamp": f"{day}T{hour}:{minute}:{second}{sign}{int(offset) // 60:02}:{int(offset) % 60:02}",
        "metadata": {"record": record, **named},
    }
    if "instance" in named:
        log["resourceId"] = named["instance"]
    return log
