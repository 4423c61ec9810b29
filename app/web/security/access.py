"""Who may ask: anyone on an open server, else only the admin, by a password that comes in one of several ways.

Every route is closed unless it is named in OPEN; a new route is closed by itself.
"""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, request

from app.settings.auth import is_loopback
from app.settings.settings import Settings
from app.web.security.errors import answer
from app.web.security.password import USER, Password
from app.web.security.tries import Tries

#: Endpoints that need no password: they tell nothing of the logs.
OPEN = frozenset({"static", "health.live", "health.ready", "openapi.document", "openapi.page"})
#: What the endpoints that take logs begin with: shippers that can't set a header put the password in the URL of these.
DOOR_PREFIX = "door_"
INGEST = ("ingest.ingest", DOOR_PREFIX)
#: Headers in which shippers bring a key: Seq, Datadog, Amazon Data Firehose.
KEY_HEADERS = ("X-Seq-ApiKey", "DD-API-KEY", "X-Amz-Firehose-Access-Key")
#: What the User-Agent of shippers begins with, in lower case, that ask `/` and say not what they accept.
SHIPPERS = ("elastic", "fluent", "go-elasticsearch", "logstash", "opensearch", "vector")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CHALLENGE = 'Basic realm="LogIngestor", charset="UTF-8"'


@dataclass(frozen=True, slots=True)
class Given:
    """A password as a client sent it."""

    password: str
    #: Whether a browser adds it to requests by itself, those that a foreign page makes included.
    by_browser: bool = False


def install(app: Flask, settings: Settings) -> None:
    """Ask for the password before every request that needs one, and refuse what foreign pages make a browser send."""
    required = settings.auth == "required" or (not settings.auth and not is_loopback(settings.host))
    app.before_request(Guard(settings, required=required).check)


class Guard:
    """Lets requests in or answers them itself."""

    def __init__(self, settings: Settings, *, required: bool) -> None:
        self._required = required
        self._password = Password(settings)
        self._tries = Tries()

    def check(self) -> Response | None:
        """Answer a request that may not pass; None lets it in."""
        # Without an endpoint it is a 404 or 405, which would tell what there is.
        if not self._required or request.endpoint in OPEN:
            by_browser = not takes_logs(request)
            g.let_in = not self._required
        else:
            given = presented(request)
            refused = ask() if given is None else self._refused(given)
            if refused is not None:
                return refused
            by_browser = given is not None and given.by_browser
            g.let_in = True
        if by_browser and request.method not in SAFE_METHODS and is_foreign(request):
            return answer(403, "the request was made by a page of another site")
        return None

    def _refused(self, given: Given) -> Response | None:
        address = request.remote_addr or ""
        digest = self._password.digest(given.password)
        wait = self._tries.wait(address, digest)
        if not wait:
            if self._password.matches(given.password):
                self._tries.succeeded(address)
                return None
            wait = self._tries.failed(address, digest)
        if not wait:
            return ask()
        response = answer(429, "too many wrong passwords came from this address; wait")
        response.headers["Retry-After"] = str(math.ceil(wait))
        return response


def is_let_in() -> bool:
    """Return whether who made the request may see what readers see: on open pages too, and on those of errors."""
    return bool(g.get("let_in", False))


def ask() -> Response:
    """Return the answer that makes a browser ask its user."""
    response = answer(401, f"the password of the user {USER} is needed: HTTP Basic, or Authorization: Bearer")
    response.headers["WWW-Authenticate"] = CHALLENGE
    return response


def presented(asked: Request) -> Given | None:
    """Return the password that a request brings; None when it brings none that can be read."""
    scheme, _, value = _text(asked.headers.get("Authorization", "")).partition(" ")
    value = value.strip(" \t")
    match scheme.lower():
        case "basic":
            # Shippers that ask `/` who is there have users of their own, as at the doors.
            asks = asked.path == "/" and not wants_page(asked)
            return _basic(value, any_user=asks or (asked.endpoint or "").startswith(DOOR_PREFIX))
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


def takes_logs(asked: Request) -> bool:
    """Return whether the request goes to a route that takes logs: these answer shippers, whoever they say they are."""
    return (asked.endpoint or "").startswith(INGEST)


def _basic(value: str, *, any_user: bool = False) -> Given | None:
    try:
        user, colon, password = _decoded(base64.b64decode(value, validate=True)).partition(":")
    except (binascii.Error, ValueError):
        return None
    return Given(password, by_browser=True) if colon and (any_user or user == USER) else None


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
