"""Tokens: made, shown once, listed and revoked. Call these within an application that has the tables."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.alerts.searches import check_name
from app.errors import InvalidInput, NotFound, Problem
from app.settings.values import parse_seconds
from app.times import instant
from app.times.instant import now_ms
from app.web.accounts import searches
from app.web.accounts.identity import check_limits, check_role
from app.web.accounts.noting import note
from app.web.accounts.tables import ApiToken, transaction

#: Every token begins with this, so that scanners for leaked secrets recognise one.
PREFIX = "lgi_"
#: Random bytes of a token.
BYTES = 32
#: Largest rate, in requests a second.
RATE_LIMIT = 100_000.0


def digest(token: str) -> bytes:
    """Return the SHA-256 of a token, which is all that is kept of it."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def create(
    name: str,
    role: str,
    owner: str,
    *,
    filter: str | None = None,
    hide: str | None = None,
    space: str | None = None,
    expires: str | None = None,
    rate: str | None = None,
) -> tuple[str, ApiToken]:
    """Make a token; return it, which is known to nobody else afterwards, and what is kept of it.

    *expires* is a period from now (`90d`), *rate* requests a second (`100/s`). A name that only a token has that is
    revoked or has expired can be taken again. Raises InvalidInput, and Unavailable.
    """
    problems = list[Problem]()
    now = now_ms()
    with _gathered(problems):
        name = check_name(name)
    limits = dict[str, str]()
    with _gathered(problems):
        limits = check_limits(check_role(role), filter, hide, space)
    until = _read(problems, "expires", expires, lambda text: now + parse_seconds(text) * 1000)
    limit = _read(problems, "rate", rate, _rate)
    if problems:
        raise InvalidInput(*problems)
    token = PREFIX + secrets.token_urlsafe(BYTES)
    made = ApiToken(
        digest=digest(token),
        name=name,
        role=role,
        **limits,
        rate=limit,
        owner=owner,
        made=now,
        expires=until,
    )
    _keep(made)
    return token, made


def _keep(made: ApiToken) -> None:
    """Keep a token; one of its name that is over gives way, with its saved searches. Raises InvalidInput where one is valid, and Unavailable."""
    try:
        with transaction() as session:
            before = session.scalar(select(ApiToken).where(ApiToken.name == made.name))
            if before is not None and state(before, made.made) != "valid":
                session.delete(before)
                session.flush()
            session.add(made)
            searches.forget(session, "token", made.name)
            ends = None if made.expires is None else instant.text((made.expires, 0))
            limits: dict[str, Any] = {"filter": made.filter, "hide": made.hide, "space": made.space}
            note(session, "token.create", made.name, role=made.role, rate=made.rate, expires=ends, **limits)
    except IntegrityError:
        raise InvalidInput(Problem("is taken by another token", "name")) from None


def every() -> list[ApiToken]:
    """Return all tokens, also those that are over, by name. Raises Unavailable."""
    with transaction() as session:
        return sorted(session.scalars(select(ApiToken)), key=lambda one: one.name)


def revoke(name: str) -> None:
    """Let a token open nothing any more. Raises NotFound, and Unavailable."""
    with transaction() as session:
        found = session.scalar(select(ApiToken).where(ApiToken.name == name))
        if found is None:
            raise NotFound("there is no token of this name")
        if found.revoked is None:
            found.revoked = now_ms()
            note(session, "token.revoke", name)


def state(token: ApiToken, now: int) -> str:
    """Return `valid`, `revoked` or `expired`."""
    if token.revoked is not None:
        return "revoked"
    return "expired" if token.expires is not None and token.expires <= now else "valid"


def to_dict(token: ApiToken, now: int) -> dict[str, Any]:
    """Return what is kept of a token as a command prints it; times are in RFC 3339, None for a time that is not set."""
    times = {name: getattr(token, name) for name in ("made", "expires", "revoked", "used")}
    return {
        "name": token.name,
        "role": token.role,
        "state": state(token, now),
        "filter": token.filter or None,
        "hide": token.hide or None,
        "space": token.space or None,
        "rate": token.rate,
        "owner": token.owner,
        **{name: None if at is None else instant.text((at, 0)) for name, at in times.items()},
    }


def _rate(text: str) -> float:
    number = text.strip().removesuffix("/s")
    try:
        found = float(number)
    except ValueError:
        raise ValueError("is not a rate such as 100/s") from None
    if not 0 < found <= RATE_LIMIT:
        raise ValueError(f"must be above 0 and at most {RATE_LIMIT:,.0f} a second")
    return found


def _read(problems: list[Problem], name: str, text: str | None, read: Callable[[str], Any]) -> Any:
    if not text:
        return None
    try:
        return read(text)
    except ValueError as error:
        problems.append(Problem(str(error), name))
        return None


@contextmanager
def _gathered(problems: list[Problem]) -> Iterator[None]:
    try:
        yield
    except InvalidInput as error:
        problems += error.problems
