"""Spaces, and who sends to and reads from one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the table, and add the columns; who is there has no space."""
    op.create_table(
        "spaces",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("quota", sa.BigInteger),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("made", "day", "used", "refused")),
    )
    for table in ("tokens", "users"):
        op.add_column(table, sa.Column("space", sa.Text, nullable=False, server_default=""))
