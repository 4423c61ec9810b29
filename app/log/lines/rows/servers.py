"""Forms of servers: requests that they answered, statements that they ran, what they audit."""

from __future__ import annotations

from app.log.lines.rows.form import Form, form

REQUESTS: tuple[Form, ...] = (
    # Squid's own access log: 1795959271.566     11 127.0.0.1 TCP_MISS/200 318 GET http://… - HIER_DIRECT/127.0.0.1 text/html
    form(
        "squid",
        r"\d",
        r"(?P<message>(?P<time>\d{9,10}\.\d{3}) +(?P<duration>\d{1,10}) (?P<client>\S{1,100}) (?P<result>[A-Z_]{1,60})/(?P<status>\d{3}) "
        r"(?P<bytes>\d{1,15}) (?P<method>[A-Z_]{1,20}) (?P<path>\S+) (?P<user>\S+) (?P<peer>\S+) \S+.*)",
    ),
    # uWSGI's requests
    form(
        "uwsgi",
        r"\[a",
        r"(?P<message>\[pid: (?P<pid>\d+)\|app: [^\]]{1,60}\] (?P<client>\S{1,100}) \([^)]{0,200}\) \{[^}]{1,200}\} \[(?P<time>[^\]]{20,40})\] "
        r"(?P<method>[A-Z]{1,20}) (?P<path>\S+) => generated (?P<bytes>\d+) bytes in (?P<duration>\d+) \w+ \(HTTP/[\d.]+ (?P<status>\d{3})\).*)",
    ),
    # HTTP requests without a time: morgan's tiny, dev and short
    form(
        "request",
        "[0-9a-fA-F.:GHPDOCT]|0:",
        r"(?P<message>(?:(?P<client>[0-9a-fA-F.:]{3,45}) (?P<user>[^\"\[\]]{1,64}?) )?(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) "
        r"(?P<path>/\S*)(?: HTTP/[\d.]{1,3})? (?P<status>\d{3}|-) .{0,60}\bms\b.{0,30})",
    ),
    # PHP's own server: [Mon Nov 30 08:00:00 2026] 127.0.0.1:43352 [500]: GET /x.php - text
    form(
        "php-server",
        r"\[a",
        r"\[(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\] (?P<message>(?P<client>[0-9a-fA-F.:\[\]]{3,45}) \[(?P<status>\d{3})\]: (?P<method>[A-Z]{3,10}) (?P<path>/\S*).*)",
    ),
    # Rails: Started GET "/" for 127.0.0.1 at 2026-11-30 08:00:00 +0000; Completed 500 Internal Server Error in 5ms
    form(
        "rails",
        "[SC]",
        r"(?P<message>Started (?P<method>[A-Z]{3,10}) \"(?P<path>[^\"]*)\" for (?P<client>\S{2,60}) at (?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4})"
        r"|Completed (?P<status>\d{3}) [A-Z][A-Za-z' -]{1,60} in \d{1,9}(?:\.\d{1,6})?ms.*)",
    ),
    # shelf for Dart: 2026-11-30T08:00:00.123456  0:00:00.001234 GET     [200] /
    form(
        "shelf",
        "0-  0",
        r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6})  (?P<took>\d{1,4}:\d\d:\d\d\.\d{6}) (?P<message>(?P<method>[A-Z]{3,7}) {1,5}\[(?P<status>\d{3})\] (?P<path>/\S*).*)",
    ),
    # koa-logger:   xxx GET /x 500 1ms -
    form(
        "koa",
        " ",
        r"  (?P<message>(?:-->|xxx|-x-) (?P<method>[A-Z]{3,7}) (?P<path>/\S*) (?P<status>\d{3}) (?P<took>\d{1,9}m?s) .{1,20})",
    ),
)

STATEMENTS: tuple[Form, ...] = (
    # MySQL's general log: 261129 14:48:34⇥     3 Connect⇥root@localhost
    form(
        "mysql",
        r"0-(?:\t| )[ 0].?|[\d\t]",
        r"(?:(?P<time>\d{6} [ \d]\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]{8,15}Z)|\t)\t? *(?P<thread>\d{1,20}) "
        r"(?P<command>Connect|Query|Quit|Init DB|Prepare|Execute|Close stmt|Statistics|Ping|Field List|Shutdown|Change user)(?:\t(?P<message>.*)|\s*)",
    ),
    # MariaDB's audit plug-in: 20261129 14:48:34,host,user,client,3,1,QUERY,db,'…',0
    form(
        "audit",
        r"\d",
        r"(?P<message>(?P<time>\d{8} \d\d:\d\d:\d\d),(?P<server>[^,]{0,100}),(?P<user>[^,]{0,100}),(?P<client>[^,]{0,100}),(?P<connection>\d+),"
        r"(?P<query>\d+),(?P<operation>[A-Z_]{1,30}),(?P<database>[^,]{0,100}),.*)",
    ),
    # Linux audit: type=SYSCALL msg=audit(1795960853.678:1234): …
    form(
        "linux-audit",
        "[nt]",
        r"(?:node=(?P<node>\S{1,100}) )?type=(?P<type>[A-Z_0-9\[\]]{1,40}) msg=audit\((?P<time>\d{10}\.\d{3}|[\d/: .]{10,30}):(?P<serial>\d+)\): ?(?P<message>.*)",
    ),
    # PostgreSQL's CSV, whose line stays whole: time, names, level, SQLSTATE, text
    form(
        "csvlog",
        "0- [a+-].",
        r"(?P<message>(?P<time>\d{4}-\d\d-\d\d [\d:.]{8,15} [\w+:-]{1,6}),.{0,300}?,(?P<level>DEBUG\d|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC),"
        r"(?P<sqlstate>[0-9A-Z]{5}),.*)",
    ),
)
