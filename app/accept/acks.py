"""Acknowledgements by number: what a sender holds that can't hold a receipt, such as Splunk's clients.

A number stands for a receipt within its sender's channel. It is kept durably before it is given, where the queue keeps
listings, so that every web process knows it, and still after a kill.
"""

from __future__ import annotations

import base64
import hashlib
import os

from app.accept.receipts import Receipts
from app.errors import NotFound
from app.log.envelope import Listing

#: Bits of a number: what a double holds, as which some clients read numbers.
_BITS = 53


def give(receipts: Receipts, channel: str, receipt: str) -> int:
    """Return a new number for the receipt within the channel. Raises Unavailable."""
    packed = base64.urlsafe_b64decode(receipt + "=" * (-len(receipt) % 4))
    while True:
        # At random rather than counted: no two processes need to agree.
        number = int.from_bytes(os.urandom(7), "big") >> (56 - _BITS)
        key = _key(channel, number)
        if receipts.queue.listed(key) is None:
            # A receipt is as long as two ids.
            receipts.queue.keep(Listing(key, [packed[:16], packed[16:]], receipts.retention_ms))
            return number


def is_findable(receipts: Receipts, channel: str, number: int) -> bool:
    """Return whether each log behind a number is stored and found by searches; False for numbers that are not known."""
    held = receipts.queue.listed(_key(channel, number))
    if held is None:
        return False
    try:
        found = receipts.status(base64.urlsafe_b64encode(b"".join(held)).decode().rstrip("="))
    except NotFound:
        return False
    return found.indexed == found.accepted


def _key(channel: str, number: int) -> bytes:
    return hashlib.blake2b(f"{number} {channel}".encode("utf-8", "replace"), digest_size=16, person=b"ack").digest()
