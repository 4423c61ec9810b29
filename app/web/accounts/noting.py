"""Entries of the audit log in the transaction of what they say: neither is kept without the other."""

from __future__ import annotations

from typing import Any

from flask import g, has_request_context, request

from app.audit_log.recorder import operator
from app.ports.audit_log.entry import AuditEntry, entry
from app.systems.sql.audit_log import append
from app.web.accounts.identity import Identity
from app.web.accounts.tables import Tables, mark, statements


def note(session: Tables, action: str, subject: str, *, actor: str | None = None, **details: Any) -> None:
    """Add an entry that *subject* was changed, by who asks or, in their stead, by *actor*; who may come in is looked up anew, but for a login. Raises Unavailable."""
    if action != "login":  # ends nothing that is known, and may come often
        mark(session)
    made = asked_entry(action, subject=subject, details={name: one for name, one in details.items() if one})
    if actor is not None:
        made = entry(action, actor=actor, by="session", address=made.address, subject=subject, details=made.details)
    with statements(session, "the audit log can't be written, and nothing is changed without it") as writing:
        append(writing, [made])


def asked_entry(action: str, **fields: Any) -> AuditEntry:
    """Return an entry by who makes the current request, or runs the current command."""
    if not has_request_context():
        return entry(action, actor=operator(), by="command", **fields)
    who: Identity | None = None if "unasked" in g else g.get("who")
    address = request.remote_addr or ""
    if who is None:
        return entry(action, address=address, **fields)
    return entry(action, actor=who.name, by=who.by, address=address, **fields)
