"""Users: added, listed, given another role or password, removed. Call these within an application that has the tables."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.alerts.searches import check_name
from app.errors import InvalidInput, NotFound, Problem, Unavailable
from app.settings import values
from app.times import instant
from app.times.instant import now_ms
from app.web.accounts.identity import Role, check_limits, check_role
from app.web.accounts.tables import UserAccount, transaction

#: Roles of users: a writer is a program.
USER_ROLES: tuple[Role, ...] = ("reader", "admin")
#: The user whose password is a setting.
ADMIN_NAME = "admin"
#: Longest password, in characters, and random bytes of one that is made.
PASSWORD_LIMIT, MADE_BYTES = 1_000, 15
#: argon2 takes 64 MiB: one at a time, and nobody waits longer than these seconds.
HASH_SECONDS = 5.0

_hasher = PasswordHasher()
_turn = threading.Lock()


@cache
def _nobody() -> str:
    """Return the hash of what nobody types: to check it takes as long for a name that there isn't."""
    return _hasher.hash(secrets.token_hex(16))


def add(
    name: str, role: str, *, filter: str | None = None, hide: str | None = None, password: str | None = None
) -> str:
    """Add a user; return the password, made where none is given. Raises InvalidInput, and Unavailable."""
    name = check_name(name)
    if name == ADMIN_NAME:
        raise InvalidInput(Problem("is the user whose password is the setting ADMIN_PASSWORD: take another", "name"))
    wanted = check_role(role, USER_ROLES)
    bound, hidden = check_limits(wanted, filter, hide)
    given = _made() if password is None else check_password(password)
    made = UserAccount(
        name=name, role=wanted, filter=bound, hide=hidden, hash=_hashed(given), stamp=_stamp(), made=now_ms()
    )
    try:
        with transaction() as session:
            session.add(made)
            session.flush()
    except IntegrityError:
        raise InvalidInput(Problem("is taken by another user", "name")) from None
    return given


def every() -> list[UserAccount]:
    """Return all users, by name. Raises Unavailable."""
    with transaction() as session:
        return sorted(session.scalars(select(UserAccount)), key=lambda one: one.name)


def set_role(name: str, role: str) -> None:
    """Give a user another role and end their sessions; an admin can't stay bound. Raises InvalidInput, NotFound, Unavailable."""
    wanted = check_role(role, USER_ROLES)
    with transaction() as session:
        found = _get(session.get(UserAccount, name))
        if (found.filter or found.hide) and wanted != "reader":
            raise InvalidInput(Problem("can't be that of a user who is bound: remove and add them", "role"))
        found.role, found.stamp = wanted, _stamp()


def set_password(name: str, password: str | None = None) -> str:
    """Give a user another password, made where none is given, and end their sessions; return it. Raises as `add`, and NotFound."""
    given = _made() if password is None else check_password(password)
    hashed = _hashed(given)
    with transaction() as session:
        found = _get(session.get(UserAccount, name))
        found.hash, found.stamp = hashed, _stamp()
    return given


def remove(name: str) -> None:
    """Remove a user, whose sessions end. Raises NotFound, and Unavailable."""
    with transaction() as session:
        session.delete(_get(session.get(UserAccount, name)))


def log_in(name: str, password: str) -> str | None:
    """Return the key of a session for the right password, None for a wrong one or a name that there isn't. Raises Unavailable."""
    with transaction() as session:
        found = session.get(UserAccount, name)
    if not _is_right(_nobody() if found is None else found.hash, password) or found is None:
        return None
    with transaction() as session:
        session.merge(UserAccount(name=name, used=now_ms()))
    return session_key(name, found.stamp)


def session_key(name: str, stamp: str) -> str:
    """Return what a session is begun with: the user's name, and the stamp that must be theirs as long as it lasts."""
    return f"{stamp} {name}"


def check_password(given: str) -> str:
    """Return a password as it is kept; raises InvalidInput."""
    try:
        if not given or len(given) > PASSWORD_LIMIT:
            raise ValueError(f"is empty or longer than {PASSWORD_LIMIT:,} characters")
        return values.password(given)
    except ValueError as error:
        raise InvalidInput(Problem(str(error), "password")) from None


def to_dict(user: UserAccount) -> dict[str, Any]:
    """Return what is kept of a user as a command prints it; times are RFC 3339."""
    used = None if user.used is None else instant.text((user.used, 0))
    return {
        "name": user.name,
        "role": user.role,
        "filter": user.filter or None,
        "hide": user.hide or None,
        "made": instant.text((user.made, 0)),
        "last_login": used,
    }


def _get(found: UserAccount | None) -> UserAccount:
    if found is None:
        raise NotFound("there is no user of this name")
    return found


def _made() -> str:
    return secrets.token_urlsafe(MADE_BYTES)


def _stamp() -> str:
    return secrets.token_urlsafe(MADE_BYTES)


def _is_right(hashed: str, password: str) -> bool:
    if not _turn.acquire(timeout=HASH_SECONDS):
        raise Unavailable("too many passwords are tried at once", retry_after=1)
    try:
        return _hasher.verify(hashed, unicodedata.normalize("NFC", password)[: PASSWORD_LIMIT + 1])
    except VerifyMismatchError:
        return False
    finally:
        _turn.release()


def _hashed(password: str) -> str:
    with _turn:
        return _hasher.hash(password)
