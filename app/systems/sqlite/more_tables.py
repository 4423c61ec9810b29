"""More tables of the SQLite file: what logs cost, spaces, and the audit log."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text


def define(metadata: MetaData) -> tuple[Table, Table, Table, Table]:
    """Add the tables to *metadata*: costs; spaces; the entries of the audit log; the two ends of their chain."""
    #: Costs of logs (app/ports/costs.py), packed, by day since 1970; the row of day -1 says how far logs are booked.
    costs = Table(
        "costs",
        metadata,
        Column("day", BigInteger, primary_key=True, autoincrement=False),
        Column("state", LargeBinary, nullable=False),
    )
    #: Spaces (app/ports/costs.py), and what each took on its last day with logs.
    spaces = Table(
        "spaces",
        metadata,
        Column("name", Text, primary_key=True),
        Column("quota", BigInteger),
        *(Column(name, BigInteger, nullable=False) for name in ("made", "day", "used", "refused")),
    )
    #: Entries as JSON, each with a digest over all before it.
    audit_log = Table(
        "audit_log",
        metadata,
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("id", LargeBinary(16), nullable=False, unique=True),
        Column("body", LargeBinary, nullable=False),
        Column("digest", LargeBinary(32), nullable=False),
    )
    #: 0: where the chain begins, behind what retention took. 1: where it ends.
    audit_chain = Table(
        "audit_chain",
        metadata,
        Column("place", BigInteger, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, nullable=False),
        Column("digest", LargeBinary, nullable=False),
    )
    return costs, spaces, audit_log, audit_chain
