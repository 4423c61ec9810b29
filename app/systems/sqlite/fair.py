"""Which waiting envelopes are taken next: the oldest, and where several spaces have some, of each space as much; and how much of each may wait."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

from app.systems import shares
from app.systems.sqlite.file import Connection
from app.systems.sqlite.rows import get_state, get_states, set_state

#: Bytes of envelopes taken at once, so that large logs don't fill the memory.
TAKE_BYTES = 8 << 20
#: Logs taken at once where several spaces have some: the next of a space that sends little waits no longer than these take to
#: store, some 10 ms.
SHARED_LOGS = 500

#: Seconds for which what several spaces sent is a sign that they go on.
SHARED_SECONDS = 5.0

#: Name of the bytes of a space that wait in the table `state`, before that of the space; logs of no space are the rest of all.
_BYTES = "queued_bytes "
#: Name there of the second since 1970 in which a space asked for room, the last time, and seconds in which it is noted once.
_ASKED, _ASKED_SECONDS = "space_asked_s", 10

#: A row that waits: seq, number of logs, bytes.
WaitingRow = tuple[int, int, bytes]

# Each name is one look into the index, however many envelopes wait.
_SPACES = """WITH RECURSIVE each(space) AS (SELECT min(space) FROM queue
 UNION ALL SELECT (SELECT min(space) FROM queue WHERE space > each.space) FROM each WHERE each.space IS NOT NULL)
 SELECT space FROM each WHERE space IS NOT NULL"""

_OLDEST = "SELECT seq, logs, body FROM queue WHERE leased <= ? ORDER BY seq"
_OF_SPACE = "SELECT seq, logs, body FROM queue WHERE space = ? AND leased <= ? ORDER BY seq"


def spaces(connection: Connection) -> list[str]:
    """Return the spaces of which envelopes wait; the name of what belongs to none is empty."""
    return [space for (space,) in connection.execute(_SPACES)]


class Turns:
    """Takes of each space in its turn; one for all threads of a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        #: Until when several spaces are taken to send.
        self._shared_until = float("-inf")
        #: Bytes that each waiting space has had more than the one that had the fewest, from one call to the next: of more spaces
        #: than fit into one, those that had none come first in the next.
        self._had: dict[str, int] = {}

    def oldest(self, connection: Connection, limit: int, now: int) -> list[WaitingRow]:
        """Return envelopes of about *limit* logs that nobody holds at *now*, in seconds since 1970, in the order in which they came.

        They are the oldest; where several spaces have some, the oldest of each, and as many bytes of each while it has any: what a
        space sent before stands in no other's way. Within a space their order is kept.
        """
        found = spaces(connection)
        if len(found) > 1:
            self._shared_until = self._clock() + SHARED_SECONDS
        if self._clock() < self._shared_until:
            limit = min(limit, SHARED_LOGS)
        if len(found) < 2:
            return some(connection.execute(_OLDEST, (now,)), limit)
        least = min(self._had.get(one, 0) for one in found)
        had = [self._had.get(one, 0) - least for one in found]
        rows = some(in_turn([connection.execute(_OF_SPACE, (one, now)) for one in found], had), limit)
        self._had = dict(zip(found, had, strict=True))
        return sorted(rows)


def in_turn(each: Sequence[Iterable[WaitingRow]], had: list[int]) -> Iterator[WaitingRow]:
    """Yield the rows of several lines, always the first of the one that *had* the fewest bytes so far, and count them there."""
    order = count()
    heap = [(had[line], next(order), line, iter(rows)) for line, rows in enumerate(each)]
    heapq.heapify(heap)
    while heap:
        _, _, line, rows = heap[0]
        row = next(rows, None)
        if row is None:
            heapq.heappop(heap)
            if heap:  # what it did not ask for it is not owed
                had[line] = heap[0][0]
            continue
        had[line] += len(row[2])
        heapq.heapreplace(heap, (had[line], next(order), line, rows))
        yield row


def some(rows: Iterable[WaitingRow], limit: int) -> list[WaitingRow]:
    """Return the first rows, of about *limit* logs and at most about TAKE_BYTES."""
    found: list[WaitingRow] = []
    logs = size = 0
    for row in rows:
        found.append(row)
        logs, size = logs + row[1], size + len(row[2])
        if logs >= limit or size >= TAKE_BYTES:
            break
    return found


def note_asked(connection: Connection, now: int) -> None:
    """Note that a space asks for room at *now*, in seconds since 1970, whether there is some or not."""
    if not 0 <= now - get_state(connection, _ASKED) < _ASKED_SECONDS:
        set_state(connection, _ASKED, now)


def has_share(connection: Connection, space: str, size: int, waiting: int, limit: int) -> bool:
    """Return whether *size* more bytes of a space may wait beside those of others (app/systems/shares.py), of *waiting* in all."""
    if 2 * (waiting + size) <= limit:  # nobody can have more than is free
        return True
    each = get_states(connection, _BYTES)
    if not any(each.values()) and not shares.is_sending(get_state(connection, _ASKED), time.time()):
        return True
    own = each.get(space, 0) if space else waiting - sum(each.values())
    return shares.has_room(own, size, waiting, limit)


def add_waiting(connection: Connection, space: str, size: int) -> None:
    """Count bytes of a space that wait from now on, or, below zero, do no more."""
    if space:
        # Bytes that waited before spaces were counted were never added: no count goes below zero.
        connection.execute(
            "INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value + ?, 0)",
            (_BYTES + space, max(size, 0), size),
        )
