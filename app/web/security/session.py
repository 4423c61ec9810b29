"""Sessions of people who logged in on the page: a signed cookie, by Flask and Flask-Login, read only where a browser sends one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, cast

from flask import Flask, Request, Response, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import LoginManager, current_user, login_user, logout_user
from itsdangerous import URLSafeTimedSerializer

from app import secret
from app.settings.settings import Settings
from app.web.accounts import sessions
from app.web.accounts.identity import Identity

#: Name of the cookie.
COOKIE = "logingestor"
#: Where Flask-Login keeps in it what `SessionUser.get_id` returns.
_ID = "_user_id"
#: Beginning of the paths where a session may begin: those who ask for them have none yet.
LOGIN = "/login"


class SessionUser:
    """A person who logged in, as Flask-Login knows them: by the id of their session."""

    is_authenticated = is_active = True
    is_anonymous = False

    def __init__(self, key: str, identity: Identity | None = None) -> None:
        self._key = key
        self.identity = identity

    def get_id(self) -> str:
        """Return what the cookie keeps."""
        return self._key


class CookieSessions(SecureCookieSessionInterface):
    """Flask's signed cookie. A request that brings none costs nothing, the key is read when it is needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """See Flask. The key is not that of receipts, but made of it."""
        if not app.secret_key:
            app.secret_key = hashlib.blake2b(secret.load(self._settings), person=b"sessions").digest()
        return super().get_signing_serializer(app)

    def open_session(self, app: Flask, asked: Request) -> SecureCookieSession | None:
        """See Flask."""
        wanted = asked.path.startswith(LOGIN) or f"{COOKIE}=" in asked.environ.get("HTTP_COOKIE", "")
        return super().open_session(app, asked) if wanted else None

    def get_cookie_name(self, app: Flask) -> str:
        """See Flask: over TLS with the prefix by which browsers take it from this host alone (RFC 6265bis, section 4.1.3.2)."""
        return f"__Host-{COOKIE}" if request.is_secure else COOKIE

    def get_cookie_secure(self, app: Flask) -> bool:
        """See Flask: over TLS, also behind a proxy that ends it, the cookie goes by no other way."""
        return request.is_secure


def install(app: Flask, settings: Settings, load: Callable[[str], Identity | None]) -> None:
    """Read sessions in *app*; *load* says whose a session is, None where it has ended."""
    app.config.update(
        SESSION_COOKIE_NAME=COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=sessions.LASTS_SECONDS,
    )
    app.session_interface = CookieSessions(settings)
    manager = LoginManager()
    # Not by `init_app`, which looks at each answer for a cookie that remembers logins longer than their session: there is none.
    cast(Any, app).login_manager = manager

    def _load(key: str) -> SessionUser | None:
        found = load(key)
        return None if found is None else SessionUser(key, found)

    manager.user_loader(_load)


def identity() -> Identity | None:
    """Return who has logged in; None where nobody has, or the session has ended. Raises Unavailable."""
    if not session:
        return None
    return cast("Identity | None", current_user.identity) if current_user.is_authenticated else None


def begin(key: str) -> bytes:
    """Let the browser that asks be logged in as who gave the *key* of a session; one before ends.

    Returns what the identity of the session has as its key. Raises Unavailable.
    """
    end()
    stamp, _, name = key.partition(" ")
    identity = sessions.begin(name, stamp, request.remote_addr or "", request.user_agent.string)
    session.permanent = True
    login_user(SessionUser(identity))
    return sessions.digest(identity)


def end() -> None:
    """Let the browser that asks be logged in no more; a copy of its cookie opens nothing either. Raises Unavailable."""
    before = session.get(_ID)
    if session:
        logout_user()
        session.clear()
    if before:
        sessions.end_own(before)


def forget(response: Response) -> Response:
    """Return the answer, marked so that no cache keeps it: its form is for this client alone."""
    response.headers["Cache-Control"] = "no-store"
    return response
