"""Codes of authenticator apps: secrets are made, codes are taken, each once, and recovery codes stand in for a lost app."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any, Literal, cast

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import CursorResult, Executable, delete, func, select, update

from app import secret
from app.errors import NotFound
from app.settings.settings import Settings
from app.times.instant import now_ms
from app.web.accounts.noting import note
from app.web.accounts.tables import RecoveryCode, Tables, TotpFactor, transaction

#: The outcome of a code; `spent` where a code of the app counts no more, however right.
Outcome = Literal["right", "wrong", "spent"]

#: Steps before and after the present one whose codes are right: clocks of telephones differ (RFC 6238, section 5.2).
WINDOW = 1
#: Wrong codes in a row, from wherever, after which only recovery codes count: of 1,000,000 codes 3 are right at a time,
#: so whoever has the password guesses one with 0.03 %, and the owner is not locked out.
FAILURES = 100
#: Recovery codes of a user, and random bytes of each.
RECOVERY_CODES, RECOVERY_BYTES = 10, 15
#: Random bytes of a salt, and bytes of a secret (RFC 4226, section 4, R6: 160 bits).
SALT_BYTES, SECRET_BYTES = 16, 20


def secret_of(settings: Settings, name: str, salt: bytes) -> str:
    """Return the secret that a user's app has, in base32; another SECRET_KEY makes another one. Raises Unavailable."""
    key = secret.load(settings)[:64]
    made = hashlib.blake2b(salt + name.encode(), key=key, person=b"totp secret", digest_size=SECRET_BYTES)
    return base64.b32encode(made.digest()).decode()


def step_of(secret_text: str, code: str) -> int | None:
    """Return the time step whose code this is; None for a wrong code."""
    try:
        return pyotp.TOTP(secret_text).verify_and_get_timecode(plain(code), for_time=time.time(), valid_window=WINDOW)
    except OTPVerificationError:
        return None


def turn_on(name: str, salt: bytes, step: int) -> list[str]:
    """Ask a user for codes from now on; return the recovery codes, which nobody can look up later. Raises Unavailable."""
    with transaction() as session:
        session.merge(TotpFactor(name=name, salt=salt, made=now_ms(), step=step, failures=0))
        note(session, "user.totp", name)
        return _new_codes(session, name)


def renew_codes(name: str) -> list[str]:
    """Return new recovery codes of a user; those before count no more. Raises Unavailable."""
    with transaction() as session:
        note(session, "user.recovery-codes", name)
        return _new_codes(session, name)


def take(settings: Settings, name: str, given: str) -> Outcome:
    """Take a code of the app, or a recovery code, which counts once. Raises Unavailable."""
    code = plain(given)
    with transaction() as session:
        if not (code.isdecimal() and len(code) == 6):
            wanted = delete(RecoveryCode).where(RecoveryCode.name == name, RecoveryCode.digest == _digest(code))
            if not _changed(session, wanted):
                return "wrong"
            forgive(session, name)
            return "right"
        # Counted before it is looked at: of many that come at once none slips through.
        counted = update(TotpFactor).where(TotpFactor.name == name, TotpFactor.failures < FAILURES)
        if not _changed(session, counted.values(failures=TotpFactor.failures + 1)):
            return "spent"
        found = session.scalars(select(TotpFactor).where(TotpFactor.name == name)).one()
        step = step_of(secret_of(settings, name, found.salt), code)
        if step is None or step <= found.step:
            return "wrong"
        found.step, found.failures = step, 0
        return "right"


def remove(name: str) -> None:
    """Ask a user for no codes any more. Raises NotFound where none are asked for, and Unavailable."""
    with transaction() as session:
        if not is_on(session, name):
            raise NotFound("there is no user of this name who is asked for codes")
        forget(session, name)
        note(session, "user.remove-totp", name)


def codes_left(name: str) -> int | None:
    """Return how many recovery codes a user has left; None for who is asked for no codes. Raises Unavailable."""
    with transaction() as session:
        if not is_on(session, name):
            return None
        return session.scalar(select(func.count()).where(RecoveryCode.name == name)) or 0


def is_on(session: Tables, name: str) -> bool:
    """Return whether a user is asked for codes."""
    return session.get(TotpFactor, name) is not None


def names(session: Tables) -> set[str]:
    """Return the users who are asked for codes."""
    return set(session.scalars(select(TotpFactor.name)))


def forgive(session: Tables, name: str) -> None:
    """Count the wrong codes of a user from none."""
    session.execute(update(TotpFactor).where(TotpFactor.name == name).values(failures=0))


def forget(session: Tables, name: str) -> None:
    """Keep nothing of a user."""
    session.execute(delete(TotpFactor).where(TotpFactor.name == name))
    session.execute(delete(RecoveryCode).where(RecoveryCode.name == name))


def plain(given: str) -> str:
    """Return a code as it is compared: people type blanks, dashes and capitals."""
    return given.replace(" ", "").replace("-", "").strip().lower()


def _new_codes(session: Tables, name: str) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.name == name))
    made = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(digest=_digest(code), name=name) for code in made)
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in made]


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def _changed(session: Tables, statement: Executable) -> bool:
    return cast("CursorResult[Any]", session.execute(statement)).rowcount == 1
