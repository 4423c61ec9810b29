"""The routes that find: page, histogram, facets, fields, export, one log, its context, a trace."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from flask import Blueprint, Response, current_app

from app.errors import InvalidQuery, Problem
from app.find import counts, export, find
from app.find.patterns import patterns
from app.query.filter import TIME_FIELDS
from app.query.names import check_name
from app.query.query import PAGE_LIMIT, Page
from app.times import instant
from app.times.zone import read_zone
from app.web.answers.find import (
    ContextAnswer,
    FacetsAnswer,
    FieldsAnswer,
    HistogramAnswer,
    OneAnswer,
    PageAnswer,
    PatternsAnswer,
    ShownBucket,
)
from app.web.answers.reply import reply
from app.web.api.asked import Asked
from app.web.current import backends, budget
from app.web.partly import partly, reply_partly
from app.web.security import access, caching
from app.web.security.recording import counted, returned
from app.web.security.staying import Stay

bp = Blueprint("filters", __name__)
bp.after_request(caching.keep_none)
log = logging.getLogger(__name__)

FILTER = ("q", "query", "key", "value", "operation", "filters", "match")
WINDOW = ("from", "to", "tz", "clock")
PAGE = (*FILTER, *WINDOW, "sort", "limit", "cursor", "count")
HISTOGRAM = (*FILTER, *WINDOW, "interval", "by")
FACETS = (*FILTER, *WINDOW, "field", "size")
FIELDS = (*FILTER, *WINDOW)
PATTERNS = (*FILTER, *WINDOW, "size")
EXPORT = (*FILTER, *WINDOW, "sort", "cursor", "format", "columns")
CONTEXT = (*FILTER, *WINDOW, "before", "after")

#: Most fields of facets, values or patterns, neighbours on each side, logs of a trace in one answer if not said.
FACET_FIELDS, FACET_SIZE, NEIGHBOURS, TRACE_LIMIT = 20, 1_000, PAGE_LIMIT // 2, 1_000
#: Patterns in one answer, if not said.
PATTERNS_SIZE = 100
#: Media types of the formats of an export.
EXPORT_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}

_ID = "<string(minlength=32,maxlength=36):identity>"


@bp.get("/logs")
@bp.post("/logs/filter/")
@bp.post("/logs/filter")
@partly
def logs() -> Response:
    """Answer with one page of the logs that fit."""
    asked = Asked(PAGE)
    query = asked.query()
    asked.check()
    held = backends()
    return _page(*find.answer(held.queue, held.store, held.index, query, budget()))


def _page(found: Page, unseen: dict[str, Any]) -> Response:
    returned(len(found.records))
    return reply_partly(PageAnswer.of(found, unseen))


@bp.route("/logs/histogram", methods=["GET", "POST"])
@partly
def histogram() -> Response:
    """Answer with the counts over time."""
    asked = Asked(HISTOGRAM)
    query = asked.query()
    interval = asked.read(lambda: counts.read_interval(asked.text("interval", "auto")), None)
    by = asked.text("by", "", ("level",))
    asked.check()
    zone = read_zone(asked.text("tz", "UTC"))
    held = backends()
    unseen = find.unseen(held.queue, held.store, held.index)
    width, found = counts.histogram(held.index, query, interval, by == "level", zone, budget())
    # The first bucket may begin before the first day there is.
    starts = [instant.text(max((bucket.start, 0), instant.FIRST)) for bucket in found]
    # In an order of their own: an index has levels in that in which they came, others' logs included.
    levels = [dict(sorted(bucket.by.items())) for bucket in found]
    buckets = [ShownBucket(at, one.count, by) for at, one, by in zip(starts, found, levels, strict=True)]
    return reply_partly(HistogramAnswer(True, width, buckets, **unseen))


@bp.route("/logs/facets", methods=["GET", "POST"])
@partly
def facets() -> Response:
    """Answer with the most frequent values of fields."""
    asked = Asked(FACETS, lists=("field",))
    query = asked.query()
    names = asked.texts("field")
    size = asked.whole("size", 10, 1, FACET_SIZE)
    if not 1 <= len(names) <= FACET_FIELDS:
        asked.refuse(f"must name 1 to {FACET_FIELDS} fields, such as level", "field")
    for name in names:
        asked.read(partial(_check_facet, name), None)
    asked.check()
    held = backends()
    unseen = find.unseen(held.queue, held.store, held.index)
    found = held.index.facets(query if query.after is None else replace(query, after=None), names, size, budget())
    return reply_partly(FacetsAnswer(True, found.fields, found.exact, **unseen))


def _check_facet(name: str) -> None:
    try:
        check_name(name)
    except ValueError as error:
        raise InvalidQuery(Problem(str(error), "field")) from None
    if name in (*TIME_FIELDS, "id"):
        raise InvalidQuery(Problem(f"{name} differs in every log; the histogram counts over time", "field"))
    if name == "metadata":
        raise InvalidQuery(Problem("metadata needs a path: metadata.name", "field"))


@bp.route("/logs/fields", methods=["GET", "POST"])
@partly
def fields() -> Response:
    """Answer with the fields that occur."""
    asked = Asked(FIELDS)
    query = asked.query()
    asked.check()
    held = backends()
    unseen = find.unseen(held.queue, held.store, held.index)
    return reply_partly(FieldsAnswer(True, *counts.fields(held.index, query, budget()), **unseen))


@bp.route("/logs/patterns", methods=["GET", "POST"])
@partly
def alike() -> Response:
    """Answer with what the messages of the newest logs have in common."""
    asked = Asked(PATTERNS)
    query = asked.query()
    size = asked.whole("size", PATTERNS_SIZE, 1, FACET_SIZE)
    asked.check()
    held = backends()
    unseen = find.unseen(held.queue, held.store, held.index)
    return reply_partly(PatternsAnswer.of(patterns.patterns(held.store, held.index, query, budget()), size, unseen))


@bp.route("/logs/export", methods=["GET", "POST"])
def exported() -> Response:
    """Stream all logs that fit, however many, in constant memory."""
    asked = Asked(EXPORT, lists=("columns",))
    query = asked.query()
    format = asked.text("format", "ndjson", export.FORMATS)
    columns = asked.texts("columns", split=True)
    asked.read(lambda: export.check(format, columns), None)
    asked.check()
    zone = read_zone(asked.text("tz", "UTC"))
    held = backends()
    unseen = find.unseen(held.queue, held.store, held.index)
    pieces = export.lines(counted(held.index.scan(query, budget())), format, columns, zone)
    # The first piece is made before the status is sent: a fault up to there has a status of its own.
    end = access.guard_of(current_app).exports.begin(access.who())
    try:
        first = next(pieces, b"")
    except BaseException:
        end()
        raise
    stay = Stay(current_app._get_current_object(), access.who())  # type: ignore[attr-defined]
    response = Response(_whole(chain((first,), pieces), stay), content_type=EXPORT_TYPES[format])
    response.call_on_close(end)
    response.headers["Content-Disposition"] = f'attachment; filename="logs.{format}"'
    # Accepted logs that can't be in the stream yet: their number is unknown where the queue can't be asked.
    response.headers["Pending"] = "unknown" if unseen["pending"] is None else str(unseen["pending"])
    return response


def _whole(pieces: Iterator[bytes], stay: Stay) -> Iterator[bytes]:
    """Pass the pieces on. A failure goes up, so that the server cuts the transfer: half an export never looks whole.

    So does the end of the token or session: raises PermissionError.
    """
    try:
        for piece in pieces:
            if stay.is_over():
                raise PermissionError("the token or session with which it was asked for has ended")
            yield piece
    except Exception:
        log.exception("an export broke off")
        raise


@bp.get(f"/logs/{_ID}")
def one(identity: str) -> Response:
    """Answer with one log, from the record."""
    Asked(()).check()
    held = backends()
    found = find.one(held.queue, held.record, identity)
    returned(1)
    return reply(OneAnswer(True, found.shown()))


@bp.route(f"/logs/{_ID}/context", methods=["GET", "POST"])
@partly
def context(identity: str) -> Response:
    """Answer with a log and its neighbours."""
    asked = Asked(CONTEXT)
    query = asked.query()
    before, after = (asked.whole(name, 10, 0, NEIGHBOURS) for name in ("before", "after"))
    asked.check()
    held = backends()
    found, unseen = find.context(held.queue, held.record, held.index, identity, query, before, after, budget())
    returned(len(found))
    return reply_partly(ContextAnswer(True, [record.shown() for record in found], **unseen))


@bp.get("/traces/<any_text:trace_id>", merge_slashes=False)
@partly
def trace(trace_id: str) -> Response:
    """Answer with the logs of a trace, oldest first."""
    asked = Asked(PAGE)
    query = asked.query(default_limit=TRACE_LIMIT)
    asked.check()
    if "sort" not in asked:
        query = replace(query, sort="asc")
    held = backends()
    return _page(*find.trace(held.queue, held.store, held.index, trace_id, query, budget()))
