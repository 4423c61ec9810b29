"""Entries of the audit log: what one says, made of this moment, as JSON, and as a log."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from app.json_text import FAULTS
from app.log.record import IdSource, LogRecord

#: asked: about to be done. done, refused, failed: how it ended.
Outcome = Literal["asked", "done", "refused", "failed"]
#: How an actor is known: as an `Identity` is, by the operating system at a command, or not at all.
Known = Literal["password", "token", "session", "command", "server", ""]

#: The level of an entry, for who searches.
_LEVELS: dict[Outcome, str] = {"asked": "info", "done": "info", "refused": "warn", "failed": "error"}
#: Every entry's `resourceId`.
RESOURCE = "audit-log"
#: The action of the entry that says what retention took.
EXPIRED = "audit-log.expire"
#: The action of the entry that says that an end which somebody had moved back was put where it was.
MENDED = "audit-log.mend"

_ids = IdSource()


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was done, or tried. It holds no secret: neither passwords nor tokens."""

    #: A UUIDv7; its time is when it happened. An entry that is handed over twice is there once.
    id: bytes
    #: `user.add`, `log.search` …
    action: str
    #: Name of the token or user, or of the operating system's user; "" where nobody knows.
    actor: str = ""
    by: Known = ""
    #: The address that the request came from.
    address: str = ""
    #: To what it was done: the name of a token, user, alert or route.
    subject: str = ""
    outcome: Outcome = "done"
    #: Further facts: the query and window, how many logs came back.
    details: dict[str, Any] = {}


def entry(action: str, **fields: Any) -> AuditEntry:
    """Return an entry of this moment."""
    return AuditEntry(id=_ids.take(1).to_bytes(16, "big"), action=action, **fields)


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(AuditEntry).decode


def readable(body: bytes) -> AuditEntry | None:
    """Return the entry in a stored JSON text; None where the text is no entry, since somebody changed it."""
    try:
        return decode(body)
    except FAULTS:
        return None


def to_record(seq: int, identity: bytes, one: AuditEntry | None) -> LogRecord:
    """Return an entry as a log, to be searched and shown like any: with the id of its row, and one that can't be read as what it is."""
    if one is None:
        level, message, metadata = "error", f"entry {seq} can't be read", dict[str, Any](seq=seq)
    else:
        fields = {name: getattr(one, name) for name in ("action", "actor", "by", "address", "subject", "outcome")}
        metadata = {name: value for name, value in fields.items() if value} | {"seq": seq}
        if one.details:
            metadata["details"] = one.details
        parts = (one.actor or "nobody known", one.action, one.subject, "" if one.outcome == "done" else one.outcome)
        level, message = _LEVELS[one.outcome], " ".join(part for part in parts if part)
    return LogRecord(
        id=identity,
        t=int.from_bytes(identity[:6], "big"),
        ns=0,
        level=level,
        message=message,
        resource_id=RESOURCE,
        metadata=metadata,
    )
