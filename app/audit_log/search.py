"""The audit log is searched by the language of all searches; its entries are looked at one by one."""

from __future__ import annotations

from app.find import from_record
from app.ports.audit_log.chain import AuditLog
from app.ports.deadline import Budget
from app.query.query import Page, Query


def page(audit_log: AuditLog, query: Query, budget: Budget = Budget()) -> Page:
    """Return the page of *query*, its entries as logs. Raises TimedOut where it takes too long, and Unavailable."""
    return from_record.page(audit_log, query, budget, "the audit log is long: narrow the time")
