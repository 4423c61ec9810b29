"""The table of logins that came back from the issuer."""

from __future__ import annotations

from sqlalchemy import BigInteger, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.web.accounts.tables import Model


class UsedLogin(Model):
    """A login that somebody came in by: it opens the server once, whichever process it comes back to."""

    __tablename__ = "oidc_logins"

    #: SHA-256 of the login's state.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    #: When it came back, in ms since 1970.
    at: Mapped[int] = mapped_column(BigInteger)
