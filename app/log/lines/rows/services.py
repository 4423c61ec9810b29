"""Forms of services and their clouds: functions, proxies, databases, servers of applications, libraries with a layout of their own."""

from __future__ import annotations

from app.log.lines import words
from app.log.lines.rows.form import Form, form

_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d"
_FRACTION = r"(?:[.,]\d{1,9})?"
_UUID = r"[0-9a-z]{8}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{12}"

SERVICES: tuple[Form, ...] = (
    # AWS Lambda's own lines, and those that Node.js, .NET and Python write there
    form(
        "lambda",
        "[SERIX]",
        r"(?P<message>(?:(?:START|END|REPORT) RequestId: (?P<request_id>[\w-]{3,64})|INIT_START .{0,200}?Version|INIT_REPORT .{0,200}?Phase|XRAY TraceId).*)",
        level="info",
    ),
    form(
        "lambda-node",
        r"0-\t[a0][a0]",
        rf"(?P<time>{_DAY}T{_CLOCK}\.\d{{3}}Z)\t(?P<request_id>{_UUID}|undefined)\t(?P<level>TRACE|DEBUG|INFO|WARN|ERROR|FATAL|trce|dbug|info|warn|fail|crit)\t(?P<message>.*)",
        {"trce": "trace", "dbug": "debug", "fail": "error", "crit": "critical"},
        pairs=True,
    ),
    form(
        "lambda-python",
        r"\[a",
        rf"\[(?P<level>[A-Z]{{4,8}})\]\t(?P<time>{_DAY}T{_CLOCK}\.\d{{3}}Z)\t(?:(?P<request_id>{_UUID})\t|\t)?(?P<message>.*)",
    ),
    # AWS's load balancers, Application and Classic HTTP
    form(
        "load-balancer",
        "[hwg]",
        r"(?P<message>(?P<kind>https?|h2|wss?|grpcs) (?P<time>\d{4}-\d\d-\d\dT[\d:.]{8,15}Z) (?P<resource>\S{1,250}) (?P<client>\S{1,60}) (?P<target>\S{1,60}) "
        r"[\d.-]+ [\d.-]+ [\d.-]+ (?P<status>\d{3}|-) (?P<target_status>\d{3}|-) (?P<received>\d+|-) (?P<bytes>\d+|-) \"(?P<method>[A-Z-]{1,20}) (?P<path>\S+).*)",
    ),
    # AWS's flow logs, version 2
    form(
        "flow",
        "[2-9]",
        r"(?P<message>[2-9] (?P<account>\d{12}|unknown) (?P<resource>eni-\w{8,20}) (?P<client>\S{1,45}) (?P<target>\S{1,45}) \S+ \S+ \S+ \S+ (?P<bytes>\d+|-) (?P<time>\d{10}) \d{10} "
        r"(?P<action>ACCEPT|REJECT|-) (?P<result>[A-Z]{2,10}).*)",
    ),
    # Amazon S3's server access log
    form(
        "s3",
        "[0-9a-f]",
        r"(?P<message>[0-9a-f]{32,64} (?P<resource>[\w.-]{3,63}) \[(?P<time>[^\]]{20,40})\] (?P<client>\S{1,45}) (?P<user>\S{1,200}) (?P<request>\S{1,40}) "
        r"(?P<operation>[A-Z0-9._]{3,60}) (?P<key>\S+) \"[^\"]*\" (?P<status>\d{3}|-) (?P<error>\S+) (?P<bytes>\d+|-).*)",
    ),
    # Envoy: [2026-11-29 14:00:00.123][1][info][main] [source/server/server.cc:404] text
    form(
        "envoy",
        r"\[0-\]\[0",
        rf"\[(?P<time>{_DAY}[ T]{_CLOCK}{_FRACTION}Z?)\]\[(?P<tid>\d{{1,10}})\]\[(?P<level>trace|debug|info|warning|error|critical)\]\[(?P<resource>[\w.-]{{1,60}})\]"
        r" (?:\[(?P<source>[^\]\s]{1,200}:\d{1,7})\] )?(?P<message>.*)",
    ),
    # The JVM's unified logging: [2026-11-29T14:00:01.123+0000][1234ms][warning][gc,heap] text; [0.012s][info][gc] text
    form(
        "jvm",
        r"\[[0a]|\[0-\]\[.",
        rf"(?:\[(?P<time>{_DAY}T{_CLOCK}\.\d{{3}}[+-]\d{{4}})\])?(?:\[(?P<uptime>\d{{1,15}}(?:\.\d{{1,9}})?)(?P<unit>s|ms|ns)\])?(?:\[(?P<host>[A-Za-z][\w.-]{{1,200}})\])?(?:\[(?P<pid>\d{{1,10}})\])?"
        r"(?:\[(?P<tid>\d{1,10})\])?\[(?P<level>trace|debug|info|warning|error) *\]\[(?:(?P<resource>[a-z0-9_+-]{1,40})|(?P<tags>[a-z0-9_+-]{1,40}(?:,[a-z0-9_+-]{1,40}){1,8})) *\] ?(?P<message>.*)",
    ),
    # PostgreSQL with the prefix of Amazon RDS, `%t:%r:%u@%d:[%p]:`
    form(
        "postgres-rds",
        "0- aa",
        rf"(?P<time>{_DAY} {_CLOCK}{_FRACTION} [A-Z]{{2,5}}):(?P<client>[^\s:()]{{0,100}}(?:\(\d{{1,5}}\))?):(?P<user>[^@\s]{{0,100}})@(?P<database>[^:\s]{{0,100}}):\[(?P<pid>\d{{1,10}})\]:(?:\S{{0,60}}:)?"
        r"(?P<level>DEBUG\d?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC):  (?P<message>.*)",
    ),
    # MongoDB until 4.2: 2026-11-29T14:00:00.123+0000 I NETWORK  [initandlisten] text
    form(
        "mongod",
        "0- a[ 0]",
        rf"(?P<time>{_DAY}T{_CLOCK}\.\d{{3}}(?:Z|[+-]\d{{4}})) (?P<letter>[FEWIDT])\d? (?P<resource>[A-Z_-]{{1,12}}) +\[(?P<thread>[^\]]{{1,80}})\] (?P<message>.*)",
        words.LETTERS,
    ),
    # Solr: 2026-11-29 14:00:00.123 INFO  (qtp123-12) [c:x s:shard1 r:core_node2 x:x_shard1] o.a.s.c.S.Request text
    form(
        "solr",
        "0- aa",
        rf"(?P<time>{_DAY}[ T]{_CLOCK}\.\d{{3}}Z?) (?P<level>[A-Z]{{4,5}}) +\((?P<thread>[^()]{{1,200}})\) \[ ?(?P<core>(?:[a-z]{{1,12}}:[^\]\s]{{0,100}} ?){{0,8}}) {{0,3}}\] (?P<resource>[\w.$]{{1,200}}) (?P<message>.*)",
    ),
    # GlassFish and Payara, the text beneath in two brackets
    form(
        "glassfish",
        r"\[0-\] \[",
        rf"\[(?P<time>{_DAY}T{_CLOCK}\.\d{{3}}[+-]\d{{2}}:?\d{{2}})\] \[(?P<server>[^\]]{{1,60}})\] \[(?P<level>[A-Z]{{4,7}})\] \[(?P<code>[^\]]{{0,60}})\] \[(?P<resource>[^\]]{{0,200}})\] \[(?P<thread>tid: [^\]]{{1,200}})\]"
        r"(?: \[[^\]]{0,200}\]){0,8} \[\[(?P<message>.*)",
    ),
    # log-driver for Node.js: ["trace" "2026-11-29T14:00:00.123Z"] text, or without its quotes
    form(
        "log-driver",
        r"\[[\"a]",
        rf"\[\"?(?P<level>[A-Za-z]{{3,9}})\"?[ ,]{{1,4}}\"?(?P<time>{_DAY}[T ]{_CLOCK}{_FRACTION}(?:Z| ?[+-]\d\d:?\d\d)?)\"?\] (?P<message>.*)",
    ),
    # log-driver 1.2, the text as util.inspect shows it: [info] "2026-11-29T14:00:00.123Z"  'text'
    form(
        "log-driver-1.2",
        r"\[a",
        rf"\[(?P<level>[A-Za-z]{{3,9}})\] \"(?P<time>{_DAY}T{_CLOCK}{_FRACTION}Z)\" {{1,4}}'(?P<message>[^']*)'",
    ),
    # The same with more behind the text: [warn] "2026-11-29T14:00:00.123Z"  'text' { pct: 95 }
    form(
        "log-driver-1.2-more",
        r"\[a",
        rf"\[(?P<level>[A-Za-z]{{3,9}})\] \"(?P<time>{_DAY}T{_CLOCK}{_FRACTION}Z)\" {{1,4}}(?P<message>.*)",
    ),
    # swift-log, its metadata before the text: 2026-11-29T14:00:00+0000 error shop : order=o-17 [ShopModule] text
    form(
        "swift-log",
        "0- aa",
        rf"(?P<time>{_DAY}T{_CLOCK}{_FRACTION}[+-]\d{{4}}) (?P<level>trace|debug|info|notice|warning|error|critical) (?P<resource>[\w./ -]{{1,200}}?) ?: (?P<pairs>(?:[\w.-]{{1,100}}=\S{{0,500}} ){{0,40}})(?:\[(?P<source>[A-Za-z_]\w{{0,100}})\] )?(?P<message>.*)",
    ),
    # Warnings of Node.js: (node:12) [DEP0001] DeprecationWarning: text
    form(
        "node",
        r"\(",
        r"\((?P<program>node|electron):(?P<pid>\d{1,10})\) (?:\[(?P<code>\w{1,60})\] )?(?P<message>\w{0,60}Warning: .*)",
        level="warn",
    ),
    # WordPress: [29-Nov-2026 14:00:02 UTC] WordPress database error text
    form(
        "wordpress",
        r"\[0",
        rf"\[(?P<time>\d\d-[A-Z][a-z]{{2}}-\d{{4}} {_CLOCK} [\w/+-]{{1,40}})\] (?P<message>WordPress database error .*)",
        level="error",
    ),
    # Boost.Log: 1 [2026-11-29 14:00:00.123456] [0x00007f0e9cc84740] [info]: text
    form(
        "boost",
        r"\d",
        rf"(?P<record>\d{{1,12}}) \[(?P<time>{_DAY} {_CLOCK}{_FRACTION})\] \[(?P<thread>0x[0-9a-f]{{1,16}})\] \[(?P<level>[a-z]{{4,8}})\]:? +(?P<message>.*)",
    ),
    # Log::Log4perl's easy_init: 2026/11/29 14:00:00 ERROR> pay.pl:6 Shop::Pay::take - text
    form(
        "log4perl",
        "0/ aa",
        rf"(?P<time>\d{{4}}/\d\d/\d\d {_CLOCK}) (?P<level>[A-Z]{{4,5}})> (?P<source>[^\s:]{{1,200}}:\d{{1,7}}) (?P<resource>[A-Za-z_][\w:]{{0,200}}?)(?:::)? - (?P<message>.*)",
    ),
    # Mojo::Log for systemd: <3>[27532] [e] text; sd-daemon(3) alone: <3>text
    form("sd-daemon", "<", r"<(?P<priority>[0-7])>(?:\[(?P<pid>\d{1,10})\] \[[tdiwef]\] )?(?P<message>[^<\[ ].*)"),
    # Puma, Rack: 2026-11-29 14:00:01 +0000 Rack app ("GET /x" - (127.0.0.1)): #<RuntimeError: boom>
    form(
        "puma",
        "0- ..?",
        rf"(?P<time>{_DAY} {_CLOCK} [+-]\d{{4}}) (?P<message>(?!\[|[A-Z]{{3}}|[A-Za-z]{{4,8}}:).{{0,2000}}#<[A-Z][\w:]{{1,100}}(?:Error|Exception): .*)",
        level="error",
    ),
)
