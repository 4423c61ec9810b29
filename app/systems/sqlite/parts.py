"""The parts of a record in one SQLite file."""

from __future__ import annotations

from app.ports.parts import RecordParts
from app.systems.sql.alerts import SqlAlerts
from app.systems.sql.audit_log import SqlAuditLog
from app.systems.sql.costs import SqlCosts
from app.systems.sql.figures import SqlFigures
from app.systems.sql.forms import SqlForms
from app.systems.sql.gaps import SqlGaps
from app.systems.sql.notes import SqlNotes
from app.systems.sql.notices import SqlNotices
from app.systems.sql.outbox import SqlOutbox
from app.systems.sql.spaces import SqlSpaces
from app.systems.sqlite.claims import SqliteClaims
from app.systems.sqlite.file import SqliteDatabase
from app.systems.sqlite.letters import SqliteLetters
from app.systems.sqlite.record import Forget, SqliteStore
from app.systems.sqlite.shelf import SqliteShelf


def record_parts(database: SqliteDatabase, *, dead_limit: int, forget: Forget | None = None) -> RecordParts:
    """Return the parts of the record in *database*."""
    shelf = SqliteShelf(database)
    return RecordParts(
        store=SqliteStore(database, forget=forget),
        letters=SqliteLetters(database, dead_limit),
        claims=SqliteClaims(database),
        notes=SqlNotes(shelf),
        # Processes on one file share a data folder, and its lock decides which of them leads.
        notices=SqlNotices(shelf, lambda: True),
        alerts=SqlAlerts(shelf),
        outbox=SqlOutbox(shelf),
        figures=SqlFigures(shelf),
        gaps=SqlGaps(shelf),
        costs=SqlCosts(shelf),
        forms=SqlForms(shelf),
        spaces=SqlSpaces(shelf),
        audit_log=SqlAuditLog(shelf),
    )
