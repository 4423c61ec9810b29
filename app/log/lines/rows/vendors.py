"""Forms of devices, of servers of applications, of frameworks and of machines that build software."""

from __future__ import annotations

from app.log.foreign.scales import SYSLOG
from app.log.lines import words
from app.log.lines.rows.form import Form, form

_SYSLOG = {str(number): name for number, name in enumerate(SYSLOG)}
_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"

VENDORS: tuple[Form, ...] = (
    # ESP-IDF, milliseconds since the start: I (312) wifi: text
    form(
        "esp",
        "[VDIWE]",
        r"(?P<letter>[VDIWE]) \((?P<uptime>\d{1,12}|\d\d:\d\d:\d\d\.\d{3})\) (?P<resource>[^:\s]{1,100}): (?P<message>.*)",
        words.LETTERS,
    ),
    # Zephyr, since the start: [00:00:00.123,456] <inf> shop: text
    form(
        "zephyr",
        r"\[0",
        r"\[(?P<uptime>\d\d:\d\d:\d\d\.\d{3},\d{3})\] <(?P<level>inf|wrn|err|dbg)> (?P<resource>[\w.-]{1,100}): (?P<message>.*)",
        {"inf": "info", "wrn": "warn", "err": "error", "dbg": "debug"},
    ),
    # Cisco's IOS: <189>29: *Sep 15 08:00:00.123 UTC: %SYS-5-CONFIG_I: text
    form(
        "ios",
        r"[<\dA-Za-z*.-]",
        r"(?:<\d{1,3}>)?(?:(?P<sequence>\d{1,10}+): )?(?:(?P<resource>[\w.-]{1,255}+): )?[*.]?(?P<time>[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?: (?P<zone>[A-Z]{2,5}))?: "
        r"%(?P<facility>[A-Z][A-Z0-9_]{1,40}(?:-[A-Z0-9_]{1,20})?)-(?P<letter>[0-7])-(?P<mnemonic>[A-Z0-9_]{2,60}): (?P<message>.*)",
        _SYSLOG,
    ),
    # Cisco's ASA: Sep 15 2023 08:00:02 fw1 : %ASA-4-106023: text
    form(
        "asa",
        "[<A-Z]",
        r"(?:<\d{1,3}>)?(?P<time>[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d)(?: (?P<resource>[\w.-]{1,255}))?(?: ?:)? %(?P<facility>ASA|FTD|PIX|FWSM)-(?P<letter>[0-7])-(?P<code>\d{6}): (?P<message>.*)",
        _SYSLOG,
    ),
    # WebSphere, and Open Liberty with a comma behind the day: [9/15/23 8:00:00:123 UTC] 0000002a Pay           E   text
    form(
        "websphere",
        r"\[0",
        r"\[(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{2}),? (?P<clock>\d{1,2}:\d\d:\d\d:\d{3}) (?P<zone>[A-Z]{2,5})\] (?P<thread>[0-9a-f]{8}) (?P<resource>\S{1,200}) +(?P<letter>[FEWAICDRO123<>]) +(?P<message>.*)",
        {
            **{
                "F": "fatal",
                "E": "error",
                "W": "warn",
                "A": "notice",
                "I": "info",
                "C": "info",
                "D": "info",
                "R": "info",
                "O": "info",
            },
            **{"1": "debug", "2": "debug", "3": "trace", "<": "trace", ">": "trace"},
        },
    ),
    # WebLogic: ####<Sep 15, 2023 8:00:00,123 AM UTC> <Error> <HTTP> <host> <server> <thread> … <1694764800123> <BEA-101020> <text>
    form(
        "weblogic",
        "#",
        r"####<[^<>]{10,60}> <(?P<level>\w{3,12})> <(?P<resource>[^<>]{1,100})> <(?P<host>[^<>]{0,200})> <(?P<server>[^<>]{0,200})> .{0,1000}?"
        r"<(?P<time>\d{13})> (?:<[^<>]{0,200}> )?<(?P<code>BEA-\d{6})> <(?P<message>.*)> ?",
    ),
    # GitHub's runner, what a workflow says of a step: 2023-09-15T08:00:01.1234567Z ##[error]text
    form(
        "github",
        "0- ##",
        rf"(?P<time>{_DAY}T{_CLOCK}Z) (?P<message>##\[(?P<level>error|warning|notice|debug|command|section|group)\].*)",
        {"command": "info", "section": "info", "group": "info"},
    ),
    # GitLab's runner: time, the step and its stream: 2023-09-15T08:00:01.123456Z 01E ERROR: Job failed
    form(
        "gitlab",
        "0- [0a][0a]",
        rf"(?P<time>{_DAY}T{_CLOCK}Z) (?P<step>[0-9a-f]{{2}})(?P<stream>[OE])(?: |\+)(?:\x1b\[[\d;]*m)*(?P<message>(?:(?P<level>ERROR|WARNING): )?.*)",
        level="info",
    ),
    # Ansible: 2023-09-15 08:00:00,123 p=123 u=root n=ansible | text
    form(
        "ansible",
        "0- a=",
        rf"(?P<time>{_DAY} {_CLOCK}) p=(?P<pid>\d{{1,10}}) u=(?P<user>\S{{1,100}}) n=(?P<resource>\S{{1,100}}) (?:(?P<level>[A-Z]{{4,8}}))?\| (?P<message>.*)",
        level="info",
    ),
    # CodeIgniter: ERROR - 2023-09-15 08:00:00 --> text
    form("codeigniter", "[A-Z]", rf"(?P<level>[A-Z]{{4,9}}) - (?P<time>{_DAY} {_CLOCK}) --> (?P<message>.*)"),
    # Yii: 2023-09-15 08:00:01 [192.0.2.1][7][session][info][application] text
    form(
        "yii",
        r"0- \[.",
        rf"(?P<time>{_DAY} {_CLOCK}) \[(?P<client>[^\]]{{1,60}})\]\[(?P<user>[^\]]{{1,100}})\]\[(?P<session>[^\]]{{1,200}})\]\[(?P<level>error|warning|info|trace|profile)\]"
        r"\[(?P<resource>[^\]]{1,250})\] (?P<message>.*)",
        {"profile": "debug"},
    ),
    # Locust: [2026-11-29 23:08:42,941] host/ERROR/locust.main: text
    form(
        "locust",
        r"\[0-\] .",
        rf"\[(?P<time>{_DAY} {_CLOCK})\] (?P<host>[\w.-]{{1,200}})/(?P<level>[A-Z]{{4,8}})/(?P<resource>[\w.-]{{1,200}}): (?P<message>.*)",
    ),
)
