"""Answers without damaged logs: what can be read is answered, and each answer says what it lacks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import msgspec
from flask import Response

from app.damage import Passed, Unread, passed, passing, unread
from app.query.sentence import logs
from app.web.answers.find import PartialAnswer, ShownUnread
from app.web.answers.reply import reply
from app.web.security.access import who

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

#: Damage that a page names, one by one; and damage that the console has named.
_NAMED = 3
_said = set[int | bytes]()


def partly(view: Callable[P, R]) -> Callable[P, R]:
    """Return a view that passes over damaged logs; it answers by `reply_partly`, or by a page, which says `lacking` at its head."""

    @wraps(view)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with passing() as found:
            try:
                return view(*args, **kwargs)
            finally:
                _say(found)

    return run


def _say(found: Passed) -> None:
    """Name damage on the console, once: also where the answer is an error in the end, as one that ran out of time."""
    for key, error in found.items():
        if key not in _said:
            _said.add(key)
            log.error("%s", error)


def reply_partly(found: PartialAnswer, status: int = 200) -> Response:
    """Return an answer as JSON. One that lacks damaged logs names them, and none of its counts is said to be exact."""
    lost = _unread()
    if lost:
        _at_least(found)
        found.unread = [ShownUnread(one.where, one.logs) for one in lost]
    return reply(found, status)


def lacking() -> str:
    """Return the sentence of a page on damaged logs that it lacks; empty where it lacks none."""
    lost = _unread()
    if not lost:
        return ""
    lacking = logs(sum(one.logs for one in lost))
    more = f"; and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    named = "; ".join(one.where for one in lost[:_NAMED]) + more
    return f"Incomplete: {lacking} can't be read, for they are damaged, and all counts are without them: {named}."


def _unread() -> Sequence[Unread]:
    """Return what the current request has passed over. Who may not see all logs isn't shown where they lie, which says how many there are."""
    lost, asks = unread(passed()), who()
    if lost and asks is not None and asks.limits:
        return [
            Unread(
                "damaged logs, of which nobody knows whether this reader may see them", sum(one.logs for one in lost)
            )
        ]
    return lost


def _at_least(found: Any) -> None:
    """Let all counts in an answer be lower bounds."""
    for name in found.__struct_fields__:
        value = getattr(found, name)
        if name == "total_is":
            found.total_is = "at least"
        elif name == "exact":
            found.exact = False
        elif isinstance(value, msgspec.Struct):
            _at_least(value)
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, msgspec.Struct):
                    _at_least(one)
