"""The routes that help who is asking: what may be written at a place in a query, why one finds nothing, what a field holds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import Any, cast

from flask import Blueprint, Response, current_app

from app.errors import InvalidQuery, Problem
from app.find import find
from app.find.hints.complete import COMPLETE_SECONDS, complete
from app.find.hints.explain import explain
from app.find.hints.known import Memory
from app.find.hints.statistics import statistics
from app.query.names import check_name
from app.web.answers.hints import CompletionsAnswer, ExplanationAnswer, StatisticsAnswer
from app.web.api.asked import BODY_LIMIT, Asked
from app.web.api.find import FACET_SIZE, FILTER, WINDOW
from app.web.current import backends, budget
from app.web.partly import partly, reply_partly
from app.web.security import caching
from app.web.security.access import who

bp = Blueprint("hints", __name__)
bp.after_request(caching.keep_none)

COMPLETIONS = ("q", "at", *WINDOW)
EXPLAIN = (*FILTER, *WINDOW)
STATISTICS = (*FILTER, *WINDOW, "field", "size")
_MEMORY = "logingestor.known"
#: Limits of bound readers for which something is remembered; the one not asked for longest is forgotten first.
MEMORIES = 100


@bp.record_once
def _remember(setup: Any) -> None:
    setup.app.extensions[_MEMORY] = Memories()


class Memories:
    """Remembers fields and their values for this process, apart for all limits of readers."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held: OrderedDict[str, Memory] = OrderedDict()

    def of(self, bound: str) -> Memory:
        """Return what is remembered of what readers with these limits see; empty: of all."""
        with self._guard:
            found = self._held.setdefault(bound, Memory())
            self._held.move_to_end(bound)
            if len(self._held) > MEMORIES:
                self._held.popitem(last=False)
            return found


def memory() -> Memory:
    """Return what this process remembers of the fields and values that whoever asks may see."""
    asks = who()
    return cast(Memories, current_app.extensions[_MEMORY]).of("" if asks is None else asks.limits)


@bp.route("/logs/completions", methods=["GET", "POST"])
@partly
def completions() -> Response:
    """Answer with what may be written at a place in a query."""
    asked = Asked(COMPLETIONS)
    typed = asked.text("q", "")
    at = asked.whole("at", len(typed), 0, BODY_LIMIT)
    window = asked.window()
    named = (asked.raw("from"), asked.raw("to"), asked.raw("tz"), window.clock)
    asked.check()
    seconds = replace(budget(), seconds=COMPLETE_SECONDS)
    found = complete(backends().index, typed, at, window, named, memory(), seconds)
    return reply_partly(CompletionsAnswer.of(found))


@bp.route("/logs/explain", methods=["GET", "POST"])
@partly
def explained() -> Response:
    """Answer with what keeps a query from finding logs."""
    asked = Asked(EXPLAIN)
    query = asked.query()
    asked.check()
    held = backends()
    unseen = find.unseen(held.queue, held.store, held.index)
    found = explain(held.index, query, memory(), budget())
    return reply_partly(ExplanationAnswer.of(found, query.clock, unseen))


@bp.route("/logs/statistics", methods=["GET", "POST"])
@partly
def figures() -> Response:
    """Answer with what is known of a field."""
    asked = Asked(STATISTICS, lists=("field",))
    query = asked.query()
    names = asked.texts("field")
    size = asked.whole("size", 10, 1, FACET_SIZE)
    name = names[0] if len(names) == 1 else ""
    asked.read(lambda: _check(name), None)
    asked.check()
    held = backends()
    unseen = find.unseen(held.queue, held.store, held.index)
    found = statistics(held.index, query, name, size, budget())
    return reply_partly(StatisticsAnswer.of(found, unseen))


def _check(name: str) -> None:
    try:
        if not name:
            raise ValueError("must name one field, such as level")
        if check_name(name) == "metadata":
            raise ValueError("metadata needs a path: metadata.name")
    except ValueError as error:
        raise InvalidQuery(Problem(str(error), "field")) from None
