"""Passkeys as the record keeps them: listed, forgotten, and what of a login was used up. What checks one is in `ceremony`."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import delete, select

from app.errors import NotFound
from app.times import instant
from app.times.instant import now_ms
from app.web.accounts.noting import note
from app.web.accounts.tables import Passkey, Tables, UsedLogin, transaction

#: Passkeys of a user.
MOST = 20
#: Seconds that the browser has for a challenge, after which nobody can bring it any more.
LASTS_SECONDS = 600
#: Hexadecimal digits by which a passkey is named to people.
NAME_DIGITS = 16


def listed(name: str) -> list[dict[str, Any]]:
    """Return a user's passkeys, oldest first; times are RFC 3339. Raises Unavailable."""
    with transaction() as session:
        found = session.scalars(select(Passkey).where(Passkey.name == name).order_by(Passkey.made)).all()
    return [
        {
            "passkey": one.digest.hex()[:NAME_DIGITS],
            "label": one.label,
            "host": one.host,
            "made": instant.text((one.made, 0)),
            "used": None if one.used is None else instant.text((one.used, 0)),
        }
        for one in found
    ]


def remove(name: str, which: str) -> None:
    """Let one of a user's passkeys, named as `listed` names it, open nothing any more. Raises NotFound and Unavailable."""
    with transaction() as session:
        found = session.scalars(select(Passkey.digest).where(Passkey.name == name)).all()
        ending = [key for key in found if key.hex()[:NAME_DIGITS] == which]
        if not ending:
            raise NotFound("there is no such passkey")
        session.execute(delete(Passkey).where(Passkey.digest.in_(ending)))
        note(session, "user.remove-passkey", name, which=which)


def remove_all(name: str) -> None:
    """Let none of a user's passkeys open anything any more. Raises NotFound for a user without passkeys, and Unavailable."""
    with transaction() as session:
        if not names(session, name):
            raise NotFound("there is no user of this name who has passkeys")
        forget(session, name)
        note(session, "user.remove-passkey", name, which="all")


def names(session: Tables, name: str | None = None) -> set[str]:
    """Return the users who have passkeys, of all or of those of one *name*."""
    wanted = select(Passkey.name)
    return set(session.scalars(wanted if name is None else wanted.where(Passkey.name == name)))


def forget(session: Tables, name: str) -> None:
    """Keep none of a user's passkeys."""
    session.execute(delete(Passkey).where(Passkey.name == name))


def use(session: Tables, challenge: str) -> None:
    """Note that a challenge has come back; a second time is an IntegrityError when the transaction ends."""
    now = now_ms()
    session.execute(delete(UsedLogin).where(UsedLogin.at < now - 2_000 * LASTS_SECONDS))
    session.add(UsedLogin(digest=hashlib.sha256(challenge.encode()).digest(), at=now))
    session.flush()
