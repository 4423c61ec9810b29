"""Formats of programs that can't be run here, as they are documented: level, instant, resource and text of a line."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.log.lines import forms
from app.times import instant
from app.times.written import Assumed
from tests.files.reading import rank, read

#: By the program: a line or an object, and the rank, instant, resource and beginning of the message that its user expects.
LINES: dict[str, tuple[str, str, str | None, str | None, str]] = {
    "HAProxy": ('Nov 29 14:46:39 lb1 haproxy[1]: 10.0.1.2:33318 [29/Nov/2026:14:46:39.655] http-in static/<NOSRV> 10/-1/-1/-1/109 503 2750 - - SC-- 1/1/1/1/0 0/0 "GET /x HTTP/1.1"', "error", "2026-11-29T14:46:39Z", "lb1", "10.0.1.2:33318"),
    "Envoy": ('[2026-11-29T14:46:40.310Z] "GET /x HTTP/1.1" 503 UH 0 81 10 - "-" "curl" "cc21d9b0" "locations" "-"', "error", "2026-11-29T14:46:40.310Z", None, "[2026"),
    "Envoy's JSON": ('{"start_time":"2026-11-29T14:46:40.310Z","method":"GET","path":"/x","response_code":404,"duration":10}', "warn", "2026-11-29T14:46:40.310Z", None, "GET /x 404"),
    "Envoy's own": ("[2026-11-29 14:46:40.310][15][warning][config] [source/common/x.h:101] stream closed", "warn", "2026-11-29T14:46:40.310Z", "config", "stream closed"),
    "Traefik 3": ('2026-11-29T14:46:40Z ERR Provider error error="x" providerName=docker', "error", "2026-11-29T14:46:40Z", None, "Provider error"),
    "an application load balancer": ('http 2026-11-29T14:46:40.186641Z app/lb/50dc 192.168.131.39:2817 - -1 -1 -1 502 - 34 366 "GET http://a.b:80/x HTTP/1.1" "curl" - - arn:x "Root=1-5-2" "-"', "error", "2026-11-29T14:46:40.186641Z", "app/lb/50dc", "http 2026"),
    "flow logs of a VPC": ("2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1795963600 1795963660 REJECT OK", "info", "1795963600", "eni-1235b8ca123456789", "2 1234"),
    "Amazon S3": ('79a59df900b949e55d96a1e698fbaced bucket1 [29/Nov/2026:14:46:39 +0000] 192.0.2.3 79a59 3E57 REST.GET.OBJECT key "GET /x HTTP/1.1" 404 NoSuchKey 113 - 7 - "-" "c" -', "warn", "2026-11-29T14:46:39+0000", "bucket1", "79a5"),
    "Cassandra": ("ERROR [Native-Transport-1] 2026-11-29 14:46:41,123 QueryMessage.java:121 - Unexpected error", "error", "2026-11-29T14:46:41.123Z", None, "Unexpected error"),
    "Kafka": ("[2026-11-29 14:46:40,123] WARN [Controller id=0] Connection lost (org.apache.kafka.clients.NetworkClient)", "warn", "2026-11-29T14:46:40.123Z", "org.apache.kafka.clients.NetworkClient", "[Controller id=0] Connection lost"),
    "Elasticsearch": ("[2026-11-29T14:46:40,123][WARN ][o.e.c.r.a.DiskThresholdMonitor] [n1] high disk watermark [90%] exceeded", "warn", "2026-11-29T14:46:40.123Z", "o.e.c.r.a.DiskThresholdMonitor", "high disk"),
    "MySQL 8": ("2026-11-29T14:46:41.123456Z 0 [ERROR] [MY-012592] [InnoDB] Operating system error number 2", "error", "2026-11-29T14:46:41.123456Z", "InnoDB", "Operating"),
    "ClickHouse": ("2026.11.29 14:46:40.123456 [ 1235 ] {} <Error> executeQuery: Code: 60.", "error", "2026-11-29T14:46:40.123456Z", "executeQuery", "Code: 60."),
    "log4net": ("2026-11-29 14:46:40,123 [1] ERROR Shop.Pay [(null)] - payment failed", "error", "2026-11-29T14:46:40.123Z", "Shop.Pay", "payment failed"),
    "NLog": ("2026-11-29 14:46:40.1234|ERROR|Shop.Pay|payment failed", "error", "2026-11-29T14:46:40.1234Z", "Shop.Pay", "payment failed"),
    "Spark": ("26/11/29 14:46:40 WARN TaskSetManager: Lost task 0.0 in stage 1.0", "warn", "2026-11-29T14:46:40Z", "TaskSetManager", "Lost task"),
    "WildFly": ("2026-11-29 14:46:39,123 INFO  [org.jboss.as] (Controller Boot Thread) WFLYSRV0025: started", "info", "2026-11-29T14:46:39.123Z", "org.jboss.as", "WFLYSRV0025"),
    "Tomcat": ("29-Nov-2026 14:46:40.123 SEVERE [main] org.apache.catalina.core.StandardContext.startInternal One failed", "error", "2026-11-29T14:46:40.123Z", "org.apache.catalina.core.StandardContext.startInternal", "One failed"),
    "Semantic Logger": ("2026-11-29 14:46:40.123456 E [123:main pay.rb:6] Pay -- payment failed", "error", "2026-11-29T14:46:40.123456Z", "Pay", "payment failed"),
    "Lograge": ("method=GET path=/x format=html controller=A action=show status=500 duration=5.1", "error", None, None, "GET /x 500"),
    "spdlog": ("[2026-11-29 14:46:40.123] [pay] [error] [pay.cpp:5] payment failed", "error", "2026-11-29T14:46:40.123Z", "pay", "payment failed"),
    "Minecraft": ("[2026-11-29 14:46:40] [Worker-Main-1/WARN] [mixin/]: something odd", "warn", "2026-11-29T14:46:40Z", None, "something odd"),
    "Kubernetes' audit": ('{"kind":"Event","level":"Metadata","auditID":"a1","requestURI":"/api/v1/pods","verb":"list","user":{"username":"ann"},"requestReceivedTimestamp":"2026-11-29T14:46:39.123456Z"}', "info", "2026-11-29T14:46:39.123456Z", "ann", "/api/v1/pods"),
    "Application Insights": ('{"name":"AppTraces","time":"2026-11-29T14:46:39.123Z","iKey":"x","tags":{"ai.cloud.role":"pay"},"data":{"baseType":"MessageData","baseData":{"message":"payment failed","severityLevel":3}}}', "error", "2026-11-29T14:46:39.123Z", "pay", "payment failed"),
    "Google's entry of a request": ('{"insertId":"c","httpRequest":{"requestMethod":"GET","requestUrl":"/x","status":502},"timestamp":"2026-11-29T14:46:41Z","logName":"projects/p/logs/requests","severity":"WARNING"}', "warn", "2026-11-29T14:46:41Z", None, "GET /x 502"),
    "glog 0.6": ("E20261129 14:46:40.123456 12345 pay.cc:14] payment failed", "error", "2026-11-29T14:46:40.123456Z", None, "payment failed"),
    "ESP-IDF": ("W (415) wifi: weak signal", "warn", None, "wifi", "weak signal"),
    "Zephyr": ("[00:00:00.125,456] <err> shop: payment failed", "error", None, "shop", "payment failed"),
    "Locust": ("[2026-11-29 14:46:40,123] web-1/WARNING/locust.main: CPU usage above 90%", "warn", "2026-11-29T14:46:40.123Z", "locust.main", "CPU usage"),
    "Rails with the request's id": ("E, [2026-11-29T14:46:40.123456 #12] ERROR -- : [c6034478-4026-4ded-9e3c-088c76d056f1] payment failed", "error", "2026-11-29T14:46:40.123456Z", None, "payment failed"),
    "SAP's Cloud Foundry": ('{"written_at":"2026-11-29T14:46:40.123Z","written_ts":1795963600123456789,"level":"WARN","logger":"com.shop.Pay","component_name":"shop","msg":"disk almost full"}', "warn", "2026-11-29T14:46:40.123Z", "shop", "disk almost full"),
    "Cisco IOS": ("<187>30: *Nov 29 14:46:40.123: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down", "error", "2026-11-29T14:46:40.123Z", None, "Interface Gi0/1"),
    "Cisco ASA": ("Nov 29 14:46:40 fw1 %ASA-4-106023: Deny tcp src outside:192.0.2.1/1", "warn", "2026-11-29T14:46:40Z", "fw1", "Deny tcp"),
    "Fortinet": ('date=2026-11-29 time=14:46:40 devname="FG1" level="warning" tz="+0100" msg="disk almost full"', "warn", "2026-11-29T14:46:40+01:00", "FG1", "disk almost full"),
    "WebSphere": ("[11/29/26 8:46:40:123 UTC] 0000002a Pay           E   payment failed", "error", "2026-11-29T08:46:40.123Z", "Pay", "payment failed"),
    "WebLogic": ("####<Nov 29, 2026 2:46:40,123 PM UTC> <Error> <HTTP> <host1> <AdminServer> <[ACTIVE] ExecuteThread: '0'> <<WLS Kernel>> <> <abc> <1795963600123> <[severity-value: 8] > <BEA-101020> <payment failed> ", "error", "1795963600123", "HTTP", "payment failed"),
    "GitHub's runner": ("2026-11-29T14:46:40.1234567Z ##[error]Process completed with exit code 1.", "error", "2026-11-29T14:46:40.1234567Z", None, "##[error]Process"),
    "GitLab's runner": ("2026-11-29T14:46:40.123456Z 01E ERROR: Job failed: exit code 1", "error", "2026-11-29T14:46:40.123456Z", None, "ERROR: Job failed"),
    "Ansible": ("2026-11-29 14:46:40,123 p=123 u=root n=ansible | PLAY [all] ***", "info", "2026-11-29T14:46:40.123Z", "ansible", "PLAY [all]"),
    "CodeIgniter": ("ERROR - 2026-11-29 14:46:40 --> payment failed", "error", "2026-11-29T14:46:40Z", None, "payment failed"),
    "Yii": ("2026-11-29 14:46:40 [192.0.2.1][7][abc][warning][application] disk almost full", "warn", "2026-11-29T14:46:40Z", "application", "disk almost full"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_line_of_a_documented_format(name: str) -> None:
    """What its program means by it."""
    line, level, time, resource, message = LINES[name]
    (log,) = read(line)
    told = log.get("timestamp")
    assert (rank(log), None if told is None else str(told), log.get("resourceId")) == (level, time, resource)
    assert log["message"].startswith(message)


def test_a_line_that_names_its_zone_is_of_no_other() -> None:
    """Wherever its source is said to be."""
    line = "<187>30: *Nov 29 14:46:40.123 UTC: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down"
    berlin = Assumed(datetime(2026, 11, 29, 15, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    log = forms.read(line, berlin)
    assert log is not None
    assert instant.parse(str(log["timestamp"])) == instant.parse("2026-11-29T14:46:40.123Z")
    assert "zone" not in log["metadata"]


#: By the program: lines that go on over several, or stand under a head, and of each log rank, instant and beginning of the message.
TEXTS: dict[str, tuple[str, list[tuple[str, str | None, str]]]] = {
    "IIS": (
        "#Software: Microsoft Internet Information Services 10.0\n#Date: 2026-11-29 14:46:39\n"
        "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status time-taken\n"
        "2026-11-29 14:46:40 192.0.2.1 GET /orders - 198.51.100.7 curl/8.5.0 200 15\n"
        "2026-11-29 14:46:41 192.0.2.1 POST /pay id=7 198.51.100.7 Mozilla/5.0+(X11) 500 812\n",
        [
            ("info", None, "#Software"),
            ("info", "2026-11-29T14:46:39Z", "#Date"),
            ("info", "2026-11-29T14:46:39Z", "#Fields"),
            ("info", "2026-11-29T14:46:40Z", "2026-11-29 14:46:40 192.0.2.1 GET /orders"),
            ("error", "2026-11-29T14:46:41Z", "2026-11-29 14:46:41 192.0.2.1 POST /pay"),
        ],
    ),
    "IIS, started again": (
        "#Fields: date time c-ip cs-method cs-uri-stem sc-status\n2026-11-29 14:46:40 192.0.2.7 GET /orders 404\n"
        "#Date: 2026-11-29 15:00:00\n#Fields: date time c-ip sc-status cs-method cs-uri-stem\n"
        "2026-11-29 15:00:01 192.0.2.7 500 GET /pay\n",
        [
            ("info", None, "#Fields"),
            ("warn", "2026-11-29T14:46:40Z", "2026-11-29 14:46:40 192.0.2.7 GET /orders"),
            ("info", "2026-11-29T15:00:00Z", "#Date"),
            ("info", "2026-11-29T15:00:00Z", "#Fields"),
            ("error", "2026-11-29T15:00:01Z", "2026-11-29 15:00:01 192.0.2.7 500"),
        ],
    ),
    "CloudFront": (
        "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status\n"
        "2026-11-29\t14:46:40\tFRA2\t1045\t192.0.2.7\tGET\td111.cloudfront.net\t/index.html\t403\n",
        [
            ("info", None, "#Version"),
            ("info", None, "#Fields"),
            ("warn", "2026-11-29T14:46:40Z", "2026-11-29\t14:46:40"),
        ],
    ),
    "Rails' exception": (
        "".join(
            f"F, [2026-11-29T14:46:40.12345{n} #12] FATAL -- : [c6034478-4026-4ded-9e3c-088c76d056f1] {text}\n"
            for n, text in enumerate(("  ", "RuntimeError (cannot charge):", "  ", "app/models/pay.rb:12:in `charge'"))
        )
        + "I, [2026-11-29T14:46:41.000000 #12]  INFO -- : [c6034478-4026-4ded-9e3c-088c76d056f1] Completed 500\n",
        [
            ("fatal", "2026-11-29T14:46:40.123450Z", "RuntimeError (cannot charge):"),
            ("info", "2026-11-29T14:46:41.000000Z", "Completed 500"),
        ],
    ),
    "glog's failed check": (
        "F20261129 14:46:40.123456 12345 pay.cc:15] Check failed: x == y (1 vs. 2)\n*** Check failure stack trace: ***\n"
        "    @     0x7f  google::LogMessage::Fail()\nI20261129 14:46:41.123456 12345 pay.cc:12] on\n",
        [("fatal", "2026-11-29T14:46:40.123456Z", "Check failed"), ("info", "2026-11-29T14:46:41.123456Z", "on")],
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_lines_of_a_documented_format(name: str) -> None:
    """One log an event; a line about the file is a log that tells nothing of anybody."""
    text, expected = TEXTS[name]
    found = [(rank(log), log.get("timestamp"), log["message"]) for log in read(text)]
    assert [(level, time) for level, time, _ in found] == [(level, time) for level, time, _ in expected]
    for (_, _, message), (_, _, begin) in zip(found, expected, strict=True):
        assert message.startswith(begin)


def test_columns_of_w3c_are_named_as_those_of_other_access_logs() -> None:
    """A plus stands for a blank, a minus for nothing, and digits are numbers where the column counts."""
    log = read(TEXTS["IIS"][0])[-1]
    told = {"method": "POST", "path": "/pay", "query": "id=7", "client": "198.51.100.7", "agent": "Mozilla/5.0 (X11)"}
    assert log["metadata"] == {"s-ip": "192.0.2.1", **told, "status": 500, "time-taken": 812}
    assert "query" not in read(TEXTS["IIS"][0])[-2]["metadata"]


@pytest.mark.parametrize("digits", [4, 19, 5_000])
@pytest.mark.parametrize(
    "line",
    [
        '192.0.2.1 - - [29/Nov/2026:14:46:39 +0000] "GET /x HTTP/1.1" 200 {number}',
        '[29/Nov/2026:14:46:39 +0000] 192.0.2.1 - "GET /x HTTP/1.1" 200 {number} -',
        '192.0.2.1:33318 [29/Nov/2026:14:46:39.655] in be/s1 10/0/1/2/9 200 {number} - - ---- 1/1/1/1/0 0/0 "GET /x HTTP/1.1"',
        "#Fields: date time cs-method cs-uri-stem sc-status\n2026-11-29 14:46:39 GET /x {number}",
        "#Fields: date time cs-method cs-uri-stem sc-bytes\n2026-11-29 14:46:39 GET /x {number}",
    ],
)
def test_a_number_that_is_none_hinders_nothing(line: str, digits: int) -> None:
    """Python refuses to read one of more than 4,300 digits: an access log with such a status or size is a log, and so is the next."""
    log, after = read(line.format(number="9" * digits) + "\nERROR payment failed\n")[-2:]
    assert rank(log) == "info" and line.partition(" {number}")[0].rpartition("\n")[2] in log["message"]
    assert after["message"].endswith("payment failed")


def test_an_exception_behind_a_text_is_known_by_its_frames() -> None:
    """As NLog and Node's console write it; without frames it is a text."""
    stack = "2026-11-29 14:46:40.1234|ERROR|Shop.Pay|payment failed|System.InvalidOperationException: refused\n   at Shop.Pay()\n"
    (log,) = read(stack)
    assert log["metadata"]["exception"] == {"type": "System.InvalidOperationException", "message": "refused"}
    (log,) = read(stack.partition("\n")[0])
    assert "exception" not in log.get("metadata", {})
