"""Audit: record and index hold the same logs, or the differences are named, and repaired if wished."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.drain.indexing import bury_refused
from app.log.record import first_id, id_text
from app.ports.index import IndexKeeper
from app.ports.letters import LetterKeeper
from app.ports.record import LogStore
from app.times import instant
from app.times.instant import now_ms

#: Length of a bucket of the report, by arrival, in ms.
BUCKET_MS = 3600 * 1000
#: Differences and buckets that are listed; all are counted.
LISTED = 100
#: Differences looked at again, and repaired, at once.
GROUP = 5_000
#: Seconds after which what was on its way between record and index has arrived, the index refreshed.
SETTLE_SECONDS = 1.0

_Ids = Iterator[list[bytes]]


@dataclass(slots=True)
class Audit:
    """The findings of an audit."""

    #: Ids that were read from each.
    record: int = 0
    index: int = 0
    #: Logs that the index lacks and no mark names, and those that it holds without the record.
    missing: int = 0
    surplus: int = 0
    #: Logs that the index lacks though not for long: the record marks them.
    on_their_way: int = 0
    #: Logs that wait in the queue; None when it can't be asked.
    waiting: int | None = None
    repaired: bool = False
    #: By the start of a bucket in ms: how many are missing, and how many are too much.
    buckets: dict[int, list[int]] = field(default_factory=dict)
    #: The first differences: id, and "missing" or "surplus".
    listed: list[tuple[bytes, str]] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether record and index hold the same."""
        return not self.missing and not self.surplus

    def to_dict(self) -> dict[str, Any]:
        """Return it as a command prints it; lists are bounded, counts are not."""
        buckets = [
            {"received": instant.text((start, 0)), "missing": missing, "surplus": surplus}
            for start, (missing, surplus) in sorted(self.buckets.items())
        ]
        return {
            "same": self.same,
            "record": self.record,
            "index": self.index,
            "missing": self.missing,
            "surplus": self.surplus,
            "on_their_way": self.on_their_way,
            "waiting": self.waiting,
            "repaired": self.repaired,
            "bucket_ms": BUCKET_MS,
            "buckets": buckets[:LISTED],
            "listed": [{"id": id_text(identity), "difference": kind} for identity, kind in self.listed],
        }

    def note(self, ids: list[bytes], kind: str) -> None:
        """Count and list differences of one kind."""
        for identity in ids:
            start = int.from_bytes(identity[:6], "big") // BUCKET_MS * BUCKET_MS
            self.buckets.setdefault(start, [0, 0])[1 if kind == "surplus" else 0] += 1
        self.listed += [(identity, kind) for identity in ids[: LISTED - len(self.listed)]]
        if kind == "missing":
            self.missing += len(ids)
        else:
            self.surplus += len(ids)


def audit(
    store: LogStore, letters: LetterKeeper, index: IndexKeeper, retention_ms: int, *, repair: bool = False
) -> Audit:
    """Compare the ids of record and index that arrived within the retention and up to now; with *repair* mend.

    A log on its way is no difference: one that is stored and marked, or deleted from one and about
    to be from the other. Raises Unavailable when one of them can't be read.
    """
    found, mend = Audit(repaired=repair), partial(_repair, store, letters, index) if repair else None
    first, last = first_id(now_ms() - retention_ms), first_id(now_ms() + 1)
    index.refresh()
    left, right = _Counted(store.ids_between(first, last)), _Counted(index.ids_between(first, last))
    missing, surplus = list[bytes](), list[bytes]()
    for more, less in differences(iter(left), iter(right)):
        missing += more
        surplus += less
        if len(missing) + len(surplus) >= GROUP:
            _settle(found, store, index, missing, surplus, mend)
            missing, surplus = [], []
    if missing or surplus:
        _settle(found, store, index, missing, surplus, mend)
    found.record, found.index = left.ids, right.ids
    return found


class _Counted:
    """Passes chunks on and counts their ids."""

    def __init__(self, chunks: _Ids) -> None:
        self._chunks = chunks
        self.ids = 0

    def __iter__(self) -> _Ids:
        for chunk in self._chunks:
            self.ids += len(chunk)
            yield chunk


def differences(left: _Ids, right: _Ids) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """Yield what only *left* and what only *right* has, both ascending; memory holds a chunk of each."""
    ours, theirs = list[bytes](), list[bytes]()
    while True:
        ours, theirs = ours or next(left, []), theirs or next(right, [])
        if not ours and not theirs:
            return
        edge = min(ids[-1] for ids in (ours, theirs) if ids)
        here, there = bisect_right(ours, edge), bisect_right(theirs, edge)
        some, others = ours[:here], theirs[:there]
        ours, theirs = ours[here:], theirs[there:]
        if some != others:
            yield sorted(set(some).difference(others)), sorted(set(others).difference(some))


def _settle(
    found: Audit,
    store: LogStore,
    index: IndexKeeper,
    missing: list[bytes],
    surplus: list[bytes],
    mend: Callable[[list[bytes], list[bytes]], None] | None,
) -> None:
    """Look again at what may have been on its way; count what is left, and *mend* it."""
    time.sleep(SETTLE_SECONDS)
    # In this order: who is not in the index, and then not marked, has been carried in between or never will be.
    marked = _among(missing, store.lacking_ids()) if missing else set[bytes]()
    index.refresh()
    stored = {record.id for record in store.get([*missing, *surplus])}
    there = _there(index, [*missing, *surplus])
    gone = [identity for identity in missing if identity in stored and identity not in marked | there]
    extra = [identity for identity in surplus if identity in there and identity not in stored]
    found.on_their_way += len(marked)
    found.note(gone, "missing")
    found.note(extra, "surplus")
    if mend is not None:
        mend(gone, extra)


def _there(index: IndexKeeper, ids: list[bytes]) -> set[bytes]:
    """Return those of *ids* that the index holds now."""
    return _among(ids, index.ids_between(min(ids), max(ids)))


def _among(ids: list[bytes], chunks: _Ids) -> set[bytes]:
    wanted = set(ids)
    return {identity for chunk in chunks for identity in chunk if identity in wanted}


def _repair(
    store: LogStore, letters: LetterKeeper, index: IndexKeeper, missing: list[bytes], surplus: list[bytes]
) -> None:
    if missing:
        records = store.get(missing)
        refused = index.add(records)
        if refused:
            bury_refused(store, letters, refused, records)
    if surplus:
        index.remove(surplus)
    index.refresh()
