"""From the messages of a queue to a batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from app.log import codec
from app.log.envelope import Batch, Envelope

_decode = codec.decoder(Envelope).decode


def opened(body: bytes) -> Envelope | None:
    """Return the envelope in a message; None when it can't be decoded."""
    try:
        return _decode(body)
    except msgspec.MsgspecError:
        return None


def batch(messages: Iterable[tuple[Envelope | None, bytes]], handle: Any) -> Batch:
    """Return the batch of these envelopes; an envelope with a claim or keys, and a body that is none, are set apart."""
    made = Batch([], [], handle)
    for envelope, body in messages:
        if envelope is None:
            made.unreadable.append(body)
            continue
        made.numbers.extend(envelope.numbers)
        if envelope.claim is not None or envelope.keys:
            made.claimed.append(envelope)
        else:
            made.records.extend(envelope.records)
            made.dead.extend(envelope.dead)
    return made
