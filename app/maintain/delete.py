"""Delete: logs that fit a query leave record, index and dead letters for good, as the law may ask of personal data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.drain.pause import paused
from app.errors import Unavailable
from app.log.envelope import DeadLetter
from app.maintain.backup import dead_letters
from app.maintain.letters import fits
from app.maintain.quotes import Quotes
from app.ports.deadline import Budget
from app.ports.index import Rebuildable, SearchIndex, WholeIndex
from app.ports.letters import LetterKeeper
from app.ports.parts import Erasable, RecordParts
from app.ports.queue import LogQueue
from app.query.query import Query
from app.times.instant import now_ms

#: Seconds for one chunk of the search.
_SECONDS = 60.0
#: Seconds between two looks at what is on its way.
_LOOK_SECONDS = 0.1
#: How often the search is repeated until it finds nothing more.
_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Deletion:
    """How many logs and dead letters fit, or were deleted."""

    logs: int
    dead_letters: int


def arrived(queue: LogQueue, record: RecordParts, seconds: float) -> None:
    """Wait until all that was accepted before now can be found; raises Unavailable when it can't within *seconds*.

    Logs that still wait can't be searched, and so not deleted.
    """
    began, until = now_ms(), time.monotonic() + seconds
    while True:
        depth, lacking = queue.depth(), record.store.lacking()
        # Bytes, for an envelope of dead letters has no logs.
        drained = depth.bytes == 0 or (depth.oldest is not None and depth.oldest > began)
        if drained and (lacking.since is None or lacking.since > began):
            return
        if paused(record.notes):
            raise Unavailable("the drain is paused, and what waits can't be searched: `logingestor queue resume` first")
        if time.monotonic() > until:
            raise Unavailable(
                f"{depth.logs + lacking.logs} accepted logs can't be found yet, and so not deleted: "
                "let the workers finish, or wait longer with --wait"
            )
        time.sleep(_LOOK_SECONDS)


def matching(keeper: LetterKeeper, index: SearchIndex, query: Query) -> Deletion:
    """Return how many logs and dead letters *query* would delete."""
    logs = sum(len(records) for records in index.scan(query, Budget(_SECONDS)))
    return Deletion(logs, sum(1 for _ in _letters(keeper, query)))


def delete(
    record: RecordParts, index: WholeIndex, query: Query, report: Callable[[int], object] = lambda _: None
) -> Deletion:
    """Delete what *query* finds from record and index, and the dead letters that fit; *report* is called with the count so far.

    A record goes before its document: a crash between leaves what `audit` finds and the next run
    deletes. Raises Unavailable, also while a rebuild is under way: it could bring back what it has read.
    """
    if isinstance(index, Rebuildable) and index.rebuilding() is not None:
        raise Unavailable(
            "a rebuild of the index is under way: let `logingestor rebuild` finish first, or drop what it made with `--abandon`"
        )
    deleted, quotes = 0, Quotes(record, index, query)
    for _ in range(_ROUNDS):
        before = deleted
        for records in index.scan(query, Budget(_SECONDS)):
            ids = [one.id for one in records]
            # Before: who is killed leaves logs that are found again. Afterwards: they may have been quoted meanwhile.
            quotes.forget(records)
            record.store.delete(ids)
            index.remove(ids)
            quotes.forget(records)
            deleted += len(ids)
            report(deleted)
        index.refresh()
        if deleted == before:
            break
    letters = [letter.id for letter in _letters(record.letters, query)]
    return Deletion(deleted, record.letters.drop_dead(letters))


def erase(*parts: object) -> list[str]:
    """Take what was deleted off the disk of queue, store and index, as far as these keep it; return what is left, and why."""
    left = []
    for part in parts:
        if isinstance(part, Erasable):
            try:
                part.erase()
            except Unavailable as error:
                left.append(str(error))
    return list(dict.fromkeys(left))


def _letters(keeper: LetterKeeper, query: Query) -> Iterator[DeadLetter]:
    for letters in dead_letters(keeper):
        yield from (letter for letter in letters if fits(letter, query))
