"""Segments by column, and marks of blocks in place of texts and runs; PostgreSQL has neither."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Make the tables, empty; segments of revision 0020 are written anew in the background (app/systems/sqlite/segments/converting.py)."""
    if op.get_bind().dialect.name == "postgresql":
        return
    there = set(sa.inspect(op.get_bind()).get_table_names())
    # An index that is being made anew, and its own rows where the record lies elsewhere, has the same tables once more.
    for suffix in ("", *(["_next"] if "blocks_next" in there else [])):
        if f"logs{suffix}" in there:
            _segment_columns(suffix)
        _marks(suffix)
        for name in ("texts", "grams"):
            if f"{name}{suffix}" in there:
                _replaced(f"{name}{suffix}", f"{name}_old", there)


def _segment_columns(suffix: str) -> None:
    blob = sa.LargeBinary
    op.create_table(
        f"segment_columns{suffix}",
        sa.Column("first", sa.Integer, primary_key=True),
        sa.Column("keys", blob, nullable=False),
        sa.Column("fields", blob, nullable=False),
        sa.Column("skeletons", blob, nullable=False),
        sa.Column("variables", blob, nullable=False),
        *(sa.Column(f"docs{number}", blob) for number in range(8)),
        sa.Column("digits", blob, nullable=False),
    )


def _marks(suffix: str) -> None:
    for name, key, value in (
        ("marks", "block", "bits"),
        ("mark_groups", "number", "bits"),
        ("sentence_groups", "number", "counts"),
    ):
        op.create_table(
            f"{name}{suffix}",
            sa.Column(key, sa.Integer, primary_key=True),
            sa.Column(value, sa.LargeBinary, nullable=False),
        )


def _replaced(name: str, old: str, there: set[str]) -> None:
    """Leave a table to be dropped piece by piece in the background (app/systems/sqlite/index/rebuilding.py, `sweep`)."""
    filled = op.get_bind().execute(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)).fetchone()
    if filled and old not in there:
        op.rename_table(name, old)
        there.add(old)
    else:
        op.drop_table(name)
