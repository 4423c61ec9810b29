"""Webhooks: a message as JSON, signed as the specification Standard Webhooks 1.0.0 says (symmetric, `v1`)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence

import msgspec

from app.notify.channels import words
from app.notify.channels.post import post
from app.ports.outbox import Message, Notifier


class Webhook:
    """A Channel to a URL that takes signed JSON."""

    def __init__(self, notifier: Notifier, secrets: Sequence[bytes], allowed: Sequence[str]) -> None:
        self.notifier = notifier
        self._secrets = secrets
        self._allowed = allowed

    def send(self, message: Message) -> None:
        """See Channel."""
        body = msgspec.json.encode(words.data(message))
        # The time of this try, not of the event: a receiver refuses what is old, so that nobody can send it again.
        at = str(int(time.time()))
        headers = {
            "webhook-id": message.id,
            "webhook-timestamp": at,
            "webhook-signature": " ".join(signature(secret, message.id, at, body) for secret in self._secrets),
        }
        post(self.notifier.target, body, headers, self._allowed)


def signature(secret: bytes, identity: str, at: str, body: bytes) -> str:
    """Return the signature of a message with one secret."""
    content = b".".join((identity.encode(), at.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
