"""Who may ask: anyone on an open server, else whoever brings a token or the admin's password, in one of several ways.

What each route wants is said in `rights`; a new route is the admin's alone by itself.
"""

from __future__ import annotations

import base64
import binascii
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, request

from app.settings.auth import is_loopback
from app.settings.settings import Settings
from app.web.accounts.identity import ADMIN, Identity
from app.web.accounts.verify import Verified, Verifier
from app.web.security.errors import answer
from app.web.security.password import USER, Password
from app.web.security.rights import DOOR_PREFIX, RIGHTS, lacking
from app.web.security.tries import Tries

#: Endpoints that need no credential: they tell nothing of the logs.
OPEN = frozenset(endpoint for endpoint, right in RIGHTS.items() if right == "anyone")
#: What the endpoints that take logs begin with: shippers that can't set a header put the password in the URL of these.
INGEST = ("ingest.ingest", DOOR_PREFIX)
#: Headers in which shippers bring a key: Seq, Datadog, Amazon Data Firehose.
KEY_HEADERS = ("X-Seq-ApiKey", "DD-API-KEY", "X-Amz-Firehose-Access-Key")
#: What the User-Agent of shippers begins with, in lower case, that ask `/` and say not what they accept.
SHIPPERS = ("elastic", "fluent", "go-elasticsearch", "logstash", "opensearch", "vector")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_GUARD = "logingestor.guard"
CHALLENGE = 'Basic realm="LogIngestor", charset="UTF-8"'


@dataclass(frozen=True, slots=True)
class Given:
    """A password as a client sent it."""

    password: str
    #: Whether a browser adds it to requests by itself, those that a foreign page makes included.
    by_browser: bool = False


def install(app: Flask, settings: Settings) -> None:
    """Ask for a credential before every request that needs one, and refuse what foreign pages make a browser send."""
    required = settings.auth == "required" or (not settings.auth and not is_loopback(settings.host))
    app.extensions[_GUARD] = guard = Guard(settings, required=required)
    app.before_request(guard.check)


class Guard:
    """Lets requests in or answers them itself."""

    def __init__(self, settings: Settings, *, required: bool) -> None:
        self._required = required
        self._elastic = "elastic" in settings.doors
        self._password = Password(settings)
        self._tokens = Verifier()
        self._tries = Tries()

    def check(self) -> Response | None:
        """Answer a request that may not pass; None lets it in."""
        # Without an endpoint it is a 404 or 405, which would tell what there is.
        if not self._required or request.endpoint in OPEN:
            by_browser = not takes_logs(request)
            g.who = None if self._required else ADMIN
        else:
            given = presented(request)
            who = ask() if given is None else self._identified(given)
            if isinstance(who, Response):
                return who
            g.who = who
            by_browser = given is not None and given.by_browser
            missing = None if self._is_answered_by_elastic() else lacking(who, request.endpoint)
            if missing is not None:
                return answer(403, missing)
        if by_browser and request.method not in SAFE_METHODS and is_foreign(request):
            return answer(403, "the request was made by a page of another site")
        return None

    def _is_answered_by_elastic(self) -> bool:
        """Return whether the door of Elasticsearch answers `/`, with what it is and nothing else."""
        return self._elastic and asks_who_is_there(request) and request.method in ("GET", "HEAD")

    def still(self, who: Identity) -> bool:
        """Return whether who was let in some time ago would be let in now, as the same. Raises Unavailable."""
        return self._tokens.still(who)

    def _identified(self, given: Given) -> Identity | Response:
        """Return whose credential it is, or the answer to one that opens nothing now."""
        if Verifier.is_token(given.password):
            known = self._tokens.fresh(given.password)
            # What the record has to be asked for counts as a guess until it says who it is.
            return self._guessed(given, self._of_token) if known is None else _rated(known)
        return self._guessed(given, self._of_password)

    def _guessed(self, given: Given, find: Callable[[str, str], Identity | Response | None]) -> Identity | Response:
        address = request.remote_addr or ""
        digest = self._password.digest(given.password)
        wait = self._tries.wait(address, digest)
        if not wait:
            found = find(given.password, address)
            if found is not None:
                return found
            wait = self._tries.failed(address, digest)
        return too_many(wait) if wait else ask()

    def _of_password(self, given: str, address: str) -> Identity | None:
        if not self._password.matches(given):
            return None
        self._tries.succeeded(address)
        return ADMIN

    def _of_token(self, given: str, _: str) -> Identity | Response | None:
        # That it is right says nothing of the next try: its owner may guess the admin's password.
        found = self._tokens.verify(given)
        return None if found is None else _rated(found)


def guard_of(app: Flask) -> Guard:
    """Return the guard of an application."""
    return cast(Guard, app.extensions[_GUARD])


def _rated(known: Verified) -> Identity | Response:
    """Return whose token it is, or the answer to one that asks more often than it may."""
    wait = known.wait(time.monotonic())
    return (
        known.identity
        if not wait
        else _later(wait, f"the token {known.identity.name} is used more often than it may be")
    )


def who() -> Identity | None:
    """Return who made the request; None on open pages of a closed server, and on pages that say why somebody was not let in."""
    return cast("Identity | None", g.get("who"))


def sees_all() -> bool:
    """Return whether who made the request may see every log, and what is said of all of them."""
    found = who()
    return found is not None and found.role != "writer" and not found.filter


def too_many(wait: float) -> Response:
    """Return the answer to who tried too many passwords."""
    return _later(wait, "too many wrong passwords came from this address; wait")


def _later(wait: float, message: str) -> Response:
    response = answer(429, message)
    response.headers["Retry-After"] = str(math.ceil(wait))
    return response


def ask() -> Response:
    """Return the answer that makes a browser ask its user."""
    response = answer(
        401, f"a token, or the password of the user {USER}, is needed: HTTP Basic, or Authorization: Bearer"
    )
    response.headers["WWW-Authenticate"] = CHALLENGE
    return response


def presented(asked: Request) -> Given | None:
    """Return the password that a request brings; None when it brings none that can be read."""
    scheme, _, value = _text(asked.headers.get("Authorization", "")).partition(" ")
    value = value.strip(" \t")
    match scheme.lower():
        case "basic":
            # Shippers that ask `/` who is there have users of their own, as at the doors.
            return _basic(value, any_user=asks_who_is_there(asked) or (asked.endpoint or "").startswith(DOOR_PREFIX))
        case "bearer" | "splunk" if value:
            return Given(value)
        case "apikey" if value:
            # Elasticsearch's clients send it as base64 of `name:key`.
            inner = _basic(value, any_user=True)
            return Given(value if inner is None else inner.password)
    key = next((_text(asked.headers[name]) for name in KEY_HEADERS if asked.headers.get(name)), "")
    if not key and takes_logs(asked):
        # Datadog's clients put it into the path or under a name of their own.
        key = (asked.view_args or {}).get("password") or asked.args.get("token") or asked.args.get("dd-api-key", "")
    return Given(key) if key else None


def wants_page(asked: Request) -> bool:
    """Return whether who asks shows pages: browsers name HTML, shippers JSON or anything, and some of them nothing."""
    accept = asked.headers.get("Accept")
    return "text/html" in accept if accept else not asked.headers.get("User-Agent", "").lower().startswith(SHIPPERS)


def asks_who_is_there(asked: Request) -> bool:
    """Return whether a shipper asks `/` whether this is a server of its kind, which the door of Elasticsearch answers."""
    return asked.path == "/" and not wants_page(asked)


def takes_logs(asked: Request) -> bool:
    """Return whether the request goes to a route that takes logs: these answer shippers, whoever they say they are."""
    return (asked.endpoint or "").startswith(INGEST)


def _basic(value: str, *, any_user: bool = False) -> Given | None:
    try:
        user, colon, password = _decoded(base64.b64decode(value, validate=True)).partition(":")
    except (binascii.Error, ValueError):
        return None
    # With a token the user's name says nothing.
    right = any_user or user == USER or Verifier.is_token(password)
    return Given(password, by_browser=True) if colon and right else None


def _text(header: str) -> str:
    """Return a header's text: WSGI hands its bytes over as Latin-1."""
    return _decoded(header.encode("latin-1", "replace"))


def _decoded(sent: bytes) -> str:
    """Return text as the challenge asks for it, in UTF-8; some libraries send Latin-1 all the same."""
    try:
        return sent.decode()
    except UnicodeDecodeError:
        return sent.decode("latin-1")


def is_foreign(asked: Request) -> bool:
    """Return whether a browser says that the request comes from a page of another origin; what is no browser says nothing."""
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = asked.headers.get("Origin")
    if origin is None:
        return False
    try:
        # The scheme is left out: a proxy that ends TLS speaks plain HTTP to us.
        return urlsplit(origin).netloc.lower() != asked.host.lower()
    except ValueError:
        return True
