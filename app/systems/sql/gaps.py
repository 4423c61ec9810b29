"""Which numbers of senders arrived, in a SQL database: one row for each numberer."""

from __future__ import annotations

from collections.abc import Sequence

from app.drain.numbering import Numbering, opened
from app.log import codec
from app.log.fold import clean
from app.log.numbers import ArrivedNumbers, Numberer
from app.ports.gaps import NUMBERERS, REMEMBERED_MS, NumbererGaps
from app.systems.sql.shelf import Shelf, Transaction

_ONE = "kind = ? AND name = ? AND source = ?"
_INSERT = "INSERT INTO numberers VALUES (?, ?, ?, ?, 0, 0, ?) ON CONFLICT (kind, name, source) DO NOTHING"
_UPDATE = f"UPDATE numberers SET state = ?, lost = ?, noticed = ?, seen = ? WHERE {_ONE}"


class SqlGaps:
    """A GapKeeper in the table numberers."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def arrived(self, numbers: Sequence[ArrivedNumbers]) -> None:
        """See GapKeeper."""
        with self._shelf.write(durable=False) as writing:
            (now,) = writing.row(f"SELECT {self._shelf.now}")
            note(writing, numbers, now, self._shelf.for_update)

    def gaps(self, limit: int) -> list[NumbererGaps]:
        """See GapKeeper."""
        statement = (
            "SELECT kind, name, source, state FROM numberers WHERE lost > 0 "
            "ORDER BY noticed DESC, kind, name, source LIMIT ?"
        )
        with self._shelf.read() as reading:
            found = reading.rows(statement, (limit,))
        return [_gaps(Numberer(*key), opened(bytes(state))) for *key, state in found]

    def forget_gaps(self) -> None:
        """See GapKeeper."""
        with self._shelf.write(durable=False) as writing:
            writing.change(f"DELETE FROM numberers WHERE seen < {self._shelf.now} - ?", (REMEMBERED_MS,))
            (kept,) = writing.row("SELECT count(*) FROM numberers")
            if kept > NUMBERERS:
                writing.change(
                    "DELETE FROM numberers WHERE (kind, name, source) IN (SELECT kind, name, source FROM numberers "
                    f"ORDER BY seen, kind, name, source LIMIT ?{self._shelf.skip_locked})",
                    (kept - NUMBERERS,),
                )


def note(writing: Transaction, numbers: Sequence[ArrivedNumbers], now: int, for_update: str = "") -> None:
    """Note what arrived, within a transaction; *now* is in ms since 1970."""
    by_key: dict[tuple[str, str, str], list[ArrivedNumbers]] = {}
    for one in numbers:
        who = one.numberer
        by_key.setdefault((who.kind, clean(who.name), clean(who.source)), []).append(one)
    # In one order, so that two processes with the same numberers wait for each other one way only.
    for key in sorted(by_key):
        find = f"SELECT state FROM numberers WHERE {_ONE}{for_update}"
        if not (found := writing.rows(find, key)):
            # An empty row is inserted first: of two processes that see a numberer for the first time, one waits here for the other.
            writing.change(_INSERT, (*key, codec.encode(Numbering()), now))
            found = writing.rows(find, key)
        numbering = opened(bytes(found[0][0]))
        for one in by_key[key]:
            numbering.take(one, now)
        writing.change(_UPDATE, (codec.encode(numbering), numbering.lost, numbering.noticed, now, *key))


def _gaps(numberer: Numberer, numbering: Numbering) -> NumbererGaps:
    return NumbererGaps(numberer, numbering.gaps, numbering.older, numbering.numbered)
