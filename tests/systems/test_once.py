"""Carriers under the whole of accept and drain: what is sent twice is stored once, and every receipt adds up."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient

from app.accept.accept import Accept, Outcome
from app.accept.receipts import Receipts
from app.backends import Backends, connect
from app.drain import drain
from app.drain.indexing import Indexing
from app.log import schema
from app.log.envelope import DeadLetter, Envelope
from app.log.parsed import Parsed
from app.settings.limits import limits_of
from app.settings.settings import Settings
from app.systems.rabbitmq import queue
from app.times.instant import now_ms
from app.web import create_app
from app.web.answers.ingest import AcceptedAnswer
from tests.prepared import prepare
from tests.services.fixtures import StartServer
from tests.services.rabbitmq import Rabbitmq
from tests.systems.conftest import eventually


@pytest.fixture(params=["rabbitmq_queue", "sqs_queue"])
def held(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Backends]:
    """Backends with a carrier, over a record in SQLite."""
    opened = connect(replace(settings, queue_url=request.getfixturevalue(request.param)))
    yield opened
    opened.close()


@pytest.fixture
def accept(held: Backends) -> Accept:
    """Accepts into the carrier."""
    return Accept(held.queue, receipts_of(held))


def receipts_of(held: Backends) -> Receipts:
    """Return what answers for receipts."""
    return Receipts(held.queue, held.store, held.record.letters, held.index, b"secret", 3_600_000)


def request(held: Backends, bad: int = 3) -> Parsed:
    """Return one request of 250 logs, and some bad ones, no two alike; the same body each time."""
    lines = [f'{{"message": "log {number}"}}' for number in range(250)] + [
        f'{{"level": {number},}}' for number in range(bad)
    ]
    return schema.read("\n".join(lines).encode(), None, limits_of(held.settings), now_ms())


def send(held: Backends, accept: Accept) -> Outcome:
    """Send the request with its key."""
    return accept.take(request(held), sender="test", key="http:key", digest=b"digest")


def step(held: Backends, limit: int = 2_000) -> int:
    """Drain one batch."""
    return drain.drain(held.queue, held.record, Indexing(held.store, held.record.letters, held.index), limit, 0.2)


def empty(held: Backends) -> bool:
    """Drain until nothing waits."""

    def emptied() -> bool:
        step(held)
        return held.queue.depth().logs == 0

    return eventually(emptied)


def stored(held: Backends) -> list[str]:
    """Return the messages in the record."""
    return sorted(
        (record.message.rstrip() for _, record in held.store.after(0, 10_000)), key=lambda text: int(text[4:])
    )


EXPECTED = [f"log {number}" for number in range(250)]


def adds_up(held: Backends, *outcomes: Outcome) -> bool:
    """Return whether all receipts say that every log behind them is stored."""
    found = [receipts_of(held).status(str(outcome.receipt)) for outcome in outcomes]
    return all((one.accepted, one.stored, one.queued, one.dead) == (250, 250, 0, 0) for one in found)


def test_sent_again_before_the_drain(held: Backends, accept: Accept) -> None:
    """Nobody can look into the queue: the second counts as accepted, the record holds it once."""
    first, second = send(held, accept), send(held, accept)
    assert (first.accepted, second.accepted, len(first.rejected)) == (250, 250, 3)
    assert empty(held)
    assert stored(held) == EXPECTED
    assert adds_up(held, first, second)
    third = send(held, accept)
    assert (third.accepted, third.duplicates) == (0, 250)
    assert third.receipt in (first.receipt, second.receipt)


def test_sent_again_after_the_drain(held: Backends, accept: Accept) -> None:
    """The second is answered from the first: the same receipt, the same faults."""
    first = send(held, accept)
    assert empty(held)
    second = send(held, accept)
    assert (second.accepted, second.duplicates) == (0, 250)
    assert (second.receipt, second.rejected) == (first.receipt, first.rejected)
    assert empty(held)
    assert stored(held) == EXPECTED
    assert adds_up(held, first, second)
    assert sum(held.record.letters.dead_counts().values()) == 3


def test_sent_again_between_two_drains(held: Backends, accept: Accept) -> None:
    """Of a request that was drained in part nothing is doubled by another that overtakes the rest."""
    first = send(held, accept)
    assert eventually(lambda: step(held, 1) > 0)
    second = send(held, accept)
    assert empty(held)
    assert stored(held) == EXPECTED
    assert adds_up(held, first, second)


def test_a_batch_that_comes_again_is_stored_once(held: Backends, accept: Accept) -> None:
    """A worker that dies after the record's commit and before the acknowledgement doubles nothing."""
    outcome = send(held, accept)

    def half() -> bool:
        batch = held.queue.take(2_000, 0.2)
        mine = [own for own in held.record.claims.claim(batch.claimed) if own]
        held.store.add([record for envelope in batch.claimed for record in envelope.records])
        held.queue.release(batch)
        return bool(mine)

    assert eventually(half)
    assert empty(held)
    assert stored(held) == EXPECTED
    assert adds_up(held, outcome)


def test_a_long_answer_travels_once(held: Backends, accept: Accept) -> None:
    """A request with thousands of faults is answered with all of them again."""
    first = accept.take(request(held, 5_000), sender="test", key="http:key", digest=b"digest")
    assert len(first.rejected) == 5_000
    assert empty(held)
    second = accept.take(request(held, 5_000), sender="test", key="http:key", digest=b"digest")
    assert (second.accepted, second.rejected) == (0, first.rejected)
    assert sum(held.record.letters.dead_counts().values()) == 5_000


@pytest.fixture
def web(settings: Settings) -> Iterator[Callable[..., FlaskClient]]:
    """Return a function that makes a client of the application with these settings."""
    apps = []

    def make(**changes: Any) -> FlaskClient:
        app = create_app(replace(settings, **changes))
        app.testing = True
        apps.append(app)
        return app.test_client()

    yield make
    for app in apps:
        app.extensions["logingestor"].close()


def test_http_says_which_logs_were_not_kept(
    web: Callable[..., FlaskClient], settings: Settings, rabbitmq_queue: str
) -> None:
    """When the queue fills up within a request the answer is 202 with `retry` at what found no room; sent again with
    its key it becomes whole, and nothing is doubled. When the queue is full already the answer is 503."""
    chosen = {"queue_url": rabbitmq_queue, "queue_limit": 30_000_000}
    client, held = web(**chosen), connect(replace(settings, **chosen))
    # Just below the limit. RabbitMQ sees that it is reached a few hundred messages late.
    held.queue.put([Envelope(dead=[letter(number)]) for number in range(298)])
    # One log an envelope, as they are large.
    body = "\n".join(f'{{"message": "log {number}{" " * 48_000}"}}' for number in range(500))

    def post() -> Any:
        return client.post("/logs/ingest/", data=body, headers={"Idempotency-Key": "key"})

    answer = post()
    assert answer.status_code == 202
    retries = [one["index"] for one in answer.json["rejected"] if one["retry"] is True]
    assert 0 < len(retries) < 500
    assert answer.json["accepted"] == 500 - len(retries)
    msgspec.json.decode(answer.data, type=AcceptedAnswer)
    refused = client.post("/logs/ingest/", json={"message": "one more"})
    assert (refused.status_code, "kept" in refused.json) == (503, False)
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get("/health/ready").status_code == 503
    assert empty(held)
    assert stored(held) == [f"log {number}" for number in range(500) if number not in retries]
    receipt = client.get(f"/receipts/{answer.json['receipt']}").json
    assert receipt["stored"] == receipt["accepted"] == answer.json["accepted"]
    answer = post()
    assert (answer.status_code, answer.json["accepted"], answer.json["rejected"]) == (202, 500, [])
    assert empty(held)
    assert stored(held) == [f"log {number}" for number in range(500)]
    # Two requests have parts of the key, so that neither's answer tells the whole; the record still doubles nothing.
    assert post().status_code == 202
    assert empty(held)
    assert stored(held) == [f"log {number}" for number in range(500)]
    held.close()


def letter(number: int) -> DeadLetter:
    """Return a dead letter of 100 kB."""
    return DeadLetter(number.to_bytes(16, "big"), b"x" * 100_000, "is wrong")


def test_http_says_when_it_is_unknown(
    web: Callable[..., FlaskClient], settings: Settings, own_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A put that is not confirmed is 503 with `kept: unknown`; sent again with its key the log is stored once."""
    broker = own_server(Rabbitmq)
    chosen = replace(settings, queue_url=broker.url)
    prepare(chosen)
    client, held = web(queue_url=broker.url), connect(chosen)

    def post() -> Any:
        return client.post("/logs/ingest/", json={"message": "log 0"}, headers={"Idempotency-Key": "key"})

    assert client.post("/logs/ingest/", json={"message": "log 1"}).status_code == 202
    pid = broker.process.pid()
    assert pid is not None
    monkeypatch.setattr(queue, "CONFIRM_SECONDS", 0.5)
    os.kill(pid, signal.SIGSTOP)
    answer = post()
    assert (answer.status_code, answer.json["kept"], answer.json["status"]) == (503, "unknown", False)
    assert int(answer.headers["Retry-After"]) > 0
    monkeypatch.undo()
    os.kill(pid, signal.SIGCONT)
    assert eventually(lambda: post().status_code == 202)
    assert empty(held)
    assert stored(held) == ["log 0", "log 1"]
    held.close()
