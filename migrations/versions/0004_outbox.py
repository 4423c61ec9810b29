"""The outbox: what notifiers are to be told, and how each is doing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

POSTGRESQL = """
CREATE TABLE deliveries (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice text NOT NULL,
    notifier text NOT NULL,
    event text NOT NULL,
    message text NOT NULL,
    state text NOT NULL,
    made bigint NOT NULL,
    tries integer NOT NULL,
    tried bigint,
    reason text NOT NULL,
    body text NOT NULL,
    UNIQUE (notifier, notice, event)
);
CREATE INDEX deliveries_notice ON deliveries (notice);
CREATE TABLE notifiers (
    notifier text PRIMARY KEY,
    revision bigint NOT NULL,
    sent bigint NOT NULL,
    failed bigint NOT NULL,
    failures integer NOT NULL,
    since bigint,
    reason text NOT NULL,
    again bigint NOT NULL,
    tested bigint,
    test_reason text NOT NULL
);
"""


def upgrade() -> None:
    """Make the tables; nothing else changes."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
        return
    op.create_table(
        "deliveries",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("notice", sa.Text, nullable=False),
        sa.Column("notifier", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("tried", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("notifier", "notice", "event"),
        sqlite_autoincrement=True,
    )
    op.create_index("deliveries_notice", "deliveries", ["notice"])
    op.create_table(
        "notifiers",
        sa.Column("notifier", sa.Text, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("sent", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("since", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("again", sa.BigInteger, nullable=False),
        sa.Column("tested", sa.BigInteger),
        sa.Column("test_reason", sa.Text, nullable=False),
    )
