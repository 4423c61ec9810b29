"""Files of systemd's journal: entries as `journalctl -o export` writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.files.journal.entries import Entries, log_of
from app.files.split.entry import Entry
from app.log.packed import Pieces
from app.times.written import Assumed

#: How a file of entries begins: with one of the fields that journald gives each.
BEGINS = re.compile(rb"\s*__(?:CURSOR|REALTIME_TIMESTAMP)=")
#: Fields that say of which entry others are.
_WHOSE = ("__CURSOR", "__REALTIME_TIMESTAMP", "_HOSTNAME", "_BOOT_ID")


@dataclass(frozen=True, slots=True)
class Exported:
    """One entry of the journal."""

    fields: dict[str, Any]

    def logs(self, assumed: Assumed) -> list[dict[str, Any]]:
        """Return the log in the entry; its times name no zone that would have to be assumed."""
        return [log_of(self.fields)]


def entries(pieces: Pieces, *, limit: int, begin: int, cut: int, growing: bool) -> Iterator[Entry | None]:
    """Yield the entries that end behind offset *begin*, and None behind the one that ends at *cut* and where nothing comes for now.

    Of an entry with more than *limit* bytes the rest is left out. An entry at the end that no blank line has ended is left where the
    file is *growing*. Where *begin* or *cut* lies inside an entry, as it does when the file ended there before, the entry is cut in two:
    what stands behind that place is an entry with the same time.
    """
    read, start, number = Entries(limit), 0, 0
    given: dict[str, Any] = {}
    for piece in _split(pieces, begin, cut):
        if piece is None:
            yield None
            continue
        for fields in read.feed(piece):
            yield from _entry(_rest(fields, given), start, read.end, number, begin)
            start, number, given = read.end, number + 1, {}
            if start == cut:
                yield None
        if read.fed in (begin, cut) and read.fed > start and (begun := read.begun()):
            yield from _entry(_rest(begun, given), start, read.fed, number, begin)
            start, given = read.fed, begun
            if start == cut:
                yield None
    for fields in () if growing else read.flush():
        yield from _entry(_rest(fields, given), start, read.fed, number, begin)


def _split(pieces: Pieces, *places: int) -> Iterator[bytes | None]:
    """Yield the pieces, those that hold one of the *places* in two."""
    at = 0
    for piece in pieces:
        left = piece
        for place in sorted(places):
            if left is not None and at < place < at + len(left):
                yield left[: place - at]
                left, at = left[place - at :], place
        yield left
        at += len(left or b"")


def _rest(fields: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that were not *given* before, with those that say of which entry they are; nothing where all were."""
    if not given:
        return fields
    rest = {name: value for name, value in fields.items() if given.get(name) != value}
    return {name: fields[name] for name in _WHOSE if name in fields} | rest if rest else {}


def _entry(fields: dict[str, Any], start: int, end: int, number: int, begin: int) -> Iterator[Entry]:
    if end > begin and fields:
        text = "\n".join(f"{name}={value}" for name, value in fields.items())
        yield Entry(text, start, end, number, size=len(text), kept=Exported(fields))
