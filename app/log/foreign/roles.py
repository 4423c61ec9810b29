"""Names under which programs write the fields of a log, whatever the program: our own first, then the best known.

A name is an exact key, or two with a dot between them for one object within another. A value is taken over only where it
fits the field; else it stays metadata.
"""

from __future__ import annotations

#: By the field its names, best first.
NAMES: dict[str, tuple[str, ...]] = {
    "message": (
        *("message", "msg", "@message", "Message", "Msg", "@m", "short_message", "MESSAGE", "formattedMessage"),
        *("RenderedMessage", "renderedMessage", "event", "textPayload", "@mt", "MessageTemplate", "messageTemplate"),
        *("body", "Body", "text", "log", "eventMessage", "logmsg", "log_message", "logMessage", "msgtext", "rawmsg"),
        *("message.message", "message.msg", "message.text", "jsonPayload.message", "jsonPayload.msg", "fields.message"),
        *("fields.msg", "record.message", "record.msg", "info.msg", "info.message", "data.message", "data.msg"),
        *(
            "payload.message",
            "payload.msg",
            "body.stringValue",
            "Body.Value",
            "event.original",
            "full_message",
            "event.message",
            "rest",
            "_msg",
        ),
        *("attributes.message", "properties.message", "Properties.Message", "LogMessage", "__message", "description"),
    ),
    "level": (
        *("level", "lvl", "severity", "log.level", "@level", "Level", "loglevel", "logLevel", "LogLevel", "log_level"),
        *(
            "levelname",
            "levelName",
            "level_name",
            "levelStr",
            "severity_text",
            "severityText",
            "SeverityText",
            "Severity",
        ),
        *("error_severity", "@l", "@fields.level", "_logLevel", "syslogseverity-text", "syslogseverity", "LEVEL"),
        *("levelText", "level_text", "severity_label", "severityLabel", "severity_name", "_level_name", "log_severity"),
        *("context.logLevel", "record.level", "info.level", "data.level", "fields.level", "jsonPayload.level"),
        *("jsonPayload.severity", "message.level", "payload.level", "event.severity_label", "priority_label"),
        *("PRIORITY", "priority", "severityNumber", "SeverityNumber", "severity_number", "levelno", "level_value"),
        *("levelValue", "lv", "sev", "Sev", "messageType", "pri", "status"),
        *("event.level", "event.severity", "payload.severity", "meta.level", "header.level", "__level"),
    ),
    "timestamp": (
        *(
            "timestamp",
            "@timestamp",
            "time",
            "ts",
            "@t",
            "datetime",
            "date",
            "asctime",
            "eventTime",
            "Timestamp",
            "Time",
        ),
        *("TimeStamp", "timeStamp", "startTime", "log_time", "logTime", "logtime", "log_timestamp", "event_time"),
        *("created_at", "createdAt", "created", "occurred_at", "time_iso8601", "ISODATE", "timereported", "time_local"),
        *("__REALTIME_TIMESTAMP", "_SOURCE_REALTIME_TIMESTAMP", "timeMillis", "instant", "epoch", "epoch_ms"),
        *("timeUnixNano", "observedTimeUnixNano", "ObservedTimestamp", "time_unix_nano", "utc", "dateTime", "DateTime"),
        *(
            "record.time",
            "info.ts",
            "data.timestamp",
            "fields.time",
            "event.created",
            "receiveTimestamp",
            "DATE",
            "msec",
        ),
        *(
            "start_time",
            "TIMESTAMP",
            "unixtime",
            "t.$date",
            "EventTime",
            "EventReceivedTime",
            "StartUTC",
            "at",
            "when",
            "t",
            "_time",
        ),
        *(
            "millis",
            "epochMillis",
            "epoch_millis",
            "timestamp_ms",
            "timestampMs",
            "ts_ms",
            "eventTimestamp",
            "event_timestamp",
        ),
        *(
            "LogTime",
            "LogTimestamp",
            "logTimestamp",
            "__timestamp",
            "date_time",
            "dt",
            "requestTime",
            "meta.timestamp",
            "meta.time",
        ),
        *("header.timestamp", "event.timestamp", "event.time", "payload.timestamp", "payload.time"),
    ),
    "resourceId": (
        *("resourceId", "resource_id", "resourceID", "service.name", "service", "service_name", "serviceName"),
        *(
            "ServiceName",
            "Service",
            "otelServiceName",
            "dd.service",
            "resource.service.name",
            "app",
            "application",
            "app_name",
        ),
        *(
            "appName",
            "appname",
            "applicationName",
            "application_name",
            "Application",
            "AppName",
            "application.name",
            "app.name",
        ),
        *("serviceContext.service", "SYSLOG_IDENTIFIER", "PROGRAM", "programname", "program", "container_name"),
        *("kubernetes.container_name", "kubernetes.labels.app", "kubernetes.container.name", "container.name"),
        *("context.package", "properties.Application", "Properties.Application", "host", "hostname", "host.name"),
        *("host.hostname", "_HOSTNAME", "HOST", "hostName", "Hostname", "HostName", "source_host", "node.name"),
        *(
            "MachineName",
            "machineName",
            "machine_name",
            "server",
            "syslog_hostname",
            "logger",
            "logger_name",
            "loggerName",
        ),
        *(
            "Logger",
            "LoggerName",
            "log.logger",
            "logger.name",
            "_log_logger",
            "_logger",
            "@module",
            "@logger",
            "SourceContext",
        ),
        *("Properties.SourceContext", "sourceContext", "categoryName", "category", "Category", "channel", "target"),
        *(
            "scope",
            "component",
            "context",
            "namespace",
            "prefix",
            "facility",
            "record.name",
            "labels.python_logger",
            "subsystem",
        ),
        *("module", "Package", "name", "tag", "devname"),
    ),
    "traceId": (
        *("traceId", "trace_id", "traceID", "trace.id", "traceid", "TraceId", "TraceID", "dd.trace_id", "otelTraceID"),
        *("otelTraceId", "@tr", "_trace_id", "_traceId", "trace", "logging.googleapis.com/trace", "traceparent"),
        *(
            "http_traceparent",
            "xray_trace_id",
            "X-B3-TraceId",
            "x-b3-traceid",
            "x_b3_traceid",
            "b3",
            "X-Amzn-Trace-Id",
            "uber-trace-id",
        ),
        *(
            "x-amzn-trace-id",
            "x_amzn_trace_id",
            "X-Cloud-Trace-Context",
            "x-cloud-trace-context",
            "x_cloud_trace_context",
        ),
        *("TRACE_ID", "dd_trace_id", "operation_Id"),
    ),
    "spanId": (
        *(
            "spanId",
            "span_id",
            "spanID",
            "span.id",
            "spanid",
            "SpanId",
            "SpanID",
            "dd.span_id",
            "otelSpanID",
            "otelSpanId",
        ),
        *("@sp", "_span_id", "_spanId", "logging.googleapis.com/spanId", "X-B3-SpanId", "x-b3-spanid", "x_b3_spanid"),
        *("SPAN_ID", "dd_span_id"),
    ),
    "commit": (
        "commit",
        "git_commit",
        "gitCommit",
        "git.commit.sha",
        "vcs.ref.head.revision",
        "commit_sha",
        "commitSha",
    ),
}

#: Names of trace and span that mean one within any object, whatever that is called: `mdc`, `contextMap`, `properties` …
WITHIN: dict[str, tuple[str, int]] = {
    name: (field, 200 + rank)
    for field in ("traceId", "spanId")
    for rank, name in enumerate(NAMES[field])
    if "." not in name and name not in ("trace", "b3", "@tr", "@sp")
}

#: By name the field that it may fill, and how good a name it is: 0 is the best.
ROLES: dict[str, tuple[str, int]] = {
    name: (field, rank) for field, names in NAMES.items() for rank, name in enumerate(names)
}
#: The first parts of the names with a dot: only objects under these, and those that may hold a trace, are looked into.
OUTER: frozenset[str] = frozenset(name.partition(".")[0] for name in ROLES if "." in name)

#: Where a text of an exception lies when a log has no message, best first.
EXCEPTIONS: tuple[tuple[str, ...], ...] = (
    *(("error", "message"), ("err", "message"), ("exception", "message"), ("exception", "exception_message")),
    *(("Exception", "Message"), ("throwable", "message"), ("thrown", "message"), ("cause", "message")),
    *(("error", "msg"), ("err", "msg"), ("error",), ("err",), ("exception",), ("Exception",), ("@x",), ("reason",)),
    *(("error.message",), ("exception.message",), ("exception_message",), ("error_message",), ("errorMessage",)),
    *(("stack",), ("stack_trace",), ("stackTrace",), ("exc_info",)),
)
#: The name of a message that says less than what failed, or was asked for, does.
LAST = ("description",)
#: Names whose presence says that something failed, where a log names no level.
FAILED = (
    *("error", "err", "exception", "Exception", "exc_info", "stack_trace", "stackTrace", "traceback", "@x"),
    *("error.message", "exception.message", "throwable", "thrown", "errorMessage", "exception_message", "errorCode"),
)
#: Members that hold an HTTP status, from which a log without a level gets one.
STATUSES: tuple[tuple[str, ...], ...] = (
    *(("status",), ("status_code",), ("statusCode",), ("http", "response", "status_code"), ("res", "statusCode")),
    *(("http.status_code",), ("http.response.status_code",), ("response", "status"), ("response", "status_code")),
    *(("httpRequest", "status"), ("response_status",), ("http_status",), ("sc-status",), ("http", "status_code")),
    *(("EdgeResponseStatus",), ("StatusCode",), ("DownstreamStatus",), ("response_code",)),
)
#: Objects that are a request; names of method and address there or beside them, for a log that has no message.
REQUEST_OBJECTS = ("httpRequest", "request", "req")
REQUESTS = (
    (
        "method",
        "request_method",
        "requestMethod",
        "verb",
        "RequestMethod",
        "http.request.method",
        "http.method",
        "httpMethod",
        "ClientRequestMethod",
    ),
    (
        "url",
        "uri",
        "path",
        "request_uri",
        "requestUrl",
        "RequestPath",
        "url.path",
        "url.original",
        "http.url",
        "resourcePath",
        "ClientRequestURI",
    ),
)
