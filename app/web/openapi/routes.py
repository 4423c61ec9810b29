"""The table of routes: what each takes and answers. The OpenAPI document and the page that shows it are made from it."""

from __future__ import annotations

from app.log.body import LINE_TYPES
from app.web.answers.alerts import NoticesAnswer
from app.web.answers.find import (
    ContextAnswer,
    FacetsAnswer,
    FieldsAnswer,
    HistogramAnswer,
    OneAnswer,
    PageAnswer,
    PatternsAnswer,
)
from app.web.answers.health import ReadyAnswer
from app.web.answers.hints import CompletionsAnswer, ExplanationAnswer, StatisticsAnswer
from app.web.answers.ingest import AcceptedAnswer, PreviewAnswer, ReceiptAnswer
from app.web.answers.reply import DoneAnswer
from app.web.api import find, hints, ingest, preview
from app.web.audit_log import page as audit_log
from app.web.openapi import alert_routes, rule_routes, source_routes
from app.web.openapi.route import Route
from app.web.operate import notices_api

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
        AcceptedAnswer,
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
        ReceiptAnswer,
        "HOST/receipts/RECEIPT",
        others=("receipt",),
        errors=(404, 503),
    ),
    Route(
        "/logs/preview",
        ("POST",),
        "How logs would be read",
        PreviewAnswer,
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
        PageAnswer,
        FILTER_EXAMPLE,
        find.PAGE,
        about="The filter as `key`, `value`, `operation`, as `filters`, as `query`, or several of them: all must hold.",
        errors=POST_ERRORS,
    ),
    Route(
        "/logs", ("GET",), "Find logs, by URL", PageAnswer, "'HOST/logs?q=level:error&from=now-1h&limit=20'", find.PAGE
    ),
    Route(
        "/logs/histogram",
        ("GET", "POST"),
        "Count logs over time",
        HistogramAnswer,
        "'HOST/logs/histogram?q=timeout&interval=1h&by=level&tz=Europe/Berlin'",
        find.HISTOGRAM,
        errors=POST_ERRORS,
    ),
    Route(
        "/logs/facets",
        ("GET", "POST"),
        "Most frequent values of fields",
        FacetsAnswer,
        "'HOST/logs/facets?field=level&field=metadata.status&size=5'",
        find.FACETS,
        errors=POST_ERRORS,
    ),
    Route(
        "/logs/fields",
        ("GET", "POST"),
        "Fields that occur",
        FieldsAnswer,
        "'HOST/logs/fields?q=level:error'",
        find.FIELDS,
        errors=POST_ERRORS,
    ),
    Route(
        "/logs/statistics",
        ("GET", "POST"),
        "One field in figures",
        StatisticsAnswer,
        "'HOST/logs/statistics?field=metadata.ms&q=level:error'",
        hints.STATISTICS,
        about="How many logs have the field, its different and most frequent values, and how its numbers are spread.",
        errors=POST_ERRORS,
    ),
    Route(
        "/logs/completions",
        ("GET", "POST"),
        "What may be written in a query",
        CompletionsAnswer,
        "'HOST/logs/completions?q=level:er&at=8'",
        hints.COMPLETIONS,
        about="Fields, operators and values that fit at a cursor, of the time range; what can be had in 0.15 seconds.",
        errors=POST_ERRORS,
    ),
    Route(
        "/logs/explain",
        ("GET", "POST"),
        "Why a query finds nothing",
        ExplanationAnswer,
        "'HOST/logs/explain?q=level:error+AND+resourceId:Web-1&from=now-1h'",
        hints.EXPLAIN,
        about="What each condition costs, the nearest logs, names and values that may be mistyped, clocks that are off.",
        errors=POST_ERRORS,
    ),
    Route(
        "/logs/patterns",
        ("GET", "POST"),
        "Messages that are alike",
        PatternsAnswer,
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
    Route(ID, ("GET",), "One log", OneAnswer, "HOST/logs/ID", others=("identity",), errors=(400, 404, 503)),
    Route(
        f"{ID}/context",
        ("GET", "POST"),
        "A log and its neighbours",
        ContextAnswer,
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
        PageAnswer,
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
        NoticesAnswer,
        "HOST/notices?state=open",
        notices_api.PARAMETERS,
        about="Newest first. Over a WebSocket: what is open first, then each change. A browser gets a page.",
    ),
    *alert_routes.ROUTES,
    *rule_routes.ROUTES,
    *source_routes.ROUTES,
    Route(
        "/audit-log",
        ("GET",),
        "Who did what",
        PageAnswer,
        "'HOST/audit-log?q=metadata.actor:zoe&from=now-1d'",
        audit_log.NAMES,
        about="Entries of the audit log, shown as logs: what was done is in `metadata`. For admins. A browser gets a page.",
    ),
    Route(
        "/metrics",
        ("GET",),
        "Figures for Prometheus",
        None,
        "HOST/metrics",
        types=("text/plain",),
        errors=(503,),
    ),
    Route(
        "/health/live", ("GET",), "Whether the process answers", DoneAnswer, "HOST/health/live", errors=(), closed=False
    ),
    Route(
        "/health/ready",
        ("GET",),
        "Whether all parts work",
        ReadyAnswer,
        "HOST/health/ready",
        errors=(503,),
        refusal=ReadyAnswer,
        closed=False,
    ),
    Route("/openapi.json", ("GET",), "This document", None, "HOST/openapi.json", errors=(), closed=False),
)

#: Media types of a body of logs.
LOG_TYPES = ("application/json", LINE_TYPES[0])
