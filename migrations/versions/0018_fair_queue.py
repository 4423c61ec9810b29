"""Whose each waiting envelope is, so that spaces are drained in turn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the space to what waits; of what waits already it is not known, and that is drained in its order as nobody's."""
    if op.get_bind().dialect.name == "sqlite":
        op.add_column("queue", sa.Column("space", sa.Text, nullable=False, server_default=""))
        op.create_index("queue_space", "queue", ["space"])
