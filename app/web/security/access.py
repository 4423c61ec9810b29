"""Access: an open server lets in anyone; else a request needs a token or the admin's password, in one of several ways.

What each route wants is said in `rights`; a new route is the admin's alone by itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import cast

from flask import Flask, Request, Response, g, make_response, render_template, request

from app.errors import Forbidden, RateExceeded, TooMany, Unauthenticated
from app.settings.settings import Settings
from app.settings.values import is_loopback
from app.web.accounts import sessions, users
from app.web.accounts.identity import ADMIN, Identity
from app.web.accounts.tables import changes_of
from app.web.accounts.verify import Answer, Verified, Verifier
from app.web.security import open_counts, session
from app.web.security.credentials import Given, asks_who_is_there, is_foreign, presented, takes_logs
from app.web.security.errors import CHALLENGE, answer
from app.web.security.hosts import is_own
from app.web.security.open_counts import OpenCounts
from app.web.security.password import USER, Password
from app.web.security.proxied import current_request
from app.web.security.rights import DOOR_PREFIX, RIGHTS, asks_record, lacking
from app.web.security.tries import Tries

#: Endpoints that need no credential: their answers say nothing of the logs.
OPEN = frozenset(endpoint for endpoint, right in RIGHTS.items() if right == "anyone")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEALTH = frozenset({"health.live", "health.ready"})
#: Headers of what a page makes a browser send: all browsers set one of them with whatever is not a GET.
NAMED_BY_BROWSERS = frozenset({"HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE"})
_GUARD = "logingestor.guard"
_BEARER = "Bearer "


def install(app: Flask, settings: Settings) -> None:
    """Ask for a credential before every request that needs one, and refuse what foreign pages make a browser send."""
    required = settings.auth == "required" or (not settings.auth and not is_loopback(settings.host))
    app.extensions[_GUARD] = guard = Guard(settings, changes_of(app).sign, required=required)
    session.install(app, settings, guard.in_session)
    app.before_request(guard.check)
    app.jinja_env.globals.update(nav=nav, may=may)


class Guard:
    """Lets requests in or answers them itself."""

    def __init__(self, settings: Settings, sign: Callable[[], bytes], *, required: bool) -> None:
        #: Whether anybody is asked.
        self.required = required
        self._hosts = frozenset(settings.hosts)
        self._elastic = "elastic" in settings.doors
        self._password = Password(settings)
        self._tokens = Verifier(sign=sign)
        #: Whether what `at_once` returned of a token is still so: its request may have waited since.
        self.holds = self._tokens.holds
        self._sessions = Verifier(ask=self._of_session, sign=sign)
        self._tries = Tries()
        #: Codes of second factors, by client and user.
        self.codes = Tries()
        self.exports = OpenCounts("exports", open_counts.EXPORTS)
        #: Passkeys that opened nothing, by address.
        self.passkeys = Tries()

    def check(self) -> Response | None:
        """Answer a request that may not pass; None lets it in. Raises TooMany, which its route words as its clients expect."""
        asked = current_request()
        endpoint = asked.endpoint
        named = self.required or is_own(asked.environ.get("HTTP_HOST", ""), self._hosts)
        if not named and not self._is_for_any_name(asked):
            return answer(
                403,
                "this server asks nobody who they are, so it answers to names of this machine alone: HOSTS names others",
            )
        # Without an endpoint it is a 404 or 405, which would show which paths exist.
        if not self.required or endpoint in OPEN:
            by_browser = not takes_logs(asked)
            g.who = None if self.required else ADMIN
            g.unasked = True
        else:
            who, by_browser = self._asking(asked)
            if isinstance(who, Response):
                return who
            if asks_record(endpoint, asked.method) and not self.still(who, anew=True):
                return ask()
            g.who = who
            missing = None if self._is_answered_by_elastic(asked) else lacking(who, endpoint)
            if missing is not None:
                g.lacking = missing
                return _forbidden(missing)
        if by_browser and asked.method not in SAFE_METHODS and is_foreign(asked):
            return _forbidden("the request was made by a page of another site")
        return None

    def _asking(self, asked: Request) -> tuple[Identity | Response, bool]:
        """Return whose the request is, or the answer to who may not pass; and whether a browser may have made it by itself."""
        known = self._fresh(asked.environ.get("HTTP_AUTHORIZATION", ""))
        if known is not None:
            return rated(known), False
        given = presented(asked)
        if given is None:
            return session.identity() or ask(), True
        return self._identified(given), given.by_browser

    def _fresh(self, sent: str) -> Verified | None:
        """Return the token that was looked up a moment ago and is sent as most are: then nothing else is read."""
        return self._tokens.fresh(sent.removeprefix(_BEARER)) if sent.startswith(_BEARER) else None

    def at_once(self, sent: str, endpoint: str) -> tuple[Identity, Verified | None] | None:
        """Return whom `check` lets post to a route that takes logs, and a token that is to be `rated`; None where `check` must see the request.

        No browser makes it, and it brings no credential but *sent*, its header.
        """
        if not self.required:
            return ADMIN, None
        known = self._fresh(sent)
        if known is None or asks_record(endpoint, "POST") or lacking(known.identity, endpoint) is not None:
            return None
        return known.identity, known

    def _is_for_any_name(self, asked: Request) -> bool:
        """Return whether a shipper sends logs, or a balancer asks whether we live: neither is a browser, and both would lose logs.

        What these answer says nothing of the logs; a page that sends anything has its browser say so.
        """
        if not NAMED_BY_BROWSERS.isdisjoint(asked.environ):
            return False
        return takes_logs(asked) or asked.endpoint in HEALTH or self._is_answered_by_elastic(asked)

    def _is_answered_by_elastic(self, asked: Request) -> bool:
        """Return whether the door of Elasticsearch answers `/`, with what it is and nothing else."""
        return self._elastic and asks_who_is_there(asked) and asked.method in ("GET", "HEAD")

    def still(self, who: Identity, *, anew: bool = False) -> bool:
        """Return whether an identity that was let in earlier would still be let in unchanged; with *anew* the record is asked, not memory. Raises Unavailable."""
        if who.by == "password":
            return True
        found = (self._sessions if who.by == "session" else self._tokens).look(who.key, anew=anew)
        return found is not None and found.identity == who

    def remembered(self, token: str) -> Identity | None:
        """Return whose a token is that was let in some time ago; it lets nobody in."""
        return self._tokens.remembered(token)

    def in_session(self, key: str) -> Identity | None:
        """Return the identity whose session has this key; None once the session has ended. Raises Unavailable."""
        found = self._sessions.look(sessions.digest(key))
        return None if found is None else found.identity

    def log_in(self, name: str, password: str) -> str | None:
        """Return the key of a session for a name and its password; None for wrong ones. Raises TooMany."""
        address, digest = request.remote_addr or "", self._password.digest(f"{name}\0{password}")
        wait = self._tries.wait(address, digest, name)
        if not wait:
            key = self._admin_session(password) if name == USER else users.log_in(name, password)
            if key is not None:
                self._tries.succeeded(address, name)
                return key
            g.wrong_login = name if name == USER or users.is_there(name) else ""
            wait = self._tries.failed(address, digest)
        if wait:
            raise too_many(wait)
        return None

    def _admin_session(self, password: str) -> str | None:
        return users.session_key(USER, self._password.stamp()) if self._password.matches(password) else None

    def _of_session(self, key: bytes) -> Answer:
        return sessions.ask(key, self.admin_stamp)

    def admin_stamp(self) -> str:
        """Return what the sessions of the admin carry as long as the password is the same. Raises Unavailable without any."""
        return self._password.stamp()

    def _identified(self, given: Given) -> Identity | Response:
        """Return whose credential it is, or the answer to one that opens nothing. Raises TooMany."""
        if Verifier.is_token(given.password):
            known = self._tokens.fresh(given.password)
            # A key that this process does not know counts as a guess until the record says whose it is.
            return self._guessed(given, self._of_token) if known is None else rated(known)
        return self._guessed(given, self._of_password, USER)

    def _guessed(
        self, given: Given, find: Callable[[str, str], Identity | None], user: str = ""
    ) -> Identity | Response:
        address = request.remote_addr or ""
        digest = self._password.digest(given.password)
        wait = self._tries.wait(address, digest, user)
        if not wait:
            found = find(given.password, address)
            if found is not None:
                return found
            wait = self._tries.failed(address, digest)
        if wait:
            raise too_many(wait)
        return ask()

    def _of_password(self, given: str, address: str) -> Identity | None:
        if not self._password.matches(given):
            return None
        self._tries.succeeded(address, USER)
        return ADMIN

    def _of_token(self, given: str, _: str) -> Identity | None:
        # A right token does not reset the count of wrong tries: its owner may still be guessing the admin's password.
        found = self._tokens.verify(given)
        return None if found is None else rated(found)


def guard_of(app: Flask) -> Guard:
    """Return the guard of an application."""
    return cast(Guard, app.extensions[_GUARD])


def rated(known: Verified) -> Identity:
    """Return whose token it is. Raises RateExceeded where it asks more often than it may."""
    wait = known.wait(time.monotonic())
    if wait:
        message = f"the token {known.identity.name} is used more often than it may be"
        raise RateExceeded(message, retry_after=math.ceil(wait))
    return known.identity


#: The pages that each page links: the path, and others where one is on that page; endpoint, name.
NAV: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("/",), "pages.search", "Search"),
    (("/searches",), "searches.every", "Saved"),
    (("/alerts",), "alerts.every", "Alerts"),
    (("/overview",), "overview.page", "Overview"),
    (("/notices",), "notices.notices", "Notices"),
    (("/dead",), "dead.overview", "Dead letters"),
    (("/rules", "/page/rules", "/page/retention"), "rules.every", "Rules"),
    (("/access",), "page_access.show", "Access"),
    (("/audit-log",), "audit_log.show", "Audit log"),
    (("/api",), "openapi.page", "API"),
)


def nav() -> list[tuple[tuple[str, ...], str, str]]:
    """Return the navigation links of this request: the pages that its reader may see, and the account page of a logged-in user."""
    asks = who()
    seen = [page for page in NAV if may(page[1])]
    own = [(("/account",), "page_account.own", asks.name)] if asks is not None and asks.by == "session" else []
    return seen + own


def may(endpoint: str) -> bool:
    """Return whether whoever asks has the right that an endpoint wants: pages show no button that would be refused."""
    asks = who()
    return asks is not None and lacking(asks, endpoint) is None


def who() -> Identity | None:
    """Return who made the request; None on open pages of a closed server, and on pages that say why somebody was not let in."""
    return cast("Identity | None", g.get("who"))


def sees_all() -> bool:
    """Return whether who made the request may see every log, and what is said of all of them."""
    found = who()
    return found is not None and found.role != "writer" and not found.limits


def too_many(wait: float, what: str = "passwords") -> TooMany:
    """Return the error of who tried too many passwords, or *what* else, and may try again in *wait* seconds."""
    return TooMany(f"too many wrong {what} came from this address; wait", retry_after=math.ceil(wait))


def ask() -> Response:
    """Return the answer that asks who it is: a form for browsers, a challenge for programs. Raises Unauthenticated at a door, which words it."""
    message = f"a token, or the password of the user {USER}, is needed: HTTP Basic, or Authorization: Bearer"
    if _is_at_a_door():
        raise Unauthenticated(message)
    if request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html":
        way = request.full_path.rstrip("?") if request.method == "GET" else ""
        response = make_response(render_template("login.html", next=way, fault=None, name=""), 401)
        # A name that browsers don't know: with Basic they would cover the form with a question of their own.
        response.headers["WWW-Authenticate"] = 'Session realm="LogIngestor"'
        return session.forget(response)
    response = answer(401, message)
    response.headers["WWW-Authenticate"] = CHALLENGE
    return response


def _forbidden(why: str) -> Response:
    """Return the answer to who may not have this. Raises Forbidden at a door, which words it."""
    if _is_at_a_door():
        raise Forbidden(why)
    return answer(403, why)


def _is_at_a_door() -> bool:
    return (request.endpoint or "").startswith(DOOR_PREFIX)
