"""Credentials of a request: a password or a token, brought in one of several ways, and the address it comes from."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Request

from app.web.accounts.verify import Verifier
from app.web.security.password import USER
from app.web.security.rights import DOOR_PREFIX

#: Endpoints that take logs, by name or beginning: shippers that can't set a header put the password in the URL of these.
INGEST = ("ingest.ingest", DOOR_PREFIX)
#: Headers in which shippers bring a key: Seq, Datadog, Amazon Data Firehose.
KEY_HEADERS = ("X-Seq-ApiKey", "DD-API-KEY", "X-Amz-Firehose-Access-Key")
#: Beginnings of User-Agents, in lower case, of shippers that ask `/` and do not say what they accept.
SHIPPERS = ("elastic", "fluent", "go-elasticsearch", "logstash", "opensearch", "vector")


@dataclass(frozen=True, slots=True)
class Given:
    """A password as a client sent it."""

    password: str
    #: Whether a browser adds it to requests by itself, those that a foreign page makes included.
    by_browser: bool = False


def presented(asked: Request) -> Given | None:
    """Return the password or token that a request brings; None where it brings none, or an unreadable one."""
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
    # From the environment: a header that is missing costs werkzeug an exception.
    site = asked.environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = asked.environ.get("HTTP_ORIGIN")
    if origin is None:
        return False
    try:
        # The scheme is left out: a proxy that ends TLS speaks plain HTTP to us.
        return urlsplit(origin).netloc.lower() != asked.host.lower()
    except ValueError:
        return True
