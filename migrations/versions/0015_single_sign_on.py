"""Users of an issuer of OpenID Connect, users who are shut out, and second factors (app/web/accounts)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add columns and tables; users that are there log in as before."""
    op.add_column("users", sa.Column("disabled", sa.BigInteger))
    op.add_column("users", sa.Column("issuer", sa.Text))
    op.add_column("users", sa.Column("subject", sa.Text))
    op.create_index("users_subject", "users", ["issuer", "subject"], unique=True)
    op.create_table(
        "oidc_logins",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "totp_factors",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("salt", sa.LargeBinary(16), nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
    )
