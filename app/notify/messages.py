"""Which of the deliveries that wait are sent next, and together: no storm, nothing before what it follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from app.log.record import IdSource, id_text
from app.ports.outbox import Delivery, Message
from app.times.instant import now_ms

#: A notifier gets up to BURST single messages in BURST_MS; what comes up beyond that is gathered for GATHER_MS into one digest.
BURST, BURST_MS = 10, 600_000
GATHER_MS = 60_000
#: Most events that one digest tells.
DIGEST = 100
_DIGEST = "digest-"

_ids = IdSource()


@dataclass(frozen=True, slots=True)
class Next:
    """The next thing to do for a notifier."""

    #: Deliveries in a new form, to be posted before anything is sent.
    changed: tuple[Delivery, ...] = ()
    message: Message | None = None
    #: Without a message: ms after which to look again; None when nothing waits.
    wait: int | None = None


def choose(waiting: Sequence[Delivery], told_at: Sequence[int], now: int) -> Next:
    """Return the next step for a notifier, for which *waiting* waits (the oldest first) and which was told something then."""
    merged, left = _merge(waiting)
    if not left:
        return Next(merged)
    begun = next((one.message for one in left if one.message.startswith(_DIGEST)), None)
    if begun is not None:
        # As it was tried before: a receiver drops the double by its id.
        return Next(merged, Message(begun, tuple(one for one in left if one.message == begun)))
    recent = [at for at in told_at if now - at < BURST_MS]
    if len(recent) < BURST:
        return Next(merged, Message(*_single(left)))
    gathered = min(max(GATHER_MS - (now - recent[-1]), 0), GATHER_MS)
    if gathered:
        return Next(merged, wait=gathered)
    if len(left) == 1:
        return Next(merged, Message(*_single(left)))
    name = _DIGEST + id_text(_ids.take(1).to_bytes(16, "big"))
    digest = tuple(msgspec.structs.replace(one, message=name) for one in left[:DIGEST])
    return Next((*merged, *digest), Message(name, digest))


def _single(left: Sequence[Delivery]) -> tuple[str, tuple[Delivery, ...]]:
    """Choose the delivery that was tried least often, so that a message that is always refused holds up no other; a notice's deliveries stay in order."""
    first: dict[str, Delivery] = {}
    for one in left:
        first.setdefault(one.notice.id, one)
    chosen = min(first.values(), key=lambda one: one.tries)
    return chosen.message, (chosen,)


def _merge(waiting: Sequence[Delivery]) -> tuple[tuple[Delivery, ...], list[Delivery]]:
    """Merge the opening and the end of a notice that ended before its opening was sent; return the merged deliveries, and the rest."""
    over = {one.notice.id for one in waiting if one.event == "closed" and not one.message.startswith(_DIGEST)}
    merged, left = [], []
    for one in waiting:
        untold = one.tries == 0 and not one.message.startswith(_DIGEST)
        if one.event != "closed" and one.notice.id in over and untold:
            merged.append(msgspec.structs.replace(one, state="merged", tried=now_ms()))
        else:
            left.append(one)
    return tuple(merged), left
