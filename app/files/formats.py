"""Formats: recognise how a source of logs is written, and turn what it holds into logs as they are sent over HTTP."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.files import kept, literals, structured
from app.files.split import joins
from app.log.foreign.scales import is_ranked
from app.log.lines import ansi, logfmt, reader, syslog, w3c
from app.log.lines.heads import columns, head
from app.times import stamps
from app.times.written import Assumed

Reader = Callable[[str, Assumed], dict[str, Any] | None]

#: Readers of a line by the name of its form, the strictest first; a line that none of them reads is a text.
_READERS: tuple[tuple[str, Reader], ...] = (
    ("json", structured.read_json),
    *reader.READERS,
    ("logfmt", lambda line, assumed: logfmt.read_logfmt(line.strip(), assumed)),
)
#: The formats that can be asked for by name; `plain` takes every line as a text of its own.
NAMES = ("json", "syslog", "access", "logfmt", "text", "plain")
#: How JSON begins, and no literal of another language does: `{ level: 'info' }`.
_JSON = re.compile(r"\{\s*[\"}]")
#: Characters with which a line of a program begins that writes a time of its own.
_HEADS = frozenset("[0123456789")
#: The beginning of a text of names with their values alone; `user level=admin` is a text about one.
_PAIR = re.compile(r"[\w.@-]{1,100}=")
#: How often a word must stand where a host does, before two programs, to be one.
_HOST_LINES = 3


@dataclass(frozen=True, slots=True)
class Format:
    """How the lines of one source are written, and what all its lines together show of each."""

    name: str
    readers: tuple[Reader, ...]
    #: Whether most of its logs begin with a time or a level: a line without one goes on with the log before.
    headed: bool = False
    #: The hosts that its lines name behind the time.
    hosts: frozenset[str] = frozenset()
    #: The order of its dates in slashes.
    order: str | None = None
    #: Whether the texts of nearly all its logs begin with a level, in whatever spelling.
    levelled: bool = False
    #: Whether several processes name themselves in the heads of its lines.
    processes: bool = False
    #: The shapes of heads of which nearly all its logs name a logger, before a colon, behind the level.
    named: frozenset[columns.Shape] = frozenset()
    #: Whether its lines are npmlog's.
    npmlog: bool = False
    #: Whether each of its logs begins with a time of day.
    clocked: bool = False
    #: Whether a time stands alone above what happened then.
    bare: bool = False
    #: The column behind levels that are padded, in lines without a time.
    width: int = 0
    #: Whether most of its lines begin with a level and a colon.
    labelled: bool = False
    #: The columns that lines `#Fields:` name, each for those behind it: lines are read in their order.
    fields: w3c.Columns | None = None
    #: How the container wrote its lines, where those of the source are what was kept of them.
    inner: Format | None = None
    #: The reader of lines that others kept.
    keep: kept.Reader | None = None

    def read(self, line: str, assumed: Assumed) -> dict[str, Any] | None:
        """Return the log in a line, without escape codes, that has a known form; None for any other."""
        if self.order is not None:
            assumed = replace(assumed, order=self.order)
        if self.fields is not None:
            self.fields.note(line)
            if (log := w3c.read(line, self.fields.names, assumed)) is not None:
                return reader.present(log)
        if self.hosts and (log := reader.read_syslog(line, assumed, self.hosts)) is not None:
            return _opened(reader.present(log), assumed)
        if self.npmlog and (log := columns.npmlog(line)) is not None:
            return reader.present(log)
        if self.width:
            line = columns.padded(line, self.width)
        for read in self.readers:
            log = read(line, assumed)
            if log is not None:
                log = reader.present(log)
                if "app" in log.get("metadata", {}):
                    log = _opened(log, assumed)
                if self.named and "resourceId" not in log:
                    log = columns.named(log, self.named)
                if self.levelled and "timestamp" in log and "level" not in log:
                    again = head.read(line, assumed, loose=True)
                    return log if again is None else reader.present(again)
                return log
        return self._by_all(line, assumed)

    def _by_all(self, line: str, assumed: Assumed) -> dict[str, Any] | None:
        """Return the log in a line that only those around it show to be one."""
        if self.clocked and (log := columns.clocked(line, assumed)) is not None:
            return log
        if self.bare and (log := columns.bare(line, assumed)) is not None:
            return log
        return reader.present(log) if self.labelled and (log := columns.labelled(line, assumed)) is not None else None

    def logs(
        self, line: str, assumed: Assumed, found: dict[str, Any] | None = None, *, asked: bool = False
    ) -> list[dict[str, Any]]:
        """Return the logs in the line: an object may hold many, any other line is one. See `log`."""
        if self.name == "json" and line.lstrip().startswith("{"):
            return structured.all_of(line, assumed, self._line(assumed))
        if line.startswith("{") and (literal := literals.log(ansi.stripped(line), assumed)) is not None:
            return [literal]
        return [self.log(line, assumed, found, asked=asked)]

    def _line(self, assumed: Assumed) -> Callable[[str], dict[str, Any] | None]:
        return lambda text: self.read(ansi.stripped(text), assumed)

    def log(
        self, line: str, assumed: Assumed, found: dict[str, Any] | None = None, *, asked: bool = False
    ) -> dict[str, Any]:
        """Return the log in the line, as it would be sent; a line of no known form is its own message.

        *found* is what `read` returned, if that is known, for which None counts where *asked*. Raises InvalidRecord for a broken object in a source of JSON.
        """
        if self.name == "json" and line.lstrip().startswith("{"):
            return structured.from_text(line, assumed, self._line(assumed))
        text = ansi.stripped(line)
        if found is None and not asked:
            found = self.read(text, assumed)
        return reader.plain(text) if found is None else self._inner(found, assumed)

    def _inner(self, log: dict[str, Any], assumed: Assumed) -> dict[str, Any]:
        """Read the line that a container wrote, where *log* is what Docker or Kubernetes kept of it."""
        stream = log.get("stream") or (log.get("metadata") or {}).get("stream")
        if stream not in ("stdout", "stderr") or not log.keys() <= {"message", "timestamp", "stream", "metadata"}:
            return log
        inner = self.read(ansi.stripped(log["message"]), assumed)
        if inner is None:
            return {**reader.plain(log["message"]), **log}
        return {**log, **inner, "metadata": {"stream": stream, **inner.get("metadata", {})}}


def _opened(log: dict[str, Any], assumed: Assumed) -> dict[str, Any]:
    """Return the log of a line of syslog with what its message says: of an object and of names with their values all but the time, of a text with a head its level."""
    message = log["message"]
    if message.startswith('{"') and (inner := structured.read_json(message, assumed)) is not None:
        return reader.present(reader.within(log, inner))
    if "level=" in message and _PAIR.match(message) is not None:
        pairs = logfmt.read_logfmt(message, assumed)
        if pairs is not None and is_ranked(pairs.get("level") or ""):
            return reader.present(reader.within(log, pairs))
    if message[:1] in _HEADS and log.get("level") == "info" and "facility" not in log.get("metadata", {}):
        found = head.read(message, assumed)
        return log if found is None or not found.get("level") else {**log, "level": found["level"]}
    return log


def kind(line: str, assumed: Assumed) -> str:
    """Return by which form a line is read: a name of NAMES, or `container`."""
    text = ansi.stripped(line)
    return next((kind for kind, read in _READERS if read(text, assumed) is not None), "plain")


def recognise(sample: Sequence[str], assumed: Assumed, name: str | None = None) -> Format:
    """Return the format of a source that begins with the lines of *sample*; *name* is one that was asked for, or a dialect."""
    if name is not None and name not in NAMES:
        return recognise(sample, assumed, "json")
    if name == "plain":
        return Format(name, ())
    if (keep := kept.reader_of(sample)) is not None:
        inner = recognise(kept.texts([keep(line) for line in sample]), assumed, None if name == "json" else name)
        own = "json" if sample[0].startswith("{") else "container"
        return Format(own, tuple(read for _, read in _READERS), inner=inner, keep=keep)
    lines = [ansi.stripped(line) for line in sample]
    start = "\n".join(sample).lstrip()
    hits, headed, texts = _read(lines, assumed)
    hits["json"] += 1 if _JSON.match(start) or structured.ARRAY.match(start) else 0
    readers = tuple(read for kind, read in sorted(_READERS, key=lambda pair: pair[0] != name))
    named = w3c.Columns.of(lines)
    likeliest = name or ("access" if named else None) or max(hits, key=lambda kind: hits[kind])
    clocked, bare = columns.is_clocked(lines), columns.is_bare(lines, assumed)
    return Format(
        likeliest if hits[likeliest] or name or named else "text",
        readers,
        headed=headed or clocked or bare,
        hosts=_hosts(lines),
        order=stamps.order_of(lines),
        levelled=columns.is_column(texts),
        processes=headed and len({one[1] for one in map(joins.HEADED_PROCESS.match, lines) if one is not None}) > 1,
        named=columns.named_shapes(texts),
        npmlog=columns.is_npmlog(lines),
        clocked=clocked,
        bare=bare,
        width=columns.width_of(lines),
        labelled=columns.is_labelled(lines),
        fields=named,
    )


def _read(lines: Sequence[str], assumed: Assumed) -> tuple[Counter[str], bool, list[dict[str, Any]]]:
    """Return of how many *lines* each kind is, whether most have a head, and the logs in those that are text."""
    hits, heads, others, texts = Counter[str](), 0, 0, list[dict[str, Any]]()
    for line in lines:
        kind, log = next(
            ((kind, log) for kind, read in _READERS if (log := read(line, assumed)) is not None), (None, None)
        )
        if kind is not None:
            hits[kind] += 1
        if kind == "text" and log is not None:
            texts.append(reader.present(log))
        if kind in ("text", "syslog", "access") and _is_head(log or {}):
            heads += 1
        elif kind is None and _stands_out(line):
            others += 1
    return hits, heads > 0 and heads >= others, texts


def _is_head(log: dict[str, Any]) -> bool:
    """Return whether a log begins with a time or a level, and is no web server's answer, which never goes on."""
    has_head = log.get("timestamp") is not None or log.get("level") is not None
    return has_head and "status" not in log.get("metadata", {})


def _stands_out(line: str) -> bool:
    """Return whether a line of no form is one that no rule of a trace would join."""
    if not line.strip() or line[0] in " \t":
        return False
    rules = (joins.GOES_ON, joins.CLOSES, joins.FRAME, joins.FUNCTION)
    return joins.begun(line) is None and not any(rule.match(line) for rule in rules)


def _hosts(lines: Sequence[str]) -> frozenset[str]:
    """Return the words that are hosts: a program with its process follows them, or several programs do."""
    counts, programs, sure = Counter[str](), defaultdict[str, set[str]](set), set[str]()
    for line in lines:
        found = syslog.host_of(line)
        if found is None:
            continue
        counts[found.host] += 1
        if found.program is not None:
            programs[found.host].add(found.program)
        if found.process:
            sure.add(found.host)
    several = {host for host, count in counts.items() if count >= _HOST_LINES and len(programs[host]) > 1}
    return frozenset(sure | several)
