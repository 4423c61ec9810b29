"""Lines of text: what Python's logging, klog and containers write, a time and a level before anything, or a bare text."""

from __future__ import annotations

import re
from typing import Any

from app.files import level
from app.times import written
from app.times.written import Assumed

_KLOG = re.compile(r"([IWEF])(\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{6})\s+(\d+) ([^\s:\]]+):(\d+)\] (.*)", re.DOTALL)
#: `ERROR:root:text`, Python's basic format.
_BASIC = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):([A-Za-z_][\w.-]{0,254}):(.*)", re.DOTALL)
#: What Kubernetes keeps of a container's output: time, stream, whether the line is whole.
_CONTAINER = re.compile(rf"{written.ISO} (stdout|stderr) ([FP]) (.*)", re.DOTALL)

#: `03-17 16:13:38.811  1702  2395 D WindowManager: text`, as logcat writes it.
_ANDROID = re.compile(r"(\d\d)-(\d\d) (\d\d:\d\d:\d\d\.\d{3}) +(\d+) +(\d+) ([VDIWEF]) (.{1,255}?) *: (.*)", re.DOTALL)

#: A file's name may stand first, where several files were put into one.
_TIME = re.compile(rf"(?:(\S{{1,200}}\.log\S{{0,50}}) )?[\[(]?{written.ISO}[\])]?[\s,|:-]*", re.ASCII)
_SHORT_TIME = re.compile(rf"{written.SHORT}[\])]?[\s,|:-]+", re.ASCII)
#: Longest resourceId.
_SHORT = 255
_WORD = level.WORDS
#: A level right behind the time, in any case; or in capitals, brackets or before a colon after up to three words.
_LEVEL = re.compile(
    rf"(?:({_WORD})(?=[\s:\])|,-]|$)|[\[(<]({_WORD})[\])>]|[\w-]+\.({_WORD}):)[\s:|-]*", re.IGNORECASE | re.ASCII
)
_LATER = re.compile(
    rf"((?:(?:\[[^\]]*\]|\([^)]*\)|[\w.$:/@-]{{1,100}})[\s|,-]+){{1,3}}?)"
    rf"(?:({_WORD.upper()})(?=[\s:\])|,-]|$)|[\[(<]({_WORD.upper()})[\])>])[\s:|-]*",
    re.ASCII,
)
#: What OpenStack's services write behind the time: process, level, module, [request and user].
_OSLO = re.compile(
    rf"(\d+) ({_WORD.upper()}|TRACE|AUDIT) ([\w.-]{{1,255}}) \[(?:(req-[\w-]{{1,200}})[^\]]*|-)\] ", re.ASCII
)
#: A thread in brackets, which may hold brackets, before a name or a dash; Spring writes the process before it.
_THREAD = re.compile(r"(?:(\d{1,10}) --- )?\[((?:[^\[\]]|\[[^\[\]]{0,255}\]){1,255})\](?: - (?=\S)| (?=\S+ ?: \S))")
#: `name: text`, `name - text` where the name is a module's: dotted, or in lower case as Python's are.
_LOGGER = re.compile(r"([a-z_][\w-]*|(?:[A-Za-z_][\w$-]*\.)+[\w$-]+)(?:\[(\d+)\])?(?: ?: | - )(?=\S)")
_NAME = re.compile(r"[\[(]?([A-Za-z_][\w.$-]{0,254})[\])]?[\s|,-]*$", re.ASCII)


def read_container(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line that Kubernetes kept: stream and time, and the line itself as message."""
    found = _CONTAINER.fullmatch(line)
    timestamp = None if found is None else written.from_groups(found, 1, assumed)
    if found is None or timestamp is None:
        return None
    return {"message": found[6], "timestamp": timestamp, "metadata": {"stream": found[4]}}


def read_klog(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line of klog or glog: `I0915 08:00:00.123456  1234 file.go:12] text`."""
    found = _KLOG.fullmatch(line)
    if found is None:
        return None
    letter, month, day, clock, thread, source, number, message = found.groups()
    timestamp = written.without_year(int(month), day, clock, assumed)
    metadata = {"tid": thread, "file": source, "line": int(number)}
    log = {"level": level.LETTERS[letter], "message": message, "timestamp": timestamp, "metadata": metadata}
    return None if timestamp is None else log


def read_android(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line of Android's logcat: `03-17 16:13:38.811  1702  2395 D Tag: text`."""
    found = _ANDROID.fullmatch(line)
    if found is None:
        return None
    month, day, clock, process, thread, letter, tag, message = found.groups()
    timestamp = written.without_year(int(month), day, clock, assumed)
    log = {"level": level.LETTERS[letter], "resourceId": tag, "message": message, "timestamp": timestamp}
    return None if timestamp is None else {**log, "metadata": {"pid": process, "tid": thread}}


def read_basic(line: str, _assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line of Python's basic format: `ERROR:root:text`."""
    found = _BASIC.fullmatch(line)
    return None if found is None else {"level": found[1], "resourceId": found[2], "message": found[3]}


def read_dated(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line that starts with a time, and mostly a level: `TIME LEVEL name: text`."""
    found = _TIME.match(line)
    if found is None:
        return _short_dated(line, assumed)
    timestamp = written.from_groups(found, 2, assumed)
    if timestamp is None or found.end() == len(line):
        return None
    log = {"timestamp": timestamp, **(_levelled(line[found.end() :]) or _named(line[found.end() :]))}
    return log if found[1] is None else _with(log, file=found[1])


def _short_dated(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Read a line whose time is short enough to be something else: only a level behind it proves it."""
    found = _SHORT_TIME.match(line)
    timestamp = None if found is None else written.from_short(found, assumed)
    log = None if found is None or timestamp is None else _levelled(line[found.end() :])
    return None if log is None else {"timestamp": timestamp, **log}


def _levelled(rest: str) -> dict[str, Any] | None:
    """Return what follows a time where it tells a level; None where it doesn't."""
    if (found := _OSLO.match(rest)) is not None:
        log = {"level": found[2], "resourceId": found[3], "traceId": found[4], "message": rest[found.end() :]}
        return _with(log, pid=found[1])
    if (found := _LEVEL.match(rest)) is not None:
        return {"level": found[1] or found[2] or found[3], **_named(rest[found.end() :], rest)}
    if (found := _LATER.match(rest)) is not None:
        return {"level": found[2] or found[3], **_between(found[1], rest[found.end() :], rest)}
    return None


def _named(rest: str, whole: str = "") -> dict[str, Any]:
    """Split `[thread] name: text`; a line that would have no text left keeps all of it."""
    thread = _THREAD.match(rest)
    if thread is not None:
        return _with(_named(rest[thread.end() :], whole), thread=thread[2].strip(), pid=thread[1])
    found = _LOGGER.match(rest)
    if found is None or len(found[1]) > _SHORT:
        return {"message": rest or whole}
    return _with({"resourceId": found[1], "message": rest[found.end() :]}, pid=found[2])


def _with(log: dict[str, Any], **more: str | None) -> dict[str, Any]:
    metadata = {**{name: value for name, value in more.items() if value is not None}, **log.get("metadata", {})}
    return {**log, "metadata": metadata} if metadata else log


def _between(words: str, rest: str, whole: str) -> dict[str, Any]:
    """Take what stands between time and level: one name is the logger's, else it is context."""
    if not rest:
        return {"message": whole}
    log, found = _named(rest, whole), _NAME.match(words)
    context = words.strip(" |,-\t")
    if context.isdecimal():
        return _with(log, pid=context)
    if found is None or words[:1] == "[" or "resourceId" in log:
        return _with(log, context=context)
    return {**log, "resourceId": found[1]}


def plain(line: str) -> dict[str, Any]:
    """Return the line as a log of its own, with the level that it starts with if it does."""
    return {"level": level.leading(line) or "info", "message": line}
