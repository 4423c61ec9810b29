"""The queue as a table of one SQLite file: the default, and the tests' double of the others.

Puts of one process share a commit (see app/systems/sqlite/group.py).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from app.errors import QueueFull
from app.log import codec
from app.log.envelope import Batch, Claim, Envelope, Listing, Taken
from app.log.record import LogRecord
from app.ports.notes import ACCEPTED, NOTE
from app.ports.queue import Depth
from app.systems import shares
from app.systems.sqlite import fair
from app.systems.sqlite.claims import Keeping
from app.systems.sqlite.fair import WaitingRow
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.group import Group
from app.systems.sqlite.logs import AT_ONCE, stored
from app.systems.sqlite.rows import add_states, get_state
from app.times.instant import now_ms

#: Seconds for which a worker has taken envelopes for itself; longer than any batch takes to store.
LEASE_SECONDS = 60
#: Logs read at once by `look`.
TAKE_LOGS = 2_000
#: Envelopes inserted by one statement: between two, the thread that commits would have to wait for its turn to run.
_ROWS_AT_ONCE = 50

_decode = codec.decoder(Envelope).decode


#: An envelope as a row: first id, last id, number of logs, bytes.
_Row = tuple[bytes, bytes, int, bytes]


@dataclass(slots=True, eq=False)
class _Put:
    """One caller's wish, and what became of it."""

    envelopes: Sequence[Envelope]
    claim: Claim | None
    own_ids: frozenset[bytes]
    listing: Listing | None
    space: str
    rows: list[_Row]
    taken: Taken | None = None
    error: BaseException | None = None


class SqliteQueue(Keeping):
    """A LogQueue in the table `queue`."""

    def __init__(self, database: SqliteDatabase, *, limit: int, min_free: int) -> None:
        super().__init__(database)
        self._limit = limit
        self._min_free = min_free
        self._group = Group(self._commit)
        self._turns = fair.Turns()

    def put(
        self,
        envelopes: Sequence[Envelope],
        claim: Claim | None = None,
        own_ids: frozenset[bytes] = frozenset(),
        listing: Listing | None = None,
        space: str = "",
    ) -> Taken:
        """See LogQueue."""
        wish = _Put(envelopes, claim, own_ids, listing, space, [_row(envelope) for envelope in envelopes])
        self._group.carry_out(wish)
        if wish.error is not None:
            raise wish.error
        assert wish.taken is not None
        return wish.taken

    def _commit(self, wishes: list[_Put]) -> None:
        try:
            free = self._database.free()
            if free < self._min_free:
                raise QueueFull(f"the disk is nearly full: {free >> 20} MiB are free", retry_after=60)
            with self._database.write(durable=True) as connection:
                results = self._insert(connection, wishes)
        except BaseException as error:
            for wish in wishes:
                wish.error = error
            if not isinstance(error, Exception):
                raise
            return
        for wish, result in zip(wishes, results, strict=True):
            if isinstance(result, QueueFull):
                wish.error = result
            else:
                wish.taken = result
        self._database.ring()

    def _insert(self, connection: Connection, wishes: list[_Put]) -> list[Taken | QueueFull]:
        results: list[Taken | QueueFull] = []
        waiting = get_state(connection, "queued_bytes")
        rows: list[tuple[str, _Row]] = []
        if any(wish.space for wish in wishes):
            fair.note_asked(connection, int(time.time()))
        for wish in wishes:
            size = sum(len(row[3]) for row in wish.rows)
            if waiting + size > self._limit:
                results.append(QueueFull(f"the queue is full: {waiting >> 20} MiB wait", retry_after=10))
                continue
            if not fair.has_share(connection, wish.space, size, waiting, self._limit):
                results.append(shares.full(wish.space))
                continue
            taken = _claim(connection, wish)
            results.append(taken)
            if taken.fresh:
                # Without what was accepted before.
                size = sum(len(row[3]) for row in wish.rows)
                waiting += size
                rows.extend((wish.space, row) for row in wish.rows)
                fair.add_waiting(connection, wish.space, size)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[start : start + _ROWS_AT_ONCE]
            marks = ", ".join(["(?, ?, ?, ?, ?)"] * len(some))
            connection.execute(
                f"INSERT INTO queue (space, first, last, logs, body) VALUES {marks}",
                [value for space, row in some for value in (space, *row)],
            )
        logs = sum(row[2] for _, row in rows)
        size = sum(len(row[3]) for _, row in rows)
        add_states(connection, {"queued_logs": logs, "queued_bytes": size, NOTE + ACCEPTED: logs})
        return results

    def take(self, limit: int, wait: float) -> Batch:
        """See LogQueue."""
        batch = self._lease(limit)
        if not batch and wait > 0:
            self._database.wait(wait)
            batch = self._lease(limit)
        return batch

    def _lease(self, limit: int) -> Batch:
        now = int(time.time())
        rows = self._oldest(limit, now)
        if not rows:
            return Batch([], [], [])
        with self._database.write(durable=False) as connection:
            mine = [
                row
                for row in rows
                if connection.execute(
                    "UPDATE queue SET leased = ? WHERE seq = ? AND leased <= ?", (now + LEASE_SECONDS, row[0], now)
                ).rowcount
            ]
        return decode(mine)

    def _oldest(self, limit: int, now: int) -> list[WaitingRow]:
        with self._database.snapshot() as connection:
            return self._turns.oldest(connection, limit, now)

    def peek(self, limit: int) -> Batch:
        """Return the oldest envelopes without a lease, for a mover that removes them in its own transaction."""
        return decode(self._oldest(limit, int(time.time())))

    def ack(self, batch: Batch) -> None:
        """See LogQueue."""
        with self._database.write(durable=True) as connection:
            remove(connection, batch)

    def release(self, batch: Batch) -> None:
        """See LogQueue."""
        with self._database.write(durable=False) as connection:
            connection.executemany("UPDATE queue SET leased = 0 WHERE seq = ?", [(seq,) for seq, _, _ in batch.handle])

    def erase(self) -> None:
        """See Erasable."""
        self._database.erase()

    def depth(self) -> Depth:
        """See LogQueue."""
        with self._database.snapshot() as connection:
            oldest = connection.execute("SELECT first FROM queue WHERE logs > 0 ORDER BY seq LIMIT 1").fetchone()
            waiting = get_state(connection, "queued_bytes")
            return Depth(
                get_state(connection, "queued_logs"),
                waiting,
                None if oldest is None else int.from_bytes(oldest[0][:6], "big"),
                full=waiting >= self._limit,
            )

    def waiting(self, first: bytes, last: bytes) -> int:
        """See LogQueue."""
        with self._database.snapshot() as connection:
            bodies = connection.execute(
                "SELECT body FROM queue WHERE logs > 0 AND last >= ? AND first <= ?", (first, last)
            )
            return sum(first <= record.id <= last for (body,) in bodies for record in _decode(body).records)

    def accepted(self) -> int:
        """See LogQueue: counted in the commit that takes them."""
        with self._database.snapshot() as connection:
            return get_state(connection, NOTE + ACCEPTED)

    def look(self) -> Iterator[Batch]:
        """See Readable."""
        after = 0
        while True:
            with self._database.snapshot() as connection:
                found = fair.some(
                    connection.execute("SELECT seq, logs, body FROM queue WHERE seq > ? ORDER BY seq", (after,)),
                    TAKE_LOGS,
                )
            if not found:
                return
            yield decode(found)
            after = found[-1][0]

    def close(self) -> None:
        """See LogQueue; the database is closed by whoever opened it."""


def _row(envelope: Envelope) -> _Row:
    ids = [record.id for record in envelope.records]
    nothing = bytes(16)
    return min(ids, default=nothing), max(ids, default=nothing), len(ids), codec.encode(envelope)


def _claim(connection: Connection, wish: _Put) -> Taken:
    """Make the wish's claim and take out the ids that were accepted before."""
    now = now_ms()
    if wish.claim is not None:
        claim = wish.claim
        earlier = connection.execute("SELECT answer, digest FROM claims WHERE key = ?", (claim.key,)).fetchone()
        if earlier is not None:
            return Taken(fresh=False, answer=earlier[0], digest=earlier[1])
        connection.execute("INSERT INTO claims VALUES (?, 0, 1, ?, ?, ?)", (claim.key, claim.digest, claim.answer, now))
    duplicates = stored(connection, list(wish.own_ids)) if wish.own_ids else set[bytes]()
    for identity in wish.own_ids - duplicates:
        if connection.execute("SELECT 1 FROM own_ids WHERE id = ?", (identity,)).fetchone():
            duplicates.add(identity)
        else:
            connection.execute("INSERT INTO own_ids VALUES (?, ?)", (identity, now))
    keyed = [
        (record.id, key) for one in wish.envelopes for record, key in zip(one.records, one.keys, strict=False) if key
    ]
    for identity, key in keyed:
        # A key is remembered among the ids: both are 16 bytes, and none of the one kind is one of the other.
        if not connection.execute("INSERT OR IGNORE INTO own_ids VALUES (?, ?)", (key, now)).rowcount:
            duplicates.add(identity)
    if duplicates or keyed:
        without = [envelope.without(duplicates) for envelope in wish.envelopes]
        fresh = [Envelope(one.records, one.dead, numbers=one.numbers) for one in without]
        wish.rows = [_row(one) for one in fresh if one.records or one.dead or one.numbers]
    if wish.listing is not None:
        ids = b"".join(identity for identity in wish.listing.ids if identity not in duplicates)
        connection.execute("INSERT INTO listings VALUES (?, ?, ?)", (wish.listing.key, ids, now + wish.listing.keep_ms))
    return Taken(duplicates=frozenset(duplicates))


def remove(connection: Connection, batch: Batch) -> bool:
    """Delete the batch's envelopes; False, with nothing deleted, when another worker had some of them."""
    sizes, left = Counter[str](), {seq: size for seq, _, size in batch.handle}
    numbers = list(left)
    for start in range(0, len(numbers), AT_ONCE):
        some = numbers[start : start + AT_ONCE]
        marks = ",".join("?" * len(some))
        for seq, space in connection.execute(f"SELECT seq, space FROM queue WHERE seq IN ({marks})", some):
            sizes[space] += left.pop(seq)
    if left:
        return False
    connection.executemany("DELETE FROM queue WHERE seq = ?", [(seq,) for seq in numbers])
    add_states(connection, {"queued_logs": -sum(logs for _, logs, _ in batch.handle), "queued_bytes": -sizes.total()})
    for space, size in sizes.items():
        fair.add_waiting(connection, space, -size)
    return True


def decode(rows: Sequence[WaitingRow]) -> Batch:
    """Return the batch of these envelopes; a body that can't be decoded is set apart."""
    records: list[LogRecord] = []
    batch = Batch(records, [], [(seq, logs, len(body)) for seq, logs, body in rows])
    for _, _, body in rows:
        try:
            envelope = _decode(body)
        except msgspec.MsgspecError:
            batch.unreadable.append(body)
            continue
        batch.numbers.extend(envelope.numbers)
        if envelope.claim is not None:
            batch.claimed.append(envelope)
            continue
        records.extend(envelope.records)
        batch.dead.extend(envelope.dead)
    return batch
