"""Users of an issuer: added when they first log in, with the role of their groups, which each login asks for anew."""

from __future__ import annotations

import hashlib

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.alerts.searches import check_name
from app.errors import InvalidInput
from app.settings.oidc import EVERYBODY, GroupRole
from app.settings.settings import Settings
from app.times.instant import now_ms
from app.web.accounts import searches
from app.web.accounts.noting import note
from app.web.accounts.oidc.flow import LASTS_SECONDS
from app.web.accounts.oidc.person import LoginRefused, Person
from app.web.accounts.tables import Tables, UsedLogin, UserAccount, has_space, transaction
from app.web.accounts.users import ADMIN_NAME, new_stamp, session_key


def log_in(settings: Settings, person: Person, state: str) -> str:
    """Return the key of a session for who has logged in at the issuer. Raises LoginRefused and Unavailable.

    A *state* brings somebody in once. Another role, filter, hidden fields or space than at the last login ends the other sessions of its user.
    """
    given = role_of(settings.oidc_roles, person.groups)
    if given is None:
        raise LoginRefused("you are in no group that may use this server: an admin can name one of yours in OIDC_ROLES")
    if given.space and not has_space(given.space):
        raise LoginRefused(f"your group sees the space {given.space}, which there is not: an admin can add it")
    try:
        with transaction() as session:
            _use(session, state)
            user = _found(session, settings.oidc_issuer, person) or _added(session, settings.oidc_issuer, person)
            if user.disabled is not None:
                raise LoginRefused("an admin has shut this account out")
            limits = {name: getattr(given, name) for name in ("role", "filter", "hide", "space")}
            if limits != {name: getattr(user, name) for name in limits}:
                for name, value in limits.items():
                    setattr(user, name, value)
                user.stamp = new_stamp()
                note(session, "user.role", user.name, actor=user.name, **limits)
            user.used = now_ms()
            session.flush()
            return session_key(user.name, user.stamp)
    except IntegrityError:
        raise LoginRefused(
            "this login was used already, or somebody of your name logs in just now: try again"
        ) from None


def role_of(roles: tuple[GroupRole, ...], groups: frozenset[str]) -> GroupRole | None:
    """Return what somebody in *groups* may do: the first of the roles that fits; None where none does."""
    return next((one for one in roles if one.group == EVERYBODY or one.group in groups), None)


def _use(session: Tables, state: str) -> None:
    """Note that a login has come back; a cookie older than this is not read any more."""
    now = now_ms()
    session.execute(delete(UsedLogin).where(UsedLogin.at < now - 2_000 * LASTS_SECONDS))
    session.add(UsedLogin(digest=hashlib.sha256(state.encode()).digest(), at=now))
    session.flush()


def _found(session: Tables, issuer: str, person: Person) -> UserAccount | None:
    wanted = select(UserAccount).where(UserAccount.issuer == issuer, UserAccount.subject == person.subject)
    return session.scalar(wanted)


def _added(session: Tables, issuer: str, person: Person) -> UserAccount:
    """Return a new user, by the first name that nobody has: a name at the issuer is no way into somebody else's account."""
    for name in person.names:
        try:
            checked = check_name(name)
        except InvalidInput:
            continue
        if checked.casefold() != ADMIN_NAME and session.get(UserAccount, checked) is None:
            made = UserAccount(name=checked, role="", filter="", hide="", hash="", stamp=new_stamp(), made=now_ms())
            made.issuer, made.subject = issuer, person.subject
            session.add(made)
            searches.forget(session, "user", checked)
            note(session, "user.add", checked, actor=checked, issuer=issuer)
            return made
    raise LoginRefused("every name that the issuer has for you is taken by another user here: ask an admin")
