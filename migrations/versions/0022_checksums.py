"""Checksums of segments and of what is searched in them; PostgreSQL has neither."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the column; what is there stays as it is, without checksums."""
    if op.get_bind().dialect.name == "postgresql":
        return
    there = set(sa.inspect(op.get_bind()).get_table_names())
    # An index that is being made anew has the same table once more.
    for name in ("segments", "segments_next"):
        if name in there:
            op.add_column(name, sa.Column("checksum", sa.BigInteger))
