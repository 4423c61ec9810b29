"""Counts of an alert's window: the logs that are found in it, and how many may still come into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from app.alerts.condition import COMPARING, Counted
from app.errors import InvalidInput, Unavailable
from app.log.record import LogRecord, first_id, id_text
from app.ports.alerts import Alert, AlertSample, Question
from app.ports.deadline import Budget
from app.ports.index import SearchIndex
from app.ports.queue import LogQueue
from app.ports.record import LogStore
from app.query.query import Query
from app.query.request import read_query

#: Seconds that are waited until nothing waits that belongs to a window, with these pauses.
CALM_SECONDS, PAUSE_SECONDS = 3.0, 0.1
#: Logs kept with a change, and characters of their messages.
SAMPLES, SAMPLE_SHOWN = 5, 300
#: Up to so many logs that wait are looked at one by one.
LOOKED_AT = 20_000


@dataclass(frozen=True, slots=True)
class CountSources:
    """Where logs wait, lie and are found."""

    queue: LogQueue
    store: LogStore
    index: SearchIndex


def hidden(sources: CountSources, end: int, rest: Callable[[float], bool]) -> int:
    """Return how many logs that arrived before *end* (ms) can't be found yet, at most; raises Unavailable.

    Where that is not none it is asked again for a moment, as under way there is always something: each answer
    holds, since logs only move towards being found.
    """
    until = monotonic() + CALM_SECONDS
    while True:
        # In the direction in which logs move: one between the two is counted twice rather than not at all.
        waiting = _waiting(sources.queue, end) + _lacking(sources.store, end)
        if not waiting or monotonic() > until or not rest(PAUSE_SECONDS):
            return waiting


def _waiting(queue: LogQueue, end: int) -> int:
    depth = queue.depth()
    if not depth.logs or depth.logs > LOOKED_AT:
        return depth.logs
    last = (int.from_bytes(first_id(end), "big") - 1).to_bytes(16, "big")
    return queue.waiting(bytes(16), last)


def _lacking(store: LogStore, end: int) -> int:
    lacking = store.lacking()
    if not lacking.logs or lacking.logs > LOOKED_AT:
        return lacking.logs
    bound = first_id(end)
    return sum(identity < bound for ids in store.lacking_ids() for identity in ids)


def count(index: SearchIndex, alert: Alert, question: Question, end: int, budget: Budget) -> Counted:
    """Return what is found in the window that ends before *end*, in ms. Relative times of the query count from there."""
    length = _length(alert)
    start = end - length
    try:
        meant = read_query(question.to_dict(), now=end).filter
        wanted = Query(meant, (start, 0), (end - 1, 999_999), "received", "desc", SAMPLES, count="exact")
        page, earlier = index.find(wanted, budget), 0
        if alert.kind in COMPARING:
            before = replace(wanted, start=(start - length * alert.windows, 0), end=(start - 1, 999_999), limit=1)
            earlier = index.find(before, budget).total or 0
    except InvalidInput as error:
        return failed(alert, question, end, f"Its query can't be read: {error}.")
    except Unavailable as error:
        return failed(alert, question, end, f"The index could not count: {str(error).rstrip('.')}.")
    return Counted(
        start, end - 1, page.total, earlier, question=question, samples=[_sample(one) for one in page.records]
    )


def failed(alert: Alert, question: Question, end: int, why: str) -> Counted:
    """Return that nothing could be counted of the window that ends before *end*."""
    return Counted(end - _length(alert), end - 1, question=question, fault=why)


def _length(alert: Alert) -> int:
    """Return the length of an alert's window in ms."""
    return alert.window * 1000


def begins(alert: Alert, counted: Counted) -> int:
    """Return when the first of the windows begins that are compared, in ms."""
    return counted.start - (alert.windows * _length(alert) if alert.kind in COMPARING else 0)


def _sample(record: LogRecord) -> AlertSample:
    return AlertSample(id_text(record.id), record.timestamp, record.level, record.message[:SAMPLE_SHOWN])
