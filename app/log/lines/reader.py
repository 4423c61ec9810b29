"""The one reader of text: a line of a file, a text that was sent, what a container or a daemon kept of either."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from app.log.lines import access, ansi, forms, funcr, syslog, words
from app.log.lines.heads import head, untimed
from app.times import written
from app.times.written import Assumed

LineReader = Callable[[str, Assumed], dict[str, Any] | None]

#: A line as Kubernetes keeps it of a container's output: time, stream, whether the line is whole.
_CONTAINER = re.compile(rf"{written.ISO} (?P<stream>stdout|stderr) ([FP]) (?P<text>.*)", re.DOTALL)
#: The name that Docker Compose, Swarm, `kubectl logs --prefix` and pm2 write before the lines of each container or process.
NAMED = re.compile(
    r"(?P<name>(?P<service>[A-Za-z0-9][\w.-]{0,60}?)(?:[-_]\d{1,3}|\.\d{1,4}\.[a-z0-9]{12,30}@[\w.-]{1,100})) {1,60}\| "
    r"|(?P<process>\d{1,4}\|(?P<app>[A-Za-z][\w.-]{0,60})) {1,60}\| "
    r"|\[(?P<pod>pod/[\w.-]{1,253}/(?P<container>[\w.-]{1,63}))\] "
)
#: The stream's name stands within so many first characters.
_STREAM = 80
#: Longest head of a line, in which its fields are looked for.
_HEAD = 16_384


def container_of(named: re.Match[str]) -> tuple[str, str]:
    """Return the name before a container's line, and the service, the container or the application that it is of."""
    groups = named.groupdict()
    name = groups["name"] or groups["pod"] or groups["process"]
    return name, groups["service"] or groups["container"] or groups["app"]


def read_container(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line that a container wrote, by what was kept of it: stream and time, or its name; the line is its message."""
    if ("| " in line or line.startswith("[pod/")) and (named := NAMED.match(line)) is not None:
        name, resource = container_of(named)
        return {"message": line[named.end() :], "resourceId": resource, "metadata": {"container": name}}
    found = _CONTAINER.fullmatch(line) if " std" in line[:_STREAM] else None
    timestamp = None if found is None else written.from_groups(found, 1, assumed)
    if found is None or timestamp is None:
        return None
    return {"message": found["text"], "timestamp": timestamp, "metadata": {"stream": found["stream"]}}


def read_head(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line of a program's form, or with a time or a level before its text."""
    if '"=' in line and (log := funcr.read(line, assumed)) is not None:
        return log
    if (log := forms.read(line, assumed)) is not None:
        return _with_request(log, assumed) if '] "' in log["message"] and "status" not in log["metadata"] else log
    log = head.read(line, assumed) or untimed.read(line, assumed)
    return None if log is None else _with_request(log, assumed)


def read_syslog(line: str, assumed: Assumed, hosts: frozenset[str] = frozenset()) -> dict[str, Any] | None:
    """Return the log in a line of syslog; a web server's line within it has the rest."""
    log = syslog.read(line.strip(), assumed, hosts)
    if log is None:
        return None
    said = forms.read(log["message"], assumed, _DAEMONS) if "\t" in log["message"] or "CEF:" in log["message"] else None
    return _with_request(log, assumed) if said is None else within(log, said)


_REQUESTS = frozenset(("request",))
#: Forms of what a daemon says behind the head that syslog writes.
_DAEMONS = frozenset(("pacemaker", "cef"))


def _with_request(log: dict[str, Any], assumed: Assumed) -> dict[str, Any]:
    """Read the message where it is the line of an access log: its level is that of the status."""
    message = log["message"]
    inner = access.read(message, assumed) if '"' in message else None
    if inner is None and log.get("level") is None:
        inner = forms.read(message, assumed, _REQUESTS)
    if inner is None:
        return log
    if "timestamp" not in inner and log.get("level") is not None:  # uvicorn's logger wrote INFO for every request
        inner = {**inner, "level": log["level"]}
    return within(log, inner)


def within(outer: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    """Return the log of a line that holds another's line: the inner one's level and fields, the outer one's time."""
    metadata = {**inner.get("metadata", {}), **outer.get("metadata", {})}
    read = {name: value for name, value in inner.items() if value is not None}
    kept = {name: value for name, value in outer.items() if value is not None and name not in ("level", "message")}
    return {**read, **kept, "metadata": metadata}


#: The readers of a line by its kind, the strictest first.
READERS: tuple[tuple[str, LineReader], ...] = (
    ("container", read_container),
    ("syslog", read_syslog),
    ("access", lambda line, assumed: access.read(line.strip(), assumed)),
    ("text", read_head),
)


def read_line(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in one line of text, without escape codes; None where it has no form that is known."""
    line = ansi.stripped(line)
    if len(line) > _HEAD:
        return _long(line, assumed)
    for _, read in READERS:
        log = read(line.rstrip(), assumed)
        if log is not None:
            return present(log)
    return None


def begins_with_level(text: str, assumed: Assumed) -> str | None:
    """Return the level in capitals that a text begins with, where its reading as a line would find that one; None elsewhere."""
    if not text[:1].isupper() or '"' in text or "\x1b" in text:
        return None
    end = text.find(" ", 2, words.LONGEST_PLAIN + 1)
    if end > 0 and text[:end] in words.PLAIN:
        return text[:end] if forms.read(text, assumed) is None else None
    level = words.at(text, 0)
    if level is None or level.style != "caps" or level.written is not None:
        return None
    return level.name if forms.read(text, assumed) is None else None


def begin_with_levels(texts: Sequence[str], assumed: Assumed) -> list[str | None]:
    """Return what `begins_with_level` returns of each of some texts, one at least."""
    whole = "".join(texts)
    heads = [text[: words.LONGEST_PLAIN + 2].partition(" ") for text in texts]
    levels, _, behind = zip(*heads, strict=True)
    signs = [sign[:1] for sign in behind]
    usual = '"' not in whole and "\x1b" not in whole and words.PLAIN.issuperset(levels)
    if usual and "" not in signs and "".join(signs).isalpha() and forms.are_plain(texts):
        return list(levels)
    return [begins_with_level(text, assumed) for text in texts]


def _long(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Read a line by its head alone: what follows belongs to the message."""
    begin = line[:_HEAD].rstrip()
    log = read_line(begin, assumed)
    return None if log is None else {**log, "message": log["message"] + line[len(begin) :]}


def read_text(text: str, assumed: Assumed) -> dict[str, Any]:
    """Return the log that a text is by its first line; the lines that follow go on with its message.

    The text is that of a log which was sent as a text, or of a wrapper's line within. Every text is a log.
    """
    first, feed, more = ansi.stripped(text).partition("\n")
    log = read_line(first, assumed) or plain(first)
    return {**log, "message": f"{log['message']}{feed}{more}".rstrip("\n")}


def read_inner(text: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in the text that a wrapper (syslog, a container's JSON) carries; None where the text has no time, level or other field of its own."""
    first = ansi.stripped(text.partition("\n")[0])
    known = read_line(first, assumed) is not None or words.leading(first) is not None
    return read_text(text, assumed) if known else None


def plain(line: str) -> dict[str, Any]:
    """Return the line as a log of its own, with the level that it starts with if it does."""
    return {"level": words.leading(line) or "info", "message": line}


def present(log: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a log that hold something."""
    return {name: value for name, value in log.items() if value is not None and value != {}}
