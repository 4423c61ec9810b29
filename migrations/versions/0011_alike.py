"""Dead letters alike are one, with a count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns; letters that are there stay apart."""
    op.add_column("dead_letters", sa.Column("times", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("dead_letters", sa.Column("digest", sa.LargeBinary))
    op.add_column("dead_letters", sa.Column("seen", sa.LargeBinary))
    op.create_index("dead_letters_digest", "dead_letters", ["digest"])
