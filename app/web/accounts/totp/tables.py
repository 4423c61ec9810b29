"""The tables of second factors."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.web.accounts.tables import Model


class TotpFactor(Model):
    """The second factor of a user, from when they showed that their app has it."""

    __tablename__ = "totp_factors"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    #: 128 random bits, of which SECRET_KEY makes the app's secret: this table alone makes no codes.
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    #: When it was turned on, in ms since 1970.
    made: Mapped[int] = mapped_column(BigInteger)
    #: The newest step, of 30 seconds since 1970, whose code was taken: no step's code is taken twice.
    step: Mapped[int] = mapped_column(BigInteger)
    #: Wrong codes since the last right one.
    failures: Mapped[int] = mapped_column(Integer)


class RecoveryCode(Model):
    """A code that stands for one of the app, once."""

    __tablename__ = "recovery_codes"

    #: SHA-256 of the code: 80 random bits need no slow hash.
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    #: The user whose it is.
    name: Mapped[str] = mapped_column(Text)
