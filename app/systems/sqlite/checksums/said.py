"""Damaged logs in words: which they are, by their places and by when they arrived."""

from __future__ import annotations

from typing import Any

from app.errors import Damaged
from app.query.sentence import logs
from app.times import instant


def segment(count: int, first: int, last: int, first_id: Any, last_id: Any) -> str:
    """Return what a segment is called."""
    return f"the {logs(count)} at the places {first} to {last}, received from {_received(first_id)} to {_received(last_id)},"


def row_key(identity: Any) -> bytes:
    """Return the key of the damage of a row with this id, which may be damaged itself."""
    return identity if isinstance(identity, bytes) else repr(identity).encode()


def row(columns: Any, error: Exception) -> Damaged:
    """Return the error for a row of `logs`, which begins with its id."""
    identity = columns[0]
    key = row_key(identity)
    where = f"the log with the id {identity.hex() if isinstance(identity, bytes) else repr(identity)}, received at {_received(identity)},"
    return Damaged(where, f"its row is not what was written ({error})", key)


def _received(end: Any) -> str:
    """Return when the log of an id was received; of an id that is damaged its bytes."""
    try:
        return instant.text((int.from_bytes(end[:6], "big"), 0))
    except (ValueError, TypeError):
        return repr(end)
