"""Sentences that several pages say: what was asked for, and what can't be found yet."""

from __future__ import annotations

from app.backends import Backends
from app.errors import Unavailable
from app.find.bound import Undecided
from app.query.filter import EVERYTHING, Filter
from app.query.sentence import sentence
from app.web.search import window
from app.web.search.form import SearchForm


def sentence_of(meant: Filter, form: SearchForm, now: int) -> str:
    """Return the filter, its window and its clock in English."""
    said = "All logs" if meant == EVERYTHING else f"Logs where {sentence(meant)}"
    said += window.phrase(form, now)
    return f"{said}, by arrival time" if form.clock == "received" else said


def pending_of(held: Backends) -> str | None:
    """Return the sentence on accepted logs that no search finds yet, None when there are none."""
    try:
        count = held.queue.depth().logs + held.store.lacking().logs
    except Undecided as error:
        return f"{str(error)[0].upper()}{str(error)[1:]}."
    except Unavailable:
        return "How many accepted logs are not searchable yet is unknown: the queue can't be asked."
    if count == 0:
        return None
    return f"{count:,} accepted log{' is' if count == 1 else 's are'} not searchable yet."
