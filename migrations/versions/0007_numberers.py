"""Which numbers of senders have arrived."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table; no row changes."""
    op.create_table(
        "numberers",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("kind", "name", "source")),
        sa.Column("state", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("lost", "noticed", "seen")),
    )
    op.create_index("numberers_seen", "numberers", ["seen"])
