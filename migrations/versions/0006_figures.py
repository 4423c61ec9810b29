"""Samples of what flows through the system, and sources; dead letters of one reason in the order of time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_SAMPLE = ("accepted", "stored", "indexed", "refused", "waiting")
_SOURCE = ("first", "last", "requests", "logs", "refused", "minute", "minute_logs", "before_logs")


def upgrade() -> None:
    """Make the tables; no row changes. PostgreSQL keeps its index over reasons: a B-tree can't hold a long one."""
    big, text = sa.BigInteger, sa.Text
    op.create_table(
        "samples",
        sa.Column("at", big, primary_key=True, autoincrement=False),
        *(sa.Column(name, big, nullable=False) for name in _SAMPLE),
    )
    op.create_table(
        "sources",
        sa.Column("sender", text, primary_key=True),
        sa.Column("agent", text, primary_key=True),
        *(sa.Column(name, big, nullable=False) for name in _SOURCE),
        sa.Column("refused_at", big),
        sa.Column("reason", text),
        sa.Column("field", text),
        sa.Column("sample", sa.LargeBinary),
    )
    if op.get_bind().dialect.name != "postgresql":
        op.drop_index("dead_letters_reason", "dead_letters")
        op.create_index("dead_letters_reason", "dead_letters", ["reason", "id"])
