"""The audit log in a SQL database: a row for each entry, and one for each end of the chain."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from app.errors import Unavailable
from app.log.record import LogRecord, first_id
from app.ports.audit_log.chain import ChainedEntry, ChainEnd, digest
from app.ports.audit_log.entry import EXPIRED, AuditEntry, encode, entry, readable, to_record
from app.ports.notes import NOTE
from app.query.query import Query
from app.systems.sql.shelf import Shelf, Transaction
from app.systems.sql.window import bounds

#: The rows of the table audit_chain: the last entry that retention took, and the last there is.
_ANCHOR, _HEAD = 0, 1
#: The last time that can be shown, the end of the year 9999, as an id begins with it.
_LAST_TIME = (253_402_300_799_999).to_bytes(6, "big")
#: Entries that are read, written or taken at once.
AT_ONCE = 500
#: Entries that retention deletes in one transaction; seconds between two transactions, in which others write; seconds after which none begins.
PIECE, PAUSE_SECONDS, EXPIRE_SECONDS = 10_000, 0.02, 50.0
_SET = "INSERT INTO audit_chain VALUES (?, ?, ?) ON CONFLICT (place) DO UPDATE SET seq = excluded.seq, digest = excluded.digest"


class SqlAuditLog:
    """An AuditLog in the tables audit_log and audit_chain."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def append(self, entries: Sequence[AuditEntry]) -> int:
        """See AuditLog."""
        added = 0
        for start in range(0, len(entries), AT_ONCE):
            with self._shelf.write(durable=True) as writing:
                added += append(writing, entries[start : start + AT_ONCE])
        return added

    def append_change(self, name: str, state: int, entry: AuditEntry) -> bool:
        """See AuditLog."""
        with self._shelf.write(durable=True) as writing:
            _lock(writing)
            if writing.rows("SELECT 1 FROM state WHERE name = ? AND value = ?", (NOTE + name, state)):
                return False
            writing.change(
                "INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (NOTE + name, state),
            )
            return append(writing, [entry]) == 1

    def walk(self, query: Query) -> Iterator[list[LogRecord]]:
        """See AuditLog. An entry's time is that of its id, so that the id alone gives window and order."""
        query = replace(query, clock="received")
        while True:
            condition, parameters, order = bounds(query)
            statement = f"SELECT seq, id, body FROM audit_log WHERE {condition} ORDER BY {order} LIMIT {AT_ONCE}"
            with self._shelf.read() as reading:
                found = reading.rows(statement, parameters)
            records = [to_record(seq, _id(identity), readable(_bytes(body))) for seq, identity, body in found]
            if records:
                yield records
            if len(records) < AT_ONCE:
                return
            # The id as it lies there: one of another length than ids have must not be found for ever.
            query = replace(query, after=(0, 0, _bytes(found[-1][1])))

    def chained(self, after: int) -> Iterator[Sequence[ChainedEntry]]:
        """See AuditLog."""
        statement = f"SELECT seq, id, body, digest FROM audit_log WHERE seq > ? ORDER BY seq LIMIT {AT_ONCE}"
        while True:
            with self._shelf.read() as reading:
                found = reading.rows(statement, (after,))
            if not found:
                return
            yield [ChainedEntry(seq, *(_bytes(part) for part in parts)) for seq, *parts in found]
            after = found[-1][0]

    def ends(self) -> tuple[ChainEnd, ChainEnd]:
        """See AuditLog."""
        with self._shelf.read() as reading:
            found = {
                place: ChainEnd(seq, _bytes(kept)) for place, seq, kept in reading.rows("SELECT * FROM audit_chain")
            }
        return found.get(_ANCHOR, ChainEnd()), found.get(_HEAD, ChainEnd())

    def mend(self, by: AuditEntry) -> bool:
        """See AuditLog."""
        with self._shelf.write(durable=True) as writing:
            head = _lock(writing)
            behind = writing.rows(
                "SELECT seq, digest FROM audit_log WHERE seq > ? ORDER BY seq DESC LIMIT 1", (head.seq,)
            )
            if not behind:
                return False
            last = ChainEnd(behind[0][0], _bytes(behind[0][1]))
            writing.change(_SET, (_HEAD, last.seq, last.digest))
            said = {"moved_to": _ended(head), "mended_to": _ended(last)}
            append(writing, [msgspec.structs.replace(by, details=by.details | said)])
            return True

    def expire(self, before: int) -> int:
        """See AuditLog. Each piece goes with the entry that says so: killed between two, the chain is whole."""
        gone, until = 0, time.monotonic() + EXPIRE_SECONDS
        while time.monotonic() < until:
            with self._shelf.write(durable=True) as writing:
                piece = _expire(writing, before)
            gone += piece
            if piece < PIECE:
                break
            time.sleep(PAUSE_SECONDS)
        return gone


def _expire(writing: Transaction, before: int) -> int:
    """Take up to PIECE of the oldest entries from before *before*; return how many."""
    head = _lock(writing)
    anchor = writing.rows("SELECT seq FROM audit_chain WHERE place = ?", (_ANCHOR,))
    begins = through = anchor[0][0] if anchor else 0
    found = writing.rows(f"SELECT seq, id FROM audit_log WHERE seq > ? ORDER BY seq LIMIT {PIECE}", (begins,))
    first = first_id(before)
    for seq, identity in found:
        if _bytes(identity) >= first:
            if seq != through + 1:
                # Somebody took the one before: the chain is broken there, and what is left must stay to show that.
                return 0
            break
        through = seq
    else:
        if len(found) < PIECE and through != head.seq:
            return 0
    if through == begins:
        return 0
    (ended,) = writing.row("SELECT digest FROM audit_log WHERE seq = ?", (through,))
    gone = writing.change("DELETE FROM audit_log WHERE seq <= ?", (through,))
    writing.change(_SET, (_ANCHOR, through, _bytes(ended)))
    details = {"entries": gone, "through": through, "digest": _bytes(ended).hex()}
    append(writing, [entry(EXPIRED, by="server", details=details)])
    return gone


def append(writing: Transaction, entries: Sequence[AuditEntry]) -> int:
    """Add up to AT_ONCE entries within a transaction, so that they are kept if and only if what it changes is; return how many are new.

    From here to the transaction's end others wait: there is one chain, whoever writes. Raises Unavailable where entries lie
    behind its end, which somebody moved back: what is added there would not be one chain.
    """
    head = _lock(writing)
    if writing.rows("SELECT 1 FROM audit_log WHERE seq > ? LIMIT 1", (head.seq,)):
        raise Unavailable(
            f"the audit log can't be written: it ends with entry {head.seq} and holds later ones, so it was changed;"
            " `logingestor audit-log verify` says where, `logingestor audit-log mend` lets it go on"
        )
    marks = ", ".join("?" * len(entries))
    found = writing.rows(f"SELECT id FROM audit_log WHERE id IN ({marks})", [one.id for one in entries])
    known, rows = {_bytes(one) for (one,) in found}, []
    for one in entries:
        if one.id not in known:
            known.add(one.id)
            body = encode(one)
            head = ChainEnd(head.seq + 1, digest(head.digest, head.seq + 1, body))
            rows.append((head.seq, one.id, body, head.digest))
    writing.change_each("INSERT INTO audit_log VALUES (?, ?, ?, ?)", rows)
    writing.change(_SET, (_HEAD, head.seq, head.digest))
    return len(rows)


def _ended(end: ChainEnd) -> str:
    """Return an end as `audit-log verify` prints it."""
    return f"{end.seq}:{end.digest.hex()}"


def _lock(writing: Transaction) -> ChainEnd:
    """Return the end of the chain, which nobody else moves before the transaction's end."""
    # First an empty row: of two processes that write first, one waits here for the other.
    writing.change("INSERT INTO audit_chain VALUES (?, 0, ?) ON CONFLICT (place) DO NOTHING", (_HEAD, b""))
    seq, kept = writing.row("UPDATE audit_chain SET seq = seq + 0 WHERE place = ? RETURNING seq, digest", (_HEAD,))
    return ChainEnd(seq, _bytes(kept))


def _bytes(value: Any) -> bytes:
    """Return what a column of bytes holds; a SQLite file that somebody changed may hold anything there."""
    if isinstance(value, str):
        return value.encode()
    return bytes(value) if isinstance(value, bytes | memoryview) else b""


def _id(value: Any) -> bytes:
    """Return an id of 16 bytes whose time can be shown, whatever is held: the nearest."""
    found = _bytes(value)[:16].ljust(16, b"\0")
    return min(found[:6], _LAST_TIME) + found[6:]
