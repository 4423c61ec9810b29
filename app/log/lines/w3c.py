"""Lines in W3C's extended log file format (https://www.w3.org/TR/WD-logfile.html): IIS, CloudFront, Exchange, Windows' firewall.

A line `#Fields:`, or `#fields` of Zeek's, names the columns of those that follow; blanks, or tabs, stand between them. Dates and times are of UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.log.foreign.scales import from_status
from app.times import written
from app.times.written import Assumed

_FIELDS = ("#Fields:", "#fields\t")
#: Columns that other access logs have too, by their names there.
_NAMES = {
    "c-ip": "client",
    "cs-method": "method",
    "cs-uri-stem": "path",
    "cs-uri-query": "query",
    "cs-username": "user",
    "cs-version": "protocol",
    "cs-protocol-version": "protocol",
    "sc-status": "status",
    "sc-bytes": "bytes",
    "cs(User-Agent)": "agent",
    "cs(user-agent)": "agent",
    "cs(Referer)": "referrer",
    "cs(referer)": "referrer",
}
#: Columns that name the resource, the best first.
_RESOURCES = ("s-computername", "x-host-header", "cs-host", "s-sitename", "s-ip")
#: Columns that hold words alone, though they may look like numbers.
_WORDS = ("date", "time", "c-ip", "s-ip", "cs-uri-stem", "cs-uri-query", "cs-username")


class Columns:
    """The columns that the last line of fields named: a server that was started again, or set to log more, names them anew in the same file."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    @classmethod
    def of(cls, lines: Iterable[str]) -> Columns | None:
        """Return the columns that the first line of fields names; None where there is no such line."""
        return next((cls(_named(line)) for line in lines if line.startswith(_FIELDS)), None)

    def note(self, line: str) -> None:
        """Take the names of a line of fields; another line says nothing of them."""
        if line.startswith(_FIELDS):
            self.names = _named(line)


def _named(line: str) -> tuple[str, ...]:
    return tuple(line[len("#fields:") :].split())


def read(line: str, fields: tuple[str, ...], assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line of these columns, or in one that says something of the file; None for another."""
    if line.startswith("#"):
        return {"level": "info", "message": line, "timestamp": _since(line, assumed)}
    values = line.split("\t") if "\t" in line else line.split()
    if len(values) != len(fields):
        return None
    sent = {name: value for name, value in zip(fields, values, strict=True) if value not in ("-", "")}
    if "ts" in sent:
        timestamp = written.from_value(sent.pop("ts"), assumed)
    else:
        timestamp = written.compose(sent.get("date", ""), sent.get("time", ""), "Z", assumed)
    if timestamp is None:
        return None
    status = sent.get("sc-status", "")
    resource = next((sent[name] for name in _RESOURCES if name in sent), None)
    metadata = {
        _NAMES.get(name, name): _value(name, value) for name, value in sent.items() if name not in ("date", "time")
    }
    level = from_status(int(status)) if len(status) == 3 and status.isdecimal() else "info"
    return {"level": level, "message": line, "timestamp": timestamp, "resourceId": resource, "metadata": metadata}


def _since(line: str, assumed: Assumed) -> str | None:
    """Return the time in a line `#Date:`."""
    name, _, time = line.partition(" ")
    day, _, clock = time.strip().partition(" ")
    return written.compose(day, clock, "Z", assumed) if name == "#Date:" else None


def _value(name: str, value: str) -> str | int:
    if name not in _WORDS and value.isdecimal() and len(value) < 16:
        return int(value)
    return value.replace("+", " ") if name.startswith("cs(") else value
