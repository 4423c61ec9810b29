"""Make the tables of queue, record and index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

#: Punctuation that belongs to a term; blank separates terms, and what is missing here is escaped.
TERM_CHARACTERS = "!#$%&()*+,-./:;<=>?@[]^_`{|}~"


def upgrade() -> None:
    """Make every table anew."""
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
    if op.get_bind().dialect.name == "sqlite":
        # Contentless: the text stands in the record already. No positions: phrases are verified.
        op.execute(
            "CREATE VIRTUAL TABLE terms USING fts5(term, content='', contentless_delete=1, detail=none, "
            f"tokenize=\"ascii tokenchars '{TERM_CHARACTERS}'\")".replace(":", r"\:")
        )
