"""Lines of a container as others keep them: Kubernetes (CRI), Docker's json-file driver, Docker Compose, kubectl.

Kubernetes cuts a line into parts of 16 KiB at most and marks each with `P` or `F` (CRI's log format); Docker's parts but the
last lack the line feed at their end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from app.log.foreign.found import Foreign
from app.log.lines import reader
from app.log.reading import carried
from app.times import written
from app.times.written import Assumed

if TYPE_CHECKING:
    from app.files.entry import Entry
    from app.files.formats import Format

_CRI = re.compile(rf"{written.ISO} (stdout|stderr) ([FP])(?: (.*))?", re.DOTALL)
_DOCKER = '{"log":'
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Kept(NamedTuple):
    """One line as it was kept: its text or a part of it, and what stood beside."""

    text: str
    #: Whether the text goes on in the next line of the same source.
    partial: bool
    #: The stream, or the container, that wrote it.
    source: str
    #: A time in RFC 3339 or in the form of the match; None where none was kept.
    time: re.Match[str] | str | None
    metadata: dict[str, Any]
    resource: str | None = None

    def outer(self, assumed: Assumed) -> Foreign:
        """Return the log that the container's line makes without a look into its text."""
        time = written.from_groups(self.time, 1, assumed) if isinstance(self.time, re.Match) else self.time
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
    found = _CRI.fullmatch(line)
    if found is not None:
        return Kept(found[6] or "", found[5] == "P", found[4], found, {"stream": found[4]})
    named = reader.NAMED.match(line)
    if named is None:
        return None
    name = named["name"] or named["pod"]
    resource = named["service"] or named["container"]
    return Kept(line[named.end() :], False, name, None, {"container": name}, resource)


def _docker(line: str) -> Kept | None:
    try:
        value = _decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    text, stream, time = value.pop("log"), value.get("stream"), value.pop("time", None)
    if type(text) is not str or type(time) is not str or stream not in ("stdout", "stderr"):
        return None
    return Kept(text.removesuffix("\n").removesuffix("\r"), not text.endswith("\n"), stream, time, value)


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
