"""Lines of a program as others keep them: Kubernetes (CRI), Docker's json-file driver, Docker Compose, kubectl, stern, Heroku, CloudWatch.

Most are known by each line; three by all lines of a source only (`reader_of`). Kubernetes cuts a line into parts of 16 KiB at most and marks each with `P` or `F` (CRI's log format); Docker's parts but the
last lack the line feed at their end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from app.json_text import FAULTS
from app.log.foreign.found import Foreign
from app.log.lines import ansi, reader, words
from app.log.reading import carried
from app.times import stamps, written
from app.times.written import Assumed

if TYPE_CHECKING:
    from app.files.formats import Format
    from app.files.split.entry import Entry

_CRI = re.compile(rf"{written.ISO} (?P<stream>stdout|stderr) (?P<part>[FP])(?: (?P<text>.*))?", re.DOTALL)
#: Heroku's, before a line of a dyno or of its router: TIME app[web.1]: text
_HEROKU = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00) (?P<source>app|heroku)\[(?P<name>[a-z][\w.-]{0,60})\]: (?P<text>.*)",
    re.DOTALL,
)
#: Cloud Foundry's `cf logs`: time, the process of the application or what routes to it, its stream.
_CF = re.compile(
    r" {0,4}(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{2,9}[+-]\d{4}) \[(?P<name>[A-Z]{2,10}(?:/[\w.-]{1,60}){1,4})\] (?P<stream>OUT|ERR) (?P<text>.*)",
    re.DOTALL,
)
#: CloudWatch, as `aws logs tail` writes it before the line of a function: TIME 2026/11/29/[$LATEST]0123abcd text
_CLOUDWATCH = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3,6})?\+00:00) (?P<name>\d{4}/\d\d/\d\d/\[[\w$]{1,60}\]\w{6,64}) (?P<text>.*)",
    re.DOTALL,
)
#: Foreman's, Overmind's and Honcho's: 14:00:01 web.1  | text
_FOREMAN = re.compile(
    r"(?P<time>\d\d:\d\d:\d\d) (?P<name>[A-Za-z][\w-]{0,60}\.\d{1,3}) {1,60}\| (?P<text>.*)", re.DOTALL
)
#: A time as `kubectl logs --timestamps`, `docker logs -t` and Docker Compose's `-t` write it before each line: all nine digits.
_STAMPED = re.compile(r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d)) ?(?P<text>.*)", re.DOTALL)
#: A container that was given its name, before a bar at the same column of all lines, as Docker Compose writes it.
_BARRED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]{0,62})(?P<blanks>[ ]{1,62})\| (?P<text>.*)", re.DOTALL)
#: stern's: pod, container, line.
_STERN = re.compile(
    r"(?P<pod>[a-z0-9][a-z0-9.-]{0,240}-[a-z0-9]{3,10}) (?P<name>[a-z0-9][a-z0-9-]{0,62}) (?:› )?(?P<text>.*)",
    re.DOTALL,
)
_DOCKER = '{"log":'
#: A reader of one line of a source whose lines others kept.
Reader = Callable[[str], "Kept | None"]
#: Longest name of a resource; fewest blanks behind the only name of a source, which Docker Compose pads by one.
_RESOURCE, _LONE = 255, 2
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Kept(NamedTuple):
    """One line as it was kept: its text or a part of it, and what stood beside."""

    text: str
    #: Whether the text goes on in the next line of the same source.
    partial: bool
    #: The stream, or the container, that wrote it.
    source: str
    #: A time in RFC 3339, a time of day, or one in the form of the match; None where none was kept.
    time: re.Match[str] | str | None
    metadata: dict[str, Any]
    resource: str | None = None

    def outer(self, assumed: Assumed) -> Foreign:
        """Return the log that the container's line makes without a look into its text."""
        time = written.from_groups(self.time, 1, assumed) if isinstance(self.time, re.Match) else self.time
        if isinstance(time, str) and len(time) == len("00:00:00"):
            stamp = stamps.at(time, 0, assumed)
            time = None if stamp is None else str(stamp.value)
        log = {"message": self.text, "timestamp": time, "resourceId": self.resource, "metadata": self.metadata}
        return Foreign(reader.present(log), "")


@dataclass(frozen=True, slots=True)
class Carried:
    """An entry of a container's own lines, within the lines in which they were kept."""

    entry: Entry
    format: Format
    kept: Kept

    def logs(self, assumed: Assumed) -> list[dict[str, Any]]:
        """Return the logs with what their keeper says besides. Raises InvalidRecord where it can't be any."""
        outer = self.kept.outer(assumed)
        if "timestamp" in outer.log:
            self.entry.before = None
        logs = self.entry.logs(self.format, assumed)
        return [carried(log, self.entry.first, outer).log for log in logs]


def read(line: str) -> Kept | None:
    """Return what was kept in a line; None for any other line."""
    if line.startswith(_DOCKER):
        return _docker(line)
    if line.startswith("\x1b"):
        line = ansi.stripped(line)
    if line[:2].isdigit() and (found := _HEROKU.fullmatch(line) or _CLOUDWATCH.fullmatch(line)) is not None:
        return Kept(found["text"], False, found["name"], found["time"], {}, found["name"][-_RESOURCE:])
    if line[:4] in ("    ", "   2") and (found := _CF.fullmatch(line)) is not None:
        stream = "stdout" if found["stream"] == "OUT" else "stderr"
        return Kept(found["text"], False, f"{found['name']} {stream}", found["time"], {"stream": stream}, found["name"])
    if line[2:3] == ":" and (found := _FOREMAN.fullmatch(line)) is not None:
        return Kept(found["text"], False, found["name"], found["time"], {}, found["name"])
    found = _CRI.fullmatch(line)
    if found is not None:
        return Kept(found["text"] or "", found["part"] == "P", found["stream"], found, {"stream": found["stream"]})
    named = reader.NAMED.match(line)
    if named is None:
        return None
    name, resource = reader.container_of(named)
    return Kept(line[named.end() :], False, name, None, {"container": name}, resource)


def _docker(line: str) -> Kept | None:
    try:
        value = _decode(line)
    except FAULTS:
        return None
    text, stream, time = value.pop("log"), value.get("stream"), value.pop("time", None)
    if type(text) is not str or type(time) is not str or stream not in ("stdout", "stderr"):
        return None
    return Kept(text.removesuffix("\n").removesuffix("\r"), not text.endswith("\n"), stream, time, value)


def reader_of(sample: Sequence[str]) -> Reader | None:
    """Return what reads the lines of a source that begins with those of *sample*, where others kept them; None for any other source."""
    lines = [line for line in sample if line.strip()]
    found = _by_lines(lines) or next((keep for keep in (_barred(lines), _stern(lines)) if keep is not None), None)
    inner = texts([found(line) for line in lines]) if found is not None else lines
    if not _is_stamped(inner):
        return found
    return _stamped if found is None else lambda line: _both(found(line))


def _by_lines(lines: list[str]) -> Reader | None:
    held = sum(read(line) is not None for line in lines)
    return read if held * 2 > len(lines) else None


def _is_stamped(texts: list[str]) -> bool:
    """Return whether each text begins with a time that a collector wrote: behind some of these times stands a head of the program's own, or the next line of a longer log."""
    found = [_STAMPED.fullmatch(text) for text in texts if text]
    rests = [one["text"] for one in found if one is not None]
    return 0 < len(rests) == len(found) and any(_is_inner(rest) for rest in rests)


def _is_inner(text: str) -> bool:
    if text[:1] in (" ", "\t"):
        return not words.is_level(text.split(maxsplit=1)[0] if text.strip() else "")
    log = None if text.startswith("{") else reader.read_line(text, Assumed.here())
    return text.startswith("{") or (log is not None and "timestamp" in log)


def _stamped(line: str) -> Kept | None:
    found = _STAMPED.fullmatch(line)
    return None if found is None else Kept(found["text"], False, "", found["time"], {})


def _both(outer: Kept | None) -> Kept | None:
    """Return what was kept with the time before its text."""
    inner = None if outer is None else _stamped(outer.text)
    return outer if outer is None or inner is None else outer._replace(text=inner.text, time=outer.time or inner.time)


def _barred(lines: list[str]) -> Reader | None:
    found = [_BARRED.fullmatch(ansi.stripped(line)) for line in lines]
    names = {one["name"] for one in found if one is not None}
    bars = {one.end("blanks") for one in found if one is not None}
    if None in found or len(bars) != 1 or any(words.is_level(name) or name.isdecimal() for name in names):
        return None
    (bar,) = bars
    if len(names) == 1 and bar - len(min(names)) < _LONE:
        return None

    def keep(line: str) -> Kept | None:
        one = _BARRED.fullmatch(ansi.stripped(line))
        if one is None or one.end("blanks") != bar:
            return None
        return Kept(one["text"], False, one["name"], None, {"container": one["name"]}, one["name"])

    return keep


def _stern(lines: list[str]) -> Reader | None:
    found = [_STERN.fullmatch(ansi.stripped(line)) for line in lines]
    rests = [one["text"] for one in found if one is not None]
    if not rests or None in found or not any(_is_inner(rest) for rest in rests):
        return None

    def keep(line: str) -> Kept | None:
        one = _STERN.fullmatch(ansi.stripped(line))
        return (
            None
            if one is None
            else Kept(one["text"], False, f"{one['pod']} {one['name']}", None, {"pod": one["pod"]}, one["name"])
        )

    return keep


def texts(kept: list[Kept | None]) -> list[str]:
    """Return the container's own lines, those of each source that were cut put together."""
    found, parts = [], dict[str, str]()
    for one in kept:
        if one is not None:
            text = parts.pop(one.source, "") + one.text
            if one.partial:
                parts[one.source] = text
            else:
                found.append(text)
    return [*found, *parts.values()]
