"""Whether the audit log is whole: each entry where it was written, as it was written."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.ports.audit_log.chain import AuditLog, ChainedEntry, ChainEnd, digest
from app.ports.audit_log.entry import EXPIRED, AuditEntry, readable

#: Faults that are named; more are counted.
NAMED = 100


@dataclass(slots=True)
class ChainVerdict:
    """Outcome of a look over the whole chain."""

    entries: int = 0
    anchor: ChainEnd = field(default_factory=ChainEnd)
    head: ChainEnd = field(default_factory=ChainEnd)
    faults: int = 0
    #: The first NAMED faults, each a sentence without its full stop.
    named: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        """Note a fault."""
        self.faults += 1
        if self.faults <= NAMED:
            self.named.append(text)


def verify(audit_log: AuditLog, witness: ChainEnd | None = None) -> ChainVerdict:
    """Look over the chain. *witness* is a head that an earlier look printed and somebody noted elsewhere. Raises Unavailable.

    What is appended meanwhile is looked at too, or not.
    """
    anchor, head = audit_log.ends()
    found = ChainVerdict(anchor=anchor, head=head)
    last, expired, witnessed = anchor, anchor if anchor.seq == 0 else None, False
    for chunk in audit_log.chained(0):
        for one in chunk:
            expired = _look(found, last, one) or expired
            last = ChainEnd(one.seq, one.digest)
            witnessed |= last == witness
            found.entries += 1
    begins, ends = audit_log.ends()
    if begins != anchor:
        # Retention took some of it meanwhile.
        return verify(audit_log, witness)
    if last.seq < head.seq:
        found.fault(f"entries {last.seq + 1} to {head.seq}, the last, are missing")
    elif last.seq > ends.seq:
        found.fault(f"entries {ends.seq + 1} to {last.seq} lie behind the end")
    if expired != anchor:
        found.fault(f"what is missing up to entry {anchor.seq} was taken by nobody's retention")
    if witness is not None and not witnessed:
        found.fault(f"entry {witness.seq} is not there with the digest that was noted")
    return found


def _look(found: ChainVerdict, last: ChainEnd, one: ChainedEntry) -> ChainEnd | None:
    """Note what is wrong with an entry; return the end that retention left if it says so."""
    if one.seq <= found.anchor.seq:
        found.fault(f"entry {one.seq} lies before the beginning")
        return None
    if one.seq != last.seq + 1:
        found.fault(f"entries {last.seq + 1} to {one.seq - 1} are missing")
    elif one.digest != digest(last.digest, one.seq, one.body):
        found.fault(f"entry {one.seq} is not the one that was written")
    if one.seq == found.head.seq and one.digest != found.head.digest:
        found.fault(f"entry {one.seq} is not the one with which the chain ended")
    said = readable(one.body)
    if said is None:
        found.fault(f"entry {one.seq} can't be read")
        return None
    if said.id != one.id:
        found.fault(f"entry {one.seq} has another id than it was written with")
    if said.action != EXPIRED:
        return None
    taken = _taken(said)
    if taken is None:
        found.fault(f"entry {one.seq} does not say what retention took")
    return taken


def _taken(said: AuditEntry) -> ChainEnd | None:
    """Return the end of the chain that retention's entry names; None where the entry names none, and so was not written by retention."""
    through, named = said.details.get("through"), said.details.get("digest")
    if not isinstance(through, int) or not isinstance(named, str):
        return None
    try:
        return ChainEnd(through, bytes.fromhex(named))
    except ValueError:
        return None
