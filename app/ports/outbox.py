"""Notifiers: who is told of notices outside of the program, what they are told, and how far that is.

`NOTIFY` names them. What each is to be told lies in the record until it is settled: the *outbox*.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import msgspec

from app.errors import LogIngestorError
from app.ports.notices import KINDS, NOTIFIER_FAILING, SEVERITIES, Notice

#: How a notifier is reached, by the scheme of its URL.
WAYS = {"https": "webhook", "http": "webhook", "slack+https": "slack", "slack+http": "slack", "mailto": "mailto"}
OPTIONS = ("name", "min", "kinds")
#: What may become of a delivery; `merged`: its notice was over before it was told, and is told as one.
STATES = ("waiting", "sent", "failed", "merged")
#: Settled deliveries that the record keeps; the oldest beyond are forgotten.
KEPT = 2_000
#: Bytes of a secret that signs.
SECRET_BYTES = range(24, 65)
SECRET_PREFIX = "whsec_"
STARTTLS = ("required", "optional", "never")
_HERE = ("localhost", "127.0.0.1", "::1")

#: One URL ends where a comma or blank is followed by the scheme of the next.
_BETWEEN = re.compile(rf"[,\s]+(?=(?:{'|'.join(map(re.escape, WAYS))}):)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}", re.ASCII)
#: One plain address: what could begin another header, another recipient or a comment can't stand in it.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", re.ASCII)


class Notifier(msgspec.Struct, frozen=True):
    """Somebody who is told of notices."""

    name: str
    #: `webhook`, `slack` or `mailto`.
    way: str
    #: Where it is reached: a URL for HTTP, or an address of mail. It may be secret as a whole.
    target: str
    #: The least severity, and the kinds, that it is told of; no kinds: all.
    least: str = SEVERITIES[-1]
    kinds: tuple[str, ...] = ()

    def wants(self, notice: Notice) -> bool:
        """Return whether it is to be told of the notice in this form: not that it fails itself."""
        itself = notice.kind == NOTIFIER_FAILING and notice.details.get("notifier") == self.name
        fits = not self.kinds or notice.kind in self.kinds
        return fits and not itself and rank(notice.severity) <= rank(self.least)


def rank(severity: str) -> int:
    """Return the place of a severity, 0 for the worst."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


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


class Delivery(msgspec.Struct, frozen=True):
    """One event of a notice, for one notifier: there is one at most of each three."""

    notifier: str
    #: `opened`, `worsened` or `closed`; the last alone where the notice was over before it was told.
    event: str
    #: The notice as it was then: what it says later is another event.
    notice: Notice
    #: When it came into the outbox, in ms since 1970.
    made: int
    #: Id of the message that tells it: the same at each try, so that a receiver can drop doubles. A digest's tells several.
    message: str
    state: str = "waiting"
    tries: int = 0
    #: When it was tried last, in ms since 1970, and why that failed.
    tried: int | None = None
    reason: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from all others."""
        return self.notifier, self.notice.id, self.event


class Standing(msgspec.Struct, frozen=True):
    """How a notifier is doing, as the record knows."""

    notifier: str
    #: The revision of notices up to which its outbox is filled.
    revision: int
    #: Messages that arrived, and deliveries that were given up.
    sent: int = 0
    failed: int = 0
    #: Tries that failed since the last message that arrived; the last one's reason, and since when, in ms since 1970.
    failures: int = 0
    since: int | None = None
    reason: str = ""
    #: When it is tried again, in ms since 1970; 0 where nothing failed, or what failed was given up.
    again: int = 0
    #: The last test: when, and why it failed (empty: it arrived). Kept by `keep_test` alone.
    tested: int | None = None
    test_reason: str = ""


class Message(msgspec.Struct, frozen=True):
    """What a notifier is sent at once: one event, several (a digest), or none (a test)."""

    id: str
    deliveries: tuple[Delivery, ...]


class Undelivered(LogIngestorError):
    """A message was not taken. *final*: it never will be; else trying again helps, after *wait* seconds if that was said."""

    def __init__(self, reason: str, *, final: bool = False, wait: float | None = None) -> None:
        super().__init__(reason)
        self.final = final
        self.wait = wait


class Channel(Protocol):
    """The way to one notifier."""

    notifier: Notifier

    def send(self, message: Message) -> None:
        """Return when the message was taken; raises Undelivered."""


class Outbox(Protocol):
    """The part of a LogStore that keeps deliveries. Every method raises Unavailable."""

    def post(self, deliveries: Sequence[Delivery], standings: Sequence[Standing] = ()) -> None:
        """Keep these durably, all or none, each in the place of an earlier form; the oldest settled beyond KEPT go."""

    def waiting(self, notifier: str, limit: int) -> list[Delivery]:
        """Return what waits for a notifier, the oldest first."""

    def waiting_counts(self) -> dict[str, int]:
        """Return how many deliveries wait, by notifier; who has none is left out."""

    def deliveries(self, notices: Sequence[str]) -> list[Delivery]:
        """Return the deliveries of notices with these ids, in the order of posting."""

    def told_at(self, notifier: str, after: int) -> list[int]:
        """Return when messages were taken or refused for good by a notifier after *after*, in ms since 1970, ascending."""

    def standings(self) -> list[Standing]:
        """Return the standing of each notifier that ever had one, by name."""

    def keep_test(self, notifier: str, tested: int, reason: str) -> None:
        """Note a test of a notifier that has a standing; *reason* says why it failed. One that arrived ends its failing."""


def read(text: str) -> tuple[Notifier, ...]:
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
