"""What users of each producer of text expect of its sample: one event for each line that its format begins, and no other.

Written from each program's documented format, and by reading its sample; nothing of the product is used here. `EVENT` is the
first line of an event, with groups for what it tells; the lines up to the next belong to it, blank lines at its end do not.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

#: Words of levels by the rank that they mean.
RANKS = {
    word: rank
    for rank, words in {
        "trace": "TRACE TRC TRAC FINEST FINER VERBOSE verbose silly trace",
        "debug": "DEBUG DBG DEBU DBUG DEBG FINE CONFIG debug",
        "info": "INFO INF LOG LOG info SUCCESS Info ANY INFORMATION INFOS 情報 success statement start",
        "notice": "NOTICE notice MARK",
        "warn": "WARN WRN WARNING warn warning Warning DEPRECATION WARNUNG AVERTISSEMENT 警告",
        "error": "ERROR ERR ERRO EROR error Error SEVERE SCHWERWIEGEND GRAVE 重大",
        "fatal": "FATAL FTL FATA CRITICAL CRIT critical fatal PANIC PANI PNC DPANIC panic dpanic",
    }.items()
    for word in words.split()
}


def iso(text: str, hours: int = 0) -> datetime:
    """Return the instant of an ISO text; one without an offset is of the zone *hours* east of UTC."""
    text = re.sub(r"(?<=\d),(?=\d)", ".", text.replace("/", "-"))
    text = re.sub(r" ?([+-]\d\d):?(\d\d)$", r"\1:\2", text)
    text = re.sub(r"(\.\d{6})\d+", r"\1", text)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone(timedelta(hours=hours)))


def of(form: str, hours: int = 0) -> Callable[[str], datetime]:
    """Return the reader of times of a form of strptime."""
    zone = timezone(timedelta(hours=hours))
    return lambda text: datetime.strptime(text, form).replace(tzinfo=zone)


def cet(text: str) -> datetime:
    """Return the instant of an ISO text in Central European Time."""
    return iso(text, 1)


def epoch(text: str) -> datetime:
    """Return the instant of seconds since 1970."""
    return datetime.fromtimestamp(float(text), UTC)


@dataclass(frozen=True)
class Sample:
    """How one producer writes: its event's first line, its times, its own meaning of levels."""

    event: str
    time: Callable[[str], datetime] | None = iso
    levels: dict[str, str] = field(default_factory=dict)
    #: First lines of other events, and their levels.
    others: dict[str, str | None] = field(default_factory=dict)
    #: What of the first line's message are fields of their own.
    fields: str | None = None
    #: The level of an event that names none.
    level: str | None = None
    #: Lines between events that are none: blank, or the rest of an event that stands in front.
    skip: str | None = None
    #: What stands before each line of an event again, and is no part of its message.
    repeated: str | None = None
    #: How many events are compared: behind them stand lines that might as well be one event, a picture in letters.
    compared: int | None = None


@dataclass(frozen=True)
class Event:
    """One event: what its user expects of the log; None where nothing is expected."""

    message: str
    level: str | None
    time: datetime | None
    resource: str | None


_TS = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"
_GO = r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)"
_PADDED = r"\s{2,}[\w.]+=.*$|\s+$"
_PG = r"LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DEBUG\d?"
_PART = r"^\d.*?[\]\w] (?=(?:DETAIL|HINT|CONTEXT|STATEMENT):  )"
_JUL = {
    **dict.fromkeys(("KONFIGURATION", "FEIN", "構成", "PRÉCIS", "普通"), "debug"),
    **dict.fromkeys(("AM FEINSTEN", "LE PLUS PRÉCIS", "最も詳細"), "trace"),
}


def _jul(date: str, form: str | None, *, afternoon: bool = False) -> Sample:
    later = timedelta(hours=12 if afternoon else 0)
    time = None if form is None else (lambda text: of(form)(text) + later)
    return Sample(rf"(?P<time>{date}) (?P<resource>\S+) \w+\n(?P<level>[^:\n]+): (?P<message>.*)", time, levels=_JUL)


#: The samples by their names in ../shared/data/producers.
SAMPLES: dict[str, Sample] = {
    # Debian's servers
    "debian--bind-9.18.49.log": Sample(r"(?P<time>\S+ [\d:.]+) (?P<resource>\S+): (?P<level>[a-z]+)(?: \d)?: (?P<message>.*)", of("%d-%b-%Y %H:%M:%S.%f")),
    "debian--bind-9.18.49-g-stderr.log": Sample(r"(?P<time>\S+ [\d:.]+) (?P<message>.*)", of("%d-%b-%Y %H:%M:%S.%f")),
    "debian--bind-9.18.49-iso8601.log": Sample(rf"(?P<time>{_TS}\.\d+) (?P<message>.*)"),
    "debian--bind-9.18.49-iso8601-utc.log": Sample(rf"(?P<time>{_TS}\.\d+Z) (?P<resource>\S+): (?P<level>\w+): (?P<message>.*)"),
    "debian--chrony-4.3.log": Sample(rf"(?P<time>{_TS}Z) (?P<message>.*)"),
    "debian--dovecot-2.3.19.log": Sample(r"(?P<time>\w{3} \d\d [\d:]{8}) \S+: (?P<message>(?P<level>\w+): .*)", lambda text: of("%Y %b %d %H:%M:%S")(f"2026 {text}")),
    "debian--elixir-1.14-logger.log": Sample(r"[\d:.]+ \[(?P<level>\w+)\] (?P<message>.*)", None),
    "debian--etcd-3.4.23.log": Sample(rf"(?P<time>{_TS}\.\d+) (?P<level>[INWEC]) \| (?P<resource>[\w/]+): (?P<message>.*)|\[(?P<level2>WARNING)\] (?P<message2>.*)", levels={"I": "info", "N": "notice", "W": "warn", "E": "error", "C": "fatal"}),
    "debian--mosquitto-2.0.11.log": Sample(r"(?P<time>\d{10}): (?:(?P<level>Warning|Error): )?(?P<message>.*)", epoch),
    "debian--mosquitto-2.0.11-iso.log": Sample(rf"(?P<time>{_TS}): (?:(?P<level>Warning|Error): )?(?P<message>.*)"),
    "debian--mariadb-10.11-error.log": Sample(rf"(?P<time>{_TS}) +\d+ \[(?P<level>\w+)\] (?:(?P<resource>mariadbd): )?(?P<message>.*)|\d{{6}} +[\d:]{{7,8}} (?P<message2>.*)", levels={"Note": "notice"}),
    "debian--nats-2.9.10.log": Sample(r"\[\d+\] (?P<time>\S+ \S+) \[(?P<level>\w+)\] +(?:(?P<resource>maxprocs): )?(?P<message>.*)"),
    "debian--nginx-1.22.1-error.log": Sample(rf"{_GO} \[(?P<level>\w+)\] \d+#\d+: (?:\*\d+ )?(?P<message>.*)"),
    "debian--nginx-1.22.1-access.log": Sample(r"(?P<message>\S+ - .* \[(?P<time>[^\]]+)\] \".*)", of("%d/%b/%Y:%H:%M:%S +0100", 1)),
    "debian--nginx-1.22.1-via-rsyslog.log": Sample(rf"(?P<time>{_TS}\S*) (?P<resource>vm) \S+: ?(?P<message>.*)"),
    "debian--php-8.2-error_log.log": Sample(r"\[(?P<time>\S+ [\d:]+) Europe/Berlin\] (?P<message>(?:PHP (?P<level>Warning|Notice|Deprecated|Fatal error): )?.*)", of("%d-%b-%Y %H:%M:%S", 1), levels={"Notice": "notice", "Deprecated": "warn", "Fatal error": "error"}),
    "debian--php-fpm-8.2-error.log": Sample(r"\[(?P<time>\S+ [\d:.]+)\] (?P<level>\w+): (?P<message>.*)", of("%d-%b-%Y %H:%M:%S.%f")),
    "debian--postfix-3.7.11-rsyslog-file.log": Sample(rf"(?P<time>{_TS}\S+) (?P<resource>vm) \S+: (?P<message>.*)"),
    "debian--postfix-3.7.11-rsyslog-p23.log": Sample(rf"<(?P<level>\d+)>1 (?P<time>{_TS}\S+) (?P<resource>vm) \S+ \S+ - -  (?P<message>.*)", levels={"22": "info", "20": "warn"}),
    "debian--postfix-3.7.11-rsyslog-traditional.log": Sample(r"(?P<time>\w{3} \d\d [\d:]{8}) (?P<resource>vm) \S+: (?P<message>.*)", lambda text: of("%Y %b %d %H:%M:%S")(f"2026 {text}")),
    "debian--postgresql-15-stderr-default.log": Sample(rf"(?P<time>{_TS}\.\d+) CET \[\d+\] (?P<level>{_PG}):  (?P<message>.*)", cet, repeated=_PART),
    "debian--postgresql-15-stderr-debianprefix.log": Sample(rf"(?P<time>{_TS}\.\d+) CET \[\d+\] (?:\S+ )?(?P<level>{_PG}):  (?P<message>.*)", cet, repeated=_PART),
    "debian--postgresql-15-stderr-pgbadger.log": Sample(rf"(?P<time>{_TS}) CET \[\d+\]: \[\S+\] \S+ (?P<level>{_PG}):  (?P<message>.*)", cet, repeated=_PART),
    "debian--postgresql-15-stderr-epoch.log": Sample(rf"(?P<time>\d+\.\d+) \w{{5}} (?P<level>{_PG}):  (?P<message>.*)", epoch, repeated=_PART),
    "debian--redis-7.0.15.log": Sample(r"\d+:[MC] (?P<time>\d\d \w+ \d+ [\d:.]+) (?P<level>[.*#-]) (?P<message>.*)", of("%d %b %Y %H:%M:%S.%f"), levels={".": "debug", "-": "info", "*": "notice", "#": "warn"}),
    "debian--ruby-logger-3.1.log": Sample(rf"[A-Z], \[(?P<time>{_TS}\.\d+) #\d+\] +(?P<level>\w+) -- (?P<resource>\w*): (?P<message>.*)"),
    "debian--ruby-logger-file-3.1.log": Sample(rf"[A-Z], \[(?P<time>{_TS}\.\d+) #\d+\] +(?P<level>\w+) -- (?P<resource>\w*): (?P<message>.*)", others={r"# Logfile": None}),
    "debian--squid-5.7-access.log": Sample(r"(?P<message>(?P<time>\d+\.\d+) +\d+ \S+ \w+/(?P<level>\d{3}) .*)", epoch, levels={"200": "info", "404": "warn", "503": "error"}),
    "debian--squid-5.7-combined.log": Sample(r"(?P<message>\S+ - - \[(?P<time>[^\]]+)\] \"[^\"]*\" (?P<level>\d{3}) .*)", of("%d/%b/%Y:%H:%M:%S +0100", 1), levels={"200": "info", "404": "warn", "503": "error"}),
    "debian--sshd-cron-via-rsyslog.log": Sample(rf"(?P<time>{_TS}\S+) (?P<resource>vm) \S+: (?P<message>(?:(?P<level>error): )?.*)"),
    "debian--syslog-ng-3.38-iso.log": Sample(rf"(?P<time>{_TS}\S+) (?:(?P<resource>vm|host1|h) (?:[^\s:]+: )?)?(?P<message>.*)"),
    "debian--varnishncsa-7.1.1.log": Sample(r"(?P<message>\S+ - - \[(?P<time>[^\]]+)\] \"[^\"]*\" (?P<level>\d{3}) .*)", of("%d/%b/%Y:%H:%M:%S +0100", 1), levels={"503": "error"}),
    "debian--zookeeper-3.8.0.log": Sample(rf"(?P<time>{_TS},\d+) - (?P<level>\w+) +\[.*?@\d+\] - (?P<message>.*)", compared=20),
    # Go and Rust
    "gorust--apex-cli-1.9.0.log": Sample(r" +(?P<level>[•⨯]) (?P<message>.*)", None, levels={"•": "info", "⨯": "error"}, fields=_PADDED),
    "gorust--apex-default-1.9.0.log": Sample(_GO + r" +(?P<level>debug|info|warn|error|fatal) (?P<message>.*)", fields=_PADDED),
    "gorust--apex-text-1.9.0.log": Sample(r" +(?P<level>[A-Z]+)\[\d+\] (?P<message>.*)", None, fields=_PADDED),
    "gorust--charm-default-1.0.0.log": Sample(_GO + r" (?:(?P<level>DEBU|INFO|WARN|ERRO|FATA) )?(?P<message>.*)"),
    "gorust--charm-textcaller-1.0.0.log": Sample(_GO + r" (?:(?P<level>DEBU|INFO|WARN|ERRO|FATA) )?<\S+> (?P<resource>shop): (?P<message>.*)"),
    "gorust--env_logger-trace-0.11.12.log": Sample(rf"\[(?P<time>{_TS}Z) (?P<level>\w+) +(?P<resource>\S+)\] (?P<message>.*)"),
    "gorust--env_logger-norustlog-0.11.12.log": Sample(rf"\[(?P<time>{_TS}Z) (?P<level>\w+) +(?P<resource>\S+)\] (?P<message>.*)"),
    "gorust--fern-0.7.1.log": Sample(rf"\[(?P<time>{_TS}Z) (?P<level>\w+) (?P<resource>\S+)\] (?P<message>.*)"),
    "gorust--fern-old-0.7.1.log": Sample(r"\[(?P<time>\S+\]\[[\d:]+)\]\[(?P<resource>\S+?)\]\[(?P<level>\w+)\] (?P<message>.*)", lambda text: iso(text.replace("][", " "))),
    "gorust--flexi-default-0.31.10.log": Sample(r"(?P<level>[A-Z]+) \[(?P<resource>\S+)\] (?P<message>.*)", None),
    "gorust--flexi-detailed-0.31.10.log": Sample(rf"\[(?P<time>{_TS}\.\d+ \S+)\] (?P<level>[A-Z]+) \[(?P<resource>\S+)\] \S+:\d+: (?P<message>.*)"),
    "gorust--glog-1.2.5.log": Sample(r"(?P<level>[IWEF])(?P<time>\d{4} [\d:.]+) +\d+ \S+\] (?P<message>.*)", lambda text: of("%Y%m%d %H:%M:%S.%f")(f"2026{text}"), levels={"I": "info", "W": "warn", "E": "error", "F": "fatal"}),
    "gorust--hclog-text-1.6.3.log": Sample(rf"(?P<time>{_TS}\.\d+\+0100) \[(?P<level>\w+)\] +(?P<resource>app\S*): (?P<message>.*)"),
    "gorust--hclog-textloc-1.6.3.log": Sample(rf"(?P<time>{_TS}\.\d+\+0100) \[(?P<level>\w+)\] +\S+:\d+: (?P<resource>app\S*): (?P<message>.*)"),
    "gorust--log15-term-2.16.0.log": Sample(r"(?P<level>[A-Z]{4})\[(?P<time>\d\d-\d\d\|[\d:]+)\] (?P<message>.*)", lambda text: of("%Y-%m-%d|%H:%M:%S")(f"2026-{text}"), fields=_PADDED),
    "gorust--logrus-textcolor-1.10.2.log": Sample(r"(?P<level>[A-Z]{4})\[\d{4}\] (?P<message>.*)", None, fields=_PADDED),
    "gorust--logrus-textfull-1.10.2.log": Sample(rf"(?P<level>[A-Z]{{4}})\[(?P<time>{_TS}\S+)\] (?P<message>.*)", fields=_PADDED),
    "gorust--nats-server-2.15.3.log": Sample(r"\[\d+\] (?P<time>\S+ \S+) \[(?P<level>\w+)\] +(?:(?P<resource>maxprocs): )?(?P<message>.*)"),
    "gorust--phuslu-console-1.0.121.log": Sample(rf"(?P<time>{_TS}\S+) (?:(?P<level>[A-Z]{{3}})|\?\?\?) > (?P<message>.*)"),
    "gorust--simplelog-0.12.2.log": Sample(r"[\d:]{8} \[(?P<level>\w+)\] (?:\(1\) (?P<resource>\w+): (?:\[\S+\] )?)?(?P<message>.*)", None),
    "gorust--slog-default-go1.26.8.log": Sample(_GO + r" (?P<level>[A-Z]+)(?:[+-]\d)? (?P<message>.*)"),
    "gorust--slogrs-full-2.8.2.log": Sample(r"(?P<time>\w{3} \d\d [\d:.]+) (?P<level>[A-Z]{4}) (?P<message>.*)", lambda text: of("%Y %b %d %H:%M:%S.%f")(f"2026 {text}")),
    "gorust--srv-coredns.log": Sample(_GO + r" \[(?P<level>\w+)\] (?:(?P<resource>plugin/\w+): )?(?P<message>.*)"),
    "gorust--stdlog-default-go1.26.8.log": Sample(_GO + r" (?:\[?(?P<level>WARN|ERROR)(?:\]|:)? )?(?P<message>.*)"),
    "gorust--stdlog-flags-go1.26.8.log": Sample(r"shop: (?P<time>\d{4}/\d\d/\d\d [\d:.]+) main.go:\d+: (?:\[?(?P<level>WARN|ERROR)(?:\]|:)? )?(?P<message>.*)"),
    "gorust--stdlog-panic-go1.26.8.log": Sample(r"shop: (?P<time>\d{4}/\d\d/\d\d [\d:.]+) main.go:\d+: (?:\[?(?P<level>WARN|ERROR)(?:\]|:)? )?(?P<message>.*)", others={r"panic: ": "error"}),
    "gorust--tint-color-1.2.1.log": Sample(r"(?P<time>\w{3} \d\d [\d:.]+) (?P<level>[A-Z]{3})(?:\+\d)? (?P<message>.*)", lambda text: of("%Y %b %d %H:%M:%S.%f")(f"2026 {text}")),
    "gorust--tint-nocolor-1.2.1.log": Sample(r"(?P<time>\w{3} \d\d [\d:.]+) (?P<level>[A-Z]{3})(?:\+\d)? (?P<message>.*)", lambda text: of("%Y %b %d %H:%M:%S.%f")(f"2026 {text}")),
    "gorust--zap-dev-1.28.0.log": Sample(rf"(?P<time>{_TS}\.\d+\+0100)\t(?P<level>[A-Z]+)\t(?:(?P<resource>[\w.]+)\t)?\S+:\d+\t(?P<message>.*)", fields=r"\t\{.*$"),
    "gorust--zap-prodconsole-1.28.0.log": Sample(r"(?P<time>\d\.\d+e\+09)\t(?P<level>[a-z]+)\t(?:(?P<resource>[\w.]+)\t)?\S+:\d+\t(?P<message>.*)", epoch, fields=r"\t\{.*$"),
    "gorust--zerolog-console-1.35.1.log": Sample(r"2:19PM (?:(?P<level>TRC|DBG|INF|WRN|ERR|FTL|PNC)|\?\?\?|(?=MIN)) ?(?:\.\.\S+ > )?(?P<message>.*)", None),
    "gorust--zerolog-consolenc-1.35.1.log": Sample(r"2:19PM (?:(?P<level>TRC|DBG|INF|WRN|ERR|FTL|PNC)|\?\?\?|(?=MIN)) ?(?:\.\.\S+ > )?(?P<message>.*)", None),
    "gorust--zerolog-consoletime-1.35.1.log": Sample(rf"(?P<time>{_TS}\S+) (?:(?P<level>TRC|DBG|INF|WRN|ERR|FTL|PNC)|\?\?\?|(?=MIN)) ?(?:\.\.\S+ > )?(?P<message>.*)"),
    # Python and the JVM
    "jvmpy--airflow-3.3.2-scheduler.log": Sample(rf"(?P<time>{_TS}\.\d+(?:Z|\+00:00)) \[(?P<level>\w+) *\] (?P<message>.*)", fields=r"(?: +\[[\w.]+\])(?: +\w+=(?:\[[^\]>]*\]|[^\s>]+))+$| +$", skip=r"[ _]"),
    "jvmpy--celery-5.7.0.log": Sample(rf"\[(?P<time>{_TS},\d+): (?P<level>\w+)/\w+\] (?P<message>.*)", skip=r"/srv|absolutely|Please|User|  _warn"),
    "jvmpy--dramatiq-2.2.1.log": Sample(rf"\[(?P<time>{_TS},\d+)\] \[PID \d+\] \[\S+\] \[(?P<resource>\S+)\] \[(?P<level>\w+)\] (?P<message>.*)"),
    "jvmpy--jboss-logmanager-3.2.2-pattern.log": Sample(rf"(?P<time>{_TS},\d+) (?P<level>\w+) +\[(?P<resource>\S+)\] \(main\) (?P<message>.*)"),
    "jvmpy--jul-jdk17-simple.log": _jul(r"\w{3} \d+, \d+ [\d:]+ [AP]M", "%b %d, %Y %I:%M:%S %p"),
    "jvmpy--jul-jdk17-simple-de.log": _jul(r"\w{3}\. \d+, \d+ [\d:]+ [AP]M", "%b. %d, %Y %I:%M:%S %p"),
    "jvmpy--jul-jdk17-simple-fr.log": _jul(r"\w{3}\. \d+, \d+ [\d:]+ [AP]M", "%b. %d, %Y %I:%M:%S %p"),
    "jvmpy--jul-jdk17-simple-ja.log": _jul(r"11月 \d+, \d+ [\d:]+ 午後", "%m月 %d, %Y %I:%M:%S 午後", afternoon=True),
    "jvmpy--jul-jdk17-simple-ar.log": _jul(r"نوفمبر \S+, \S+ \S+ م", None),
    "jvmpy--jul-jdk25-simple-de.log": _jul(r"\w{3}\. \d+, \d+ [\d:]+ [AP]M", "%b. %d, %Y %I:%M:%S %p"),
    "jvmpy--jul-jdk25-simple.log": _jul(r"\w{3} \d+, \d+ [\d:]+ [AP]M", "%b %d, %Y %I:%M:%S %p"),
    "jvmpy--loguru-0.7.3-text.log": Sample(rf"(?P<time>{_TS}\.\d+) \| (?P<level>Level 33|\w+) +\| (?P<resource>\w+):\S+:\d+ - (?P<message>.*)", levels={"Level 33": "warn"}),
    "jvmpy--opensearch-3.8.0-jdk25-gc.log": Sample(rf"\[(?P<time>{_TS}\.\d+\+0000)\]\[\d+\]\[(?P<level>\w+) *\]\[[\w,]+ *\] (?P<message>.*)"),
    "jvmpy--opensearch-3.8.0-plain.log": Sample(rf"\[(?P<time>{_TS},\d+)\]\[(?P<level>\w+) *\]\[(?P<resource>\S+) *\] \[node-1\] (?P<message>.*)"),
    "jvmpy--otel-logging-0.66b2-fmt.log": Sample(rf"(?P<time>{_TS},\d+) (?P<level>Level 25|\w+) \[(?P<resource>\S+)\] \[\S+\] \[[^\]]+\] - (?P<message>.*)", levels={"Level 25": "info"}),
    "jvmpy--py3.12-logging-asctime.log": Sample(rf"(?P<time>{_TS},\d+) (?P<level>Level 25|\w+) (?P<resource>acme.pay): (?P<message>.*)", levels={"Level 25": "info"}),
    "jvmpy--py3.12-logging-basic.log": Sample(r"(?P<level>Level 25|[A-Z]+):(?P<resource>acme.pay):(?P<message>.*)", None, levels={"Level 25": "info"}),
    "jvmpy--py3.12-logging-dash.log": Sample(rf"(?P<time>{_TS},\d+) - (?P<resource>acme.pay) - (?P<level>Level 25|\w+) - (?P<message>.*)", levels={"Level 25": "info"}),
    "jvmpy--py3.12-logging-lvl8.log": Sample(rf"(?P<time>{_TS},\d+) (?P<level>Level 25|\w+) +\[MainThread\] (?P<resource>acme.pay) \S+:\d+ (?P<message>.*)", levels={"Level 25": "info"}),
    "jvmpy--py3.12-logging-thread.log": Sample(rf"(?P<time>{_TS},\d+) \[(?P<level>Level 25|\w+)\] \d+ MainThread (?P<message>.*)", levels={"Level 25": "info"}),
    "jvmpy--spring-boot-3.4.13-text.log": Sample(rf"(?P<time>{_TS}\.\d+Z) +(?P<level>\w+) \d+ --- \[pay\] \[ *\S+\] (?P<resource>\S+) +: (?P<message>.*)"),
    "jvmpy--spring-boot-3.5.14-text.log": Sample(rf"(?P<time>{_TS}\.\d+Z) +(?P<level>\w+) \d+ --- \[pay\] \[ *\S+\] (?P<resource>\S+) +: (?P<message>.*)"),
    "jvmpy--spring-boot-4.1.2-text.log": Sample(rf"(?P<time>{_TS}\.\d+Z) +(?P<level>\w+) \d+ --- \[pay\] \[ *\S+\] (?P<resource>\S+) +: (?P<message>.*)"),
    "jvmpy--structlog-26.1.0-console.log": Sample(rf"(?P<time>{_TS}) \[(?P<level>\w+) *\] (?P<message>.*)", fields=_PADDED),
    "jvmpy--uvicorn-0.54.0.log": Sample(r"(?P<level>INFO|WARNING|ERROR|CRITICAL): +(?P<message>.*)", None),
    "jvmpy--err-logback-pattern": Sample(r"(?P<message>Exception in thread .*)", None, level="error"),
    # Node.js
    "node--electron-log-5.4.4.log": Sample(rf"\[(?P<time>{_TS}\.\d+)\] \[(?P<level>\w+)\] +(?:\(db\) )?(?P<message>.*)"),
    "node--log4js-6.9.1-basic.log": Sample(rf"\[(?P<time>{_TS}\.\d+)\] \[(?P<level>\w+)\] (?P<resource>\S+) - (?P<message>.*)"),
    "node--log4js-6.9.1-coloured.log": Sample(rf"\[(?P<time>{_TS}\.\d+)\] \[(?P<level>\w+)\] (?P<resource>\S+) - (?P<message>.*)"),
    "node--log4js-6.9.1-file.log": Sample(rf"\[(?P<time>{_TS}\.\d+)\] \[(?P<level>\w+)\] (?P<resource>\S+) - (?P<message>.*)"),
    "node--logtape-2.4.2-text.log": Sample(rf"(?P<time>{_TS}\.\d+ \S+) \[(?P<level>\w+)\] (?P<resource>\S+): (?P<message>.*)"),
    "node--morgan-1.12.1-common.log": Sample(r"(?P<message>\S+ - .* \[(?P<time>[^\]]+)\] \"[^\"]*\" (?P<level>\d{3}|-) .*)", of("%d/%b/%Y:%H:%M:%S +0000"), levels={"200": "info", "302": "info", "404": "warn", "500": "error", "-": "info"}),
    "node--morgan-1.12.1-default.log": Sample(r"(?P<message>\S+ - .* \[(?P<time>[^\]]+)\] \"[^\"]*\" (?P<level>\d{3}|-) .*)", of("%a, %d %b %Y %H:%M:%S GMT"), levels={"200": "info", "302": "info", "404": "warn", "500": "error", "-": "info"}),
    "node--morgan-1.12.1-dev.log": Sample(r"(?P<message>GET \S+ (?P<level>\d{3}) .*)", None, levels={"200": "info", "302": "info", "404": "warn", "500": "error"}, others={r"GET /abort": None}),
    "node--morgan-1.12.1-tiny.log": Sample(r"(?P<message>GET \S+ (?P<level>\d{3}) .*)", None, levels={"200": "info", "302": "info", "404": "warn", "500": "error"}, others={r"GET /abort": None}),
    "node--nest-11.2.10-text.log": Sample(r"\[Nest\] \d+ +- (?P<time>\S+ \S+ [AP]M) +(?P<level>\w+) \[(?P<resource>\w+)\] (?P<message>.*)", of("%m/%d/%Y, %I:%M:%S %p")),
    "node--nest-11.2.10-text.err": Sample(r"\[Nest\] \d+ +- (?P<time>\S+ \S+ [AP]M) +(?P<level>\w+) \[(?P<resource>\w+)\] (?P<message>.*)", of("%m/%d/%Y, %I:%M:%S %p")),
    "node--nest-12.5.1-text.log": Sample(r"\[Nest\] \d+ +- (?P<time>\S+ \S+ [AP]M) +(?P<level>\w+) \[(?P<resource>\w+)\] (?P<message>.*)", of("%m/%d/%Y, %I:%M:%S %p")),
    "node--nest-11.2.10-prefix.log": Sample(r"\[myapp\] \d+ +- (?P<time>\S+ \S+ [AP]M) +(?P<level>\w+) \[(?P<resource>\w+)\] (?P<message>.*)", of("%m/%d/%Y, %I:%M:%S %p")),
    "node--pino-pretty-13.2.0-default.log": Sample(r"\[[\d:.]+\] (?P<level>\w+) \(\d+\): ?(?P<message>.*)", None),
    "node--pino-pretty-13.2.0-colorize.log": Sample(r"\[[\d:.]+\] (?P<level>\w+) \(\d+\): ?(?P<message>.*)", None),
    "node--pino-pretty-13.2.0-tSYS:standard.log": Sample(rf"\[(?P<time>{_TS}\.\d+ \+0000)\] (?P<level>\w+) \(\d+\): ?(?P<message>.*)"),
}  # fmt: skip

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def events(text: str, sample: Sample) -> Iterator[Event]:
    """Yield the events of a sample's text."""
    text = _ANSI.sub("", text)
    first = re.compile(sample.event)
    others = [(re.compile(begins), level) for begins, level in sample.others.items()]
    lines = text.split("\n")
    began: list[tuple[int, re.Match[str] | None, str | None]] = []
    number = 0
    while number < len(lines):
        found = first.match("\n".join(lines[number : number + 2]))
        other = next(((begins, level) for begins, level in others if begins.match(lines[number])), None)
        if other is not None and (found is None or found.end() == 0):
            began.append((number, None, other[1]))
        elif found is not None:
            began.append((number, found, None))
            number += found[0].count("\n")
        number += 1
    for place, (number, found, level) in enumerate(began):
        end = began[place + 1][0] if place + 1 < len(began) else len(lines)
        yield _event(lines[number:end], found, level, sample)


def _event(lines: list[str], found: re.Match[str] | None, level: str | None, sample: Sample) -> Event:
    parts: dict[str, Any] = {} if found is None else found.groupdict()
    message = parts.get("message") or parts.get("message2") or (lines[0] if found is None else "")
    if sample.fields is not None:
        message = re.sub(sample.fields, "", message)
    rest = lines[1 + (found[0].count("\n") if found is not None else 0) :]
    if sample.repeated is not None:
        rest = [re.sub(sample.repeated, "", line) for line in rest]
    word = parts.get("level") or parts.get("level2")
    if word is not None:
        level = sample.levels.get(word) or RANKS[word]
    time = None
    if parts.get("time") and sample.time is not None:
        time = sample.time(parts["time"])
    first = message.strip(" \t")
    whole = "\n".join((first, *rest)) if first else textwrap.dedent("\n".join(rest))
    whole = whole.rstrip()
    return Event(whole, level or sample.level, time, parts.get("resource") or None)
