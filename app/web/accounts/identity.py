"""Who makes a request, what that role may do, and which logs it may see."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, get_args

from app import secret
from app.errors import InvalidInput, InvalidQuery, Problem
from app.query.filter import EVERYTHING, Filter
from app.query.language.parse import named, parse
from app.settings.settings import Settings

#: writer sends logs, reader finds them, admin does everything.
Role = Literal["writer", "reader", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes a request."""

    #: Name of the token or user.
    name: str
    role: Role
    #: The query that a log must fit to be seen; empty: every log is seen.
    filter: str = ""
    #: By what it is known; tokens and sessions are asked for again by their *key* while a socket is open.
    by: Literal["password", "token", "session"] = "password"
    #: The digest of a token, or the text of a session.
    key: bytes = b""

    @property
    def bound(self) -> Filter | None:
        """The filter that every log must fit to be seen; None where every log is seen."""
        return parse(self.filter) if self.filter else None


#: Whoever reaches an open server, and whoever knows the admin's password.
ADMIN = Identity("admin", "admin")


def tail_key(settings: Settings, who: Identity) -> bytes:
    """Return what the tail's cursors of a bound reader are made with: they count every log. Empty for who sees all."""
    if not who.filter:
        return b""
    return hashlib.blake2b(
        who.filter.encode(), key=secret.load(settings)[:64], person=b"tail cursor", digest_size=32
    ).digest()


def check_role(given: str, roles: tuple[Role, ...] = ROLES) -> Role:
    """Return the role called so; raises InvalidInput."""
    found = next((role for role in roles if role == given), None)
    if found is None:
        raise InvalidInput(Problem(f"is none of {', '.join(roles)}", "role"))
    return found


def check_filter(text: str, role: Role) -> str:
    """Return the query that binds a reader, as it is kept; raises InvalidInput and InvalidQuery.

    What it says of times relative to now is meant anew with each request.
    """
    if not text.strip():
        raise InvalidQuery(Problem("is empty: leave it out to allow every log", "filter"))
    if role != "reader":
        raise InvalidInput(Problem(f"binds readers only; a {role} can't be bound", "filter"))
    try:
        if parse(text) == EVERYTHING:
            raise InvalidQuery(Problem("is fitted by every log: leave it out", "filter"))
    except InvalidQuery as error:
        raise named(error, "filter") from None
    return text.strip()
