"""Forms of loggers that are used everywhere: klog, logcat, .NET's console, npm, Python's logging, Tornado, Log4j's TTCC."""

from __future__ import annotations

from app.log.lines import words
from app.log.lines.rows.form import Form, form

_ISO = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,9}"

LOGGERS: tuple[Form, ...] = (
    # klog, glog, whose newer releases write the year too: I0915 08:00:00.123456  1234 file.go:12] text
    form(
        "klog",
        "[IWEF]",
        r"(?P<letter>[IWEF])(?P<year>\d{4})??(?P<month>\d\d)(?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d\.\d{6})\s+(?P<tid>\d+) "
        r"(?P<file>[^\s:\]]+):(?P<line>\d+)\] (?P<message>.*)",
        words.LETTERS,
        pairs=True,
    ),
    # Android's logcat: 03-17 16:13:38.811  1702  2395 D Tag: text
    form(
        "logcat",
        r"\d",
        r"(?P<month>\d\d)-(?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d\.\d{3}) +(?P<pid>\d+) +(?P<tid>\d+) (?P<letter>[VDIWEF]) "
        r"(?P<resource>.{1,255}?) *: (?P<message>.*)",
        words.LETTERS,
    ),
    # The same in its shorter forms: 11-29 14:19:07.123 D/Tag( 1234): text
    form(
        "logcat-brief",
        r"[\dVDIWEF]",
        r"(?:(?P<month>\d\d)-(?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d\.\d{3}) )?(?P<letter>[VDIWEF])/(?P<resource>[^()\s]{1,255}) *"
        r"\( *(?P<pid>\d+)\): (?P<message>.*)",
        words.LETTERS,
    ),
    # .NET's console, the text beneath: fail: Shop.Pay[0]
    form(
        "dotnet",
        r"[tdiwfc]|0:|0-(?: aa|\] a)|\[0|\[0-(?:\] a| aa)",
        r"(?:\[?(?P<time>(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:\.\d{1,7})?(?:Z|[+-]\d\d:\d\d)?)\]? )?"
        r"(?P<level>trce|dbug|info|warn|fail|crit): (?P<resource>[A-Za-z_][\w.+`<>]{0,250})\[(?P<event>-?\d{1,10})\](?: (?P<message>.*)|(?P<rest>\s*))",
        {"trce": "trace", "dbug": "debug", "fail": "error", "crit": "critical"},
    ),
    # npm and what writes as it does, and its debug log: npm ERR! code E404; gyp verb cli; 17 verbose stack Error: x
    form(
        "npm",
        r"[nglp\d]",
        r"(?:(?P<program>npm|gyp|lerna|node-pre-gyp|prebuild-install) (?P<level>ERR!|WARN|warn|error|notice|info|http|verb|sill)|(?P<line>\d{1,7}) (?P<word>error|warn|info|http|verbose|silly|timing|notice)) (?P<message>.*)",
    ),
    # Python's logging without a format: ERROR:root:text
    form(
        "logging",
        "[DIWECL]",
        r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL|Level \d{1,3}):(?P<resource>[A-Za-z_][\w.-]{0,254}):(?P<message>.*)",
    ),
    # OpenStack's oslo.log: time, process, level, module, [request and user]
    form(
        "oslo",
        r"0- 0.|[\dA-Za-z]",
        rf"(?:(?P<file>\S{{1,200}}\.log\S{{0,50}}) )?(?P<time>{_ISO}) (?P<pid>\d+) (?P<level>[A-Z]{{4,8}}) (?P<resource>[\w.-]{{1,255}}) "
        r"\[(?:(?P<traceId>req-[\w-]{1,200})[^\]]*|-)\] (?P<message>.*)",
    ),
    # Redis and Valkey: 21865:M 29 Nov 2026 14:45:38.297 # text
    form(
        "redis",
        r"\d",
        r"(?P<pid>\d{1,10}):(?P<role>[XCSM]) (?P<time>\d\d? [A-Z][a-z]{2} \d{4} [\d:.]{8,15}) (?P<letter>[.*#-]) (?P<message>.*)",
        {".": "debug", "-": "info", "*": "notice", "#": "warn"},
    ),
    # Tornado, Jupyter, Optuna: [W 261129 18:46:40 web:2348] text; [I 2026-11-29 14:00:00,123] text
    form(
        "tornado",
        r"\[a",
        r"\[(?P<letter>[DIWEC]) (?P<time>\d{6} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d [\d:.,]{8,15})(?: (?P<resource>[^\]\s:]{1,100})(?::(?P<line>\d{1,7}))?)?\] (?P<message>.*)",
        words.LETTERS,
    ),
    # Log4j's and Logback's TTCC, milliseconds since the start: 2265 [main] WARN acme.Pay ctx - text
    form(
        "ttcc",
        r"\d",
        r"(?P<uptime>\d{1,10}) +(?:\[(?P<thread>[^\]]{1,80})\] )?(?P<level>[A-Z]{4,6}) +(?P<resource>[\w.$]{1,250})(?: \[\]| (?P<context>[^\s-]{1,100}))? - (?P<message>.*)",
    ),
    # Gin: [GIN] 2026/11/29 - 18:59:42 | 404 | 70ns | 192.0.2.1 | GET "/nope"
    form(
        "gin",
        r"\[a",
        r"\[GIN\] (?P<time>\d{4}/\d\d/\d\d - \d\d:\d\d:\d\d) \| *(?P<message>(?P<status>\d{3}) \| +(?P<took>\S{1,40}) \| +(?P<client>\S{1,60}) \| (?P<method>[A-Z]{1,20}) +\"(?P<path>[^\"]*)\".*)",
    ),
    form("gin-debug", r"\[a", r"\[GIN-debug\] (?:\[(?P<level>[A-Z]{4,8})\] )?(?P<message>.*)", level="debug"),
    # MySQL 8's error log: 2026-11-29T18:46:40.123456Z 8 [Warning] [MY-010055] [Server] text
    form(
        "mysqld",
        "0- [ 0].",
        r"(?P<time>\d{4}-\d\d-\d\dT[\d:.]{8,15}(?:Z|[+-]\d\d:\d\d)) +(?P<thread>\d{1,20}) \[(?P<level>System|Note|Warning|ERROR)\] \[(?P<code>MY-\d{6})\] "
        r"\[(?P<resource>[\w-]{1,60})\] (?P<message>.*)",
        {"System": "notice"},
    ),
    # Semantic Logger: 2026-11-29 18:46:40.123456 E [123:main pay.rb:6] Pay -- text
    form(
        "semantic",
        "0- a ",
        rf"(?P<time>{_ISO}) (?P<letter>[TDIWEF]) \[(?P<pid>\d{{1,10}}):(?P<thread>[^\] ]{{1,60}})(?: (?P<source>[^\]]{{1,200}}))?\] (?:\[[^\]]{{0,200}}\] |\{{[^}}]{{0,300}}\}} |\([\d.]{{1,12}}m?s\) ){{0,3}}"
        r"(?P<resource>[\w:.]{1,250}) -- (?P<message>.*?)(?: -- (?P<payload>\{.*+(?<=\})))?",
        words.LETTERS,
    ),
)
