"""Users: added, listed, given another role or password, removed. Call these within an application that has the tables."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.alerts.searches import check_name
from app.errors import InvalidInput, NotFound, Problem, Unavailable
from app.settings import values
from app.times import instant
from app.times.instant import now_ms
from app.web.accounts import searches
from app.web.accounts.common import is_common
from app.web.accounts.identity import Role, check_limits, check_role
from app.web.accounts.noting import note
from app.web.accounts.passkeys import kept as passkeys
from app.web.accounts.tables import UserAccount, mark, transaction
from app.web.accounts.totp import factor

#: Roles of users: a writer is a program.
USER_ROLES: tuple[Role, ...] = ("reader", "admin")
#: The user whose password is a setting.
ADMIN_NAME = "admin"
#: Shortest and longest password, in characters (OWASP ASVS, 2.1.1 and 2.1.2), and random bytes of one that is made.
PASSWORD_LEAST, PASSWORD_LIMIT, MADE_BYTES = 12, 1_000, 15
#: argon2 takes 64 MiB: one at a time, and nobody waits longer than these seconds.
HASH_SECONDS = 5.0

_hasher = PasswordHasher()
_turn = threading.Lock()


@cache
def _nobody() -> str:
    """Return the hash of what nobody types: to check it takes as long for a name that there isn't."""
    return _hasher.hash(secrets.token_hex(16))


def add(
    name: str,
    role: str,
    *,
    filter: str | None = None,
    hide: str | None = None,
    space: str | None = None,
    password: str | None = None,
) -> str:
    """Add a user; return the password, made where none is given. Raises InvalidInput, and Unavailable."""
    name = check_name(name)
    if name == ADMIN_NAME:
        raise InvalidInput(Problem("is the user whose password is the setting ADMIN_PASSWORD: take another", "name"))
    wanted = check_role(role, USER_ROLES)
    limits = check_limits(wanted, filter, hide, space)
    given = _made() if password is None else check_password(password, name)
    made = UserAccount(name=name, role=wanted, **limits, hash=_hashed(given), stamp=new_stamp(), made=now_ms())
    try:
        with transaction() as session:
            session.add(made)
            # A request that was under way while somebody of this name was removed may have saved one more.
            searches.forget(session, "user", name)
            note(session, "user.add", name, role=wanted, **limits)
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
        found = with_password(session.get(UserAccount, name), "role")
        if (found.filter or found.hide or found.space) and wanted != "reader":
            raise InvalidInput(Problem("can't be that of a user who is bound: remove and add them", "role"))
        found.role, found.stamp = wanted, new_stamp()
        note(session, "user.role", name, role=wanted)


def set_password(name: str, password: str | None = None, *, actor: str | None = None, stamp: str = "") -> str:
    """Give a user another password, made where none is given, and end their sessions; return it. Raises as `add`, and NotFound.

    *actor* is who does so where nobody has logged in. With a *stamp* it is done only while that is the user's: of two who
    have the same leave one is too late, which is NotFound.
    """
    given = _made() if password is None else check_password(password, name)
    hashed = _hashed(given)
    with transaction() as session:
        with_password(session.get(UserAccount, name), "password")
        wanted = update(UserAccount).where(UserAccount.name == name)
        still = wanted.where(UserAccount.stamp == stamp) if stamp else wanted
        if not session.execute(still.values(hash=hashed, stamp=new_stamp()).returning(UserAccount.name)).all():
            raise NotFound("the user's password was changed by another a moment ago")
        factor.forgive(session, name)
        note(session, "user.password", name, actor=actor)
    return given


def set_disabled(name: str, disabled: bool) -> None:
    """Shut a user out, whose sessions end, or let them in again. Raises NotFound, and Unavailable."""
    with transaction() as session:
        found = _get(session.get(UserAccount, name))
        found.disabled, found.stamp = (now_ms() if disabled else None), new_stamp()
        note(session, "user.disable" if disabled else "user.enable", name)


def renew(name: str) -> str:
    """End all sessions of a user; return the key of a new one. Raises NotFound, and Unavailable."""
    with transaction() as session:
        found = _get(session.get(UserAccount, name))
        found.stamp = new_stamp()
        mark(session)
        return session_key(name, found.stamp)


def remove(name: str) -> None:
    """Remove a user with their saved searches; their sessions end. Who logs in at an issuer is back with the next login. Raises NotFound, and Unavailable."""
    with transaction() as session:
        session.delete(_get(session.get(UserAccount, name)))
        factor.forget(session, name)
        passkeys.forget(session, name)
        searches.forget(session, "user", name)
        note(session, "user.remove", name)


def is_there(name: str) -> bool:
    """Return whether there is a user of this name. Raises Unavailable."""
    with transaction() as session:
        return session.get(UserAccount, name) is not None


def log_in(name: str, password: str) -> str | None:
    """Return the key of a session for the right password, None for a wrong one or a name that there isn't. Raises Unavailable.

    Whoever has a second factor must show it before the key is used: `needs_code`.
    """
    with transaction() as session:
        found = session.get(UserAccount, name)
    if found is not None and (not found.hash or found.disabled is not None):
        found = None
    if not _is_right(_nobody() if found is None else found.hash, password) or found is None:
        return None
    if not needs_code(name):
        note_login(name)
    return session_key(name, found.stamp)


def needs_code(name: str) -> bool:
    """Return whether a user has to show a code besides the password. Raises Unavailable."""
    with transaction() as session:
        return factor.is_on(session, name)


def note_login(name: str) -> None:
    """Note that a user has logged in now. Raises Unavailable."""
    with transaction() as session:
        session.merge(UserAccount(name=name, used=now_ms()))


def session_key(name: str, stamp: str) -> str:
    """Return what a session is begun with: the user's name, and the stamp that must be theirs as long as it lasts."""
    return f"{stamp} {name}"


def of_key(key: str) -> str | None:
    """Return the user who was given the key of a session, None where it begins none any more. Raises Unavailable."""
    stamp, _, name = key.partition(" ")
    with transaction() as session:
        found = session.get(UserAccount, name)
    return name if found is not None and secrets.compare_digest(found.stamp, stamp) else None


def check_password(given: str, name: str = "") -> str:
    """Return a password of the user *name* as it is kept; raises InvalidInput."""
    try:
        if not given or len(given) > PASSWORD_LIMIT:
            raise ValueError(f"is empty or longer than {PASSWORD_LIMIT:,} characters")
        kept = values.password(given)
        if len(kept) < PASSWORD_LEAST:
            raise ValueError(f"is shorter than {PASSWORD_LEAST} characters")
        if is_common(kept, name):
            raise ValueError("is one of those that are guessed first: take another")
        return kept
    except ValueError as error:
        raise InvalidInput(Problem(str(error), "password")) from None


def listed() -> list[dict[str, Any]]:
    """Return what is kept of all users, by name, as a command prints it; times are RFC 3339. Raises Unavailable."""
    people = every()
    with transaction() as session:
        with_code, with_passkey = factor.names(session), passkeys.names(session)
    return [to_dict(one, totp=one.name in with_code, passkeys=one.name in with_passkey) for one in people]


def one(name: str) -> dict[str, Any]:
    """Return what is kept of a user, as `listed`. Raises NotFound, and Unavailable."""
    with transaction() as session:
        return to_dict(
            _get(session.get(UserAccount, name)),
            totp=factor.is_on(session, name),
            passkeys=bool(passkeys.names(session, name)),
        )


def to_dict(user: UserAccount, *, totp: bool = False, passkeys: bool = False) -> dict[str, Any]:
    """Return what is kept of a user as a command prints it; times are RFC 3339."""
    used = None if user.used is None else instant.text((user.used, 0))
    return {
        "name": user.name,
        "role": user.role,
        "filter": user.filter or None,
        "hide": user.hide or None,
        "space": user.space or None,
        "issuer": user.issuer,
        "totp": totp,
        "passkeys": passkeys,
        "disabled": user.disabled is not None,
        "made": instant.text((user.made, 0)),
        "last_login": used,
    }


def _get(found: UserAccount | None) -> UserAccount:
    if found is None:
        raise NotFound("there is no user of this name")
    return found


def with_password(found: UserAccount | None, field: str) -> UserAccount:
    """Return a user whose password is kept here; raises NotFound, and InvalidInput about *field* for one of an issuer."""
    if _get(found).issuer is not None:
        raise InvalidInput(Problem("is the issuer's to say, where this user logs in", field))
    return _get(found)


def _made() -> str:
    return secrets.token_urlsafe(MADE_BYTES)


def new_stamp() -> str:
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
