"""Notifiers: who outside of the program gets notices, what each is to get, and how far that has come.

`NOTIFY` names them. The deliveries for each lie in the record until they are settled: the *outbox*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from app.errors import LogIngestorError
from app.ports.notices import NOTIFIER_FAILING, SEVERITIES, Notice

#: The states of a delivery; `merged`: its notice was over before it was sent, and its opening and end were sent as one message.
STATES = ("waiting", "sent", "failed", "merged")
#: Settled deliveries that the record keeps; the oldest beyond are forgotten.
KEPT = 2_000


class Notifier(msgspec.Struct, frozen=True):
    """A receiver of notices outside the program: a webhook, a Slack channel, a mailbox."""

    name: str
    #: `webhook`, `slack` or `mailto`.
    way: str
    #: Where it is reached: a URL for HTTP, or an address of mail. It may be secret as a whole.
    target: str
    #: The least severity, and the kinds, of the notices that it gets; no kinds: all.
    least: str = SEVERITIES[-1]
    kinds: tuple[str, ...] = ()

    def wants(self, notice: Notice) -> bool:
        """Return whether the notifier is sent the notice as it is now; never a notice that this notifier itself is failing."""
        itself = notice.kind == NOTIFIER_FAILING and notice.details.get("notifier") == self.name
        fits = not self.kinds or notice.kind in self.kinds
        return fits and not itself and rank(notice.severity) <= rank(self.least)


def rank(severity: str) -> int:
    """Return the place of a severity, 0 for the worst."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


class Delivery(msgspec.Struct, frozen=True):
    """One event of a notice for one notifier; at most one delivery for each (notifier, notice, event)."""

    notifier: str
    #: `opened`, `worsened` or `closed`; the last alone where the notice was over before it was sent.
    event: str
    #: The notice as it was then: what it says later is another event.
    notice: Notice
    #: When it came into the outbox, in ms since 1970.
    made: int
    #: Id of the message it is sent in: the same at each try, so that a receiver can drop doubles. A digest has several deliveries.
    message: str
    state: str = "waiting"
    tries: int = 0
    #: When it was tried last, in ms since 1970, and why that failed.
    tried: int | None = None
    reason: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """The delivery's key: (notifier, notice, event)."""
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
    """A text that a notifier is sent at once: of one event, several (a digest), or none (a test)."""

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
    """Keeps deliveries and standings. Every method raises Unavailable."""

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
