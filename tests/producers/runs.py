"""Runs of programs in layouts of their users: what was run, and what its user expects of each event of its sample.

The samples in tests/producers/samples are the programs' own output on 2026-11-29; each program logged the same few events.
An event is a letter: see EVENTS. Beside them stand the resource that the layout names, what the layout tells of the time
(`s` its seconds, `c` the same without signs, `m` its minutes, `e` an epoch, `-` nothing, `?` some do), and whether the failed payment has its trace and its stack.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "samples"
#: The trace of the payment that failed.
TRACE = "0af7651916cd43dd8448eb211c80319c"
#: The rank of each event, and how its message begins.
EVENTS = {
    "i": ("info", "service started"),
    "w": ("warn", "disk almost full"),
    "e": ("error", "payment failed"),
    "b": ("error", "boom"),
    "r": ("error", ""),
    "F": ("fatal", "payment failed"),
    "d": ("debug", "two"),
    "D": ("debug", "detail"),
    "f": ("fatal", ("out of memory", "oom")),
    "c": ("info", "custom"),
    "n": ("notice", "noted"),
    "t": ("trace", "t"),
    "T": ("trace", ""),
    "v": ("trace", "v"),
    "s": ("trace", "s"),
    "h": ("debug", "GET / 200"),
    "x": ("info", ""),
    "W": ("warn", ""),
    "g": ("debug", ""),
    "u": ("trace", "trace text"),
    "a": ("debug", "debug text"),
    "p": ("info", "payment taken"),
    "y": ("info", "first"),
}


class Run(NamedTuple):
    """One program in one layout."""

    program: str
    layout: str
    events: str
    resource: str | None = None
    time: str = "s"
    trace: bool = False
    stack: bool = False


RUNS: dict[str, Run] = {
    "winston-printf": Run("winston 3.19.0", "timestamp, splat, errors({ stack: true }), printf: `TIME level: text`", "iwerdhvsx"),
    "winston-printf3": Run("winston 3.19.0", "label, timestamp DD/MM/YYYY, printf: `TIME [label] level text`, padded", "iwebdhvsx", resource="api"),
    "winston-printf4": Run("winston 3.19.0", "colorize, align, printf: `level: TIME: text`", "iwebd"),
    "winston-pad": Run("winston 3.19.0", "padLevels, printf with bars and the rest as JSON", "iwebdhvsx", trace=True),
    "winston-ms": Run("winston 3.19.0", "ms, timestamp, simple", "iwebdhvsx", time="?", trace=True),
    "pino-label": Run("pino 10.4.0", "formatters.level: its label", "iwebdfx", resource="server-17", time="e", trace=True, stack=True),
    "pino-errorKey": Run("pino 10.4.0", "errorKey, isoTime, base.name", "iwebdfx", resource="pay", trace=True, stack=True),
    "pino-mixin": Run("pino 10.4.0", "mixin with a trace, formatters.bindings and .log", "iwebdfx", resource="pay", time="e", trace=True, stack=True),
    "pylog-1": Run("Python's logging", "`%(asctime)s | %(levelname)-8s | %(name)s | %(message)s`", "iwedfc", resource="acme.pay", stack=True),
    "pylog-2": Run("Python's logging", "`[%(asctime)s] {%(filename)s:%(lineno)d} %(levelname)s - %(message)s`, Airflow 2's", "iwedfc", stack=True),
    "pylog-3": Run("Python's logging", "`%(levelname)s %(asctime)s %(module)s %(process)d %(thread)d %(message)s`, Django's", "iwedfc", resource="a", stack=True),
    "pylog-4": Run("Python's logging", "`%(asctime)s %(name)-12s %(levelname)-8s %(message)s`, times `%m-%d %H:%M`", "iwedfc", resource="acme.pay", time="m", stack=True),
    "pylog-5": Run("Python's logging", "`%(name)s: %(levelname)s: %(message)s`", "iwedfc", resource="acme.pay", time="-", stack=True),
    "pylog-8": Run("Python's logging", "`%(asctime)s.%(msecs)03d %(levelname).1s %(name)s:%(funcName)s:%(lineno)d %(message)s`", "iwedf", resource="acme.pay", stack=True),
    "pylog-9": Run("Python's multiprocessing", "`[%(levelname)s/%(processName)s] %(message)s`", "iwedfc", time="-", stack=True),
    "pylog-11": Run("Python's logging", "`time=%(asctime)s level=%(levelname)s logger=%(name)s msg=\"%(message)s\"`", "iwef", resource="acme.pay", stack=True),
    "pylog-12": Run("Python's logging", "name, source and OpenTelemetry's ids in brackets", "iwedfc", resource="acme.pay", trace=True, stack=True),
    "pylog-13": Run("Python's logging", "`%(levelname)s:%(asctime)s:%(name)s:%(message)s`", "iwedfc", resource="acme.pay", stack=True),
    "structlog-kv": Run("structlog 26.1.0", "KeyValueRenderer with dictionaries", "iwedfx", trace=True),
    "structlog-consolec": Run("structlog 26.1.0", "ConsoleRenderer in colours, `%Y-%m-%d %H:%M.%S`", "iwedfx", trace=True),
    "loguru-short": Run("loguru 0.7.3", "`{time:YYYY-MM-DD at HH:mm:ss} | {level} | {message}`", "iwedfxW", stack=True),
    "loguru-color": Run("loguru 0.7.3", "its own, in colours", "iwedfxW", resource="__main__", stack=True),
    "tornado": Run("Tornado 6.6.1", "LogFormatter", "iwedf", resource="a", stack=True),
    "twisted-text": Run("Twisted 26.10.0", "textFileLogObserver", "iwFdf", resource="acme.pay", stack=True),
    "twisted-json": Run("Twisted 26.10.0", "jsonFileLogObserver", "iwFdf", resource="acme.pay", time="e"),
    "sanic-prod": Run("Sanic 25.12.1", "its own for production", "iwedfc", stack=True),
    "rich": Run("rich 15.0.0", "RichHandler", "iwedf", time="?", stack=True),
    "coloredlogs": Run("coloredlogs 15.0.1", "its own, in colours", "iwedfc", resource="acme.pay", stack=True),
    "pjl-rename": Run("python-json-logger 4.2.0", "rename_fields", "iwedfc", resource="acme.pay", trace=True, stack=True),
    "l4j-2": Run("Log4j 2.24.3", "`%d{HH:mm:ss.SSS} [%t] %-5p %c{1}:%L - %m%n`", "iwedtfn", resource="App", stack=True),
    "l4j-3": Run("Log4j 2.24.3", "`[%-5level] %d{…} [%t] %c{1} - %msg%n%throwable`", "iwedtfn", resource="App", stack=True),
    "l4j-7": Run("Log4j 2.24.3", "`%d{dd MMM yyyy HH:mm:ss,SSS} %5p (%F:%L) - %m%n`", "iwedtfn", stack=True),
    "l4j-8": Run("Log4j 2.24.3", "`%-4r [%t] %-5p %c %x - %m%n`", "iwedtfn", resource="acme.pay.App", time="-", stack=True),
    "l4j-9": Run("Log4j 2.24.3", "`%d{…Z} %p [%X{trace_id}] %c - %m%n`", "iwedtfn", resource="acme.pay.App", trace=True, stack=True),
    "l4j-11": Run("Log4j 2.24.3", "`%d{COMPACT} %p %m%n`", "iwedtfn", time="c", stack=True),
    "l4j-12": Run("Log4j 2.24.3", "bars without blanks: `%d{…}|%p|%t|%c|%m%n`", "iwedtfn", resource="acme.pay.App", stack=True),
    "l4j-csv": Run("Log4j 2.24.3", "commas: `%d,%p,%c,\"%m\"%n`", "iwetfn", resource="acme.pay.App", stack=True),
    "l4j-gcp": Run("Log4j 2.24.3", "JsonTemplateLayout: GcpLayout", "iwedgfx", resource="acme.pay.App", trace=True, stack=True),
    "l4j-jsonc": Run("Log4j 2.24.3", "JsonLayout: compact, includeTimeMillis", "iwedtfn", resource="acme.pay.App", time="e", trace=True, stack=True),
    "lb-1": Run("Logback 1.5.18", "`%d{HH:mm:ss.SSS} [%thread] %-5level %logger{36} -%kvp- %msg%n`", "iwedt", resource="acme.pay.App", stack=True),
    "lb-3": Run("Logback 1.5.18", "`%d{…, UTC} | %-5p | %t | %c | %m%n`", "iwedt", resource="acme.pay.App", stack=True),
    "lb-4": Run("Logback 1.5.18", "`%d{…XXX, UTC} [%X{trace_id},%X{span_id}] %p %c - %m%n`", "iwedt", resource="acme.pay.App", trace=True, stack=True),
    "lb-5": Run("Logback 1.5.18", "Spring Cloud Sleuth's: `%5p [app,trace,span] %d --- [%15.15t] %-40.40logger{39} : %m%n`", "iwedt", resource="acme.pay.App", trace=True, stack=True),
    "lb-6": Run("Logback 1.5.18", "`%relative [%thread] %level %logger - %msg%n`", "iwedt", resource="acme.pay.App", time="-", stack=True),
    "lb-8": Run("Logback 1.5.18", "`%level | %d{ISO8601} | %logger{0} | %msg%n`", "iwedt", resource="App", stack=True),
    "lb-ls2": Run("logstash-logback-encoder 8.0", "LoggingEventCompositeJsonEncoder with a pattern", "iwedt", resource="pay", time="e", trace=True, stack=True),
    "lb-contrib": Run("logback-json-classic 0.1.5", "JsonLayout", "iwedt", resource="acme.pay.App", trace=True, stack=True),
    "zap-devjson": Run("zap 1.28.0", "NewDevelopmentEncoderConfig as JSON", "iwedf", resource="pay", trace=True, stack=True),
    "zap-gcp": Run("zap 1.28.0", "keys renamed, levels in capitals, RFC 3339 with nanoseconds", "iwedf", resource="pay", trace=True, stack=True),
    "zap-console-layout": Run("zap 1.28.0", "console in colours, times of RFC 822", "iwedf", resource="pay", time="m", trace=True, stack=True),
    "zap-console-sep": Run("zap 1.28.0", "console, ConsoleSeparator a bar", "iwedf", resource="pay", trace=True, stack=True),
    "zerolog-con": Run("zerolog 1.35.1", "ConsoleWriter, PartsOrder: level first", "iwedtfxx", trace=True),
    "zerolog-con3": Run("zerolog 1.35.1", "ConsoleWriter, FormatLevel in bars", "iwedtfxx", trace=True),
    "zerolog-nano": Run("zerolog 1.35.1", "RFC3339Nano, Caller", "iwedtfxx", resource="pay", trace=True),
    "logrus-tsfull": Run("logrus 1.10.2", "TextFormatter, TimestampFormat", "iwedtx", trace=True),
    "logrus-forcecolor": Run("logrus 1.10.2", "TextFormatter, ForceColors, PadLevelText", "iwedtx", trace=True),
    "slog-leveln": Run("slog, Go 1.26.8", "ReplaceAttr: levels as their numbers", "iwedx", trace=True),
    "slog-group": Run("slog, Go 1.26.8", "JSONHandler, groups, AddSource", "iwedrx", trace=True),
    "slog-textgroup": Run("slog, Go 1.26.8", "TextHandler, groups", "iwedrx", trace=True),
    "charm-full": Run("charmbracelet/log 1.0.0", "ReportCaller, TimeFormat, Prefix", "iwedx", resource="pay", trace=True),
    "charm-jsonunix": Run("charmbracelet/log 1.0.0", "JSONFormatter, RFC3339Nano", "iwedx", resource="pay", trace=True),
    "klog": Run("klog 2.140.0", "text", "iwexx", trace=True),
    "funcr-json": Run("logr 1.4.4", "funcr.NewJSON, LogTimestamp, LogCaller", "iDTe", resource="pay", trace=True),
    "funcr-text": Run("logr 1.4.4", "funcr.New, LogTimestamp", "iDe", resource="pay", trace=True),
    "funcr-nots": Run("logr 1.4.4", "funcr.NewJSON without a time", "iDe", resource="pay", time="-", trace=True),
    "stdr": Run("stdr 1.2.2", "with the time and source of Go's log", "iDe", resource="pay", trace=True),
    "log15v3": Run("log15 3.0.0", "JsonFormat", "iwef", resource="pay"),
    "gin": Run("gin 1.12.0", "debug mode, a panic that was recovered", "WWggxWrr", time="?"),
    "tracing-thread": Run("tracing-subscriber 0.3.23", "with_thread_names, with_file", "iwedtx", resource="x", trace=True),
    "tracing-logfmt": Run("tracing-logfmt 0.3.7", "its own", "iwedtx", resource="x", trace=True),
    "tracing-stackdriver": Run("tracing-stackdriver 0.10.0", "its own", "iwedgx", resource="x", trace=True),
    "tracing-jsonflat": Run("tracing-subscriber 0.3.23", "json, flatten_event", "iwedtx", resource="x", trace=True),
    "slogrs-bunyan": Run("slog-bunyan 2.5.0", "its own", "iwf", resource="server-17"),
    "slogrs-jsondef": Run("slog-json 2.6.1", "Json::default", "iwfe", trace=True),
    "rs-env": Run("env_logger 0.11.12", "format_timestamp_nanos, format_source_path", "iwedt", resource="x"),
    "rs-pretty": Run("pretty_env_logger 0.5.0", "formatted_timed_builder", "iwedt", resource="x"),
    "rs-simple": Run("simple_logger 5.2.0", "its own", "iwedt", resource="x"),
    "rs-ftlog": Run("ftlog 0.2.18", "its own", "iwedt", resource="main"),
    "rs-colog": Run("colog 1.4.0", "its own", "xwedt", time="-"),
    "monolog-line": Run("Monolog 2.9.1", "LineFormatter with stack traces", "iwedfn", stack=True),
    "monolog-linedef": Run("Monolog 2.9.1", "LineFormatter", "iwedfn", trace=True),
    "monolog-logstash": Run("Monolog 2.9.1", "LogstashFormatter", "iwedfn", resource="server-17", trace=True),
    "rb-json": Run("Ruby 3.1.2's Logger", "a formatter that writes JSON", "iwbdfxxr"),
    "rb-prog": Run("Ruby 3.1.2's Logger", "progname", "iwbdfxxr", resource="pay"),
    "rb-fmt": Run("Ruby 3.1.2's Logger", "a formatter: `TIME LEVEL [pid] progname: text`", "iwbdfxxr"),
    "tracer": Run("tracer 1.3.0", "console", "xuapwey", stack=True),
    "tracer-color": Run("tracer 1.3.0", "colorConsole", "apwry"),
    "simple-node": Run("simple-node-logger 21.8.12", "createSimpleLogger", "uapwefy", stack=True),
    "logplease": Run("logplease 1.2.15", "without colours", "apwey", resource="shop"),
    "loglevel-prefix": Run("loglevel-plugin-prefix 0.8.4", "its own", "apwey", stack=True),
    "loglevel-template": Run("loglevel-plugin-prefix 0.8.4", "`[%t] %l (%n):`", "apwe", stack=True),
    "log-timestamp": Run("log-timestamp 0.3.0", "its own", "pxe", stack=True),
    "signale": Run("signale 1.4.0", "displayDate, displayTimestamp, scope", "apwrxfxx", resource="shop", time="m"),
    "tsed": Run("@tsed/logger 8.0.5", "coloured", "apwey", resource="shop"),
    "logzero": Run("logzero 1.7.0", "its own, in colours", "apwefy", resource="t", stack=True),
    "daiquiri": Run("daiquiri 3.4.0", "its own", "apwefy", resource="shop", stack=True),
    "absl": Run("absl-py 2.5.1", "its own", "xpwey", stack=True),
    "huey": Run("huey 3.5.4", "its worker's", "apwefy", resource="huey", stack=True),
    "dramatiq": Run("dramatiq 2.2.1", "its own", "apwefy", resource="dramatiq.MainProcess", stack=True),
    "kopf": Run("kopf 1.45.2", "its own", "apwefy", resource="kopf.objects", stack=True),
    "scrapy": Run("Scrapy 2.19.0", "its own", "apwefy", resource="scrapy.core.engine", stack=True),
    "locust": Run("Locust 2.47.0", "its own", "apwefy", resource="locust.main", stack=True),
    "supervisor": Run("Supervisor 4.3.0", "its own", "uapwefx"),
    "verboselogs": Run("verboselogs 1.7", "`%(asctime)s %(name)s[%(process)d] %(levelname)s %(message)s`", "xTnxapwefy", resource="shop", stack=True),
    "cherrypy": Run("CherryPy 18.10.0", "its own, which names no level", "pxe", stack=True),
    "json-logging": Run("json-logging 1.6.0", "init_non_web", "apwefy", resource="shop", stack=True),
}  # fmt: skip
