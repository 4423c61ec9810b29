"""How NOTIFY, NOTIFY_SECRET and SMTP_URL are read: notifiers, the secrets that sign, and the server that takes mail."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import msgspec

from app.ports.notices import KINDS, SEVERITIES
from app.ports.outbox import Notifier

#: How a notifier is reached, by the scheme of its URL.
WAYS = {"https": "webhook", "http": "webhook", "slack+https": "slack", "slack+http": "slack", "mailto": "mailto"}
OPTIONS = ("name", "min", "kinds")
#: Bytes of a secret that signs.
SECRET_BYTES = range(24, 65)
SECRET_PREFIX = "whsec_"  # noqa: S105 - how secrets begin
STARTTLS = ("required", "optional", "never")
_HERE = ("localhost", "127.0.0.1", "::1")

#: One URL ends where a comma or blank is followed by the scheme of the next.
_BETWEEN = re.compile(rf"[,\s]+(?=(?:{'|'.join(map(re.escape, WAYS))}):)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}", re.ASCII)
#: One plain address: what could begin another header, another recipient or a comment can't stand in it.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)


class MailServer(msgspec.Struct, frozen=True):
    """The server that takes mail."""

    host: str
    port: int
    #: Whether TLS comes first (`smtps:`), and else whether STARTTLS is wanted.
    tls: bool
    starttls: str
    user: str
    password: str
    sender: str


def read_notifiers(text: str) -> tuple[Notifier, ...]:
    """Return the notifiers that NOTIFY names; raises ValueError without the URL, which may be secret."""
    found = [_notifier(url, number) for number, url in enumerate(_BETWEEN.split(text.strip()), 1) if url]
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"has two notifiers called {name}: give them names, as in #name=second")
    return tuple(found)


def _notifier(url: str, number: int) -> Notifier:
    where = f"(notifier {number})"
    address, _, written = url.partition("#")
    try:
        parts, given = urlsplit(address), dict(parse_qsl(written.replace("+", "%2B"), True, True) if written else ())
        way = WAYS[parts.scheme]
        target, default = _mailbox(parts) if way == "mailto" else _endpoint(parts)
    except KeyError:
        raise ValueError(f"{where} begins with none of {', '.join(f'{scheme}:' for scheme in WAYS)}") from None
    except ValueError as error:
        raise ValueError(f"{where} {error}") from None
    for name in given:
        if name not in OPTIONS:
            raise ValueError(f"{where} has the option {name[:50]!r}; known are {', '.join(OPTIONS)}")
    kinds = tuple(filter(None, given.get("kinds", "").split("+")))
    least, name = given.get("min"), given.get("name") or default
    if any(kind not in KINDS for kind in kinds):
        raise ValueError(f"{where} kinds: known are {', '.join(KINDS)}, with + between them")
    if least not in (None, *SEVERITIES):
        raise ValueError(f"{where} min: must be {' or '.join(SEVERITIES)}")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{where} needs a name of letters, digits, dots and dashes, as in #name=ops")
    return Notifier(name, way, target, least or SEVERITIES[-1], kinds)


def _mailbox(parts: SplitResult) -> tuple[str, str]:
    address = unquote(parts.path)
    if parts.query or not _ADDRESS.fullmatch(address):
        raise ValueError("is not one plain address such as mailto:ops@example.org, with options behind a #")
    return address, address


def _endpoint(parts: SplitResult) -> tuple[str, str]:
    port = parts.port  # raises ValueError for what is none
    if not parts.hostname or any(character <= " " or character == "\x7f" for character in parts.geturl()):
        raise ValueError("is not a URL with a host")
    name = parts.hostname.replace(":", ".") + (f".{port}" if port else "")
    return parts.geturl().removeprefix("slack+"), name.strip(".")


def read_secrets(text: str) -> tuple[bytes, ...]:
    """Return the secrets that sign; raises ValueError."""
    return tuple(map(_secret, text.split()))


def _secret(text: str) -> bytes:
    try:
        secret = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) not in SECRET_BYTES:
        raise ValueError(f"is not {SECRET_PREFIX} and {SECRET_BYTES[0]} to {SECRET_BYTES[-1]} bytes as base64")
    return secret


def read_server(text: str) -> MailServer | None:
    """Return the server that SMTP_URL names; raises ValueError without the password."""
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("is not a URL such as smtp://user:password@host:587")
    try:
        port = parts.port or (465 if parts.scheme == "smtps" else 587)
        given = dict(parse_qsl(parts.query, True, True) if parts.query else ())
    except ValueError as error:
        raise ValueError(f"can't be read: {error}") from None
    if not given.keys() <= {"from", "starttls"} or given.get("starttls", "required") not in STARTTLS:
        raise ValueError(f"knows ?from=address and ?starttls= {', '.join(STARTTLS)}")
    if "from" in given and not _ADDRESS.fullmatch(given["from"]):
        raise ValueError("has a from that is not one plain address")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    starttls = given.get("starttls", "required")
    readable = parts.scheme == "smtp" and starttls != "required" and parts.hostname not in _HERE
    if password and readable:
        raise ValueError(f"has a password, which could be sent readably with starttls={starttls}")
    return MailServer(parts.hostname, port, parts.scheme == "smtps", starttls, user, password, given.get("from", ""))
