"""Notices; in PostgreSQL beats too, which processes of several machines show each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

POSTGRESQL = """
CREATE TABLE notices (
    revision bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    key text NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL,
    text text NOT NULL,
    since bigint NOT NULL,
    until bigint,
    details json NOT NULL
);
CREATE TABLE beats (id text PRIMARY KEY, at bigint NOT NULL, made bigint NOT NULL, body json NOT NULL) WITH (fillfactor = 50);
"""


def upgrade() -> None:
    """Make the tables; nothing else changes."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
        return
    op.create_table(
        "notices",
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("details", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
