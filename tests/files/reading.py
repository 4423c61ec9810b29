"""Reading a text as the product reads a file of it, without a queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.files.formats import Format, recognise
from app.files.split.entries import entries
from app.files.split.entry import Entry, Line
from app.log.fold import fold
from app.log.ranks import RANKS
from app.log.record import SEVERITY_NAMES
from app.times import instant
from app.times.written import Assumed

#: When the samples were written.
NOW = Assumed(datetime(2026, 11, 29, 16, tzinfo=UTC))
#: Lines by which a source is recognised.
SAMPLE = 200


def lines_of(text: str) -> list[Line]:
    """Return the lines of *text* with their bytes' offsets."""
    lines, place = [], 0
    for number, line in enumerate(text.split("\n")):
        end = place + len(line.encode("utf-8", "surrogatepass")) + 1
        lines.append(Line(line.removesuffix("\r"), place, end, number))
        place = end
    return lines


def split(text: str, assumed: Assumed = NOW) -> tuple[Format, list[Entry]]:
    """Return the format of *text* and its entries."""
    lines = lines_of(text)
    format = recognise([line.text for line in lines[:SAMPLE]], assumed)
    return format, [entry for entry in entries(lines, format, assumed) if entry is not None]


def read(text: str, assumed: Assumed = NOW) -> list[dict[str, Any]]:
    """Return the logs of *text*."""
    format, found = split(text, assumed)
    return [log for entry in found for log in entry.logs(format, assumed)]


def rank(log: dict[str, Any]) -> str:
    """Return the usual name of the log's level; that of one without is info's."""
    return SEVERITY_NAMES[RANKS[fold(str(log.get("level", "info")))]]


def moment(log: dict[str, Any]) -> datetime | None:
    """Return the log's instant, to microseconds; None where it tells none of its own."""
    value = log.get("timestamp")
    if value is None or "timestampOf" in log.get("metadata", {}):
        return None
    ms, ns = instant.parse(value) if isinstance(value, str) else instant.from_number(value)
    return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000 + ns // 1000)
