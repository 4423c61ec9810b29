"""Exchanges of shippers that can't be run here, written to their sources: what each asks, sends, and looks for in the answers.

Read in fluent-bit (plugins/out_es/es.c, out_loki/loki.c, out_http/http.c), vector (src/sinks/elasticsearch, src/sinks/loki/healthcheck.rs),
beats (libbeat/outputs/elasticsearch, licenser), logstash-output-elasticsearch (http_client/pool.rb), moby (daemon/logger/splunk, gelf), and
the Datadog agent's documentation, and loki (clients/pkg/promtail/client, pkg/push/push.proto), whose client Alloy has too. The drains of clouds are in test_drains.py.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

import cramjam
import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.listen.decoding import gelf_log
from app.times.written import Assumed
from tests.web.doors.table import packed, varint

AT = "2026-11-29T10:00:00.123Z"
AT_MS = 1_795_946_400_123


def lines(*values: Any) -> bytes:
    """Return each value as compact JSON on a line."""
    return b"".join(json.dumps(value, separators=(",", ":")).encode() + b"\n" for value in values)


def taken(backends: Backends) -> list[tuple[str, str, int]]:
    """Return message, level and time of the logs that wait in the queue."""
    return [(log.message, log.level, log.t) for log in backends.queue.take(100, 0).records]


def test_fluent_bit_es(client: FlaskClient, backends: Backends) -> None:
    """It looks for the beginning of a success literally where the answer is longer than its buffer; an empty one it repeats for ever."""
    body = lines(
        {"create": {"_index": "fluent-bit"}},
        {"@timestamp": AT, "log": '{"level":"error","msg":"order failed"}', "stream": "stderr"},
    )
    head = {"Content-Type": "application/x-ndjson", "User-Agent": "Fluent-Bit", "Content-Encoding": "gzip"}
    answer = client.post("/elastic/_bulk", data=gzip.compress(body), headers=head)
    assert answer.status_code == 200
    assert b'"errors":false,"items":[' in answer.data
    assert taken(backends) == [("order failed", "error", AT_MS)]


def test_fluent_bit_http(client: FlaskClient, backends: Backends) -> None:
    """The configuration of the page "add a source": any status from 200 to 205 is a success."""
    body = gzip.compress(lines({"timestamp": AT, "message": "order failed", "resourceId": "web-1", "stream": "stderr"}))
    head = {"Content-Type": "application/x-ndjson", "User-Agent": "Fluent-Bit", "Content-Encoding": "gzip"}
    answer = client.post("/logs/ingest/", data=body, headers=head)
    assert 200 <= answer.status_code <= 205
    assert taken(backends) == [("order failed", "info", AT_MS)]


def test_fluent_bit_loki(client: FlaskClient, backends: Backends) -> None:
    """The line is the record as JSON; 400 would be final, 5xx is repeated."""
    line = json.dumps({"level": "warn", "msg": "stock is low", "stream": "stdout"})
    stream = {"stream": {"job": "fluent-bit", "service_name": "shop"}, "values": [[str(AT_MS * 1_000_000), line]]}
    answer = client.post("/loki/api/v1/push", json={"streams": [stream]}, headers={"User-Agent": "Fluent-Bit"})
    assert answer.status_code == 204
    assert taken(backends) == [("stock is low", "warn", AT_MS)]


def test_alloy(client: FlaskClient, backends: Backends) -> None:
    """promtail's client, which is Alloy's too: protobuf in snappy, an entry's structured metadata beside it; 2xx is a success, 429 and 5xx are repeated."""
    seconds, milliseconds = divmod(AT_MS, 1_000)
    stamp = b"\x08" + varint(seconds) + b"\x10" + varint(milliseconds * 1_000_000)
    pair = packed(1, b"trace_id") + packed(2, b"4bf92f3577b34da6a3ce929d0e0e4736")
    entry = packed(1, stamp) + packed(2, b'level=error msg="order failed"') + packed(3, pair)
    push = packed(1, packed(1, b'{service_name="shop", filename="/var/log/shop.log"}') + packed(2, entry))
    head = {"Content-Type": "application/x-protobuf", "User-Agent": "Alloy/v1.12.0 (linux; linux-amd64)", "X-Scope-OrgID": "fake"}  # fmt: skip
    answer = client.post("/loki/api/v1/push", data=bytes(cramjam.snappy.compress_raw(push)), headers=head)
    assert answer.status_code == 204
    [log] = backends.queue.take(10, 0).records
    assert (log.message, log.level, log.t, log.resource_id) == (
        'level=error msg="order failed"',
        "error",
        AT_MS,
        "shop",
    )
    assert log.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_vector_elasticsearch(client: FlaskClient, backends: Backends) -> None:
    """It asks for version and health, and takes every answer without this very text for a success."""
    head = {"User-Agent": "Vector/0.51.1 (x86_64-unknown-linux-gnu)", "Accept": "*/*"}
    assert client.get("/elastic/", headers=head).json["version"]["number"]  # type: ignore[index]
    assert client.get("/elastic/_cluster/health", headers=head).status_code == 200
    event = {"@timestamp": AT, "message": "order failed", "level": "error", "host": "web-1", "source_type": "file"}
    body = gzip.compress(lines({"create": {"_index": "vector-2026.11.29", "_type": "_doc"}}, event))
    bulk = {**head, "Content-Encoding": "gzip", "Content-Type": "application/x-ndjson"}
    answer = client.post("/elastic/_bulk", data=body, headers=bulk)
    assert (answer.status_code, b'"errors":true' in answer.data) == (200, False)
    assert (
        b'"errors":true'
        in client.post("/elastic/_bulk", data=lines({"create": {"_index": "a"}}, [1]), headers=head).data
    )
    assert taken(backends) == [("order failed", "error", AT_MS)]


def test_vector_loki_asks_whether_it_is_ready(client: FlaskClient) -> None:
    """Then it pushes protobuf, as the clients of tests/e2e/test_shippers.py do."""
    assert client.get("/ready", headers={"User-Agent": "Vector/0.51.1"}).status_code == 200


@pytest.mark.parametrize(
    ("agent", "asked"),
    [
        (
            "Elastic-Filebeat/9.2.1 (linux; amd64; a; 2026-11-01 00:00:00 +0000 UTC)",
            [("GET", "/"), ("GET", "/_license?human=false"), ("HEAD", "/_index_template/filebeat-9.2.1")],
        ),
        (
            "logstash/9.2.1 (OS=Linux; JVM=21) logstash-output-elasticsearch/12.0.7",
            [("HEAD", "/"), ("GET", "/"), ("GET", "/_license"), ("HEAD", "/_index_template/ecs-logstash")],
        ),
    ],
)
def test_filebeat_and_logstash(
    client: FlaskClient, backends: Backends, agent: str, asked: list[tuple[str, str]]
) -> None:
    """They ask who is there and what it may do, and send with a filter of what is to be answered."""
    head = {"User-Agent": agent, "Accept": "application/json"}
    for method, path in asked:
        answer = client.open(f"/elastic{path}", method=method, headers=head)
        assert answer.status_code == 200, path
        assert answer.headers["X-Elastic-Product"] == "Elasticsearch"
        if path == "/" and method == "GET":
            assert answer.json is not None
            assert answer.json["version"]["number"].split(".")[0] == "9"
        if path.startswith("/_license"):
            assert answer.json is not None
            assert answer.json["license"]["status"] == "active"
    event = {
        "@timestamp": AT,
        "message": "order failed",
        "log": {"level": "error", "file": {"path": "/var/log/a"}},
        "agent": {"type": "filebeat"},
    }
    body = lines({"create": {"_index": "filebeat-9.2.1"}}, event)
    path = "/elastic/_bulk?filter_path=errors,items.*.error,items.*.status"
    answer = client.post(path, data=body, headers={**head, "Content-Type": "application/json"})
    assert answer.json is not None
    assert (answer.status_code, answer.json["errors"], answer.json["items"][0]["create"]["status"]) == (200, False, 201)
    assert taken(backends) == [("order failed", "error", AT_MS)]


def test_datadog_agent(client: FlaskClient, backends: Backends) -> None:
    """A batch of the agent: the status tells the stream, the line its own level; any 2xx is a success."""
    line = '{"level":"error","msg":"order failed"}'
    item = {
        "message": line,
        "status": "info",
        "timestamp": AT_MS,
        "hostname": "web-1",
        "service": "shop",
        "ddsource": "node",
        "ddtags": "env:prod",
    }
    head = {"DD-API-KEY": "a-key", "DD-PROTOCOL": "agent-json", "DD-EVP-ORIGIN": "agent", "Content-Encoding": "gzip"}
    answer = client.post(
        "/api/v2/logs", data=gzip.compress(lines([item])), headers={**head, "Content-Type": "application/json"}
    )
    assert 200 <= answer.status_code < 300
    assert taken(backends) == [("order failed", "error", AT_MS)]


def test_docker_splunk(client: FlaskClient, backends: Backends) -> None:
    """It verifies the connection by OPTIONS, which must be 200, and then sends events one behind another."""
    head = {"Authorization": "Splunk a-token"}
    path = "/services/collector/event/1.0"
    assert client.open(path, method="OPTIONS", headers=head).status_code == 200
    event = {"line": "ERROR order failed", "source": "stderr", "tag": "c0ffee"}
    sent = [
        {"event": event, "time": f"{AT_MS / 1000:.6f}", "host": "web-1"},
        {
            "event": {**event, "line": {"level": "warn", "msg": "stock is low"}},
            "time": f"{AT_MS / 1000:.6f}",
            "host": "web-1",
        },
    ]
    answer = client.post(
        path, data=b"".join(lines(one).strip() for one in sent), headers={**head, "Content-Encoding": ""}
    )
    assert answer.status_code == 200
    assert taken(backends) == [("ERROR order failed", "ERROR", AT_MS), ("stock is low", "warn", AT_MS)]


def test_docker_gelf(client: FlaskClient, backends: Backends) -> None:
    """Over UDP: level 3 is the error stream, the container is in fields of its own. By HTTP the same document is taken alike."""
    sent = {
        **{"version": "1.1", "host": "web-1", "short_message": "order failed", "timestamp": AT_MS / 1000, "level": 3},
        **{
            "_container_id": "c0ffee",
            "_container_name": "shop",
            "_image_name": "shop:1",
            "_command": "./shop",
            "_tag": "c0ffee",
        },
    }
    assert gelf_log(json.dumps(sent).encode(), "192.0.2.7", Assumed.here()) == sent
    assert client.post("/gelf", json=sent).status_code == 202
    [log] = backends.queue.take(10, 0).records
    assert (log.message, log.level, log.resource_id, log.t) == ("order failed", "err", "web-1", AT_MS)
    assert log.metadata["_container_name"] == "shop"
