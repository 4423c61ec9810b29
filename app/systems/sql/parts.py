"""The parts of a record whose SQL is the same in both databases."""

from __future__ import annotations

from collections.abc import Callable

from app.ports.letters import LetterKeeper
from app.ports.memory import ClaimKeeper
from app.ports.parts import RecordParts
from app.ports.record import LogStore
from app.systems.sql.alerts import SqlAlerts
from app.systems.sql.audit_log import SqlAuditLog
from app.systems.sql.costs import SqlCosts
from app.systems.sql.figures import SqlFigures
from app.systems.sql.forms import SqlForms
from app.systems.sql.gaps import SqlGaps
from app.systems.sql.notes import SqlNotes
from app.systems.sql.notices import SqlNotices
from app.systems.sql.outbox import SqlOutbox
from app.systems.sql.shelf import Shelf
from app.systems.sql.spaces import SqlSpaces


def record_parts(
    shelf: Shelf, lead: Callable[[], bool], *, store: LogStore, letters: LetterKeeper, claims: ClaimKeeper
) -> RecordParts:
    """Return a record of the three parts that each database has of its own, and of those on *shelf*.

    *lead* says whether this process may write what only one process writes; see SqlNotices.
    """
    return RecordParts(
        store=store,
        letters=letters,
        claims=claims,
        notes=SqlNotes(shelf),
        notices=SqlNotices(shelf, lead),
        alerts=SqlAlerts(shelf),
        outbox=SqlOutbox(shelf),
        figures=SqlFigures(shelf),
        gaps=SqlGaps(shelf),
        costs=SqlCosts(shelf),
        forms=SqlForms(shelf),
        spaces=SqlSpaces(shelf),
        audit_log=SqlAuditLog(shelf),
    )
