"""Forms of databases, storage, clusters and servers of applications, and of what guards a network."""

from __future__ import annotations

from app.log.lines import words
from app.log.lines.rows.form import Form, form

_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d"
_FRACTION = r"(?:[.,]\d{1,9})?"
_DATE = r"(?P<month>\d\d)(?P<day>\d\d)"
#: ArcSight's severities, of which its manual counts 0 to 3 as low and 9 to 10 as very high.
_CEF = {
    **dict.fromkeys(("0", "1", "2", "3", "Low"), "info"),
    **dict.fromkeys(("4", "5", "6", "Medium"), "warn"),
    **dict.fromkeys(("7", "8", "High"), "error"),
    **dict.fromkeys(("9", "10", "Very-High"), "critical"),
}

DAEMONS: tuple[Form, ...] = (
    # CockroachDB: E261129 14:00:02.123456 245 sql/conn.go:99 ⋮ [n1,client=127.0.0.1:4] 14  text
    form(
        "cockroach",
        "[IWEF]",
        rf"(?P<letter>[IWEF])(?P<year>\d\d){_DATE} (?P<clock>{_CLOCK}\.\d{{6}}) (?P<tid>\d{{1,20}}) (?:\d@)?(?P<source>[^\s:]{{1,200}}:\d{{1,7}}) (?:⋮ )?(?:\[(?P<context>[^\]]{{0,500}})\] )?(?:(?P<record>\d{{1,20}}) )? ?(?P<message>.*)",
        words.LETTERS,
    ),
    # TiDB, TiKV: [2026/11/29 14:00:02.123 +00:00] [ERROR] [pay.go:12] ["text"] [conn=17] [error="refused by bank"]
    form(
        "tidb",
        r"\[0",
        rf"\[(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK}\.\d{{3}} [+-]\d\d:\d\d)\] \[(?P<level>[A-Z]{{4,5}})\] \[(?P<source>[^\]\s]{{1,200}}|<unknown>)\] "
        r"\[(?:\"(?P<quoted>(?:[^\"\\]|\\.)*+)\"|(?P<message>[^\]]*+))\](?P<fields>(?: \[(?:\"(?:[^\"\\]|\\.)*+\"|[^\"\[\]=])+=(?:\"(?:[^\"\\]|\\.)*+\"|[^\"\]]*+)\])*)",
    ),
    # Ceph, an address as the thread: 2026-11-29T14:00:01.123+0000 7f1234567890 -1 text
    form(
        "ceph",
        "0- [0a][0a]",
        rf"(?P<time>{_DAY}T{_CLOCK}\.\d{{3}}[+-]\d{{4}}) (?P<thread>(?=\d*[a-f])[0-9a-f]{{12,16}}) +(?P<letter>-1|\d{{1,2}}) (?P<message>.*)",
        {"-1": "error", **dict.fromkeys(("0", "1"), "info"), **{str(number): "debug" for number in range(2, 31)}},
    ),
    # GlusterFS: [2026-11-29 14:00:02.123456 +0000] E [MSGID: 100030] [socket.c:2327:connect] 0-glusterfs: text
    form(
        "gluster",
        r"\[0-\] a",
        rf"\[(?P<time>{_DAY} {_CLOCK}\.\d{{6}}(?: [+-]\d{{4}})?)\] (?P<letter>[MACEWNIDT]) \[(?:MSGID: (?P<code>\d{{1,9}})\] \[)?(?P<source>[^\]\s]{{1,200}}:\d{{1,7}}:\w{{1,100}})\] (?:\([^)]{{0,500}}\)[^:]{{0,10}} )?(?P<resource>\S{{1,100}}): (?P<message>.*)",
        {**words.LETTERS, "M": "emerg", "A": "alert"},
    ),
    # libvirt: 2026-11-29 14:00:02.123+0000: 1234: error : virNetSocketReadWire:1804 : text
    form(
        "libvirt",
        "0-: 0",
        rf"(?P<time>{_DAY} {_CLOCK}\.\d{{3}}[+-]\d{{4}}): (?P<pid>\d{{1,10}}): (?P<level>error|warning|info|debug) : (?:(?P<function>\w{{1,200}}):(?P<line>\d{{1,7}}) : )?(?P<message>.*)",
    ),
    # Pacemaker, behind time and host: pacemaker-fenced    [1241] (main@x.c:12) ⇥error: text
    form(
        "pacemaker",
        "[a-z]",
        r"(?P<app>[a-z][\w-]{1,60}) +\[(?P<pid>\d{1,10})\] \((?P<source>[\w.@:-]{1,200})\) ?\t(?P<level>[a-z]{4,8}): (?P<message>.*)",
    ),
    # SQL Server, source in a column: 2026-11-29 14:00:02.12 Logon       Error: 18456, Severity: 14, State: 8.
    form(
        "sqlserver",
        "0- aa",
        rf"(?P<time>{_DAY} {_CLOCK}\.\d\d) (?P<resource>spid\d{{1,6}}s?|Server|Logon|Backup|Agent) {{2,12}}(?P<message>(?:(?P<level>Error): )?.*)",
        level="info",
    ),
    # Squid: 2026/11/29 14:00:01 kid1| WARNING: text
    form(
        "squid-cache",
        r"0/(?: aa|\| .?)",
        rf"(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK})(?: (?P<worker>kid\d{{1,4}}))?\| (?:(?P<level>WARNING|ERROR|FATAL): )?(?P<message>.*)",
        level="info",
    ),
    # lighttpd: 2026-11-29 14:00:00: (server.c.1909) text
    form(
        "lighttpd",
        "0-: .",
        rf"(?P<time>{_DAY} {_CLOCK}): \(?(?P<source>[\w./-]{{1,100}}\.c[.:]\d{{1,7}})\) (?P<message>.*)",
        level="info",
    ),
    # Transmission 4: [2026-11-29 14:00:04.123] err x.cc:12 text
    form(
        "transmission",
        r"\[0-\] a",
        rf"\[(?P<time>{_DAY}[ T]{_CLOCK}\.\d{{3}}Z?)\] (?P<level>dbg|inf|wrn|err|trc) (?P<source>[\w./-]{{1,100}}:\d{{1,7}}) (?P<message>.*)",
        {"dbg": "debug", "inf": "info", "wrn": "warn", "err": "error", "trc": "trace"},
    ),
    # Jetty: 2026-11-29 14:00:01.123:WARN :oejs.Server:main: text
    form(
        "jetty",
        "0-:aa",
        rf"(?P<time>{_DAY} {_CLOCK}\.\d{{3}}):(?P<level>[A-Z]{{4,5}}) {{0,2}}:(?P<resource>[\w.$-]{{0,200}}):(?P<thread>[^:]{{1,100}}): ?(?P<message>.*)",
    ),
    # Airlift, of Trino and Presto: TIME⇥ERROR⇥main⇥io.trino.server.Server⇥text
    form(
        "airlift",
        r"0-\taa",
        rf"(?P<time>{_DAY}T{_CLOCK}\.\d{{3}}(?:Z|[+-]\d\d:?\d\d))\t(?P<level>[A-Z]{{4,5}})\t(?P<thread>[^\t]{{1,200}})\t(?P<resource>[A-Za-z_][\w$-]{{0,100}}(?:\.[\w$-]{{1,100}}){{1,12}})\t(?P<message>.*)",
    ),
    # Puppet: 2026-11-29 14:00:02 +0000 /Stage[main]/File[/x]/ensure (err): text
    form(
        "puppet",
        "0- [a/].",
        rf"(?P<time>{_DAY} {_CLOCK} [+-]\d{{4}}) (?P<resource>[A-Z/][^()]{{0,250}}) \((?P<level>emerg|alert|crit|err|warning|notice|info|debug)\): (?P<message>.*)",
    ),
    # Phusion Passenger: [ E 2026-11-29 14:00:02.1234 12/Ta age/Cor/App/Imp.cpp:221 ]: text
    form(
        "passenger",
        r"\[ ",
        rf"\[ (?P<letter>[CEWNID])\d? (?P<time>{_DAY} {_CLOCK}\.\d{{4}}) (?P<pid>\d{{1,10}})/(?P<thread>\w{{1,20}}) (?P<source>\S{{1,200}}:\d{{1,7}}) \]: (?P<message>.*)",
        words.LETTERS,
    ),
    form("passenger-app", "A", r"App (?P<pid>\d{1,10}) (?P<stream>output|error): (?P<message>.*)", level="info"),
    # SAP's list format: #2.0#2026 11 30 05:34:04:211#+00:00#ERROR#/shop/pay#####id##########id#PLAIN##text#
    form(
        "sap",
        "#",
        rf"#2\.0#(?P<year>\d{{4}}) (?P<month>\d\d) (?P<day>\d\d) (?P<clock>{_CLOCK}:\d{{3}})#(?P<offset>[+-]\d\d:?\d\d)#(?P<level>[A-Z]{{4,7}})#(?P<resource>[^#]{{1,250}})#(?:[^#]{{0,200}}#){{8,16}}PLAIN#[^#]{{0,200}}#(?P<message>.*?)#?",
    ),
    # Ray's C++: [2026-11-29 14:00:04,123 E 1234 1240] (raylet) pay.cc:123: text
    form(
        "ray",
        r"\[0- a ",
        rf"\[(?P<time>{_DAY} {_CLOCK},\d{{3}}) (?P<letter>[DIWECF]) (?P<pid>\d{{1,10}}) (?P<tid>\d{{1,10}})\] (?:\((?P<resource>[\w-]{{1,60}})\) )?(?P<source>[\w./-]{{1,100}}:\d{{1,7}}): +(?P<message>.*)",
        words.LETTERS,
    ),
    # Kratos for Go: ERROR ts=2026-11-29T14:00:02Z caller=main.go:14 msg=text
    form(
        "kratos",
        "[DIWEF]|A a",
        r"(?P<level>DEBUG|INFO|WARN|ERROR|FATAL) ts=(?P<time>\d{4}-\d\d-\d\dT\S{8,30}) (?P<pairs>(?:(?!msg=)[\w.]{1,60}=\S{0,500} ){0,20})msg=(?P<message>.*)",
        pairs=True,
    ),
    # TYPO3: Sun, 29 Nov 2026 14:00:01 +0000 [WARNING] request="abc123" component="TYPO3.CMS.Pay": text - {"path":"/var"}
    form(
        "typo3",
        "[A-Z]",
        rf"(?P<time>[A-Z][a-z]{{2}}, \d\d [A-Z][a-z]{{2}} \d{{4}} {_CLOCK} [+-]\d{{4}}) \[(?P<level>[A-Z]{{4,9}})\] request=\"(?P<request_id>[^\"]{{0,100}})\" component=\"(?P<resource>[^\"]{{1,250}})\": (?P<message>.*?)(?: - (?P<json>\{{\".*))?",
    ),
    # g3log for C++, microseconds behind the time: 2026/11/29 14:00:01 123456⇥WARNING [main.cpp->main:13]⇥text
    form(
        "g3log",
        "0/ 00",
        rf"(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK}) (?P<microseconds>\d{{6}})\t(?P<level>[A-Z]{{4,8}}) \[(?P<source>[^\]]{{1,300}})\]\t(?P<message>.*)",
    ),
    # ArcSight's Common Event Format, whose line stays whole: CEF:0|vendor|product|version|event|name|severity|name=value
    form(
        "cef",
        "C",
        r"(?P<message>CEF:\d\|(?P<vendor>[^|]{0,200})\|(?P<product>[^|]{0,200})\|(?P<version>[^|]{0,100})\|(?P<event>[^|]{0,200})\|(?P<title>(?:[^|\\]|\\.){0,1000})\|"
        r"(?P<letter>\d{1,2}|Unknown|Low|Medium|High|Very-High)\|(?:(?=.{0,4000}?\brt=(?P<time>\d{13})\b)|).*)",
        _CEF,
        level="info",
    ),
)
