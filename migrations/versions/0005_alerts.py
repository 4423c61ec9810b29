"""Saved searches and alerts, with what happened to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

POSTGRESQL = """
CREATE TABLE searches (id text PRIMARY KEY, name text NOT NULL UNIQUE, body json NOT NULL);
CREATE TABLE alerts (
    id text PRIMARY KEY,
    name text NOT NULL UNIQUE,
    body json NOT NULL,
    status json NOT NULL,
    turn bigint NOT NULL,
    leased bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE alert_changes (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert text NOT NULL,
    body json NOT NULL
);
CREATE INDEX alert_changes_alert ON alert_changes (alert, seq);
"""


def upgrade() -> None:
    """Make the tables; nothing else changes."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
        return
    op.create_table(
        "searches",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sa.Column("leased", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "alert_changes",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("alert", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("alert_changes_alert", "alert_changes", ["alert", "seq"])
