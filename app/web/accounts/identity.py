"""Identity of who makes a request: what its role may do, and which logs it may see."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, get_args

from app import secret
from app.errors import InvalidInput, InvalidQuery, Problem
from app.find import hidden
from app.find.bound import Sight
from app.find.hidden import Hidden
from app.ports import costs
from app.query.filter import EVERYTHING, And, Equals
from app.query.language.parse import named, parse
from app.query.normal import normal
from app.settings.settings import Settings
from app.web.accounts.tables import has_space

#: writer sends logs, reader finds them, admin does everything.
Role = Literal["writer", "reader", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Identity:
    """A user, a token, or nobody known, who makes a request."""

    #: Name of the token or user.
    name: str
    role: Role
    #: The query that a log must fit to be seen; empty: every log is seen.
    filter: str = ""
    #: By what it is known; tokens and sessions are asked for again by their *key* while a socket is open.
    by: Literal["password", "token", "session"] = "password"
    #: The digest of a token, or the text of a session.
    key: bytes = b""
    #: The fields that are not seen, as `hidden.read` reads them.
    hide: str = ""
    #: The space whose logs are sent or seen; empty: none in particular.
    space: str = ""

    @property
    def limits(self) -> str:
        """Filter and hidden fields of a reader as one text: readers with the same text see the same. Empty where all is seen."""
        return "\0".join((self.filter, self.hide, self.space)).rstrip("\0")

    @property
    def sight(self) -> Sight | None:
        """The logs and fields that are seen; None where all are."""
        if not self.limits:
            return None
        bound = parse(self.filter) if self.filter else EVERYTHING
        if self.space:
            bound = normal(And((Equals(costs.SPACE_PATH, self.space), bound)))
        return Sight(bound, Hidden(hidden.read(self.hide)))

    @property
    def owner(self) -> str:
        """The owner of searches that this identity saves; empty where they are everybody's, as with admins."""
        return "" if self.role == "admin" else owner_of("token" if self.by == "token" else "user", self.name)


def owner_of(kind: str, name: str) -> str:
    """Return how the owner of searches is called who is a `token` or a `user`."""
    return f"{kind} {name}"


#: Everybody who reaches an open server, or knows the admin's password, is this one.
ADMIN = Identity("admin", "admin")


def tail_key(settings: Settings, who: Identity) -> bytes:
    """Return what the tail's cursors of a bound reader are made with: they count every log. Empty for who sees all."""
    if not who.limits:
        return b""
    return hashlib.blake2b(
        who.limits.encode(), key=secret.load(settings)[:64], person=b"tail cursor", digest_size=32
    ).digest()


def check_role(given: str, roles: tuple[Role, ...] = ROLES) -> Role:
    """Return the role called so; raises InvalidInput."""
    found = next((role for role in roles if role == given), None)
    if found is None:
        raise InvalidInput(Problem(f"is none of {', '.join(roles)}", "role"))
    return found


def check_limits(role: Role, filter: str | None, hide: str | None, space: str | None) -> dict[str, str]:
    """Return what binds a reader, and the space of a reader or writer, by the names of their columns; empty where nothing is said.

    Raises InvalidInput, InvalidQuery and Unavailable.
    """
    if space and role == "admin":
        raise InvalidInput(Problem("is of readers and writers; an admin is in no space", "space"))
    if space and not has_space(space):
        raise InvalidInput(Problem("is none of the spaces: add it first", "space"))
    return {
        "filter": "" if filter is None else _filter(filter, role),
        "hide": "" if hide is None else _hide(hide, role),
        "space": space or "",
    }


def _filter(text: str, role: Role) -> str:
    # Times relative to now in it are meant anew with each request.
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


def _hide(text: str, role: Role) -> str:
    fields = hidden.read(text)
    if not fields:
        raise InvalidInput(Problem("is empty: leave it out to hide nothing", "hide"))
    if role != "reader":
        raise InvalidInput(Problem(f"binds readers only; from a {role} nothing can be hidden", "hide"))
    return hidden.written(fields)
