"""Parameters of requests by name, as they are on every route that says nothing else."""

from __future__ import annotations

from app.files import preview as previewing
from app.find import export
from app.log.packed import ENCODINGS
from app.ports.notices import KINDS, SEVERITIES
from app.query.operations import OPERATIONS
from app.query.query import PAGE_LIMIT
from app.web.api import find, ingest
from app.web.openapi import alert_routes, rule_routes, source_routes
from app.web.openapi.route import TEXT, TIME, Parameter, choice, whole
from app.web.operate import notices_page

QUERY_TEXT = "A query in the query language, such as `level:error AND timeout`."

#: Names that several rooms know.
COMMON = {
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
    "identity": Parameter({"type": "string", "format": "uuid"}, "Id of the log.", "path"),
    "trace_id": Parameter(TEXT, "Id of the trace.", "path"),
    "receipt": Parameter(TEXT, "`receipt` of an answer to ingest.", "path"),
}
PARAMETERS = {
    **alert_routes.OF_THE_PAGE,
    **COMMON,
    **alert_routes.PARAMETERS,
    **rule_routes.PARAMETERS,
    **source_routes.PARAMETERS,
}

#: Parameters that can't be left out.
REQUIRED = ("field",)
