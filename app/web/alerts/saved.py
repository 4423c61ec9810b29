"""Helpers that the routes of saved searches and of alerts share: names of searches, who asks, form or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from typing import Any, TypeVar

from flask import Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.alerts.searches import PASSING
from app.errors import InvalidInput, Problem
from app.web.answers.find import PartialAnswer
from app.web.answers.reply import Answer, reply
from app.web.api.asked import Asked
from app.web.current import settings
from app.web.partly import reply_partly
from app.web.search.form import NAMES
from app.web.security.access import who as asking
from app.web.security.password import USER
from app.web.security.recording import returned

_T = TypeVar("_T")

#: Parameters of the search page that are kept with a search.
PARAMETERS = tuple(name for name in NAMES.values() if name not in PASSING)
_LABELS = {
    "q": "Query",
    "from": "From",
    "to": "To",
    "name": "Name",
    "search": "Search",
    "kind": "Condition",
    "threshold": "Number",
    "window": "Window",
    "factor": "Factor",
    "windows": "Windows before",
    "fire_after": "Fires after",
    "close_after": "Over after",
    "severity": "Severity",
    "until": "Until",
    "reason": "Reason",
}


def wants_page() -> bool:
    """Return whether the request comes from somebody who reads pages rather than from a program."""
    return request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html"


def fresh(found: Answer, status: int = 200) -> Response:
    """Return an answer that no cache keeps."""
    response = reply_partly(found, status) if isinstance(found, PartialAnswer) else reply(found, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def shows(samples: Iterable[Sized]) -> None:
    """Have it written in the audit log how many logs the answer shows as samples, if it shows any."""
    if count := sum(map(len, samples)):
        returned(count)


def go(path: str) -> BaseResponse:
    """Lead the browser on to a path of ours."""
    return redirect(settings().path_prefix + path, 303)


def body(names: tuple[str, ...]) -> dict[str, Any]:
    """Return the JSON object that was sent; raises InvalidQuery for a name that is not among *names*."""
    asked = Asked(names)
    asked.check()
    return dict(asked.given)


def who(given: str = "") -> str:
    """Return the name to note as author: the one *given*, else the user of the password, else the client's address."""
    return given.strip() or (USER if settings().auth == "required" else request.remote_addr or "")


def owner() -> str:
    """Return the owner of searches that this request saves; empty where they belong to everybody."""
    asks = asking()
    return "" if asks is None else asks.owner


def labelled(error: InvalidInput) -> list[dict[str, str]]:
    """Return the problems for a page, each with the label of its field."""
    return [
        {
            "field": problem.field or "",
            "label": _LABELS.get(problem.field or "", problem.field or ""),
            "message": said(problem),
        }
        for problem in error.problems
    ]


def said(problem: Problem) -> str:
    """Return what is wrong, with the place in a text where there is one."""
    return problem.message if problem.position is None else f"{problem.message} (at character {problem.position + 1})"


class Gathered:
    """Collects the problems of several steps, so that one answer names them all."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def take(self, step: Callable[[], _T]) -> _T | None:
        """Return the step's result; None where it raised InvalidInput, whose problems are kept for `check`."""
        try:
            return step()
        except InvalidInput as error:
            self._problems += error.problems
            return None

    def check(self) -> None:
        """Raise InvalidInput with the problems, if there are any."""
        if self._problems:
            raise InvalidInput(*self._problems)
