"""The queue in SQS: what it does that no other queue does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.errors import InvalidSettings, Unavailable
from app.log import codec, schema
from app.log.envelope import ENVELOPE_LOGS, DeadLetter, Envelope
from app.log.limits import Limits
from app.settings.limits import limits_of
from app.settings.settings import Settings
from app.systems.sqs import client as driver
from app.systems.sqs import queue as sqs
from app.systems.sqs.queue import ENVELOPE_LIMIT, SqsQueue
from app.times.instant import now_ms
from tests.conftest import MakeRecord
from tests.services.elasticmq import ElasticMQ
from tests.services.fixtures import StartServer, sqs_client
from tests.services.server import free_ports
from tests.systems.conftest import eventually, take

LIMITS = Limits(1 << 20, 200 << 10, 3_600_000, 240 << 10)


@pytest.fixture
def queue(sqs_queue: str) -> Iterator[SqsQueue]:
    """An empty queue."""
    with closing(SqsQueue(sqs_queue)) as opened:
        yield opened


@pytest.fixture
def client(sqs_queue: str) -> Iterator[Any]:
    """Somebody else's client of the same service."""
    with closing(sqs_client(sqs_queue)) as opened:
        yield opened


def url_of(client: Any, setting: str, end: str = "") -> str:
    """Return the service's own URL of the queue."""
    return str(client.get_queue_url(QueueName=urlsplit(setting).path.strip("/") + end)["QueueUrl"])


def test_many_envelopes_go_in_several_calls(queue: SqsQueue, make_record: MakeRecord) -> None:
    """Calls hold at most ten messages and 256 KiB; every log of a large put arrives."""
    records = [make_record(message="x" * 40_000) for _ in range(15)]
    small = [make_record(message=str(number)) for number in range(35)]
    envelopes = [Envelope([record]) for record in (*records, *small)]
    bodies = [codec.encode(envelope) for envelope in envelopes]
    calls = list(sqs._calls(bodies))
    assert [place for places in calls for place in places] == list(range(50))
    assert all(len(places) <= 10 and sum(len(bodies[place]) for place in places) < 256 << 10 for places in calls)
    assert queue.put(envelopes) == frozenset()
    found = set()
    while len(found) < 50:
        batch = take(queue)
        queue.ack(batch)
        found |= {record.id for record in batch.records}
    assert eventually(lambda: queue.depth().logs == 0)


def test_what_can_not_be_read_is_set_apart(
    queue: SqsQueue, client: Any, sqs_queue: str, make_record: MakeRecord
) -> None:
    """A message that is no envelope is handed out as its bytes."""
    queue.put([Envelope([make_record()])])
    client.send_message(QueueUrl=url_of(client, sqs_queue), MessageBody="no envelope")
    seen, unreadable = 0, []
    while not (seen and unreadable):
        batch = take(queue)
        queue.ack(batch)
        seen += len(batch.records)
        unreadable += batch.unreadable
    assert (seen, unreadable) == (1, [b"no envelope"])


def test_what_sqs_gave_up_is_drained(queue: SqsQueue, client: Any, sqs_queue: str, make_record: MakeRecord) -> None:
    """The queue is made with a dead-letter queue, whose messages count and are taken like the others."""
    record = make_record()
    queue.put([Envelope([record])])
    here, dead = url_of(client, sqs_queue), url_of(client, sqs_queue, "-dead")
    policy = client.get_queue_attributes(QueueUrl=here, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    assert int(json.loads(policy)["maxReceiveCount"]) == 1000
    message = client.receive_message(QueueUrl=here, MessageAttributeNames=["All"])["Messages"][0]
    attributes = {"envelope": {"DataType": "Binary", "BinaryValue": codec.encode(Envelope([record]))}}
    client.send_message(QueueUrl=dead, MessageBody="logingestor", MessageAttributes=attributes)
    client.delete_message(QueueUrl=here, ReceiptHandle=message["ReceiptHandle"])
    assert eventually(lambda: queue.depth().logs == 100)
    batch = take(queue)
    assert batch.records == [record]
    queue.ack(batch)
    assert eventually(lambda: queue.depth().logs == 0)


def test_a_queue_that_is_there_is_taken_as_it_is(client: Any, sqs_queue: str, make_record: MakeRecord) -> None:
    """A queue that somebody made without a dead-letter queue is used without one."""
    client.create_queue(QueueName=urlsplit(sqs_queue).path.strip("/"))
    with closing(SqsQueue(sqs_queue)) as queue:
        queue.put([Envelope([make_record()])])
        queue.ack(take(queue))
    assert len(client.list_queues(QueueNamePrefix=urlsplit(sqs_queue).path.strip("/"))["QueueUrls"]) == 1


def test_a_deleted_queue_is_made_anew(queue: SqsQueue, client: Any, sqs_queue: str, make_record: MakeRecord) -> None:
    """A put to a queue that was deleted is refused, and one of the next finds it there again."""
    queue.put([Envelope([make_record()])])
    client.delete_queue(QueueUrl=url_of(client, sqs_queue))
    with pytest.raises(Unavailable) as error:
        queue.put([Envelope([make_record()])])
    assert not error.value.kept_unknown
    assert queue.put([Envelope([make_record()])]) == frozenset()


def test_large_logs_are_cut_to_what_a_message_carries(queue: SqsQueue) -> None:
    """A message of 1 MiB is cut and marked; metadata up to 200 KiB travels whole; more is that log's error."""
    metadata = {"text": "m" * 190_000}
    body = [
        {"message": "x" * (1 << 20), "metadata": {"short": 1}},
        {"message": "ß" * 300_000, "metadata": metadata},
        {"message": "y", "metadata": {"text": "m" * 210_000}},
        {"message": "z", "metadata": {"numbers": [0.5] * 40_000}},
    ]
    parsed = schema.read_items(body, LIMITS, now_ms())
    assert [one.problem.index for one in parsed.refused] == [2, 3]
    assert all(one.problem.field == "metadata" for one in parsed.refused)
    assert "packed" in parsed.refused[1].problem.message
    assert [log.truncated for log in parsed.logs] == [True, True]
    assert all(239 << 10 < len(codec.encode(log)) <= 240 << 10 for log in parsed.logs)
    assert parsed.logs[1].metadata == metadata
    assert set(parsed.logs[1].message) == {"ß"}
    for number, log in enumerate(parsed.logs):
        log.id = bytes(15) + bytes([number])
    queue.put([Envelope([log]) for log in parsed.logs])
    found = []
    while len(found) < 2:
        batch = take(queue)
        queue.ack(batch)
        found += batch.records
    assert sorted(found, key=lambda record: record.id) == parsed.logs


def test_only_sqs_narrows_the_limits(settings: Settings) -> None:
    """By the URL of the queue, and never above what the settings say."""
    assert limits_of(settings).log is None
    narrow = Settings.from_env({"LOGINGESTOR_QUEUE_URL": "sqs://r/q"})
    assert (limits_of(narrow).metadata, limits_of(narrow).log) == (200 << 10, 240 << 10)
    lower = Settings.from_env({"LOGINGESTOR_QUEUE_URL": "sqs://r/q", "LOGINGESTOR_METADATA_LIMIT": "10 KiB"})
    assert limits_of(lower).metadata == 10 << 10


def test_a_large_dead_letter_keeps_its_beginning(queue: SqsQueue) -> None:
    """What was refused and is too large for a message is kept with its first bytes, which its reason says."""
    letter = DeadLetter(bytes(16), b"p" * 1_000_000, "is wrong", "metadata", "sender")
    queue.put([Envelope(dead=[letter])])
    batch = take(queue)
    (found,) = batch.dead
    assert ENVELOPE_LIMIT - 300 < len(found.payload) < ENVELOPE_LIMIT
    assert letter.payload.startswith(found.payload)
    assert found.reason.startswith("is wrong (cut: it had 1,000,000 bytes")
    assert (found.id, found.field, found.sender) == (letter.id, "metadata", "sender")
    queue.ack(batch)


def test_a_service_that_dies(own_server: StartServer, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was put survives; while it is away every call says so, and nothing was kept."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anybody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    service = own_server(ElasticMQ)
    with closing(SqsQueue(urlsplit(service.url)._replace(path="/logs").geturl())) as queue:
        records = [make_record() for _ in range(50)]
        queue.put([Envelope([record]) for record in records])
        service.kill()
        for call in (lambda: queue.put([Envelope(records[:1])]), lambda: queue.take(100, 0), queue.depth):
            with pytest.raises(Unavailable) as error:
                call()
            assert not error.value.kept_unknown
        service.start()
        found: set[bytes] = set()

        def more() -> bool:
            try:
                batch = queue.take(100, 0.2)
            except Unavailable:
                return False
            queue.ack(batch)
            found.update(record.id for record in batch.records)
            return len(found) == 50

        assert eventually(more)


def test_a_send_without_an_answer_leaves_it_unknown(
    own_server: StartServer, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that takes the call and never answers may have kept it."""
    monkeypatch.setattr(driver, "SEND_SECONDS", 1)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anybody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    service = own_server(ElasticMQ)
    with closing(SqsQueue(urlsplit(service.url)._replace(path="/logs").geturl())) as queue:
        queue.put([Envelope([make_record()])])
        pid = service.process.pid()
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(Unavailable) as error:
            queue.put([Envelope([make_record()])])
        os.kill(pid, signal.SIGCONT)
        assert error.value.kept_unknown


def test_nobody_answers(make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a service every call says so, and nothing was kept."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anybody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    with closing(SqsQueue(f"sqs://us-east-1/q?endpoint=http://127.0.0.1:{free_ports(1)[0]}")) as queue:
        for call in (lambda: queue.put([Envelope([make_record()])]), lambda: queue.take(1, 0), queue.depth):
            with pytest.raises(Unavailable, match="SQS") as error:
                call()
            assert not error.value.kept_unknown


@pytest.mark.parametrize("url", ["sqs:", "sqs://region", "sqs://region/a/b", "sqs://r/q?colour=red", "sqs://r/q.fifo"])
def test_a_url_that_can_not_be_read_is_refused(url: str) -> None:
    """What is wrong is said with the setting's name."""
    with pytest.raises(InvalidSettings, match="LOGINGESTOR_QUEUE_URL"):
        SqsQueue(url)


def test_without_boto3_the_extra_is_named(tmp_path: Path) -> None:
    """The program says what to install, and ends with the code for wrong settings."""
    program = (
        "import sys; sys.modules['boto3'] = None; sys.argv[1:] = ['db', 'upgrade']; from app.cli import main; main()"
    )
    names = {"QUEUE_URL": "sqs://us-east-1/q", "DATA_DIR": str(tmp_path)}
    environment = {**os.environ, **{f"LOGINGESTOR_{name}": value for name, value in names.items()}}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert "pip install --editable '.[sqs]'" in run.stderr, run.stderr
    assert run.returncode == 2
    assert "Traceback" not in run.stderr


def test_a_space_is_a_group_where_the_service_has_groups(sqs_queue: str, make_record: MakeRecord) -> None:
    """Each message says whose it is, nobody's nothing; a service that refuses that is sent the same without, at once and from then on."""
    sent: list[list[Any]] = []
    with closing(SqsQueue(sqs_queue)) as queue:
        service = queue._open()
        service.sender.meta.events.register(
            "before-parameter-build.sqs.SendMessageBatch",
            lambda params, **_: sent.append([one.get("MessageGroupId") for one in params["Entries"]]),
        )
        queue.put([Envelope([make_record()])])
        assert queue.put([Envelope([make_record()]), Envelope([make_record()])], "shop") == frozenset()
        assert queue.put([Envelope([make_record()])], "shop") == frozenset()
        assert sent == [[None], ["shop", "shop"], [None, None], [None]]
        assert queue.depth().logs == 4 * ENVELOPE_LOGS
