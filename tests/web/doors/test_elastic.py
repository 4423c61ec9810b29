"""The door of Elasticsearch's clients: framing, answers to the byte, and what is asked beside logs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from app.backends import Backends
from app.errors import Unavailable
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tokens
from app.web.doors.elastic import bulk, routes
from app.web.doors.taking import RECEIPT
from tests.prepared import prepare
from tests.thorough import examples

ECS = {
    "@timestamp": "2023-09-15T08:00:00.123456789Z",
    "message": "card refused",
    "log": {"level": "error"},
    "service": {"name": "shop"},
    "trace": {"id": "abc"},
    "span": {"id": "00f067aa0ba902b7"},
    "error": {"stack_trace": "at pay"},
}


def lines(*values: Any) -> bytes:
    """Return each value as JSON on a line; bytes as they are."""
    return b"".join((value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n" for value in values)


def moved(backends: Backends) -> list[Any]:
    """Return the logs that wait, by leasing them."""
    return backends.queue.take(1_000, 0).records


@pytest.mark.parametrize(
    "path", ["/_bulk", "/logs-app/_bulk", "/elastic/_bulk", "/elastic/logs-app/_bulk/", "/logs/_bulk"]
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_bulk_is_taken(client: FlaskClient, backends: Backends, path: str, method: str) -> None:
    """By both methods, at the root and beneath /elastic, whatever the content type; the receipt is in a header."""
    body = lines({"index": {}}, {"message": "one"}, {"create": {"_index": "own"}}, {"message": "two"})
    answer = client.open(path, method=method, data=body, content_type="application/vnd.elasticsearch+json")
    assert answer.status_code == 200
    assert answer.headers["X-Elastic-Product"] == "Elasticsearch"
    found = json.loads(answer.data)
    assert (
        found["errors"],
        [item[name]["status"] for item, name in zip(found["items"], ("index", "create"), strict=True)],
    ) == (False, [201, 201])
    assert found["items"][1]["create"]["_index"] == "own"
    assert client.get(f"/receipts/{answer.headers[RECEIPT]}").json["accepted"] == 2  # type: ignore[index]
    assert [record.message for record in moved(backends)] == ["one", "two"]


def test_the_answers_bytes(client: FlaskClient) -> None:
    """Fluent Bit and Vector look for these literally: compact, and in this order."""
    body = lines({"index": {"_index": "a", "_id": "7"}}, {"message": "one"})
    answer = client.post("/_bulk", data=body).data
    assert answer.startswith(b'{"took":')
    assert b',"errors":false,"items":[{"index":{"_index":"a","_id":"7",' in answer
    assert b'"errors":true' in client.post("/_bulk", data=body + lines({"delete": {"_id": "7"}})).data


def test_ecs_names_are_read(client: FlaskClient, backends: Backends) -> None:
    """Level, time, service and trace come where they belong; index and `_id` of the client are metadata."""
    client.post("/_bulk", data=lines({"index": {"_index": "shop-logs", "_id": "x1"}}, ECS))
    [record] = moved(backends)
    assert (record.level, record.message, record.resource_id) == ("error", "card refused", "shop")
    assert (record.trace_id, record.span_id, record.timestamp) == (
        "abc",
        "00f067aa0ba902b7",
        "2023-09-15T08:00:00.123456789Z",
    )
    assert record.metadata["_index"] == "shop-logs"
    assert record.metadata["_id"] == "x1"
    assert record.metadata["error"] == {"stack_trace": "at pay"}


def test_documents_in_our_own_form_keep_index_and_id_as_metadata(client: FlaskClient, backends: Backends) -> None:
    """Their own metadata of these names win; one with a number for a text is not made plainly ours by them."""
    action = {"index": {"_index": "a", "_id": "7"}}
    documents: list[dict[str, Any]] = [
        {"message": "one", "resourceId": "r"},
        {"message": "two", "metadata": {"_index": "own", "x": 1}},
        {"message": "three", "metadata": None},
        {"message": "four", "resourceId": 5},
        {"message": "fi\0ve", "resourceId": "r"},
    ]
    answer = client.post("/_bulk", data=lines(*(line for document in documents for line in (action, document))))
    assert not json.loads(answer.data)["errors"]
    found = [(record.message, record.resource_id, record.metadata) for record in moved(backends)]
    assert found == [
        ("one", "r", {"_index": "a", "_id": "7"}),
        ("two", None, {"_index": "own", "_id": "7", "x": 1}),
        ("three", None, {"_index": "a", "_id": "7"}),
        ("four", "5", {"_index": "a", "_id": "7"}),
        ("fi\ufffdve", "r", {"_index": "a", "_id": "7"}),
    ]


def test_each_item_is_answered_in_its_place(client: FlaskClient, backends: Backends) -> None:
    """What is refused says why, in the item that it belongs to, and is a dead letter; its neighbours are kept."""
    body = lines(
        {"index": {}},
        {"message": "one"},
        {"delete": {"_id": "1"}},
        {"update": {"_id": "1"}},
        {"doc": {}},
        {"create": {"_id": "2", "op_type": None, "_type": "x"}, "unknown": 1},
        b"{broken",
        b"no action",
        {"message": "its document"},
        {"index": {}},
        {"message": "two"},
        {"index": {}},
    )
    found = client.post("/_bulk", data=body).json
    assert found is not None
    told = [(name, item["status"]) for one in found["items"] for name, item in one.items()]
    assert told == [
        ("index", 201),
        ("delete", 400),
        ("update", 400),
        ("create", 400),
        ("index", 400),
        ("index", 201),
        ("index", 400),
    ]
    reasons = [item["error"]["reason"] for one in found["items"] for item in one.values() if "error" in item]
    assert [reason.partition(":")[0] for reason in reasons] == [
        "delete is not done here",
        "update is not done here",
        "is not JSON",
        "is no action of _bulk",
        "the document is missing",
    ]
    batch = backends.queue.take(1_000, 0)
    assert [record.message for record in batch.records] == ["one", "two"]
    assert [letter.payload for letter in batch.dead][2:4] == [b"{broken", b'no action\n{"message": "its document"}']


def test_an_id_is_its_documents_key(client: FlaskClient, backends: Backends) -> None:
    """The same document comes once, in whatever request and by whatever action; another of the same `_id` is no repeat."""
    one, other = {"message": "one"}, {"message": "other"}
    first = lines({"create": {"_id": "7"}}, one, {"index": {"_id": "7"}}, other)
    again = lines({"index": {}}, one, {"index": {"_id": "7"}}, one, {"index": {"_id": "7", "_index": "b"}}, one)
    for body in (first, again):
        found = client.post("/a/_bulk", data=body).json
        assert found is not None
        assert {item["status"] for items in found["items"] for item in items.values()} == {201}
    assert client.put("/a/_doc/7", data=json.dumps(other)).status_code == 201
    assert client.put("/a/_create/7", data=json.dumps(other)).status_code == 201
    records = moved(backends)
    assert [(record.message, record.metadata["_index"], record.metadata.get("_id")) for record in records] == [
        ("one", "a", "7"),
        ("other", "a", "7"),
        ("one", "a", None),
        ("one", "b", "7"),
    ]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "text/plain"])
@pytest.mark.parametrize(("time", "taken"), [("2023-09-15T08:00:00.123456+00:00", 3), ("2023-09-15T08:00:00+00:00", 8)])
def test_rsyslog_cuts_a_batch_anew(client: FlaskClient, backends: Backends, time: str, taken: int, kind: str) -> None:
    """After a break it sends the batch again document by document, and in one request a document twice; fine times tell them.

    By omelasticsearch as JSON, by omhttp as text.
    """
    documents = [{"@timestamp": time, "message": f"number {n}"} for n in range(3)]
    action = {"index": {"_index": "system", "_type": "events"}}
    for some in (documents, documents[:1], documents[1:2], [documents[2], documents[1], documents[2]]):
        body = lines(*(line for document in some for line in (action, document)))
        request = {"REMOTE_ADDR": "10.0.0.1", "HTTP_USER_AGENT": ""}
        answer = client.post("/_bulk", data=body, content_type=kind, environ_overrides=request)
        assert answer.status_code == 200
        assert b'"errors":false' in answer.data
    assert backends.queue.depth().logs == taken


def test_winston_is_spared_refusals(client: FlaskClient, backends: Backends) -> None:
    """It sends all of a batch 400 times more when one item is refused: the bad one is a dead letter alone."""
    body = lines({"index": {"_index": "a", "pipeline": None}, "attempts": 0}, {"message": "one"})
    answer = client.post("/_bulk", data=body + lines({"index": {"_index": "a"}, "attempts": 0}, [1]))
    assert answer.json is not None
    assert answer.json["errors"] is False
    batch = backends.queue.take(1_000, 0)
    assert (len(batch.records), len(batch.dead)) == (1, 1)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"message":"no action"}\n', b"\xff\xfe\n\n"])
def test_what_is_no_bulk_is_refused_whole(client: FlaskClient, body: bytes) -> None:
    """In Elasticsearch's shape, as JSON."""
    answer = client.post("/_bulk", data=body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["status"] == 400
    assert answer.json["error"]["reason"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/app/_doc"),
        ("PUT", "/app/_doc/5"),
        ("POST", "/logs/_create/5"),
        ("POST", "/system/events"),
        ("PUT", "/elastic/app/_create/5"),
        ("POST", "/elastic/logs/events"),
    ],
)
def test_a_document_alone_is_taken(client: FlaskClient, backends: Backends, method: str, path: str) -> None:
    """Answered 201 as Elasticsearch does."""
    answer = client.open(path, method=method, json={"message": "alone"})
    assert (answer.status_code, answer.json["result"]) == (201, "created")  # type: ignore[index]
    assert [record.message for record in moved(backends)] == ["alone"]


def test_a_bad_document_alone_is_refused(client: FlaskClient) -> None:
    """With the reason."""
    answer = client.post("/app/_doc", data=b"[1]")
    assert answer.status_code == 400
    assert answer.json["error"] == {  # type: ignore[index]
        "root_cause": [{"type": "document_parsing_exception", "reason": "the document is not a JSON object"}],
        "type": "document_parsing_exception",
        "reason": "the document is not a JSON object",
    }


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/logs/ingests"), ("POST", "/alerts/x"), ("PUT", "/dead"), ("POST", "/loki/api")]
)
def test_our_own_names_are_no_index(client: FlaskClient, method: str, path: str) -> None:
    """A mistyped route of ours does not become a log."""
    assert client.open(path, method=method, json={"message": "x"}).status_code in (404, 405)


ASKED = [
    ("GET", "/_license", lambda found: found["license"]["status"] == "active"),
    ("GET", "/_xpack", lambda found: found["features"]["ilm"]["enabled"]),
    ("GET", "/_cluster/health?wait_for_status=yellow&timeout=30s", lambda found: found["status"] == "green"),
    ("GET", "/_cat/health", lambda found: found[0]["status"] == "green"),
    ("GET", "/_nodes/_all/http", lambda found: found["_nodes"]["total"] == 1),
    ("PUT", "/_index_template/logs", lambda found: found["acknowledged"]),
    ("GET", "/_index_template/logs", lambda found: found["index_templates"][0]["name"] == "logs"),
    ("GET", "/_ilm/policy/logs", lambda found: "policy" in found["logs"]),
    ("PUT", "/_ilm/policy/logs", lambda found: found["acknowledged"]),
    ("GET", "/_ingest/pipeline/x", lambda found: found["x"] == {"processors": []}),
    ("PUT", "/_data_stream/logs-app", lambda found: found["acknowledged"]),
    ("PUT", "/new-index", lambda found: found["index"] == "new-index"),
    ("POST", "/logs/_refresh", lambda found: found["_shards"]["failed"] == 0),
]


@pytest.mark.parametrize("under", ["", "/elastic"])
@pytest.mark.parametrize(("method", "path", "good"), ASKED, ids=[f"{method} {path}" for method, path, _ in ASKED])
def test_shippers_find_what_they_ask_for(
    client: FlaskClient, method: str, path: str, good: Callable[[Any], bool], under: str
) -> None:
    """At their start, and by HEAD too."""
    answer = client.open(under + path, method=method, data=b"{}")
    assert answer.status_code == 200
    assert good(answer.json)
    assert answer.headers["X-Elastic-Product"] == "Elasticsearch"
    if method == "GET":
        assert client.head(under + path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_bulk", 405),
        ("GET", "/x/_bulk", 405),
        ("GET", "/_search", 404),
        ("POST", "/x/_search", 404),
        ("GET", "/elastic/a/b", 404),
        ("HEAD", "/no-index", 404),
    ],
)
def test_errors_are_json(client: FlaskClient, method: str, path: str, status: int) -> None:
    """Also where nothing is: rsyslog sends a batch twice when the answer is of another kind."""
    answer = client.open(path, method=method, headers={"Accept": "*/*"})
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    if method != "HEAD":
        assert json.loads(answer.data)["status"] == status
    assert status != 405 or set(answer.headers["Allow"].split(", ")) == {"POST", "PUT"}


def test_browsers_keep_the_page_and_clients_are_told_who_is_there(client: FlaskClient) -> None:
    """By what they accept; the version is the client's own, since some refuse an older server."""
    assert b"<html" in client.get("/", headers={"Accept": "text/html,*/*"}).data
    assert b"<html" in client.get("/").data
    for agent, number in (
        ("Elastic-Filebeat/8.15.1 (linux)", "8.15.1"),
        ("elasticsearch-py/9.5.1 (x)", "9.5.1"),
        ("curl/8", "8.19.0"),
    ):
        found = client.get("/", headers={"Accept": "*/*", "User-Agent": agent})
        assert found.json is not None
        assert found.json["version"]["number"] == number
        assert found.json["tagline"] == "You Know, for Search"
        assert found.headers["X-Elastic-Product"] == "Elasticsearch"
    opensearch = client.get("/elastic", headers={"User-Agent": "logstash-output-opensearch/2.0.3"}).json
    assert opensearch is not None
    assert opensearch["version"]["distribution"] == "opensearch"
    assert client.get("/no-such-page", headers={"Accept": "text/html"}).mimetype == "text/html"


def test_a_full_queue_is_said_as_the_client_needs_it(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with JSON; the bulk helpers of JavaScript and Java, whose stream would end, are answered item by item."""

    def full(*_: Any, **__: Any) -> Any:
        raise Unavailable("the queue is full", retry_after=30)

    accept = client.application.extensions["logingestor"].accept()
    monkeypatch.setattr(accept, "take", full)
    monkeypatch.setattr(routes, "PATIENCE", 0.0)
    body = lines({"index": {}}, {"message": "one"})
    answer = client.post("/_bulk", data=body, headers={"User-Agent": "opensearch-py/3.2.0"})
    assert (answer.status_code, answer.headers["Retry-After"], answer.json["status"]) == (503, "5", 503)  # type: ignore[index]
    meta = {"User-Agent": "elasticsearch-js/9.4.3", "x-elastic-client-meta": "es=9.4.3,js=20.20.2,h=bp"}
    answer = client.post("/_bulk", data=body, headers=meta)
    assert (answer.status_code, answer.json["items"][0]["index"]["status"]) == (200, 429)  # type: ignore[index]


def test_a_token_over_its_rate_ends_no_bulk_helper(protected: FlaskClient) -> None:
    """The helpers of JavaScript and Java give a batch up that is refused as a whole, and send items again that are refused one by one."""
    with protected.application.app_context():
        token = tokens.create("a sender", "writer", "tests", rate="0.05/s")[0]
    allowed, body = (
        {"Authorization": f"Bearer {token}"},
        lines({"index": {}}, {"message": "one"}, {"create": {}}, {"message": "two"}),
    )
    assert protected.post("/_bulk", data=body, headers=allowed).status_code == 200
    assert (
        protected.post("/_bulk", data=body, headers={**allowed, "User-Agent": "opensearch-py/3.2.0"}).status_code == 429
    )
    for agent in ("opensearch-js/3.9.0", "elastic-java/9.5.6"):
        answer = protected.post("/elastic/a/_bulk", data=body, headers={**allowed, "User-Agent": agent})
        assert answer.status_code == 200
        found: Any = answer.json
        assert found["errors"] is True
        assert [item[name]["status"] for item, name in zip(found["items"], ("index", "create"), strict=True)] == [
            429,
            429,
        ]
        assert protected.post("/_bulk", data=b"{", headers={**allowed, "User-Agent": agent}).json["errors"] is True  # type: ignore[index]
    wrong = {"Authorization": "Bearer lgi_wrong", "User-Agent": "opensearch-js/3.9.0"}
    assert protected.post("/_bulk", data=body, headers=wrong).status_code == 401


def test_a_token_over_its_rate_costs_rsyslog_nothing(protected: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """It drops or doubles whatever is refused, so its batch waits for the token's turn; at most as long as for room."""
    with protected.application.app_context():
        token = tokens.create("a sender", "writer", "tests", rate="1/s")[0]
    rsyslog = {"Authorization": f"Bearer {token}", "User-Agent": "", "Content-Type": "application/json"}
    for path, body, status in (
        ("/_bulk", lines({"index": {}}, {"message": "one"}), 200),
        ("/system/events", b'{"message":"two"}', 201),
        ("/_bulk", b"{", 400),
    ):
        assert protected.post(path, data=body, headers=rsyslog).status_code == status
    queue = protected.application.extensions["logingestor"].backends().queue
    assert queue.depth().logs == 2
    monkeypatch.setattr(routes, "RSYSLOG_PATIENCE", 0.0)
    refused: Any = protected.post("/_bulk", data=b"{", headers=rsyslog)
    assert (refused.status_code, refused.json["status"]) == (429, 429)


def test_a_batch_waits_for_room(client: FlaskClient, backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than be refused at once: many clients drop at the first refusal."""
    accept = client.application.extensions["logingestor"].accept()
    first = accept.take
    tries = []

    def seldom(*given: Any, **more: Any) -> Any:
        tries.append(given)
        if len(tries) < 3:
            raise Unavailable("the queue is full")
        return first(*given, **more)

    monkeypatch.setattr(accept, "take", seldom)
    assert client.post("/_bulk", data=lines({"index": {}}, {"message": "one"})).status_code == 200
    assert len(moved(backends)) == 1


def test_clients_users_are_let_in_by_the_password(tmp_path: Path) -> None:
    """Basic with any user, and an API key, also at `/`; a 401 is JSON."""
    made = Settings.from_env(
        {
            "LOGINGESTOR_DATA_DIR": str(tmp_path),
            "LOGINGESTOR_AUTH": "required",
            "LOGINGESTOR_ADMIN_PASSWORD": "a long password",
        }
    )
    prepare(made)
    app = create_app(made)
    client = app.test_client()
    key = base64.b64encode(b"an-id:a long password").decode()
    basic = base64.b64encode(b"elastic:a long password").decode()
    for path in ("/", "/_cluster/health", "/elastic/"):
        assert client.get(path, headers={"Accept": "*/*"}).mimetype == "application/json"
        assert client.get(path, headers={"Accept": "*/*"}).status_code == 401
        for authorization in (f"ApiKey {key}", f"Basic {basic}"):
            answer = client.get(path, headers={"Accept": "*/*", "Authorization": authorization})
            assert (answer.status_code, answer.mimetype) == (200, "application/json"), path
    app.extensions["logingestor"].close()


TEXTS = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ACTIONS = st.builds(
    lambda name, value: {name: value}, st.sampled_from(["index", "create", "update", "delete", "x"]), VALUES
)
LINE = (
    st.binary(max_size=30)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | ACTIONS.map(lambda value: json.dumps(value).encode())
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(LINE, max_size=12), st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
def test_any_body_is_answered(client: FlaskClient, parts: list[bytes], end: bytes) -> None:
    """Never by a fault of ours, and always with an item for each entry."""
    body = end.join(parts)
    answer = client.post("/_bulk", data=body)
    assert answer.status_code in (200, 400)
    found = json.loads(answer.data)
    assert answer.status_code == 400 or len(found["items"]) == len(bulk.read(body, None))
