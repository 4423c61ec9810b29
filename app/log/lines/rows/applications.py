"""Forms of applications that people host: business software, build machines, media servers, device firmware, machine learning."""

from __future__ import annotations

from app.log.foreign.scales import SYSLOG
from app.log.lines import words
from app.log.lines.rows.form import Form, form

_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d"
_OFFSET = r"[+-]\d\d:?\d\d"
#: A Java class with its packages, which may be cut to their first letters.
_CLASS = r"[a-z_]\w{0,60}(?:\.[\w$]{1,100}){1,20}"

APPLICATIONS: tuple[Form, ...] = (
    # Apache Karaf: 2026-11-30T08:00:00,123 | INFO  | thread           | logger           | 12 - bundle - 1.0.0 | text
    form(
        "karaf",
        r"0- \| ",
        rf"(?P<time>{_DAY}[T ]{_CLOCK},\d{{3}}) \| (?P<level>[A-Z]{{4,5}}) {{0,2}} \| (?P<thread>[^|]{{1,200}}?) *\| (?P<resource>[^|\s]{{1,200}}) *\| (?P<bundle>\d{{1,6}} - [^|]{{1,200}}?) \| ?(?P<message>.*)",
    ),
    # Jira and Bitbucket: 2026-11-30 08:00:00,123+0000 http-nio-8080-exec-1 INFO admin 480x12x1 1a2b3c 192.0.2.1 /rest [c.a.jira.Issue] text
    form(
        "atlassian",
        "0- a.",
        rf"(?P<time>{_DAY} {_CLOCK},\d{{3}}{_OFFSET}) (?P<thread>[A-Za-z][\w.:#/$@-]{{0,199}}) (?P<level>TRACE|DEBUG|INFO|WARN|ERROR|FATAL) (?P<context>(?=\S{{1,100}} \d{{1,9}}x|\S{{0,100}} *\[)[^\[\]]{{0,400}}?) *\[(?P<resource>(?:[a-z]\.){{2,12}}[\w.$]{{1,200}}|(?:[a-z_]\w{{0,60}}\.){{1,20}}[A-Z][\w$]{{0,100}})\] (?P<message>.*)",
    ),
    # Sonatype Nexus: 2026-11-30 08:00:00,123+0000 INFO  [thread] *SYSTEM org.sonatype.nexus.Log - text
    form(
        "nexus",
        "0- aa",
        rf"(?P<time>{_DAY} {_CLOCK},\d{{3}}{_OFFSET}) (?P<level>TRACE|DEBUG|INFO|WARN|ERROR) {{1,2}}\[(?P<thread>[^\]]{{1,200}})\] {{1,2}}(?P<user>\*?[\w.@-]{{1,60}}) (?P<resource>{_CLASS}) - (?P<message>.*)",
    ),
    # SonarQube: 2026.11.30 08:00:00 INFO  web[][o.s.s.p.ServerImpl] text
    form(
        "sonarqube",
        r"\d",
        rf"(?P<time>\d{{4}}\.\d\d\.\d\d {_CLOCK}) (?P<level>TRACE|DEBUG|INFO|WARN|ERROR) {{1,2}}(?P<process>web|ce|es|app)\[(?P<task>[^\]]{{0,100}})\]\[(?P<resource>[\w.$]{{1,200}})\] (?P<message>.*)",
    ),
    # Play Framework 2.4 and older: 2026-11-30 08:00:00,123 [INFO] from application in main - text
    form(
        "play",
        r"0- \[a",
        rf"(?P<time>{_DAY} {_CLOCK},\d{{3}}) \[(?P<level>[A-Z]{{4,5}})\] from (?P<resource>application|access|play|{_CLASS}) in (?P<thread>main|(?=\S{{0,199}}-)[A-Za-z]\S{{1,199}}) - (?P<message>.*)",
    ),
    # Gradle with --info: 2026-11-30T08:00:00.123+0100 [LIFECYCLE] [org.gradle.Build] text
    form(
        "gradle",
        r"0- \[a",
        rf"(?P<time>{_DAY}T{_CLOCK}\.\d{{3}}[+-]\d{{4}}) \[(?P<level>DEBUG|INFO|LIFECYCLE|WARN|QUIET|ERROR)\] \[(?P<resource>{_CLASS})\] ?(?P<message>.*)",
        {"LIFECYCLE": "info", "QUIET": "info"},
    ),
    # Odoo: 2026-11-30 08:00:00,123 1234 INFO database odoo.http: text
    form(
        "odoo",
        "0- 0.",
        rf"(?P<time>{_DAY} {_CLOCK},\d{{3}}) (?P<pid>\d{{1,10}}) (?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) (?P<database>\?|[A-Za-z0-9][\w.-]{{0,100}}) (?P<resource>[A-Za-z_]\w{{0,60}}(?:\.\w{{1,100}}){{1,12}}|werkzeug): (?P<message>.*)",
    ),
    # Craft CMS: 2026-11-30 08:00:00 [web.ERROR] [yii\web\HttpException:404] text {"memory":123}
    form(
        "craft",
        r"0- \[a",
        rf"(?P<time>{_DAY} {_CLOCK}) \[(?P<channel>[A-Za-z][\w-]{{0,59}})\.(?P<level>DEBUG|INFO|NOTICE|WARNING|ERROR|CRITICAL|ALERT|EMERGENCY)\] \[(?P<resource>[^\]]{{1,250}})\] (?P<message>.*)",
    ),
    # EMQX: 2026-11-30T08:00:00.123456+00:00 [warning] msg: alarm, mfa: emqx_alarm:do_actions/3(418)
    form(
        "emqx",
        r"0- \[a",
        rf"(?P<time>{_DAY}T{_CLOCK}\.\d{{6}}{_OFFSET}) \[(?P<level>[a-z]{{4,9}})\] (?P<message>(?:[a-z_]{{1,40}}: [^,]{{0,200}}, ){{0,8}}msg: .*)",
    ),
    # QuestDB: 2026-11-30T08:00:00.123456Z I i.q.ServerMain text; A is advisory, C critical
    form(
        "questdb",
        "0- a ",
        rf"(?P<time>{_DAY}T{_CLOCK}\.\d{{6}}Z) (?P<letter>[ACDEI]) (?P<resource>(?:[a-z]\.){{1,12}}[\w$.]{{1,100}}|(?:[a-z]{{2,30}}-){{1,4}}server|server-main) (?P<message>.*)",
        {"A": "notice", "C": "critical", "D": "debug", "E": "error", "I": "info"},
    ),
    # Couchbase: [ns_server:info,2026-11-30T08:00:00.123Z,ns_1@cb.local:<0.123.0>:ns_server:init_logging:136]text
    form(
        "couchbase",
        r"\[a",
        rf"\[(?P<component>[a-z][a-z_]{{1,39}}):(?P<level>debug|info|warn|error|critical),(?P<time>{_DAY}T{_CLOCK}\.\d{{3}}(?:Z|{_OFFSET})),(?P<node>[^:,\]]{{1,200}}):(?P<process>[^:\]]{{1,100}}):(?P<resource>\w{{1,100}}):(?P<function>[^:\]]{{1,100}}):(?P<line>\d{{1,7}})\](?P<message>.*)",
    ),
    # VMware's hostd and vpxd: 2026-11-30T08:00:00.123Z info hostd[2099] [Originator@6876 sub=Vimsvc opID=5d] text
    form(
        "vmware",
        "0- aa",
        rf"(?P<time>{_DAY}T{_CLOCK}\.\d{{3}}(?:Z|{_OFFSET})) (?P<level>panic|error|warning|info|verbose|trivia) (?P<resource>[\w-]{{1,60}})\[(?P<pid>\w{{1,20}})\] \[Originator@6876 (?P<pairs>[^\]]{{0,300}})\] ?(?P<message>.*)",
        {"trivia": "trace"},
    ),
    # ESXi 8: 2026-11-30T08:00:00.123Z In(182) vobd[2097155]:  text
    form(
        "esxi",
        "0- aa",
        rf"(?P<time>{_DAY}T{_CLOCK}\.\d{{3}}Z) (?:Em|Al|Cr|Er|Wa|No|In|Db)\((?P<priority>\d{{1,3}})\) (?P<resource>[\w.-]{{1,60}})(?:\[(?P<pid>\d{{1,10}})\])?: {{1,2}}(?P<message>.*)",
    ),
    # ESXi's kernel: 2026-11-30T08:00:00.123Z cpu3:2097152)WARNING: NFS: 221: text
    form(
        "vmkernel",
        "0- aa",
        rf"(?P<time>{_DAY}T{_CLOCK}\.\d{{3}}Z) cpu(?P<cpu>\d{{1,4}}):(?P<world>\d{{1,12}})(?: opID=\w{{1,20}})?\)(?:(?P<level>WARNING|ALERT): )?(?P<message>.*)",
    ),
    # Falco: 08:00:00.123456789: Error File below / opened for writing
    form(
        "falco",
        "0:",
        rf"(?P<time>{_CLOCK}\.\d{{9}}): (?P<level>Emergency|Alert|Critical|Error|Warning|Notice|Informational|Debug) (?P<message>.*)",
    ),
    # MikroTik's RouterOS 6 and 7: nov/30 08:00:00 system,error,critical text; 2026-11-30 08:00:00 dhcp,warning text
    form(
        "mikrotik",
        "[a-z]|0- [a0-][a0-]",
        rf"(?:(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/(?P<day>\d\d)(?:/(?P<year>\d{{4}}))? (?P<clock>{_CLOCK})|(?P<time>{_DAY} {_CLOCK})) (?P<resource>(?=[a-z,0-9!-]{{0,60}}?(?<=,)(?P<level>info|warning|error|critical|debug)(?:,| ))[a-z0-9-]{{2,30}}(?:,[a-z0-9!-]{{2,30}}){{1,6}}) (?P<message>.*)",
    ),
    # Fluent Bit: [2026/11/30 08:00:00.123456789] [ warn] [output:es:es.0] text
    form(
        "fluent-bit",
        r"\[0",
        rf"\[(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK}(?:\.\d{{9}})?)\] \[ {{0,2}}(?P<level>trace|debug|info|warn|error)\] (?:\[(?P<source>/[^\]\s]{{1,200}}:\d{{1,7}})(?: errno=(?P<errno>-?\d{{1,5}}))?\]|\[(?P<resource>[\w.:/-]{{1,100}})\]) (?P<message>.*)",
    ),
    # TensorFlow: 2026-11-30 08:00:00.123456: W tensorflow/core/x.cc:12] text
    form(
        "tensorflow",
        "0-: a",
        rf"(?P<time>{_DAY} {_CLOCK}\.\d{{6}}): (?P<letter>[IWEF]) (?P<file>[^\s:\]]{{1,300}}):(?P<line>\d{{1,7}})\] (?P<message>.*)",
        words.LETTERS,
    ),
    # PyTorch's c10: [rank0]:[W1130 08:00:00.123456789 socket.cpp:601] text
    form(
        "pytorch",
        r"\[a",
        rf"(?:\[(?P<rank>rank\d{{1,6}})\]:\[?|\[)(?P<letter>[VIWEF])(?P<month>\d\d)(?P<day>\d\d) (?P<clock>{_CLOCK}\.\d{{6,9}}) (?:(?P<tid>\d{{1,20}}) )?(?P<file>[^\s:\]]{{1,300}}):(?P<line>\d{{1,7}})\] (?P<message>.*)",
        words.LETTERS,
    ),
    # Hugging Face's transformers: [INFO|trainer.py:1234] 2026-11-30 08:00:00,123 >> text
    form(
        "transformers",
        r"\[a",
        rf"\[(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL)\|(?P<file>[\w./-]{{1,200}}\.py):(?P<line>\d{{1,7}})\] (?P<time>{_DAY} {_CLOCK},\d{{3}}) >> (?P<message>.*)",
    ),
    # vLLM: (EngineCore_0 pid=123) ERROR 11-30 08:00:02 [core.py:700] text; INFO 11-30 08:00:03 llm_engine.py:161] text
    form(
        "vllm",
        "[(DIWEC]",
        rf"(?:\((?P<process>[\w -]{{1,60}}) pid=(?P<pid>\d{{1,10}})\) )?(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) (?P<month>\d\d)-(?P<day>\d\d) (?P<clock>{_CLOCK}(?:\.\d{{1,6}})?) \[?(?P<file>[\w./-]{{1,200}}\.py):(?P<line>\d{{1,7}})\] (?P<message>.*)",
    ),
    # NVIDIA's NCCL: gpu1:1234:5679 [1] x/net.cc:12 NCCL WARN text
    form(
        "nccl",
        "[A-Za-z]",
        r"(?P<resource>[A-Za-z][\w.-]{0,100}):(?P<pid>\d{1,10}):(?P<tid>\d{1,10}) \[(?P<device>-?\d{1,3})\] (?:(?P<source>\S{1,200}:\d{1,7}) )?NCCL (?P<level>VERSION|WARN|INFO|ABORT|TRACE) (?P<message>.*)",
        {"VERSION": "info", "ABORT": "fatal"},
    ),
    # Meteor, with the hours from UTC: W20261130-08:00:01.123(2)? (STDERR) text
    form(
        "meteor",
        "[VDIWE]",
        rf"(?P<letter>[VDIWE])(?P<packed>\d{{8}}-{_CLOCK}\.\d{{3}})\((?P<hours>-?\d{{1,2}}(?:\.\d{{1,2}})?)\)(?:\?)? (?:\((?P<source>[\w./-]{{1,200}}(?::\d{{1,7}})?)\) )?(?P<message>.*)",
        words.LETTERS,
    ),
    # Verdaccio:  http <-- 404, user: null
    form(
        "verdaccio",
        "[ tdihwef]",
        r" ?(?P<level>trace|debug|info|http|warn|error|fatal) {0,2}(?:---|<--|-->|-=-) (?P<message>.*)",
    ),
    # Factorio, seconds since the start:    1.234 Warning Disk.cpp:12: text
    form(
        "factorio",
        r"[ \d]",
        r" {0,8}(?P<uptime>\d{1,9}\.\d{3}) (?P<level>Verbose|Info|Warning|Error) (?P<source>\w{1,100}\.cpp:\d{1,7}): (?P<message>.*)",
    ),
    # Dancer2: [Shop:19498] warning @2026-11-30 08:00:00> text in /srv/shop.pl l. 12
    form(
        "dancer",
        r"\[[a_]",
        rf"\[(?P<resource>[A-Za-z_][\w:]{{0,200}}):(?P<pid>\d{{1,10}})\] {{1,4}}(?P<level>core|debug|info|warning|error) @(?P<time>{_DAY} {_CLOCK})> (?P<message>.*)",
        {"core": "debug"},
    ),
    # Yell for Ruby, by its default and its extended format: 2026-11-30T08:00:00+00:00 [ WARN] 19955 host : text
    form(
        "yell",
        r"0- \[.",
        rf"(?P<time>{_DAY}T{_CLOCK}{_OFFSET}) \[ {{0,2}}(?P<level>[A-Z]{{4,7}})\] (?P<pid>\d{{1,10}}) (?:(?P<host>[A-Za-z][\w.-]{{0,200}}) )?: (?P<message>.*)",
    ),
    # rsync's daemon: 2026/11/30 08:00:01 [1235] rsync error: text
    form(
        "rsync",
        r"0/ \[0",
        rf"(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK}) \[(?P<pid>\d{{1,10}})\] (?P<message>(?:rsync (?P<level>error|warning): |rsyncd? |rsync: |connect from |sent \d|(?:building|receiving) file list|name lookup failed |auth failed ).*)",
        level="info",
    ),
    # ngIRCd, seconds since the start: [1234:3    1] text
    form(
        "ngircd",
        r"\[0",
        r"\[(?P<pid>\d{1,10}):(?P<letter>[0-7]) {1,6}(?P<uptime>\d{1,10})\] (?P<message>.*)",
        {str(number): name for number, name in enumerate(SYSLOG)},
    ),
    # MinLog for Java, minutes and seconds since the start: 00:12  WARN: [kryonet] text
    form(
        "minlog",
        r"[ \d]",
        r" ?(?P<uptime>\d{1,3}:\d\d) {1,2}(?P<level>TRACE|DEBUG|INFO|WARN|ERROR): (?:\[(?P<resource>[\w.-]{1,100})\] )?(?P<message>.*)",
    ),
    # Fluentd's file: 2026-11-30T08:00:00+01:00⇥app.pay⇥{"message":"text"}
    form(
        "fluentd",
        "0-\t..?",
        rf"(?P<time>{_DAY}T{_CLOCK}(?:\.\d{{1,9}})?(?:Z|{_OFFSET}))\t(?=(?P<app>[\w.-]{{1,200}}))(?P<resource>[\w.-]{{1,200}})\t(?P<message>\{{.*\}})",
    ),
    # Fluent Bit on its standard output: [0] app.pay: [[1796025600.123456789, {}], {"level"=>"error"}]
    form(
        "fluent-bit-output",
        r"\[0",
        r"\[\d{1,10}\] (?P<resource>[\w.*-]{1,200}): \[\[?(?P<time>\d{10}\.\d{9})(?:, \{\}\])?, (?P<message>\{.*\})\]",
    ),
    # asynq, by Go's log with a process before the time: asynq: pid=1234 2026/11/30 08:00:00.123456 INFO: text
    form(
        "asynq",
        "[a-z]",
        rf"(?P<resource>[a-z][\w-]{{0,60}}): pid=(?P<pid>\d{{1,10}}) (?P<time>\d{{4}}/\d\d/\d\d {_CLOCK}(?:\.\d{{6}})?) (?P<level>DEBUG|INFO|WARN|ERROR|FATAL): (?P<message>.*)",
    ),
    # Pion, its debug logs by the time of day and their source: ice INFO: 2026/11/30 08:00:00 text; ice DEBUG: 08:00:00.123456 agent.go:12: text
    form(
        "pion",
        "[A-Za-z]|A a",
        rf"(?P<resource>[A-Za-z][\w-]{{0,60}}) (?P<level>TRACE|DEBUG|INFO|WARNING|ERROR): (?:(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK}(?:\.\d{{6}})?|{_CLOCK}\.\d{{6}}) )(?:(?P<source>[\w./-]{{1,200}}\.go:\d{{1,7}}): )?(?P<message>.*)",
    ),
    # Wails: WAR | text
    form(
        "wails",
        "[TDIWEF]",
        r"(?P<letter>TRA|DEB|INF|WAR|ERR|FAT) \| (?P<message>.*)",
        {"TRA": "trace", "DEB": "debug", "INF": "info", "WAR": "warn", "ERR": "error", "FAT": "fatal"},
    ),
    # ReadyMedia (MiniDLNA): [2026/11/30 08:00:00] minissdp.c:811: maxdebug: text
    form(
        "minidlna",
        r"\[0",
        rf"\[(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK})\] (?P<source>[\w-]{{1,60}}\.c:\d{{1,7}}): (?P<level>fatal|error|warn|info|debug|maxdebug): (?P<message>.*)",
        {"maxdebug": "trace"},
    ),
)
