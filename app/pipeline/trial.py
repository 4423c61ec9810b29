"""A test of a notifier: one message now, past the outbox, and what came of it noted."""

from __future__ import annotations

from app.core.instant import now_ms
from app.core.notifying import Channel, Message, Outbox, Undelivered
from app.core.record import IdSource, id_text

_ids = IdSource()


def send_test(channel: Channel, outbox: Outbox) -> str:
    """Send a test; return why it was not taken, the empty text if it was. Raises Unavailable when that can't be noted."""
    reason = ""
    try:
        channel.send(Message(f"test-{id_text(_ids.take(1).to_bytes(16, 'big'))}", ()))
    except Undelivered as error:
        reason = " ".join(str(error).split())[:500] or "it was not taken"
    outbox.keep_test(channel.notifier.name, now_ms(), reason)
    return reason
