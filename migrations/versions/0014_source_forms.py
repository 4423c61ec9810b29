"""Forms of sources: how their logs are written; and what the last log of a source was recognised as."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the table and the column; sources that are there have nothing recognised until their next log."""
    op.create_table(
        "source_forms",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.add_column("sources", sa.Column("read_as", sa.Text, nullable=False, server_default=""))
