"""Forms of loggers that are a language's own, or usual in one: Go, Java, .NET, Erlang, Haskell."""

from __future__ import annotations

from app.log.lines.rows.form import Form, form

_DAY = r"\d{4}(?:-\d\d-|/\d\d/)\d\d"
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_ZONE = r"(?:Z| ?[+-]\d\d:?\d\d)?"

LANGUAGES: tuple[Form, ...] = (
    # go-logging, as its documents show it: 14:00:00.123 main ▶ INFO 001 text
    form(
        "go-logging",
        "0:",
        rf"(?P<time>{_CLOCK}) (?P<function>[\w.*()]{{1,100}}) ▶ (?P<level>[A-Z]{{4,8}}) (?P<id>[0-9a-f]{{3,16}}) (?P<message>.*)",
    ),
    # Beego, its letters that no other logger writes: 2026/11/30 08:00:00.123 [A] [main.go:12] text
    form(
        "beego",
        r"0/ \[a",
        rf"(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK}) \[(?P<letter>[MAN])\] {{1,2}}(?:\[(?P<source>[\w./-]{{1,200}}\.go:\d{{1,7}})\] {{1,2}}(?:\[(?P<resource>[\w.-]{{1,60}})\] )?)?(?P<message>.*)",
        {"M": "emergency", "A": "alert", "N": "notice"},
    ),
    # btclog with its places: 2026-11-30 08:00:00.123 [INF] PEER peer.go:12: text
    form(
        "btclog",
        r"0[/-] \[a",
        rf"(?P<time>{_DAY} {_CLOCK}) \[(?P<level>TRC|DBG|INF|WRN|ERR|CRT)\] (?P<resource>[A-Z][A-Z\d]{{1,9}}) (?P<source>[\w./-]{{1,200}}\.go:\d{{1,7}}): (?P<message>.*)",
    ),
    # nested-logrus-formatter: Nov 30 08:00:00.123 [WARN] [component:pay] [pct:95] text
    form(
        "nested-logrus",
        "[A-Z]",
        rf"(?P<time>[A-Z][a-z]{{2}} [ \d]\d {_CLOCK}) \[(?P<level>TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\] (?P<labels>(?:\[[A-Za-z_][\w.-]{{0,60}}:[^\[\]]{{0,200}}\] ){{1,20}})(?P<message>.*)",
    ),
    # electron-log for Node.js: 08:00:00.123 (scope) › text
    form(
        "electron-log",
        "0:",
        rf"(?P<time>{_CLOCK})(?: \((?P<resource>[\w.@/ -]{{1,60}})\))? {{1,20}}› (?P<message>(?![\[\u2000-\uffff]|[A-Z]{{3,8}}[ :]).*)",
    ),
    # chi: 2026/11/29 14:00:01 [host/abc-000001] "GET http://localhost/x HTTP/1.1" from 127.0.0.1:1234 - 500 10B in 12.3µs
    form(
        "chi",
        r"0[/-] [\"\[].",
        rf"(?P<time>{_DAY} {_CLOCK}) (?P<message>(?:\[(?P<request_id>[^\]\s]{{1,200}})\] )?\"(?P<method>[A-Z]{{1,20}}) (?P<path>\S{{1,2000}}) HTTP/[\d.]{{1,3}}\" from (?P<client>\S{{1,60}}) - (?P<status>\d{{3}}) (?P<bytes>\d{{1,15}})B in .*)",
    ),
    # Fiber: 14:00:01 | 500 |      12.3µs |  127.0.0.1 | GET     | /x
    form(
        "fiber",
        r"0:|\[0",
        rf"(?:\[?(?P<time>{_CLOCK})\]? \| )(?P<message>(?P<status>\d{{3}}) \| +(?P<took>\S{{1,40}}) \| +(?P<client>[0-9a-fA-F.:]{{2,45}}) \| (?P<method>[A-Z]{{1,20}}) +\| (?P<path>\S{{1,2000}}).*)",
    ),
    # slf4j-simple: [main] INFO shop.Pay - text
    form(
        "slf4j-simple",
        r"\[.|\[0-.{1,3}",
        r"\[(?P<thread>[^\[\]]{1,80})\] (?P<level>TRACE|DEBUG|INFO|WARN|ERROR) (?P<resource>[A-Za-z_][\w.$-]{0,250}) - (?P<message>.*)",
    ),
    # NLog in ASP.NET: 2026-11-29 14:00:02.1234|0|WARN|Shop.Pay|text |url: https://localhost/x|action: Index
    form(
        "nlog",
        r"0[/-]\|0.",
        rf"(?P<time>{_DAY} {_CLOCK})\|(?P<event>\d{{1,10}})\|(?P<level>[A-Z]{{4,5}})\|(?P<resource>[^|\s]{{1,250}})\|(?P<message>.*?)(?: ?\|url: (?P<url>[^|]{{0,2000}})\|action: (?P<action>[^|]{{0,300}}))?",
    ),
    # .NET's console for systemd: <3>2026-11-29T14:00:02.123Z Shop.Pay[0] text
    form(
        "dotnet-systemd",
        "<",
        rf"<(?P<priority>[0-7])>(?:(?P<time>(?:{_DAY}[T ])?{_CLOCK}{_ZONE}) ?)?(?P<resource>[A-Za-z_][\w.+`<>]{{0,250}})\[(?P<event>-?\d{{1,10}})\] (?P<message>.*)",
    ),
    # Erlang's lager with the place in the source: 2026-11-29 14:00:01.123 [error] <0.123.0>@shop_pay:take:12 text
    form(
        "lager",
        r"0:|0[/-] \[a",
        rf"(?P<time>(?:{_DAY} )?{_CLOCK}{_ZONE}) \[(?P<level>[a-z]{{4,9}})\] <(?P<pid>[\d.]{{5,30}})>@(?P<resource>[\w']{{1,100}}):(?P<function>[\w/'-]{{1,100}}):(?P<line>\d{{1,7}}) (?P<message>.*)",
    ),
    # katip for Haskell: [2026-11-29 14:00:01][Shop.pay][Error][web1][PID 12][ThreadId 3][order:17][main:Main app/Main.hs:13:5] text
    form(
        "katip",
        r"\[0|\[0-\]\[.",
        rf"\[(?P<time>{_DAY} {_CLOCK})\]\[(?P<resource>[^\[\]]{{0,200}})\]\[(?P<level>[A-Z][a-z]{{3,8}})\]\[(?P<host>[^\[\]]{{0,200}})\]\[PID (?P<pid>\d{{1,10}})\]\[ThreadId (?P<tid>\d{{1,10}})\]"
        r"(?P<context>(?:\[[^\[\]\s]{1,200}\]){0,20})(?:\[(?P<source>[\w.-]{1,100}:[\w.]{1,100} [^\[\]\s]{1,200}:\d{1,7}:\d{1,5})\])? (?P<message>.*)",
    ),
)
