"""Segments: the older logs of a SQLite file, compressed; PostgreSQL has none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make the tables, empty: the logs that are there are taken over in the background."""
    if op.get_bind().dialect.name == "postgresql":
        return
    big, blob, integer = sa.BigInteger, sa.LargeBinary, sa.Integer
    op.create_table(
        "segments",
        sa.Column("number", integer, primary_key=True),
        sa.Column("first", integer, nullable=False, unique=True),
        sa.Column("last", integer, nullable=False),
        sa.Column("logs", integer, nullable=False),
        sa.Column("stamp", big, nullable=False),
        sa.Column("first_id", blob(16), nullable=False),
        sa.Column("last_id", blob(16), nullable=False),
    )
    op.create_table(
        "segment_parts",
        sa.Column("first", integer, primary_key=True),
        sa.Column("keys", blob, nullable=False),
        *(sa.Column(f"docs{number}", blob) for number in range(8)),
    )
