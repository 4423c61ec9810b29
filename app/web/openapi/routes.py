"""The table of routes: what each takes and answers. The OpenAPI document and the page that shows it are made from it."""

from __future__ import annotations

from app.files import preview as previewing
from app.find import export
from app.log.body import ENCODINGS, LINE_TYPES
from app.ports.notices import KINDS, SEVERITIES
from app.query.operations import OPERATIONS
from app.query.query import PAGE_LIMIT
from app.web.api import find, hints, ingest, preview
from app.web.openapi import alert_routes, rule_routes
from app.web.openapi.route import TEXT, TIME, Parameter, Route, choice, whole
from app.web.operate import notices_api, notices_page

QUERY_TEXT = "A query in the query language, such as `level:error AND timeout`."

PARAMETERS = {
    **alert_routes.OF_THE_PAGE,
    "q": Parameter(TEXT, QUERY_TEXT),
    "query": Parameter(TEXT, "The same as `q`, in a filter."),
    "key": Parameter(TEXT, "Field of a single filter, such as `level` or `metadata.user.id`."),
    "value": Parameter(
        {}, "Value of a single filter. In a URL the values of `in` and the bounds of `range` are written as JSON."
    ),
    "operation": Parameter(choice(*OPERATIONS), "How `key` and `value` are compared."),
    "filters": Parameter(
        {"type": "array", "items": {"$ref": "#/components/schemas/Filter"}}, "Filters; in a URL written as JSON."
    ),
    "match": Parameter(choice("all", "any", default="all"), "Whether all of `filters` must hold, or any."),
    "from": Parameter(
        TIME, "Only logs at or after this time: RFC 3339, a date, an epoch number, `now-15m`, or as logs write it."
    ),
    "to": Parameter(TIME, "Only logs at or before this time."),
    "clock": Parameter(
        choice("event", "received", default="event"),
        "Which time `from`, `to` and the order mean: the log's own, or that of its arrival.",
    ),
    "sort": Parameter(choice("desc", "asc", default="desc"), "Newest or oldest first."),
    "limit": Parameter(whole(1, PAGE_LIMIT, 100), "Most logs in the answer."),
    "cursor": Parameter(TEXT, "`next` of an earlier answer: continue after its last log."),
    "count": Parameter(
        choice("auto", "exact", "none", default="auto"),
        "`auto` counts as far as that is quick, `exact` to the end, `none` not at all.",
    ),
    "interval": Parameter(
        {"type": "string", "pattern": r"^(auto|\d{1,9}(ms|s|m|h|d|w))$", "default": "auto"},
        "Width of a bucket: a number and a unit, such as `5m`, or `auto`.",
    ),
    "by": Parameter(choice("level"), "Count each level apart as well."),
    "tz": Parameter(
        {"type": "string", "default": "UTC"},
        "Zone of times without an offset, of days, of a histogram's buckets and of the times in an export: `Europe/Berlin` or `+02:00`.",
    ),
    "field": Parameter(
        {"type": "array", "items": TEXT, "minItems": 1, "maxItems": find.FACET_FIELDS},
        "Field whose values are counted; repeat it for several.",
    ),
    "size": Parameter(whole(1, find.FACET_SIZE, 10), "Most values of each field, or most patterns."),
    "at": Parameter(
        {"type": "integer", "minimum": 0}, "Place of the cursor in `q`, in characters from 0. If left out: the end."
    ),
    "format": Parameter(choice(*export.FORMATS, default="ndjson"), "One JSON object a line, or CSV."),
    "columns": Parameter(
        {"type": "array", "items": TEXT}, "Fields to write, with commas between them: `level,metadata.user.id`."
    ),
    "before": Parameter(whole(0, find.NEIGHBOURS, 10), "Most logs before it."),
    "after": Parameter(whole(0, find.NEIGHBOURS, 10), "Most logs after it."),
    "wait": Parameter(
        choice(*ingest.STAGES), f"Answer when the logs are so far, or after {ingest.WAIT_SECONDS:g} seconds."
    ),
    "strict": Parameter(
        choice("0", "1", default="0"),
        "With 1 only our own form is a log, and everything else is refused; else every JSON object is read as one.",
    ),
    "token": Parameter(
        TEXT, "The admin's password, for senders that can't set a header. A URL may end up in the log of a proxy."
    ),
    "as": Parameter(
        TEXT, "A dialect of docs/producers.md, or a form of text: json, syslog, access, logfmt, text, plain."
    ),
    "zone": Parameter({"type": "string", "default": "UTC"}, "Of times without an offset, such as `Europe/Berlin`."),
    "multiline": Parameter(
        choice(*previewing.JOINS, default="auto"), "Whether lines are joined as those of a file are, or each is a log."
    ),
    "Idempotency-Key": Parameter(
        {"type": "string", "minLength": 1, "maxLength": ingest.KEY_LIMIT},
        "A request that is sent again with the same key and body adds nothing.",
        "header",
    ),
    "Content-Encoding": Parameter(choice(*ENCODINGS), "How the body is compressed.", "header"),
    "state": Parameter(choice(*notices_page.STATES), "Only notices that are open, or that are closed."),
    "severity": Parameter(choice(*SEVERITIES), "Only notices of this severity."),
    "kind": Parameter(choice(*KINDS), "Only notices of this kind."),
    **alert_routes.PARAMETERS,
    **rule_routes.PARAMETERS,
    "identity": Parameter({"type": "string", "format": "uuid"}, "Id of the log.", "path"),
    "trace_id": Parameter(TEXT, "Id of the trace.", "path"),
    "receipt": Parameter(TEXT, "`receipt` of an answer to ingest.", "path"),
}


POST_ERRORS = (400, 413, 415, 503)
FILTER_EXAMPLE = """-d '{"key": "message", "value": "failed to connect", "operation": "equals"}' HOST/logs/filter/"""
LOG_EXAMPLE = (
    """-d '{"level": "error", "message": "Failed to connect to DB", "resourceId": "server-1234"}' HOST/logs/ingest/"""
)
ID = "/logs/{identity}"

ROUTES = (
    Route(
        "/logs/ingest/",
        ("POST",),
        "Send logs",
        "Accepted",
        LOG_EXAMPLE,
        ingest.PARAMETERS,
        ("Idempotency-Key", "Content-Encoding"),
        "One log, an array, or one a line. 202 when at least one is durably queued; a bad log costs no other.",
        202,
        takes_logs=True,
        errors=POST_ERRORS,
    ),
    Route(
        "/receipts/{receipt}",
        ("GET",),
        "What became of sent logs",
        "Receipt",
        "HOST/receipts/RECEIPT",
        others=("receipt",),
        errors=(404, 503),
    ),
    Route(
        "/logs/preview",
        ("POST",),
        "How logs would be read",
        "Preview",
        """-H 'Content-Type: text/plain' -d '2023-09-15 08:00:00,123 ERROR shop: order failed' 'HOST/logs/preview?zone=Europe/Berlin'""",
        preview.PARAMETERS,
        ("Content-Encoding",),
        "The body is read as a file of it would be, and nothing is kept: of its first 100 logs each field, where it came from, and what stayed unread.",
        takes_logs=True,
        errors=(400, 413, 415),
    ),
    Route(
        "/logs/filter/",
        ("POST",),
        "Find logs",
        "Page",
        FILTER_EXAMPLE,
        find.PAGE,
        about="The filter as `key`, `value`, `operation`, as `filters`, as `query`, or several of them: all must hold.",
        errors=POST_ERRORS,
    ),
    Route("/logs", ("GET",), "Find logs, by URL", "Page", "'HOST/logs?q=level:error&from=now-1h&limit=20'", find.PAGE),
    Route(
        "/logs/histogram",
        ("GET", "POST"),
        "Count logs over time",
        "Histogram",
        "'HOST/logs/histogram?q=timeout&interval=1h&by=level&tz=Europe/Berlin'",
        find.HISTOGRAM,
        errors=POST_ERRORS,
    ),
    Route(
        "/logs/facets",
        ("GET", "POST"),
        "Most frequent values of fields",
        "Facets",
        "'HOST/logs/facets?field=level&field=metadata.status&size=5'",
        find.FACETS,
        errors=POST_ERRORS,
    ),
    Route(
        "/logs/fields",
        ("GET", "POST"),
        "Fields that occur",
        "Fields",
        "'HOST/logs/fields?q=level:error'",
        find.FIELDS,
        errors=POST_ERRORS,
    ),
    Route(
        "/logs/statistics",
        ("GET", "POST"),
        "One field in figures",
        "Statistics",
        "'HOST/logs/statistics?field=metadata.ms&q=level:error'",
        hints.STATISTICS,
        about="How many logs have the field, its different and most frequent values, and how its numbers are spread.",
        errors=POST_ERRORS,
    ),
    Route(
        "/logs/completions",
        ("GET", "POST"),
        "What may be written in a query",
        "Completions",
        "'HOST/logs/completions?q=level:er&at=8'",
        hints.COMPLETIONS,
        about="Fields, operators and values that fit at a cursor, of the time range; what can be had in 0.15 seconds.",
        errors=POST_ERRORS,
    ),
    Route(
        "/logs/explain",
        ("GET", "POST"),
        "Why a query finds nothing",
        "Explanation",
        "'HOST/logs/explain?q=level:error+AND+resourceId:Web-1&from=now-1h'",
        hints.EXPLAIN,
        about="What each condition costs, the nearest logs, names and values that may be mistyped, clocks that are off.",
        errors=POST_ERRORS,
    ),
    Route(
        "/logs/patterns",
        ("GET", "POST"),
        "Messages that are alike",
        "Patterns",
        "'HOST/logs/patterns?q=level:error&from=now-1d&size=20'",
        find.PATTERNS,
        about="Most frequent first, of the newest logs that fit.",
        errors=POST_ERRORS,
        defaults=(("size", find.PATTERNS_SIZE),),
    ),
    Route(
        "/logs/export",
        ("GET", "POST"),
        "All logs that fit, as a file",
        None,
        "-o errors.csv 'HOST/logs/export?q=level:error&format=csv'",
        find.EXPORT,
        about="Streamed, without a limit. A transfer that is cut is incomplete: curl then exits with 18.",
        types=tuple(find.EXPORT_TYPES.values()),
        errors=POST_ERRORS,
    ),
    Route(ID, ("GET",), "One log", "One", "HOST/logs/ID", others=("identity",), errors=(400, 404, 503)),
    Route(
        f"{ID}/context",
        ("GET", "POST"),
        "A log and its neighbours",
        "Context",
        "'HOST/logs/ID/context?before=5&after=5&q=resourceId:server-1234'",
        find.CONTEXT,
        ("identity",),
        "Oldest first; the log itself is among them, whether the filter means it or not.",
        errors=(400, 404, 413, 415, 503),
    ),
    Route(
        "/traces/{trace_id}",
        ("GET",),
        "The logs of a trace",
        "Page",
        "HOST/traces/abc-xyz-123",
        find.PAGE,
        ("trace_id",),
        "Oldest first, if not said otherwise.",
        defaults=(("sort", "asc"), ("limit", find.TRACE_LIMIT)),
    ),
    Route(
        "/notices",
        ("GET",),
        "What is wrong, and was",
        "Notices",
        "HOST/notices?state=open",
        notices_api.PARAMETERS,
        about="Newest first. Over a WebSocket: what is open first, then each change. A browser gets a page.",
    ),
    *alert_routes.ROUTES,
    *rule_routes.ROUTES,
    Route(
        "/metrics",
        ("GET",),
        "Figures for Prometheus",
        None,
        "HOST/metrics",
        types=("text/plain",),
        errors=(503,),
    ),
    Route("/health/live", ("GET",), "Whether the process answers", "Live", "HOST/health/live", errors=(), closed=False),
    Route(
        "/health/ready", ("GET",), "Whether all parts work", "Ready", "HOST/health/ready", errors=(503,), closed=False
    ),
    Route("/openapi.json", ("GET",), "This document", None, "HOST/openapi.json", errors=(), closed=False),
)

#: Parameters that can't be left out.
REQUIRED = ("field",)
#: Media types of a body of logs.
LOG_TYPES = ("application/json", LINE_TYPES[0])
