"""The door of Elasticsearch and OpenSearch: `_bulk`, single documents, and what clients ask beside them.

All of it lies at the root, where it is known from our own pages by `_` or by a name that none of them has, and once more
beneath `/elastic`. Whatever is asked is answered as JSON, in one piece: rsyslog doubles or drops a batch otherwise.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from flask import Response, current_app, make_response, request
from flask.sansio.app import App
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, Map, Rule, ValidationError

from app.errors import InvalidRecord, LogIngestorError, Problem, RateExceeded, Unavailable
from app.web.current import settings
from app.web.doors.elastic import answers, bulk, surface
from app.web.doors.elastic.actions import Action, BulkEntry, dumped
from app.web.doors.elastic.actions import kinds as kinds_of
from app.web.doors.taking import PATIENCE, bury, door, places_of, read_body, take
from app.web.security.credentials import wants_page
from app.web.security.errors import answer, refused_by

bp = door("elastic")

#: The header of every successful answer: without it clients refuse to go on, after they have delivered.
PRODUCT = ("X-Elastic-Product", "Elasticsearch")
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE"]
#: First parts of other doors' paths, which are no index though the door is switched off.
OTHERS = frozenset({"api", "drains", "gelf", "ingest", "loki", "mcp", "services", "upload", "v1"})
#: Seconds for which a batch of rsyslog's waits for room, or for its token's turn: it waits for ever, and loses or doubles what is refused, whatever the answer.
RSYSLOG_PATIENCE = 60.0
#: A time finer than milliseconds.
_FINE = re.compile(rb"T\d\d:\d\d:\d\d\.\d{4}")
_raw, _value = attrgetter("raw"), attrgetter("value")
_KINDS = {
    400: "parse_exception",
    401: "security_exception",
    403: "security_exception",
    404: "resource_not_found_exception",
    405: "method_not_allowed",
    413: "content_too_long_exception",
    415: "media_type_header_exception",
    429: answers.REJECTED,
    503: "cluster_block_exception",
}


class _Name(BaseConverter):
    """A part of a path that is no word of the API: these begin with `_`."""

    regex = r"[^/_][^/]*"


class _Foreign(_Name):
    """A first part that none of our own pages and doors has: `/system/events` takes a document, `/logs/x` is a typing error."""

    def to_python(self, value: str) -> str:
        """Return the part. Raises ValidationError where it is one of ours."""
        if value in OTHERS or any(rule.rule.split("/")[1] == value for rule in self.map.iter_rules()):
            raise ValidationError
        return value


def _prepare(app: App) -> None:
    app.url_map.converters |= {"name": _Name, "foreign": _Foreign}


bp.record_once(lambda setup: _prepare(setup.app))


@bp.route("/_<path:rest>", methods=METHODS)
@bp.route("/<index>/_<path:rest>", methods=METHODS)
@bp.route("/elastic/<path:rest>", methods=METHODS)
@bp.route("/elastic/", methods=METHODS)
@bp.route("/<foreign:index>", methods=["GET", "PUT"])
@bp.route("/<foreign:index>/<name:kind>", methods=["GET", "POST"])
def ask(**_: str) -> Response:
    """Answer what Elasticsearch's API has at this path, by ROUTES."""
    path = request.path if request.path != "/elastic" else "/elastic/"
    path = path.removeprefix("/elastic") if path.startswith("/elastic/") else path
    try:
        made, values = ROUTES.bind("").match(path.rstrip("/") or "/", request.method)
    except NotFound:
        raise NotFound(surface.ABSENT) from None
    found = made(**values)
    return found if isinstance(found, Response) else _json(200, dumped(found))


@bp.before_app_request
def _root() -> Response | None:
    """Answer `/` to clients; who wants a page gets the page."""
    if request.path != "/" or request.method not in ("GET", "HEAD") or wants_page(request):
        return None
    response = _json(200, dumped(surface.info()))
    response.headers.add(*PRODUCT)
    return response


@bp.after_request
def _product(response: Response) -> Response:
    response.headers.add(*PRODUCT)
    return response


def _bulk(index: str | None = None) -> Response:
    began = time.monotonic()
    body = read_body()
    entries = bulk.read(body, index, settings().request_logs)
    kinds = kinds_of(entries)
    if not any(action.read for action in kinds):
        problem = next((entry.value.problem for entry in entries), Problem("the body holds no action"))
        bury(body, problem)
        raise InvalidRecord(problem)
    try:
        # Without the lines of actions: winston-elasticsearch counts its tries in them.
        body = b"\n".join(map(_raw, entries))
        # winston-elasticsearch gets no answer for each of its logs, and rsyslog reads none.
        each = not _is_rsyslog() and not any(action.counted for action in kinds)
        outcome = take(list(map(_value, entries)), body, keys=_keys(entries, kinds), patience=_patience(), each=each)
    except Unavailable as error:
        if not _resends_items():
            raise
        return _json(200, answers.overloaded(entries, str(error), _took(began)))
    return _json(200, answers.answer(entries, kinds, outcome, _took(began)))


def _single(index: str, kind: str = "_doc", identity: str | None = None) -> Response:
    entry = bulk.document_of(Action("index", index, identity), read_body())
    outcome = take([entry.value], entry.raw, keys=_keys([entry], [entry.action]), patience=_patience())
    if outcome.rejected:
        problem = outcome.rejected[0]
        return _error(429 if problem.get("retry") else 400, problem["message"], answers.BAD_DOCUMENT)
    return _json(201, answers.created(entry.action, outcome.receipt, 0))


def _keys(entries: Sequence[BulkEntry], kinds: Sequence[Action]) -> list[bytes]:
    """Return the key of each document: by the client's `_id`, and of rsyslog's by its time, for it cuts a batch anew before it repeats it; none where none has one."""
    again = _is_rsyslog()
    if not again and all(action.id is None for action in kinds):
        return []
    own = request.remote_addr or ""
    return [
        entry.key(f"id:{entry.action.id}")
        if entry.action.id is not None
        else entry.key(f"from:{own}")
        if again and _FINE.search(entry.raw)
        else b""
        for entry in entries
    ]


def _is_rsyslog() -> bool:
    # By experiment: it sends no User-Agent, and names JSON as its type (omelasticsearch, and omhttp alone) or plain text (omhttp in batches).
    return not request.headers.get("User-Agent") and request.mimetype in ("application/json", "text/plain")


def _patience() -> float:
    return RSYSLOG_PATIENCE if _is_rsyslog() else PATIENCE


def _resends_items() -> bool:
    """Return whether the client sends again what an answer of 200 refuses item by item, and gives up at any other."""
    agent, meta = request.headers.get("User-Agent", ""), request.headers.get("x-elastic-client-meta", "")
    helper = "js=" in meta and "h=bp" in meta
    return helper or agent.startswith(("opensearch-js", "elastic-java"))


def _took(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _json(status: int, body: bytes) -> Response:
    return make_response(body, status, {"Content-Type": "application/json"})


def _error(status: int, reason: str, kind: str | None = None, headers: dict[str, str] | None = None) -> Response:
    """Return an error in Elasticsearch's shape."""
    cause = {"type": kind or _KINDS.get(status, "exception"), "reason": reason}
    response = _json(status, dumped({"error": {"root_cause": [cause], **cause}, "status": status}))
    response.headers.update(headers or {})
    return response


@bp.errorhandler(RateExceeded)
def _too_often(error: RateExceeded) -> Response:
    """Word a sender's exceeded rate for its client: 429 for each item where the client would give up its batch at any other answer; a client that loses what is refused waits for its turn."""
    if _is_rsyslog():
        return _in_turn(error)
    if not (request.path.rstrip("/").endswith("/_bulk") and _resends_items()):
        return _failed(error)
    try:
        entries = bulk.read(read_body(), None, settings().request_logs)
    except LogIngestorError as unread:
        return _failed(unread)
    return _json(200, answers.overloaded(entries, str(error), 0))


def _in_turn(error: RateExceeded) -> Response:
    """Answer once the token may be used again; as others are where that takes too long, or too many wait."""
    until = time.monotonic() + RSYSLOG_PATIENCE
    places = places_of(RSYSLOG_PATIENCE)
    if not places.acquire(blocking=False):
        return _failed(error)
    try:
        while time.monotonic() + error.retry_after <= until:
            time.sleep(error.retry_after)
            try:
                answered = current_app.preprocess_request()
                return current_app.make_response(current_app.dispatch_request() if answered is None else answered)
            except RateExceeded as again:
                error = again
            except (LogIngestorError, HTTPException) as other:
                return current_app.make_response(current_app.handle_user_exception(other))
    finally:
        places.release()
    return _failed(error)


@bp.errorhandler(LogIngestorError)
def _failed(error: LogIngestorError) -> Response:
    status, text, headers = refused_by(error)
    return _error(status, text, headers=headers)


@bp.errorhandler(HTTPException)
def _http(error: HTTPException) -> Response:
    if error.code == 404 and request.method in ("GET", "HEAD") and wants_page(request):
        return answer(404, NotFound.description)
    allowed = {"Allow": ", ".join(error.valid_methods or ())} if isinstance(error, MethodNotAllowed) else None
    return _error(error.code or 500, error.description or error.name, headers=allowed)


#: The parts of the API that are served: path, methods (HEAD goes with GET), and the function that answers.
_TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("/", "GET", surface.info),
    ("/_bulk", "POST PUT", _bulk),
    ("/<index>/_bulk", "POST PUT", _bulk),
    ("/<name:index>/<name:kind>/_bulk", "POST PUT", _bulk),
    ("/<index>/_doc", "POST", _single),
    ("/<index>/_doc/<identity>", "POST PUT", _single),
    ("/<index>/_create/<identity>", "POST PUT", _single),
    ("/<name:index>/<name:kind>", "POST", _single),
    ("/<name:index>/<name:kind>/<identity>", "POST PUT", _single),
    ("/_license", "GET", surface.license_of),
    ("/_xpack", "GET", surface.xpack),
    ("/_xpack/license", "GET", surface.license_of),
    ("/_cluster/health", "GET", surface.health),
    ("/_cluster/health/<index>", "GET", surface.health),
    ("/_cluster/settings", "GET", surface.cluster_settings),
    ("/_cluster/settings", "PUT", surface.acknowledged),
    ("/_cat/health", "GET", surface.cat_health),
    ("/_nodes", "GET", surface.nodes),
    ("/_nodes/<path:which>", "GET", surface.nodes),
    *(
        (f"{path}{name}", methods, asked if methods == "GET" else surface.acknowledged)
        for path, asked in (
            ("/_index_template", surface.index_template),
            ("/_template", surface.template),
            ("/_component_template", surface.component_template),
            ("/_ilm/policy", surface.policy),
            ("/_ingest/pipeline", surface.pipeline),
            ("/_data_stream", surface.data_stream),
        )
        for name, methods in (("", "GET"), ("/<name>", "GET"), ("/<name>", "PUT POST DELETE"))
    ),
    ("/_aliases", "POST", surface.acknowledged),
    ("/<index>/_alias/<name>", "PUT POST", surface.acknowledged),
    ("/<index>/_mapping", "PUT POST", surface.acknowledged),
    ("/<index>/_settings", "PUT", surface.acknowledged),
    ("/<name:index>", "PUT", surface.index_made),
    # GET of these at the root is what a browser asks that has a wrong address.
    ("/<name:index>", "GET", surface.absent),
    ("/<name:index>/<name:kind>", "GET", surface.absent),
    ("/<name:index>/<name:kind>/<identity>", "GET", surface.absent),
    ("/_refresh", "GET POST", surface.refreshed),
    ("/<index>/_refresh", "GET POST", surface.refreshed),
    ("/_flush", "GET POST", surface.refreshed),
    ("/<index>/_flush", "GET POST", surface.refreshed),
)
ROUTES = Map(
    [Rule(path, methods=methods.split(), endpoint=made) for path, methods, made in _TABLE],
    converters={**Map.default_converters, "name": _Name},
    strict_slashes=False,
    merge_slashes=False,
)
