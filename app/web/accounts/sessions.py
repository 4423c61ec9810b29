"""Sessions of browsers: begun, listed and ended in the record, so that each can be ended alone. Call these within an application
that has the tables.

The id of a session is known to its browser only, in a signed cookie; the record keeps its digest.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, or_, select, update

from app.errors import NotFound, Unavailable
from app.times import instant
from app.times.instant import now_ms
from app.web.accounts.identity import Identity, check_role
from app.web.accounts.noting import note
from app.web.accounts.tables import BrowserSession, UserAccount, mark, transaction
from app.web.accounts.users import ADMIN_NAME, USER_ROLES
from app.web.accounts.verify import USED_MS, Answer

log = logging.getLogger(__name__)

#: Seconds after which who logged in has to do so again: however busy (OWASP ASVS 5.0, 7.3.2), and since a page was open last (7.3.1).
LASTS_SECONDS, IDLE_SECONDS = 12 * 3_600, 2 * 3_600
#: Sessions that a user has at once; one more ends the oldest.
MOST = 100
#: Random bytes of an id.
BYTES = 32
#: Characters that are kept of what a browser says it is, and hexadecimal digits by which a session is named to people.
BROWSER_LIMIT, NAME_DIGITS = 300, 16

#: Names of browsers and systems in a User-Agent, in this order: the first that fits counts, as most name others too.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    *(("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows")),
    *(("Mac OS X", "macOS"), ("Linux", "Linux")),
)


def digest(identity: str) -> bytes:
    """Return the SHA-256 of a session's id, which is all that is kept of it: 256 random bits need no slow hash."""
    return hashlib.sha256(identity.encode(errors="surrogatepass")).digest()


def begin(user: str, stamp: str, address: str, browser: str) -> str:
    """Keep a session of a user who showed who they are; return its id. Those that are over are forgotten. Raises Unavailable."""
    identity, now = secrets.token_urlsafe(BYTES), now_ms()
    made = BrowserSession(
        digest=digest(identity),
        user=user,
        stamp=stamp,
        address=address,
        browser=browser[:BROWSER_LIMIT],
        made=now,
        used=now,
    )
    with transaction() as session:
        session.execute(delete(BrowserSession).where(_over(now)))
        own = select(BrowserSession.digest).where(BrowserSession.user == user)
        oldest = session.scalars(own.order_by(BrowserSession.made.desc()).offset(MOST - 1)).all()
        if oldest:
            session.execute(delete(BrowserSession).where(BrowserSession.digest.in_(oldest)))
            mark(session)
        session.add(made)
        note(session, "login", user, actor=user)
    return identity


def ask(key: bytes, admin: Callable[[], str]) -> Answer:
    """Ask the record for the session with this digest, and note its use; None where the session has ended. Raises Unavailable.

    *admin* returns the stamp of the admin's current password.
    """
    now = now_ms()
    with transaction() as session:
        found = session.get(BrowserSession, key)
        user = None if found is None else session.get(UserAccount, found.user)
    if found is None or _ends(found) <= now:
        return None
    if found.user == ADMIN_NAME:
        stamp, who = admin(), Identity(ADMIN_NAME, "admin", by="session", key=key)
    elif user is not None:
        stamp, role = user.stamp, check_role(user.role, USER_ROLES)
        who = Identity(user.name, role, user.filter, "session", key, user.hide, user.space)
    else:
        return None
    if not secrets.compare_digest(found.stamp, stamp):
        return None
    if found.used < now - USED_MS:
        _note_use(key, now)
        found.used = now
    return who, _ends(found), None


def listed(admin: Callable[[], str], user: str | None = None) -> list[BrowserSession]:
    """Return the sessions that have not ended, of one user or of all, the one used last first. Raises Unavailable."""
    now = now_ms()
    with transaction() as session:
        wanted = select(BrowserSession).order_by(BrowserSession.used.desc(), BrowserSession.made.desc())
        found = session.scalars(wanted if user is None else wanted.where(BrowserSession.user == user)).all()
        stamps = {one.name: one.stamp for one in session.scalars(select(UserAccount))}
    if any(one.user == ADMIN_NAME for one in found):
        stamps[ADMIN_NAME] = admin()
    return [one for one in found if _ends(one) > now and one.stamp == stamps.get(one.user)]


def end(user: str, name: str) -> None:
    """End one session of a user, named as `to_dict` names it. Raises NotFound, and Unavailable."""
    with transaction() as session:
        found = session.scalars(select(BrowserSession.digest).where(BrowserSession.user == user)).all()
        ending = [key for key in found if key.hex()[:NAME_DIGITS] == name]
        if not ending:
            raise NotFound("there is no such session, or it has ended")
        session.execute(delete(BrowserSession).where(BrowserSession.digest.in_(ending)))
        note(session, "session.end", user, which=name)


def end_all(user: str, but: bytes = b"") -> None:
    """End all sessions of a user *but* the one that has this digest. Raises Unavailable."""
    with transaction() as session:
        session.execute(delete(BrowserSession).where(BrowserSession.user == user, BrowserSession.digest != but))
        note(session, "session.end", user, which="all others" if but else "all")


def end_own(identity: str) -> None:
    """End the session of this id, if there is one. Raises Unavailable."""
    with transaction() as session:
        found = session.get(BrowserSession, digest(identity))
        if found is not None:
            session.delete(found)
            note(session, "logout", found.user, actor=found.user)


def to_dict(one: BrowserSession) -> dict[str, Any]:
    """Return what is kept of a session as a page shows it and a command prints it; times are RFC 3339."""
    return {
        "user": one.user,
        "session": one.digest.hex()[:NAME_DIGITS],
        "browser": browser_name(one.browser),
        "address": one.address,
        "since": instant.text((one.made, 0)),
        "used": instant.text((one.used, 0)),
    }


def browser_name(given: str) -> str:
    """Return what a User-Agent says the browser is, as people call it: `Firefox on Linux`. It may be a lie."""
    browser, system = (next((name for mark, name in names if mark in given), None) for names in (_BROWSERS, _SYSTEMS))
    if browser is None:
        return given or "a program that doesn't say what it is"
    return browser if system is None else f"{browser} on {system}"


def _ends(one: BrowserSession) -> int:
    return min(one.made + LASTS_SECONDS * 1000, one.used + IDLE_SECONDS * 1000)


def _over(now: int) -> Any:
    return or_(BrowserSession.made <= now - LASTS_SECONDS * 1000, BrowserSession.used <= now - IDLE_SECONDS * 1000)


def _note_use(key: bytes, now: int) -> None:
    """Note when a session was used last: once a minute, whichever process sees it. Nobody is kept out where that can't be."""
    try:
        with transaction() as session:
            unnoted = (BrowserSession.digest == key, BrowserSession.used < now - USED_MS)
            session.execute(update(BrowserSession).where(*unnoted).values(used=now))
    except Unavailable as error:
        log.warning("the last use of a session can't be noted: %s", error)
