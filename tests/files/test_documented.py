"""Formats of programs that can't be run here, as they are documented: level, instant, resource and text of a line."""

from __future__ import annotations

import pytest

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
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_line_of_a_documented_format(name: str) -> None:
    """What its program means by it."""
    line, level, time, resource, message = LINES[name]
    (log,) = read(line)
    told = log.get("timestamp")
    assert (rank(log), None if told is None else str(told), log.get("resourceId")) == (level, time, resource)
    assert log["message"].startswith(message)
