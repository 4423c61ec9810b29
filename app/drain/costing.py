"""Costing: the logs that were stored since the last time are booked by resource, level and form, as many as a moment allows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from app.find.patterns.template import CHARACTERS, Masks, MessageForm, Template, words
from app.log.codec import encode
from app.log.record import LogRecord
from app.ports.costs import DAY_MS, FORM_LENGTH, Booked, Cost, DayCosts, added
from app.ports.parts import RecordParts
from app.times.instant import now_ms

#: Most logs that are looked at, and seconds that it may take: a few thousandths of a core, as it is done every five minutes.
LOGS, SECONDS = 20_000, 1.5
#: Logs that are read at once.
AT_ONCE = 1_000


def book(record: RecordParts, *, logs: int = LOGS, seconds: float = SECONDS) -> int:
    """Book the logs that were stored since the last time; return how many. Raises Unavailable.

    Beyond *logs* or *seconds* the rest is estimated from the logs that were looked at; the day's counts say how many those were. What was
    stored before the first time is not booked, unless it is no more than *logs*. Where two processes book the same logs, one succeeds.
    """
    until = time.monotonic() + seconds
    before = record.costs.booked()
    # The place first: a log that is stored meanwhile is booked the next time.
    newest, stored = record.store.newest_place(), int(record.store.stats()["stored_ever"])
    if before is None:
        before_place, before_stored = (0, 0) if stored <= logs else (newest, stored)
    else:
        before_place, before_stored = before.place, before.stored
    if newest <= before_place and before is not None:
        return 0
    looked, whole = _looked(record, before_place, newest, logs, until)
    new = len(looked) if whole else max(stored - before_stored, len(looked))
    if whole and record.store.newest_place(held_back=True) > newest:
        # Some stored logs can't be read by their place yet (an open transaction); the next run books and counts them.
        stored = before_stored + new
    day = DayCosts(now_ms() // DAY_MS, new, len(looked), costs_of(looked, new / max(len(looked), 1)))
    turn = 0 if before is None else before.turn
    return new if record.costs.book(before, Booked(newest, stored, turn), day) else 0


def _looked(record: RecordParts, place: int, newest: int, most: int, until: float) -> tuple[list[LogRecord], bool]:
    """Return logs stored after *place* up to *newest*, and whether these are all."""
    found: list[LogRecord] = []
    while place < newest and len(found) < most and time.monotonic() < until:
        some = record.store.after(place, min(AT_ONCE, most - len(found)))
        if not some:
            return found, True
        found += [one for at, one in some if at <= newest]
        place = some[-1][0]
    return found, place >= newest


def costs_of(records: Iterable[LogRecord], share: float = 1.0) -> Sequence[Cost]:
    """Return what the records cost, each taken for *share* logs."""
    masks, forms = Masks(), dict[str, str]()
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    for record in records:
        masked = "".join(map(masks.__getitem__, words(record.message[:CHARACTERS].partition("\n")[0])))
        form = forms.get(masked)
        if form is None:
            form = forms[masked] = Template(MessageForm.of(masked)).text()[:FORM_LENGTH]
        key = record.resource_id or "", record.level, form
        count, size = sums.get(key, (0, 0))
        sums[key] = count + 1, size + len(encode(record))
    return added(Cost(*key, round(count * share), round(size * share)) for key, (count, size) in sums.items())
