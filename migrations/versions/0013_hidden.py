"""Fields that are hidden from readers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the columns; from who is there nothing is hidden."""
    for table in ("tokens", "users"):
        op.add_column(table, sa.Column("hide", sa.Text, nullable=False, server_default=""))
