"""Files of systemd's journal: entries as `journalctl -o export` writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.files.entry import Entry
from app.files.journal.entries import Entries, log_of
from app.log.packed import Pieces
from app.times.written import Assumed

#: How a file of entries begins: with one of the fields that journald gives each.
BEGINS = re.compile(rb"\s*__(?:CURSOR|REALTIME_TIMESTAMP)=")


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
    file is *growing*.
    """
    read, start, number = Entries(limit), 0, 0
    for piece in pieces:
        if piece is None:
            yield None
            continue
        for fields in read.feed(piece):
            yield from _entry(fields, start, read.end, number, begin)
            start, number = read.end, number + 1
            if start == cut:
                yield None
    for fields in () if growing else read.flush():
        yield from _entry(fields, start, read.fed, number, begin)


def _entry(fields: dict[str, Any], start: int, end: int, number: int, begin: int) -> Iterator[Entry]:
    if end > begin:
        text = "\n".join(f"{name}={value}" for name, value in fields.items())
        yield Entry(text, start, end, number, size=len(text), kept=Exported(fields))
