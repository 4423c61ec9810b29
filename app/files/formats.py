"""Formats: recognise how a source of logs is written, and turn what it holds into logs as they are sent over HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.files import access, structured, syslog, text
from app.times.written import Assumed

Reader = Callable[[str, Assumed], dict[str, Any] | None]

#: By name what reads a line, the strictest first; a line that none of them reads is a text.
_READERS: tuple[tuple[str, Reader], ...] = (
    ("json", structured.read_json),
    ("container", text.read_container),
    ("syslog", syslog.read),
    ("access", access.read),
    ("text", text.read_klog),
    ("text", text.read_android),
    ("text", text.read_basic),
    ("text", text.read_dated),
    ("logfmt", structured.read_logfmt),
)
#: The formats that can be asked for by name; `plain` takes every line as a text of its own.
NAMES = ("json", "syslog", "access", "logfmt", "text", "plain")


@dataclass(frozen=True, slots=True)
class Format:
    """How the lines of one source are written: by what they are read, the likeliest first."""

    name: str
    readers: tuple[Reader, ...]

    def known(self, line: str, assumed: Assumed) -> bool:
        """Return whether the line is a log of its own by its form."""
        return any(read(line, assumed) is not None for read in self.readers)

    def log(self, line: str, assumed: Assumed) -> dict[str, Any]:
        """Return the log in the line, as it would be sent; a line of no known form is its own message.

        Raises InvalidRecord for a broken object in a source of JSON.
        """
        if self.name == "json" and line.lstrip().startswith("{"):
            return self._inner(structured.from_text(line, assumed), assumed)
        for read in self.readers:
            found = read(line.lstrip(), assumed)
            if found is not None:
                return self._inner(_present(found), assumed)
        return text.plain(line)

    def _inner(self, log: dict[str, Any], assumed: Assumed) -> dict[str, Any]:
        """Read the line that a container wrote, where *log* is what Docker or Kubernetes kept of it."""
        stream = log.get("stream") or (log.get("metadata") or {}).get("stream")
        if stream not in ("stdout", "stderr") or not log.keys() <= {"message", "timestamp", "stream", "metadata"}:
            return log
        for read in self.readers:
            found = read(log["message"], assumed)
            if found is not None:
                inner = _present(found)
                return {**log, **inner, "metadata": {"stream": stream, **inner.get("metadata", {})}}
        return {**text.plain(log["message"]), **log}


def recognise(sample: Sequence[str], assumed: Assumed, name: str | None = None) -> Format:
    """Return the format of a source that begins with the lines of *sample*; *name* is one that was asked for."""
    if name == "plain":
        return Format(name, ())
    start = "\n".join(sample).lstrip()
    hits = Counter({"json": 1 if start.startswith("{") or structured.ARRAY.match(start) else 0})
    for line in sample:
        found = next((known for known, read in _READERS if read(line, assumed) is not None), None)
        if found is not None:
            hits[found] += 1
    if name is not None:
        hits[name] = len(sample) + 1
    order = sorted(_READERS, key=lambda reader: -hits[reader[0]])
    likeliest = order[0][0] if hits[order[0][0]] else "text"
    return Format(likeliest, tuple(read for _, read in order))


def _present(log: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in log.items() if value is not None and value != {}}
