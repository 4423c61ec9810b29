"""Claims by the envelope; marks for what the index lacks; ids that lost to another request's claim."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables; claims that were made stay. In PostgreSQL 0001 made them so."""
    if op.get_bind().dialect.name == "postgresql":
        return
    big, blob, text, integer = sa.BigInteger, sa.LargeBinary, sa.Text, sa.Integer
    op.rename_table("claims", "claims_before")
    op.create_table(
        "claims",
        sa.Column("key", text, primary_key=True),
        sa.Column("part", integer, primary_key=True),
        sa.Column("parts", integer, nullable=False),
        sa.Column("digest", blob, nullable=False),
        sa.Column("answer", blob, nullable=False),
        sa.Column("made", big, nullable=False),
    )
    op.execute("INSERT INTO claims SELECT key, 0, 1, digest, answer, made FROM claims_before")
    op.drop_table("claims_before")
    op.create_table(
        "unindexed",
        sa.Column("mark", integer, primary_key=True),
        sa.Column("made", big, nullable=False),
        sa.Column("leased", big, nullable=False),
        sa.Column("logs", integer, nullable=False),
        sa.Column("ids", blob, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "doubles",
        sa.Column("first", blob(16), primary_key=True),
        sa.Column("last", blob(16), nullable=False),
        sa.Column("logs", integer, nullable=False),
    )
