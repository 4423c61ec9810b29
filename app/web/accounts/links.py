"""Links by which users take a password of their own: an admin hands one out, it lasts a day and counts once."""

from __future__ import annotations

import hashlib
import secrets

from app.errors import InvalidInput, Problem
from app.settings.settings import Settings
from app.web.accounts import signed, users
from app.web.accounts.noting import note
from app.web.accounts.tables import UserAccount, transaction

#: Seconds for which a link may be used, and the path of the page that reads it.
LASTS_SECONDS, PATH = 24 * 3_600, "/login/password"
_PURPOSE = "password link"


def make(settings: Settings, name: str) -> str:
    """Return the path of a link with which a user takes another password. Raises NotFound, InvalidInput and Unavailable."""
    with transaction() as session:
        found = users.with_password(session.get(UserAccount, name), "password")
        if found.disabled is not None:
            raise InvalidInput(Problem("is of a user who is shut out: enable them first", "password"))
        note(session, "user.link", name)
        link = signed.signer(settings, _PURPOSE).dumps([name, _mark(found.stamp)])
    return f"{settings.path_prefix}{PATH}?link={link}"


def read(link: str) -> UserAccount | None:
    """Return whose link it is; None for one that is forged, too old, or was used: another password makes another stamp. Raises Unavailable."""
    known = signed.read(link, _PURPOSE, LASTS_SECONDS)
    if known is None:
        return None
    with transaction() as session:
        found = session.get(UserAccount, known[0])
    fits = found is not None and found.disabled is None and secrets.compare_digest(_mark(found.stamp), known[1])
    return found if fits else None


def _mark(stamp: str) -> str:
    """Return by what a user's stamp is known from another, which doesn't say what it is."""
    return hashlib.sha256(f"link {stamp}".encode()).hexdigest()[:32]
