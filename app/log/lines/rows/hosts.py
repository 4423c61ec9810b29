"""Forms of what runs on a host or watches others: the journal's and the kernel's texts, monitors, servers of mail and names."""

from __future__ import annotations

from app.log.foreign.scales import SYSLOG
from app.log.lines.rows.form import Form, form

_SYSLOG = {str(number): name for number, name in enumerate(SYSLOG)}
_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d"
_C = rf"[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} [ \d]\d {_CLOCK} \d{{4}}"

HOSTS: tuple[Form, ...] = (
    # Rspamd: 2026-11-30 08:00:00 #7649(main) <012e13>; task; rspamd_task_write_log: text
    form(
        "rspamd",
        "0- #0",
        rf"(?P<time>{_DAY} {_CLOCK}(?:\.\d{{1,6}})?) #(?P<pid>\d{{1,10}})\((?P<resource>[\w-]{{1,60}})\) <(?P<id>\w{{0,60}})>; (?P<module>[\w-]{{0,60}}); (?P<function>[\w:~-]{{1,100}}): (?P<message>.*)",
    ),
    # OpenLDAP, seconds and nanoseconds in hexadecimal digits: 6b0d3b00.2a59af68 0x7f0fbea25200 slapd starting
    form(
        "slapd", "[0-9a-f]", r"(?P<hexadecimal>[0-9a-f]{8}\.[0-9a-f]{8}) (?P<thread>0x[0-9a-f]{6,16}) (?P<message>.*)"
    ),
    # apt: Start-Date: 2026-11-30  08:00:00; its terminal: Log started: 2026-11-30  08:00:00
    form(
        "apt",
        "[SL]",
        r"(?P<message>(?:Start-Date|Log started|Log ended): (?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)  (?P<clock>\d\d:\d\d:\d\d))",
    ),
    # journalctl -o short-monotonic: [    5.123456] web1 app[12]: text
    form(
        "journal-monotonic",
        r"\[[ 0]",
        r"\[ *(?P<uptime>\d{1,9}\.\d{6})\] (?P<resource>[\w.-]{1,255}) (?:(?P<app>[\w./@:-]{1,128})\[(?P<pid>\d{1,10})\]|(?P<kernel>kernel)): (?P<message>.*)",
    ),
    # Journalctl between entries: -- Boot 0123456789abcdef0123456789abcdef --
    form(
        "journal-mark",
        "-",
        r"(?P<message>-- (?:Boot [0-9a-f]{32}|Reboot|No entries|(?:Journal|Logs) begins? at .{1,200}) ?--)",
        level="info",
    ),
    # dmesg --human, the first line of a minute, and those that follow: [Nov29 14:00] text; [  +0.000012] text
    form("dmesg-minute", r"\[a", r"\[(?P<name>[A-Z][a-z]{2})(?P<day>[ \d]\d) (?P<clock>\d\d:\d\d)\] (?P<message>.*)"),
    form("dmesg-delta", r"\[[ +]", r"\[ *\+(?P<later>\d{1,9}\.\d{6})\] (?P<message>.*)"),
    # dmesg --decode --ctime: kern  :warn  : [Sun Nov 29 14:00:01 2026] text
    form(
        "dmesg-decoded",
        "[a-z]",
        rf"(?P<facility>[a-z]\w{{1,9}}+) *+:(?P<level>[a-z]{{3,7}}) *: \[?(?P<time>{_C}|{_DAY}T{_CLOCK},\d{{6}}[+-]\d\d:\d\d)\]? (?P<message>.*)",
    ),
    # Zabbix:  1234:20261129:140000.123 text
    form("zabbix", r"[ \d]", r" {0,6}(?P<pid>\d{1,10}):(?P<packed>\d{8}:\d{6}\.\d{3}) (?P<message>.*)"),
    # Icinga 2: [2026-11-29 14:00:00 +0000] critical/config: text
    form(
        "icinga",
        r"\[0-\] a",
        rf"\[(?P<time>{_DAY} {_CLOCK} [+-]\d{{4}})\] (?P<level>debug|notice|information|warning|critical)/(?P<resource>[\w:.-]{{1,100}}): (?P<message>.*)",
    ),
    # Nagios: [1795960801] SERVICE ALERT: web1;HTTP;CRITICAL;HARD;4;text
    form(
        "nagios",
        r"\[0",
        r"\[(?P<time>\d{10})\] (?P<message>(?P<kind>[A-Z][A-Z ]{3,40}): (?P<host>[^;]{1,250});(?:.{0,250};)?"
        r"(?P<level>OK|UP|WARNING|UNKNOWN|CRITICAL|DOWN|UNREACHABLE);(?:SOFT|HARD);.*)",
        {"OK": "info", "UP": "info", "UNKNOWN": "warn", "DOWN": "error", "UNREACHABLE": "error"},
    ),
    # Monit: [UTC Nov 29 14:00:02] warning  : text
    form(
        "monit",
        r"\[a",
        r"\[(?P<zone>[A-Z]{2,5}) (?P<name>[A-Z][a-z]{2}) (?P<day>[ \d]\d) (?P<clock>\d\d:\d\d:\d\d)\] (?P<level>[a-z]{4,9}) *: (?P<message>.*)",
    ),
    # vsftpd: Sun Nov 29 14:00:01 2026 [pid 11] [anna] FAIL LOGIN: Client "192.0.2.1"
    form(
        "vsftpd",
        "[A-Z]",
        rf"(?P<time>{_C}) \[pid (?P<pid>\d{{1,10}})\] (?:\[(?P<user>[^\]]{{0,100}})\] )?(?P<message>(?:OK |(?P<level>FAIL) )?[A-Z]{{3,12}}: Client .*)",
        {"FAIL": "warn"},
        level="info",
    ),
    # Prosody: Nov 29 14:00:01 mod_posix⇥error⇥text
    form(
        "prosody",
        "[A-Z]",
        r"(?P<name>[A-Z][a-z]{2}) (?P<day>[ \d]\d) (?P<clock>\d\d:\d\d:\d\d) (?P<resource>[\w.:@/-]{1,100})(?:\t| {2,60})(?P<level>debug|info|warn|error)(?:\t| {2,60})(?P<message>.*)",
    ),
    # Suricata until 6: 29/11/2026 -- 14:00:00 - <Notice> - text
    form(
        "suricata",
        r"\[0|\d",
        r"(?:\[(?P<pid>\d{1,10})\] )?(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4}) -- (?P<clock>\d\d:\d\d:\d\d) - <(?P<level>[A-Z][a-z]{3,8})> - (?:\[ERRCODE: (?P<code>[\w()]{1,60})\] - )?(?P<message>.*)",
        {"Perf": "debug", "Config": "debug"},
    ),
    # Suricata 7: [12 - Suricata-Main] 2026-11-29 14:00:02 Warning: detect: text
    form(
        "suricata-7",
        r"\[0",
        rf"\[(?P<pid>\d{{1,10}}) - (?P<thread>[\w#.-]{{1,60}})\] (?P<time>{_DAY} {_CLOCK}) (?P<level>Error|Warning|Notice|Info|Perf|Config|Debug): (?P<resource>[\w-]{{1,60}}): (?P<message>.*)",
        {"Perf": "debug", "Config": "debug"},
    ),
    # ClamAV: Sun Nov 29 14:00:01 2026 -> ERROR: text
    form("clamav", "[A-Z]", rf"(?P<time>{_C}) -> (?:(?P<level>[A-Z]{{4,8}}): )?(?P<message>.*)", level="info"),
    # OpenVPN: 2026-11-29 14:00:01 us=123456 WARNING: text
    form(
        "openvpn",
        "0- aa|[A-Z]",
        rf"(?P<time>(?:{_DAY} {_CLOCK}|{_C})) us=(?P<microseconds>\d{{1,6}}) (?P<message>(?:(?P<level>WARNING|ERROR|NOTE): ?)?.*)",
        {"NOTE": "notice"},
        level="info",
    ),
    # Drupal's syslog: base|time|type|client|request|referer|user|link|text
    form(
        "drupal",
        "h",
        r"(?P<base>https?://[^|\s]{1,250})\|(?P<time>\d{10})\|(?P<resource>[^|]{1,100})\|(?P<client>[^|]{0,60})\|(?P<path>[^|]{0,2000})\|(?P<referer>[^|]{0,2000})\|(?P<user>\d{1,10})\|(?P<link>[^|]{0,2000})\|(?P<message>.*)",
    ),
    # pf's and iptables' neighbours: Knot DNS with a zone: 2026-11-29T14:00:01+0000 error: [example.com.] text
    form(
        "knot",
        "0- aa",
        rf"(?P<time>{_DAY}T{_CLOCK}(?:\.\d{{1,9}})?[+-]\d{{4}}) (?P<level>debug|info|notice|warning|error|critical): (?P<message>(?:\[(?P<zone_name>[\w.-]{{1,250}}\.)\] )?.*)",
    ),
)
