"""One entry of a source: its first line, the lines joined to it, and the log that they make."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from app.errors import InvalidRecord, Problem
from app.files import literals
from app.files.formats import Format
from app.files.journal.entries import verbose
from app.files.split import db2diag, joins
from app.files.split.joins import TraceForm
from app.log.fold import fold
from app.log.lines import ansi, tail, words
from app.log.lines.heads import columns
from app.log.ranks import RANKS
from app.times.written import Assumed

#: Most lines, and characters, joined into one log.
JOINED_LINES = 10_000
JOINED_CHARACTERS = 1 << 20
#: The note in a log that would have had more lines.
_CUT = f"more than {JOINED_LINES:,} lines or {JOINED_CHARACTERS:,} characters: the rest follows in logs of its own"

#: A line that names where something was logged, before the line that says what: java.util.logging, tinylog.
PLACE = re.compile(
    r"(?:\[(?P<thread>[^\]]{1,80})\] )?(?P<resource>[\w.$]{1,250}?)(?:[. ](?P<method>[a-z_$<][\w$<>]{0,99}))?(?:\(\))?",
    re.DOTALL,
)
#: A fault of Oracle's database, on a line of its own.
_ORACLE = re.compile(r"ORA-\d{5}\b")
#: The line that GORM writes beneath a query that failed or was slow: how long it took, how many rows it met, the statement.
_STATEMENT = re.compile(r"\[\d{1,9}\.\d{3}ms\] \[rows:(?:-|\d{1,19})\] ")
#: All that GORM writes above a query that was neither.
_CALLER = re.compile(r"\S{1,300}\.go:\d{1,7}")
_STANZA_TIME = re.compile(r"SET timestamp=(\d{9,11}(?:\.\d{1,6})?);|Timestamp +Start: (\d{9,11}\.\d{1,9}) ")
_ELEMENT = re.compile(r"<(date|logger|level|class|method|thread|message)>([^<]{0,65536})</\1>")
#: Attributes of a log4j:event, its texts, and its properties.
_ATTRIBUTE = re.compile(r"([A-Za-z]{1,20})=\"([^\"]{0,1000})\"")
_CDATA = re.compile(
    r"<log4j:(message|throwable|NDC)>(?:<!\[CDATA\[)?(?=((?:[^<\]]++|\](?!\]>)|<(?!/?log4j:))*))\2(?:\]\]>)?</log4j:"
)
_DATA = re.compile(r"<log4j:data name=\"([^\"]{1,200})\" value=\"([^\"]{0,65536})\"")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}


class Inner(Protocol):
    """The lines of an entry that are not its own words: a container's lines, an entry of the journal."""

    def logs(self, assumed: Assumed) -> list[dict[str, Any]]:
        """Return the logs. Raises InvalidRecord where it can't be any."""
        ...


class Line(NamedTuple):
    """A line of a source: its text without the line's end, its bytes' offsets, its number from 0."""

    text: str
    start: int
    end: int
    number: int


@dataclass(slots=True)
class Entry:
    """The lines that make one log: the first line and its continuation lines."""

    first: str
    start: int
    end: int
    number: int
    more: list[str] = field(default_factory=list)
    #: Why the entry can't be a log; None where it can.
    problem: Problem | None = None
    #: The log that was read from the first line; None where no form of lines fits, or the line was not read yet.
    found: dict[str, Any] | None = None
    #: Whether the first line was read, so that `found` counts.
    asked: bool = False
    #: How many brackets of a JSON object over several lines are open.
    open: int = 0
    #: Whether a text of a JSON object was not closed on its line: who wrote it left line feeds in it as they were.
    quoted: bool = False
    #: Whether the last line opened a bracket that a line may close.
    bracket: bool = False
    #: The trace that was joined or begun, and whether Python's line with the error is still to come.
    trace: TraceForm | None = None
    traced: bool = False
    #: How many lines of any form still belong to it.
    free: int = 0
    #: The line that ends a block or a stanza which the entry began.
    until: re.Pattern[str] | None = None
    stanza: re.Pattern[str] | None = None
    #: Where the first line's message begins, if another line may repeat what stands before it.
    column: int = 0
    #: The lines of the message where they are not those of `more`.
    said: list[str] | None = None
    #: Whether level and text came in the second line.
    second: dict[str, Any] | None = None
    cut: bool = False
    #: Whether the next entry lies within its lines: a source is never taken again from between the two.
    tied: bool = False
    #: How many NUL bytes stood before it.
    gap: int = 0
    #: The time of the log before, where the entry has none.
    before: Any = None
    size: int = 0
    #: The entry within, where the lines are those in which a container's own were kept.
    kept: Inner | None = None

    @property
    def text(self) -> str:
        """The whole entry."""
        return "\n".join((self.first, *self.more)) if self.more else self.first

    @property
    def rank(self) -> int:
        """The severity of the first line; that of information where it has none."""
        level = None if self.found is None else self.found.get("level")
        return RANKS.get(fold(level), 2) if isinstance(level, str) else 2

    def logs(self, format: Format, assumed: Assumed) -> list[dict[str, Any]]:
        """Return the logs in the form of `/logs/ingest/`: one, or several that one JSON object wraps. Raises InvalidRecord where the entry can't be a log."""
        if self.problem is not None:
            raise InvalidRecord(self.problem)
        logs = self._logs(format, assumed) if self.kept is None else self.kept.logs(assumed)
        return [self._noted(log) for log in logs]

    def _noted(self, log: dict[str, Any]) -> dict[str, Any]:
        """Return the log with what its place in the source says of it."""
        if self.before is not None and "timestamp" not in log:
            log["timestamp"] = self.before
            log["metadata"] = {**log.get("metadata", {}), "timestampOf": "the log before"}
        if self.gap:
            log["metadata"] = {**(log.get("metadata") or {}), "gap": f"{self.gap:,} NUL bytes before this log"}
        if self.cut:
            log["metadata"] = {**log.get("metadata", {}), "cut": _CUT}
        return log

    def _logs(self, format: Format, assumed: Assumed) -> list[dict[str, Any]]:
        if self.more and self.first.startswith("{"):
            literal = literals.log(ansi.stripped(self.text), assumed)
            if literal is not None:
                return [literal]
        if self.stanza is not None and self.first.startswith("<log4j:"):
            return [_log4j(self.text)]
        if (
            not self.more
            and self.found is not None
            and self.found == {"message": "", "timestamp": self.found.get("timestamp")}
        ):
            return [{**self.found, "message": self.first.strip()}]
        if not self.more and self.trace is None:
            return format.logs(self.first, assumed, self.found, asked=self.asked)
        if self.open or (self.first.startswith("{") and not self.bracket and self.stanza is None):
            return format.logs(self.text, assumed, self.found)
        return [self._joined(format, assumed)]

    def _joined(self, format: Format, assumed: Assumed) -> dict[str, Any]:
        """Return the log of the first line with those that go on."""
        log = format.log(self.first, assumed, self.found, asked=self.asked)
        if log["message"].startswith("[s=") and (exported := verbose(log["message"], self.more)) is not None:
            return (
                exported
                if "timestamp" in exported or "timestamp" not in log
                else {**exported, "timestamp": log["timestamp"]}
            )
        if self.stanza is not None:
            return _stanza(self, log)
        said = [ansi.stripped(line) for line in (self.said if self.said is not None else self.more)]
        if self.second is not None:
            log = _placed(log, self.second)
            said = said[1:]
        elif not log["message"]:
            said = textwrap.dedent("\n".join(said)).lstrip("\n").split("\n")
            level = "error" if any(map(_ORACLE.match, said)) else words.leading(said[0])
            log = {"level": level, **log} if level is not None else log
        if (
            "level" not in log
            and said
            and _STATEMENT.match(said[0])
            and not _CALLER.fullmatch(log["message"] or "x.go:0")
        ):
            log = {**log, "level": "warn" if log["message"].startswith("SLOW SQL") else "error"}
        if self._is_error_alone(log):
            log = {**log, "level": "error", "message": f"Error: {log['message']}"}
        if self.trace is not None:
            log = _failed(log, self, said)
        lines = (log["message"], *said) if log["message"] else said
        message = "\n".join(lines).rstrip()
        if message[:1] == '"' and lines[0].count('"') == 1:  # the last column of a CSV, which went over lines
            message = columns.unquoted(message)
        return {**log, "message": message}

    def _is_error_alone(self, log: dict[str, Any]) -> bool:
        """Return whether what was read as the level is the class of JavaScript's exception: `[14:00:00] Error: boom`, its frames beneath."""
        named = self.trace is not None and self.trace.language == "javascript" and log.get("level") == "Error"
        return named and not log["message"].startswith("Error:")


def is_second(entry: Entry, text: str, found: dict[str, Any]) -> bool:
    """Return whether the line has the level and text of a log whose time and place stand in the entry's only line."""
    if entry.more or entry.found is None or "level" in entry.found or "timestamp" not in entry.found:
        return False
    level = words.at(text, 0)
    cased = level is not None and (level.style in ("caps", "title") or not text[: level.end].isascii())
    if level is None or not cased or text[level.end : level.end + 2] != ": ":
        return False
    return PLACE.fullmatch(str(entry.found["message"])) is not None


def _failed(log: dict[str, Any], entry: Entry, said: list[str]) -> dict[str, Any]:
    """Return the log of an exception: an error where it has no level, its type and message beside it."""
    metadata = log.get("metadata", {})
    assumed = log["level"] == "info" and "app" in metadata and "facility" not in metadata if "level" in log else True
    if entry.found is None or assumed or (entry.trace is not None and entry.trace.alone):
        log = {**log, "level": "error"}
    exception = joins.exception([log["message"], *said], entry.trace.language if entry.trace else "")
    if exception is None or (exception["type"] == "Error" and not said):  # a label, as Varnish writes it too
        return log
    return {**log, "metadata": {"exception": exception, **metadata}}


def _placed(log: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return the log of two lines: where and when it was logged, then level and text."""
    place = PLACE.fullmatch(log["message"])
    metadata = log.get("metadata", {})
    if place is not None:
        named = {name: place[name] for name in ("thread", "method") if place[name]}
        log = {**log, "resourceId": log.get("resourceId") or place["resource"], "metadata": {**named, **metadata}}
    level = words.at(str(second["message"]), 0)
    message = str(second["message"]) if level is None else second["message"][level.end + 2 :]
    metadata = {**log.get("metadata", {}), **second.get("metadata", {})}
    return {**log, **second, "message": message, "metadata": metadata}


def _stanza(entry: Entry, log: dict[str, Any]) -> dict[str, Any]:
    """Return the log of lines that belong together by a form of theirs."""
    if entry.first.startswith("<"):
        return _xml(entry.text)
    if db2diag.FIRST.match(entry.first):
        return db2diag.log(entry.first, entry.more)
    message = "\n".join(line for line in (log["message"], *entry.more) if line)
    metadata = dict(log.get("metadata", {}))
    for line in entry.more:
        if line.startswith("# ") and ": " in line[:20]:
            for name, value in (tail.pairs(line[2:].replace(": ", "=").replace("  ", " ")) or {}).items():
                metadata.setdefault(name, value)
    time = _STANZA_TIME.search(message)
    if time is not None and "timestamp" not in log:
        log = {**log, "timestamp": float(time[1] or time[2])}
    return {**log, "message": message, "metadata": metadata}


def _xml(text: str) -> dict[str, Any]:
    """Return the log in a `<record>` of java.util.logging."""
    parts: dict[str, str] = {}
    for name, value in _ELEMENT.findall(text.partition("<exception>")[0]):
        parts.setdefault(name, _unescaped(value))
    if "message" not in parts:
        return {"level": "info", "message": text}
    exception = text.partition("<exception>")[2]
    named = words.named(parts.get("level", "")) or ("info", None)
    failed = re.search(r"<message>([^<]{0,65536})</message>", exception)
    metadata: dict[str, Any] = {name: parts[name] for name in ("class", "method", "thread") if name in parts}
    if exception and failed is not None:
        metadata["exception"] = _unescaped(failed[1])
    log = {"level": named[0], "message": parts["message"], "resourceId": parts.get("logger"), "metadata": metadata}
    if "date" in parts:
        log["timestamp"] = parts["date"]
    return {name: value for name, value in log.items() if value is not None}


def _log4j(text: str) -> dict[str, Any]:
    """Return the log in a `<log4j:event>`, as XMLLayout of log4j, log4cxx and NLog writes it: its fields are attributes, its texts CDATA."""
    head, _, body = text.partition(">")
    fields = {name: _unescaped(value) for name, value in _ATTRIBUTE.findall(head)}
    parts = dict(_CDATA.findall(body))
    level = words.named(fields.pop("level", "")) or ("info", None)
    metadata: dict[str, Any] = {name: fields[name] for name in ("thread",) if name in fields}
    metadata |= {name: _unescaped(value) for name, value in _DATA.findall(body)}
    message = parts.get("message", text)
    if "throwable" in parts:
        message = f"{message}\n{parts['throwable'].rstrip()}"
    log: dict[str, Any] = {"level": level[0], "message": message, "metadata": metadata, **tail.ids(metadata)}
    if "logger" in fields:
        log["resourceId"] = fields["logger"]
    if fields.get("timestamp", "").isdecimal():
        log["timestamp"] = int(fields["timestamp"])
    return log


def _unescaped(text: str) -> str:
    return re.sub(r"&(?:lt|gt|quot|apos|amp);", lambda found: _ENTITIES[found[0]], text)
