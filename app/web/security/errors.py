"""From the errors that we raise to status codes: the only such table. Browsers get a page, others JSON."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from flask import Flask, Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from app.errors import (
    BodyStopped,
    Damaged,
    Forbidden,
    InvalidInput,
    InvalidSettings,
    LogIngestorError,
    NotFound,
    OverQuota,
    Problem,
    RateExceeded,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from app.web.answers.reply import ErrorAnswer, reply_by_name
from app.web.security.rights import DOOR_PREFIX
from app.web.server.environ import REFUSED, TAKEN

log = logging.getLogger(__name__)

#: Most seconds that a shipper is asked to wait: from ten on OpenTelemetry's exporters drop the batch (by experiment).
RETRY_AFTER_SHIPPERS = 5

#: How a program is asked who it is (RFC 7617).
CHALLENGE = 'Basic realm="LogIngestor", charset="UTF-8"'

#: Doors whose clients drop what is answered 429 and repeat what is answered 503 (by experiment: seq-logging, logback-gelf).
DROP_429 = ("clef", "gelf")

#: Status of each error; the first that fits.
STATUS: tuple[tuple[type[LogIngestorError], int], ...] = (
    (TooLarge, 413),
    (UnsupportedMedia, 415),
    (BodyStopped, 408),
    (InvalidSettings, 500),
    (InvalidInput, 400),
    (NotFound, 404),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (OverQuota, 429),
    (TooMany, 429),
    (Unavailable, 503),
)


def install(app: Flask) -> None:
    """Answer every error in the shape that its reader expects."""
    # The first of all: what is refused by its size is not asked for a password.
    app.before_request(_before_the_body)
    app.register_error_handler(LogIngestorError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def answer(status: int, message: str, problems: Sequence[Problem] = (), *, kept_unknown: bool = False) -> Response:
    """Return the error as JSON, or as a page for who prefers HTML."""
    if request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html":
        page = render_template("error.html", status=status, message=message, problems=problems)
        return make_response(page, status)
    return reply_by_name(ErrorAnswer.of(message, problems, kept_unknown=kept_unknown), status)


def words(error: LogIngestorError) -> str:
    """Return what is said of an error. Where damaged logs lie says how many there are, which who may not see all isn't shown."""
    # A server that is no Flask application words its refusals here too, and has no `g`.
    if isinstance(error, Damaged) and (asks := g.get("who")) is not None and asks.limits:
        return "a damaged log can't be read; nobody knows whether this reader may see it"
    return str(error)


def refused_by(error: LogIngestorError) -> tuple[int, str, dict[str, str]]:
    """Return status, sentence and headers for an error of ours, for doors that answer in a shape of their own."""
    text = said(error.problems) if isinstance(error, InvalidInput) else words(error)
    headers = {"WWW-Authenticate": CHALLENGE} if isinstance(error, Unauthenticated) else {}
    if isinstance(error, TooMany | Unavailable):
        headers["Retry-After"] = str(min(error.retry_after, RETRY_AFTER_SHIPPERS))
    return _status(error), text, headers


def in_words(error: LogIngestorError) -> Response:
    """Return the answer to an error of ours as plain text, for doors whose clients read no JSON."""
    status, text, headers = refused_by(error)
    return make_response(f"{text}\n", status, {"Content-Type": "text/plain; charset=utf-8", **headers})


def _before_the_body() -> Response | None:
    """Refuse a request whose body the server would not read, in the words of the door that it was for; answer one whose logs are taken."""
    taken: Callable[[], Response] | None = request.environ.get(TAKEN)
    if taken is not None:
        return taken()
    error: LogIngestorError | None = request.environ.get(REFUSED)
    if error is not None:
        raise error
    return None


def _status(error: LogIngestorError) -> int:
    if isinstance(error, RateExceeded) and (request.blueprint or "").removeprefix(DOOR_PREFIX) in DROP_429:
        return 503
    if isinstance(error, OverQuota) and (request.endpoint or "").startswith(DOOR_PREFIX):
        # There is no room for these logs now, and shippers are known to come again after that: some drop after 429.
        return 503
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def _ours(error: LogIngestorError) -> Response:
    status = _status(error)
    if isinstance(error, InvalidInput):
        return answer(status, said(error.problems), error.problems)
    response = answer(status, words(error), kept_unknown=isinstance(error, Unavailable) and error.kept_unknown)
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = CHALLENGE
    if isinstance(error, TooMany | Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def said(problems: Sequence[Problem]) -> str:
    """Return the problems as one sentence."""
    return "; ".join(
        f"{problem.field}: {problem.message}" if problem.field else problem.message for problem in problems
    )


def _http(error: HTTPException) -> Response:
    response = answer(error.code or 500, error.description or error.name)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _unforeseen(error: Exception) -> Response:
    # The rule: in the path itself may be a password.
    log.error("%s %s failed", request.method, request.url_rule or "", exc_info=error)
    return answer(500, "the server failed at this request; its own log says why")
