"""Incoming webhooks of Slack, and of Mattermost and Rocket.Chat, which take the same: `{"text": …}`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.notify.channels import words
from app.notify.channels.post import post
from app.ports.outbox import Message, Notifier

#: Most characters of a text: Slack cuts at 40,000, Mattermost refuses more than 16,383.
MOST = 10_000
#: Characters that begin a mark or a call in one of the three: `<!channel>`, `@all`, `[text](link)`.
_ACTS = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "@": "@\u200b",
    "`": "'",
    "]": "]\u200b",
}


class Slack:
    """A Channel to an incoming webhook."""

    def __init__(self, notifier: Notifier, allowed: Sequence[str]) -> None:
        self.notifier = notifier
        self._allowed = allowed

    def send(self, message: Message) -> None:
        """See Channel."""
        body = msgspec.json.encode({"text": text(message)})
        post(self.notifier.target, body, {}, self._allowed)


def text(message: Message) -> str:
    """Return what is shown: nothing in it calls anybody or is a link of its own making."""
    told = words.text(message)
    if message.deliveries:
        told = f"LogIngestor on {words.host()}\n{told}"
    shown = told if len(told) <= MOST else f"{told[:MOST]}\u2026"
    return "".join(_ACTS.get(one, one) for one in shown)
