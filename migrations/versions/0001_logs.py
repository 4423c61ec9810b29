"""Make the tables: of queue, record and index in SQLite, of the record alone in PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

#: Punctuation that belongs to a term; blank separates terms, and what is missing here is escaped.
TERM_CHARACTERS = "!#$%&()*+,-./:;<=>?@[]^_`{|}~"


#: PostgreSQL's form, with what 0002 adds to SQLite's: no release before had any. Columns of fixed length come first, so that rows
#: have no gaps. `metadata` is json, not jsonb: that would change the order of keys.
POSTGRESQL = """
CREATE TABLE logs (
    id uuid PRIMARY KEY,
    t bigint NOT NULL,
    place bigint NOT NULL,
    ns integer NOT NULL,
    truncated boolean NOT NULL,
    level text NOT NULL,
    message text NOT NULL,
    resource_id text,
    trace_id text,
    span_id text,
    commit text,
    metadata json
) PARTITION BY RANGE (id);
CREATE INDEX logs_time ON logs (t, ns, id);
CREATE INDEX logs_place ON logs (place);
CREATE TABLE counts (period text, slot smallint, logs bigint NOT NULL, PRIMARY KEY (period, slot)) WITH (fillfactor = 50);
CREATE TABLE peaks (period text PRIMARY KEY, logs bigint NOT NULL);
CREATE TABLE state (name text PRIMARY KEY, value bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE unindexed (
    mark bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    made bigint NOT NULL,
    leased bigint NOT NULL,
    logs integer NOT NULL,
    ids bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE TABLE claims (
    key bytea,
    part integer,
    parts integer NOT NULL,
    digest bytea NOT NULL,
    answer bytea NOT NULL,
    made bigint NOT NULL,
    PRIMARY KEY (key, part)
);
CREATE INDEX claims_made ON claims (made);
CREATE TABLE doubles (first uuid PRIMARY KEY, last uuid NOT NULL, logs integer NOT NULL);
CREATE TABLE listings (key bytea PRIMARY KEY, ids bytea NOT NULL, until bigint NOT NULL);
CREATE TABLE dead_letters (id uuid PRIMARY KEY, payload bytea NOT NULL, reason text NOT NULL, field text, sender text NOT NULL);
CREATE INDEX dead_letters_reason ON dead_letters USING hash (reason);
"""


def upgrade() -> None:
    """Make every table anew."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
    else:
        _sqlite()


def _sqlite() -> None:
    big, blob, text, integer = sa.BigInteger, sa.LargeBinary, sa.Text, sa.Integer
    op.create_table(
        "logs",
        sa.Column("place", integer, primary_key=True),
        sa.Column("id", blob(16), nullable=False, unique=True),
        sa.Column("t", big, nullable=False),
        sa.Column("ns", integer, nullable=False),
        sa.Column("level", text, nullable=False),
        sa.Column("doc", blob, nullable=False),
    )
    op.create_table(
        "queue",
        sa.Column("seq", integer, primary_key=True),
        sa.Column("first", blob(16), nullable=False),
        sa.Column("last", blob(16), nullable=False),
        sa.Column("logs", integer, nullable=False),
        sa.Column("leased", integer, nullable=False, server_default="0"),
        sa.Column("body", blob, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "claims",
        sa.Column("key", text, primary_key=True),
        sa.Column("digest", blob, nullable=False),
        sa.Column("answer", blob, nullable=False),
        sa.Column("made", big, nullable=False),
    )
    op.create_table("own_ids", sa.Column("id", blob(16), primary_key=True), sa.Column("made", big, nullable=False))
    op.create_table(
        "listings",
        sa.Column("key", blob(16), primary_key=True),
        sa.Column("ids", blob, nullable=False),
        sa.Column("until", big, nullable=False),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", blob(16), primary_key=True),
        sa.Column("payload", blob, nullable=False),
        sa.Column("reason", text, nullable=False),
        sa.Column("field", text),
        sa.Column("sender", text, nullable=False),
    )
    op.create_index("dead_letters_reason", "dead_letters", ["reason"])
    op.create_table("state", sa.Column("name", text, primary_key=True), sa.Column("value", big, nullable=False))
    _index_tables()


def _index_tables() -> None:
    big, blob, text, integer = sa.BigInteger, sa.LargeBinary, sa.Text, sa.Integer
    op.create_table(
        "blocks",
        sa.Column("block", integer, primary_key=True),
        *(
            sa.Column(f"{end}_{part}", kind, nullable=False)
            for end in ("low", "high")
            for part, kind in (("t", big), ("ns", integer), ("id", blob(16)))
        ),
        sa.Column("first_id", blob(16), nullable=False),
        sa.Column("last_id", blob(16), nullable=False),
    )
    op.create_table("texts", sa.Column("block", integer, primary_key=True), sa.Column("messages", blob, nullable=False))
    op.create_table("grams", sa.Column("block", integer, primary_key=True), sa.Column("bits", blob, nullable=False))
    op.create_table(
        "minutes",
        sa.Column("minute", big, primary_key=True),
        sa.Column("level", text, primary_key=True),
        sa.Column("count", integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counts",
        sa.Column("field", text, primary_key=True),
        sa.Column("value", text, primary_key=True),
        sa.Column("count", integer, nullable=False),
        sqlite_with_rowid=False,
    )
    # Contentless: the text stands in the record already. No positions: phrases are verified.
    op.execute(
        "CREATE VIRTUAL TABLE terms USING fts5(term, content='', contentless_delete=1, detail=none, "
        f"tokenize=\"ascii tokenchars '{TERM_CHARACTERS}'\")".replace(":", r"\:")
    )
