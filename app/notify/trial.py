"""A test of a notifier: one message now, past the outbox, and what came of it noted."""

from __future__ import annotations

import logging

from app.log.record import IdSource, id_text
from app.ports.outbox import Channel, Message, Outbox, Undelivered
from app.times.instant import now_ms

log = logging.getLogger(__name__)

_ids = IdSource()


def send_test(channel: Channel, outbox: Outbox) -> str:
    """Send a test; return why it was not taken, the empty text if it was. Raises Unavailable when that can't be noted."""
    reason = ""
    try:
        channel.send(Message(f"test-{id_text(_ids.take(1).to_bytes(16, 'big'))}", ()))
    except Undelivered as error:
        reason = " ".join(str(error).split())[:500] or "it was not taken"
    except Exception as error:
        # A fault of ours is told as the notifier's, as where it is sent what waits.
        log.warning("the notifier %s can't be told", channel.notifier.name, exc_info=True)
        reason = f"{type(error).__name__}: {error}"[:500]
    outbox.keep_test(channel.notifier.name, now_ms(), reason)
    return reason
