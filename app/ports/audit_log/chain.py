"""The chain of the audit log: its entries in their places, each with a digest over all before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from app.log.record import LogRecord
from app.ports.audit_log.entry import AuditEntry
from app.query.query import Query


class ChainedEntry(msgspec.Struct, frozen=True):
    """An entry in its place: what the record holds of it."""

    #: Numbered from 1, without a gap.
    seq: int
    id: bytes
    #: The entry as JSON.
    body: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """One end of the chain: number and digest of the last entry there. Before the first: 0 and empty."""

    seq: int = 0
    digest: bytes = b""


class AuditLog(Protocol):
    """Keeps the audit log; nothing but retention takes from it. Every method raises Unavailable."""

    def append(self, entries: Sequence[AuditEntry]) -> int:
        """Add entries durably at the end of the one chain, in their order; return how many were not there before."""

    def append_change(self, name: str, state: int, entry: AuditEntry) -> bool:
        """Add an entry if what is noted under *name* is not *state* (below 2^63), and note it; return whether it was added."""

    def walk(self, query: Query) -> Iterator[list[LogRecord]]:
        """Yield the entries of the query's window as logs, in its order, in chunks; its filter is not looked at."""

    def chained(self, after: int) -> Iterator[Sequence[ChainedEntry]]:
        """Yield what is kept, in the order of the chain, from the number behind *after* on, in chunks."""

    def ends(self) -> tuple[ChainEnd, ChainEnd]:
        """Return where the chain begins, which is the last entry that retention took, and where it ends."""

    def mend(self, by: AuditEntry) -> bool:
        """Put an end that was moved back behind the last entry there is, and add *by*, which then says from where to where; return whether.

        Nothing else is changed: what `verify` finds wrong with entries it finds still.
        """

    def expire(self, before: int) -> int:
        """Take the entries from before *before* (ms since 1970) from the beginning; return how many.

        They go in pieces of 10,000 at most, each in a transaction with an entry that says so, for some 50 s: the next call goes on.
        """


def digest(before: bytes, seq: int, body: bytes) -> bytes:
    """Return the SHA-256 of an entry: over the digest before it, its number in 8 bytes (big-endian), and its JSON."""
    return hashlib.sha256(before + seq.to_bytes(8, "big") + body).digest()
