"""Drains of clouds: exchanges written to their documentation (none of these clouds can be run here)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from app.backends import Backends, connect
from app.settings.settings import Settings
from app.times.written import Assumed
from app.web import create_app
from app.web.doors.drains import heroku
from tests.prepared import prepare
from tests.thorough import examples

#: The example of devcenter.heroku.com/articles/log-drains, "HTTPS drains".
HEROKU = (
    b"83 <40>1 2012-11-30T06:45:29+00:00 host app web.3 - State changed from starting to up\n"
    b"119 <40>1 2012-11-30T06:45:26+00:00 host app web.3 - Starting process with command `bundle exec rackup config.ru -p 24405`\n"
)
LOGPLEX = {
    "Content-Type": "application/logplex-1",
    "Logplex-Msg-Count": "2",
    "Logplex-Frame-Id": "09C557EAFCFB6CF2740EE62F62971098",
    "Logplex-Drain-Token": "d.fc6b856b-3332-4546-93de-7d0ee272c3bd",
    "User-Agent": "Logplex/v49",
}


def taken(backends: Backends) -> list[Any]:
    """Return the logs that wait in the queue."""
    return backends.queue.take(1_000, 0).records


def framed(*messages: str) -> bytes:
    """Return messages as Logplex frames them."""
    return b"".join(b"%d %s" % (len(one.encode()), one.encode()) for one in messages)


def test_heroku(client: FlaskClient, backends: Backends) -> None:
    """Frames are logs of their dyno; the answer has no body."""
    answer = client.post("/drains/heroku", data=HEROKU, headers=LOGPLEX)
    assert (answer.status_code, answer.data) == (204, b"")
    one, two = taken(backends)
    assert (one.message, one.timestamp, one.resource_id) == (
        *("State changed from starting to up", "2012-11-30T06:45:29Z"),
        "web.3",
    )
    assert one.metadata == {"host": "host", "app": "app", "dyno": "web.3", "facility": "syslog"}
    assert two.message.endswith("config.ru -p 24405`")


def test_heroku_again(client: FlaskClient, backends: Backends) -> None:
    """A frame that comes again is taken once, however much later."""
    for _ in range(3):
        assert client.post("/drains/heroku", data=HEROKU, headers=LOGPLEX).status_code == 204
    assert backends.queue.depth().logs == 2


def test_heroku_levels(client: FlaskClient, backends: Backends) -> None:
    """The priority is that of the stream: what an app wrote tells the level, and the router's status."""
    head = "<158>1 2023-09-15T08:00:00.123456+00:00 host"
    router = f'{head} heroku router - at=error code=H12 desc="Request timeout" method=GET path="/a" status=503 service=30000ms'
    body = framed(
        f'{head} app web.1 - {{"level":"warn","msg":"inner","n":1}}', f"{head} app web.1 - ERROR: it failed", router
    )
    client.post("/drains/heroku", data=body)
    one, two, three = taken(backends)
    assert (one.level, one.message, one.metadata["n"], one.resource_id) == ("warn", "inner", 1, "web.1")
    assert (two.level, two.timestamp) == ("ERROR", "2023-09-15T08:00:00.123456Z")
    assert (three.level, three.metadata["code"], three.metadata["desc"]) == ("error", "H12", "Request timeout")


def test_heroku_counts(client: FlaskClient, backends: Backends) -> None:
    """What is cut off, or fewer than announced, is a dead letter with the reason; the whole frames are taken."""
    answer = client.post("/drains/heroku", data=HEROKU[:-20], headers=LOGPLEX)
    assert answer.status_code == 204
    client.post("/drains/heroku", data=HEROKU, headers={"Logplex-Msg-Count": "3"})
    assert client.post("/drains/heroku", data=b"", headers={"Logplex-Msg-Count": "3"}).status_code == 400
    batch = backends.queue.take(100, 0)
    assert len(batch.records) == 3
    assert [letter.reason for letter in batch.dead] == [
        "is no frame of syslog with its length before it",
        "Logplex-Msg-Count says 3, and the body holds 2",
        "Logplex-Msg-Count says 3, and the body holds 0",
    ]


@pytest.mark.parametrize("announced", ["two", "\u00b2", "9" * 5_000])
def test_heroku_counts_that_are_no_number(client: FlaskClient, backends: Backends, announced: str) -> None:
    """Such a count says nothing, and the frames are taken."""
    headers = {**LOGPLEX, "Logplex-Msg-Count": announced}
    assert client.post("/drains/heroku", data=HEROKU, headers=headers).status_code == 204
    assert len(taken(backends)) == 2


@pytest.fixture
def vercel(tmp_path: Path) -> Iterator[tuple[FlaskClient, Backends]]:
    """A client of a server with the settings of a Vercel drain, and its backends."""
    made = Settings.from_env(
        {
            "LOGINGESTOR_DATA_DIR": str(tmp_path / "vercel"),
            "LOGINGESTOR_MIN_FREE_DISK": "1 MiB",
            "LOGINGESTOR_VERCEL_SECRET": "a-secret",
            "LOGINGESTOR_VERCEL_VERIFY": "owner-1",
        }
    )
    prepare(made)
    app, held = create_app(made), connect(made)
    yield app.test_client(), held
    held.close()
    app.extensions["logingestor"].close()


#: Of vercel.com/docs/drains/reference/logs.
VERCEL = {
    "id": "1573817250283254651097202070",
    "deploymentId": "dpl_233NRGRjVZX1caZrXWtz5g1TAksD",
    "source": "lambda",
    "host": "my-app-abc123.vercel.app",
    "timestamp": 1_573_817_250_283,
    "projectId": "gdufoJxB6b9b1fEqr1jUtFkyavUU",
    "level": "error",
    "message": "API request failed",
    "projectName": "my-app",
    "traceId": "1b02cd14bb8642fd092bc23f54c7ffcd",
    "spanId": "f24e8631bd11faa7",
    "proxy": {"method": "GET", "host": "my-app.vercel.app", "path": "/api?x=1", "statusCode": 500},
}


def signed(body: bytes) -> dict[str, str]:
    """Return the headers of a drain's request."""
    return {"x-vercel-signature": hmac.new(b"a-secret", body, hashlib.sha1).hexdigest()}


@pytest.mark.parametrize("frame", [json.dumps, lambda logs: "\n".join(map(json.dumps, logs))])
def test_vercel(vercel: tuple[FlaskClient, Backends], frame: Callable[[Any], str]) -> None:
    """An array and lines; a request without a text is told by its proxy, and its status is the level."""
    client, held = vercel
    request = {name: value for name, value in VERCEL.items() if name not in ("message", "level")}
    body = frame([VERCEL, request]).encode()
    answer = client.post("/drains/vercel", data=body, headers=signed(body), content_type="application/json")
    assert (answer.status_code, answer.headers["x-vercel-verify"]) == (200, "owner-1")
    one, two = taken(held)
    assert (one.message, one.level, one.t, one.resource_id) == (
        *("API request failed", "error", 1_573_817_250_283),
        "my-app",
    )
    assert (one.trace_id, one.span_id) == (VERCEL["traceId"], VERCEL["spanId"])
    assert (two.message, two.level) == ("GET my-app.vercel.app /api?x=1 500", "error")
    assert one.metadata["proxy"] == VERCEL["proxy"]


def test_vercel_signature(vercel: tuple[FlaskClient, Backends]) -> None:
    """A body of another is refused, and tells nothing but who owns the address."""
    client, held = vercel
    for headers in ({}, {"x-vercel-signature": "0" * 40}, {"x-vercel-signature": "é"}):
        answer = client.post("/drains/vercel", json=[VERCEL], headers=headers)
        assert (answer.status_code, answer.headers["x-vercel-verify"]) == (403, "owner-1")
    assert held.queue.depth().logs == 0
    assert client.get("/drains/vercel").status_code == 200


def test_vercel_without_settings(client: FlaskClient, backends: Backends) -> None:
    """Nobody is asked for a signature; a GET is none."""
    assert client.post("/drains/vercel", json=[VERCEL]).status_code == 200
    assert client.get("/drains/vercel").status_code == 405
    assert backends.queue.depth().logs == 1


def test_cloudflare(client: FlaskClient, backends: Backends) -> None:
    """Lines of any data set with gzip; first comes a text of Cloudflare's own, which is kept."""
    lines = [
        {
            "ClientRequestMethod": "GET",
            "ClientRequestHost": "example.org",
            "ClientRequestURI": "/a?b",
            "EdgeResponseStatus": 503,
            "EdgeStartTimestamp": 1_795_963_451_196_003_841,
            "RayID": "7d1a",
        },
        {"ScriptName": "worker", "Outcome": "exception", "EventTimestampMs": 1_795_963_451_196},
        {"Datetime": "2023-09-15T08:00:00Z", "Action": "block", "Host": "example.org"},
        {"content": "tests"},
    ]
    body = gzip.compress("\n".join(map(json.dumps, lines)).encode())
    answer = client.post("/drains/cloudflare", data=body, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.data) == (200, b"")
    client.post("/drains/cloudflare", data=gzip.compress(b"token-1\n{oops"), headers={"Content-Encoding": "gzip"})
    batch = backends.queue.take(100, 0)
    logs = [(log.message, log.level, log.resource_id) for log in batch.records]
    assert logs[:2] == [("GET example.org/a?b 503", "error", "example.org"), ("worker exception", "error", "worker")]
    assert logs[3:] == [('{"content":"tests"}', "info", None), ("token-1", "info", None)]
    assert [(log.t, log.ns) for log in batch.records[:2]] == [(1_795_963_451_196, 3_841), (1_795_963_451_196, 0)]
    assert batch.records[2].timestamp == "2023-09-15T08:00:00Z"
    assert batch.records[0].metadata == lines[0]
    assert len(batch.dead) == 1


#: Of docs.aws.amazon.com/AmazonCloudWatch, "Log group-level subscription filters".
SUBSCRIPTION: dict[str, Any] = {
    "owner": "111111111111",
    "logGroup": "/aws/lambda/pay",
    "logStream": "2023/09/15/[$LATEST]a",
    "subscriptionFilters": ["all"],
    "messageType": "DATA_MESSAGE",
    "logEvents": [
        {
            "id": "31953106606966983378809025079804211143289615424298221568",
            "timestamp": 1_694_764_800_123,
            "message": "one\n",
        },
        {"id": "2", "timestamp": 1_694_764_800_124, "message": '{"level":"error","msg":"two","n":1}'},
    ],
}


def delivery(*records: bytes, identity: str = "ed4acda5-034f-9f42-bba1-f29aea6d7d8f") -> dict[str, Any]:
    """Return what a test client posts for these records."""
    data = [{"data": base64.b64encode(one).decode()} for one in records]
    return {
        "json": {"requestId": identity, "timestamp": 1_578_090_901_599, "records": data},
        "headers": {"X-Amz-Firehose-Request-Id": identity, "X-Amz-Firehose-Protocol-Version": "1.0"},
    }


def test_firehose(client: FlaskClient, backends: Backends) -> None:
    """Lines, objects in a row, and CloudWatch's records; the answer has the request's id and a time in ms."""
    control = {"messageType": "CONTROL_MESSAGE", "logEvents": [{"id": "", "timestamp": 1, "message": "CWL CONTROL"}]}
    sent = delivery(
        gzip.compress(json.dumps(SUBSCRIPTION).encode(), mtime=0),
        gzip.compress(json.dumps(control).encode(), mtime=0),
        b"ERROR plain\n",
        b'{"msg":"three"}{"msg":"four","level":"warn"}\n',
    )
    common = json.dumps({"commonAttributes": {"env": "prod"}})
    sent["headers"]["X-Amz-Firehose-Common-Attributes"] = common
    for _ in range(2):
        answer = client.post("/drains/firehose", **sent)
        assert (answer.status_code, answer.content_type) == (200, "application/json")
        assert set(answer.json) == {"requestId", "timestamp"}  # type: ignore[arg-type]
        assert answer.json["requestId"] == sent["json"]["requestId"]  # type: ignore[index]
        assert isinstance(answer.json["timestamp"], int)  # type: ignore[index]
    logs = taken(backends)
    assert [(log.message, log.level) for log in logs] == [
        *(("one", "info"), ("two", "error"), ("ERROR plain", "ERROR"), ("three", "info"), ("four", "warn")),
    ]
    assert (logs[0].t, logs[0].resource_id) == (1_694_764_800_123, "/aws/lambda/pay")
    assert logs[1].metadata["n"] == 1
    assert all(log.metadata["env"] == "prod" for log in logs)


def test_firehose_bad_records(client: FlaskClient, backends: Backends) -> None:
    """They are dead letters: Firehose would repeat the whole request for a day."""
    sent = delivery(b"fine", _GZIP_BROKEN)
    sent["json"]["records"].append({"data": "%%%"})
    assert client.post("/drains/firehose", **sent).status_code == 200
    batch = backends.queue.take(100, 0)
    assert (len(batch.records), len(batch.dead)) == (1, 2)


_GZIP_BROKEN = gzip.compress(b"x" * 1000, mtime=0)[:20]


def test_firehose_events_that_are_none(client: FlaskClient, backends: Backends) -> None:
    """Whatever stands in their place, also what JSON can't hold again."""
    broken = {**SUBSCRIPTION, "logEvents": ["\ud800", None, {"message": 7}, SUBSCRIPTION["logEvents"][0]]}
    assert client.post("/drains/firehose", **delivery(json.dumps(broken).encode())).status_code == 200
    batch = backends.queue.take(100, 0)
    assert (len(batch.records), len(batch.dead)) == (1, 3)


def test_firehose_refusals(client: FlaskClient, protected: FlaskClient) -> None:
    """Each has the form in which Firehose shows the reason."""
    broken = client.post("/drains/firehose", data=b"{}", headers={"X-Amz-Firehose-Request-Id": "r-1"})
    assert (broken.status_code, broken.json["requestId"]) == (400, "r-1")  # type: ignore[index]
    assert "records" in broken.json["errorMessage"] or "requestId" in broken.json["errorMessage"]  # type: ignore[index]
    other = delivery(b"x")
    other["headers"]["X-Amz-Firehose-Request-Id"] = "another"
    assert client.post("/drains/firehose", **other).status_code == 400
    sent = delivery(b"x")
    refused = protected.post("/drains/firehose", **sent)
    assert (refused.status_code, refused.json["requestId"]) == (401, sent["json"]["requestId"])  # type: ignore[index]
    sent["headers"]["X-Amz-Firehose-Access-Key"] = "right-password"
    assert protected.post("/drains/firehose", **sent).status_code == 200


def test_firehose_bombs(settings: Settings) -> None:
    """What the records of one request inflate to is bounded over all of them."""
    client = create_app(replace(settings, inflated_limit=1 << 20)).test_client()
    bomb = gzip.compress(bytes(700 << 10))
    assert client.post("/drains/firehose", **delivery(bomb)).status_code == 200
    assert client.post("/drains/firehose", **delivery(bomb, bomb)).status_code == 413


@settings(max_examples=examples(150), deadline=None)
@given(
    st.sampled_from(["heroku", "vercel", "cloudflare", "firehose"]),
    st.one_of(
        st.binary(max_size=100),
        st.text('0123456789 <>1-{}[]",:\n', max_size=60).map(str.encode),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["message", "proxy", "timestamp", "records", "requestId", "data", "ScriptName", "Outcome"]
                    ),
                    inner,
                )
            ),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
    ),
)
def test_no_body_is_answered_500(client: FlaskClient, door: str, body: bytes) -> None:
    """Whatever is sent is taken or refused."""
    assert client.post(f"/drains/{door}", data=body).status_code in (200, 204, 400)


def test_a_long_word_of_the_router_is_read_once() -> None:
    """It would take hours, were each of its letters tried as the beginning of a name."""
    frame = b"<158>1 2026-01-02T03:04:05+00:00 host heroku router - " + b"a" * 1_000_000 + b" status=200"
    assert heroku.log(frame, Assumed.here())["metadata"]["status"] == "200"


def test_firehose_dates_a_repeat_anew(client: FlaskClient, backends: Backends) -> None:
    """The request's id and its records tell that it is the same; when it was made is no part of it."""
    for timestamp in (1, 2):
        sent = {"requestId": "r", "timestamp": timestamp, "records": [{"data": base64.b64encode(b"x").decode()}]}
        assert client.post("/drains/firehose", json=sent).status_code == 200
    assert len(backends.queue.take(10, 0).records) == 1
