"""Lines without a time: a level in a column, a sign for one, a level beside or behind a name."""

from __future__ import annotations

import re
from typing import Any

from app.log.lines import tail, words
from app.log.lines.heads import head, signs
from app.times.written import Assumed

#: A logger before the level, where no time is: `acme.pay: INFO: text`.
_NAMED = re.compile(
    r"(?P<name>[A-Za-z_][\w.$-]{0,99})(?P<sign>:[ ]|[ ][-|][ ])(?P<level>[A-Z]{4,8}|Level \d{1,2})(?P=sign)(?=\S)"
    r"|\[(?P<scope>[A-Za-z_][\w.$-]{0,99})\][ ](?P<word>[A-Z]{4,8}|Level \d{1,2})(?::|[ ]-)[ ](?=\S)"
)


#: The seconds since the start behind a level: logrus' `INFO[0003]`.
_STARTED = re.compile(r"\[\d{4,}\]")
#: The seconds since the start before a level, or the process: Linkerd's `[     0.001234s]  INFO `, logrus-prefixed-formatter's `[0003]  INFO `, `[1234] INFO `.
_UPTIME = re.compile(
    r"(?:\[ {0,12}(?P<seconds>\d{1,9}\.\d{1,9})s\]|(?P<bare>\d{1,9}\.\d{6,9})s) {1,2}(?=[A-Z]{4,5} )|\[(?P<whole>0\d{3}|\d{4,9}(?=\]  ))\] {1,2}(?=[A-Z]{4,5} )|\[(?P<pid>\d{1,10})\] (?=[A-Z]{4,8} )"
)


def read(line: str, assumed: Assumed, *, column: bool = False) -> dict[str, Any] | None:
    """Read a line without a time whose first word is a level, or a sign for one; the level leaves the text only as a *column*, which shows by what stands behind it or is known."""
    text = line.strip()
    if text[:1] == "[" or text[:1].isdigit():
        since = _UPTIME.match(text)
        log = None if since is None else read(text[since.end() :], assumed, column=True)
        if since is not None and log is not None:
            return {**log, "metadata": {**_before(since), **log["metadata"]}}
    if (sign := signs.SIGN.match(text)) is not None:
        return signs.signed(text, sign)
    level = words.at(text, 0)
    if level is None:
        return _beside(text, assumed)
    after = text[level.end :]
    column = column or level.style == "bracket" or after.startswith(("  ", "\t", "[", " [", " |", ":  ", " - "))
    if level.style in ("title", "lower") and not (after.startswith(":") or (column and after.startswith((" |", "\t")))):
        return None
    if level.written is not None and not column and not after.startswith(":"):
        return None
    fields = head.Head(level=level)
    if not column:
        _, values = tail.split(text)
        time = tail.time(values, assumed)
        return {"level": level.name, "message": text, "timestamp": time, **tail.ids(values), "metadata": values}
    started = _STARTED.match(after)
    return head.log_of(fields, head.inner(text, level.end + (started.end() if started else 0), fields) or text, assumed)


def _before(since: re.Match[str]) -> dict[str, Any]:
    """Return what stood before the level: the process, or the seconds since the start."""
    if since["pid"]:
        return {"pid": since["pid"]}
    return {"uptime": int(since["whole"]) if since["whole"] else float(since["seconds"] or since["bare"])}


def _beside(text: str, assumed: Assumed) -> dict[str, Any] | None:
    """Read a line without a time whose level stands beside or behind a name."""
    fields = head.Head()
    shared = head.SHARED.match(text)
    if shared is not None and shared["hash"] is None and head.share(shared, fields):
        return head.log_of(fields, head.inner(text, shared.end(), fields), assumed)
    found = _NAMED.match(text)
    named = None if found is None else words.named(found["level"] or found["word"])
    if found is None or named is None:
        return None
    fields.level, fields.found.logger = (
        words.Level(named[0], found.end(), "caps", named[1]),
        found["name"] or found["scope"],
    )
    return head.log_of(fields, head.inner(text, found.end(), fields), assumed)
