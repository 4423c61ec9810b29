"""Rules at the door: no secret lies anywhere in the data folder, what is dropped is told, and all adds up."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accept.ruling import Ruling, note, read_counts, without_half
from app.backends import Backends, connect
from app.log import schema
from app.log.limits import Limits
from app.log.numbers import Number, Numberer
from app.process import Parts
from app.query.request import read_query
from app.rules.rule import RuleSet
from app.rules.text import parse
from app.settings.settings import Settings
from app.web import create_app
from tests.prepared import prepare

SECRETS = (
    "planted-person",
    "4111111111111111",
    "planted-token-0123456789",
    "eyJplantedHeader",
    "AKIAPLANTEDPLANTED77",
    "planted-word",
)
TEXT = (
    "planted-person@example.com paid with 4111111111111111, Authorization: Bearer planted-token-0123456789, "
    "eyJplantedHeader0.eyJplanted.planted AKIAPLANTEDPLANTED77"
)
RULES = """
mails: hash email
cards: mask card
tokens: remove bearer
jwts: mask jwt
keys: mask aws
words: remove value in *.password
noise: drop level:debug AND resourceId:web-*
tenth: sample 10% level:trace
"""


@pytest.fixture
def ruled(tmp_path: Path) -> Settings:
    """Settings on an empty data folder, with rules."""
    made = Settings.from_env(
        {
            "LOGINGESTOR_DATA_DIR": str(tmp_path / "data"),
            "LOGINGESTOR_MIN_FREE_DISK": "1 MiB",
            "LOGINGESTOR_MESSAGE_LIMIT": "400",
            "LOGINGESTOR_RULES": RULES,
        }
    )
    prepare(made)
    return made


@pytest.fixture
def ruled_app(ruled: Settings) -> Iterator[Flask]:
    """The application with rules."""
    made = create_app(ruled)
    made.testing = True
    yield made
    made.extensions["logingestor"].close()


def moved(held: Backends) -> None:
    """Move all that waits into the record."""
    assert held.move is not None
    while held.move(4_000, 0):
        pass


def test_no_secret_reaches_the_data_folder(ruled: Settings, ruled_app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """Through every way that a log, a refused log or a body can take, cut ones too, into any file, and into what we print."""
    caplog.set_level(logging.DEBUG)
    client = ruled_app.test_client()
    person = TEXT.split(maxsplit=1)[0]
    bodies: list[tuple[str, bytes, dict[str, str]]] = [
        ("/logs/ingest", json.dumps({"message": TEXT}).encode(), {}),
        ("/logs/ingest", json.dumps([{"message": "m", "metadata": {"a": [{"b": TEXT, "password": "planted-word"}]}}]).encode(), {}),
        ("/logs/ingest", json.dumps({"message": "m", "metadata": {"exception": {"stack": TEXT}, TEXT: 4111111111111111}}).encode(), {}),
        ("/logs/ingest", json.dumps({"message": "m", "resourceId": person, "commit": person}).encode(), {}),
        ("/logs/ingest", json.dumps({"msg": TEXT, "severity": "info", "user": {"mail": person}, "password": "planted-word"}).encode(), {}),
        # Cut at the limit, within each of the secrets.
        *(("/logs/ingest", json.dumps({"message": "x" * (380 - at) + " " + TEXT}).encode(), {}) for at in range(0, 150, 3)),
        # Refused: a field of a wrong type beside a good log, nothing but one, a body that is no JSON, one that ends early.
        ("/logs/ingest?strict=1", json.dumps([{"message": "fine"}, {"message": TEXT, "level": 5, "password": "planted-word"}]).encode(), {}),
        ("/logs/ingest?strict=1", json.dumps({"message": "m", "timestamp": TEXT}).encode(), {}),
        ("/logs/ingest", json.dumps({"message": TEXT, "password": "planted-word"}).encode()[:-1], {}),
        ("/logs/ingest", gzip.compress(TEXT.encode(), 0)[:-3], {"Content-Encoding": "gzip"}),
        ("/logs/ingest", TEXT.encode(), {"Content-Type": "image/png"}),
        ("/logs/ingest", json.dumps({"message": TEXT}).encode(), {"Idempotency-Key": "one"}),
        ("/_bulk", b'{"index":{"_index":"a","_id":"1"}}\n' + json.dumps({"message": TEXT}).encode() + b"\n", {"Content-Type": "application/x-ndjson"}),
        ("/gelf", json.dumps({"version": "1.1", "host": "h", "short_message": TEXT, "full_message": TEXT}).encode(), {}),
        ("/gelf", TEXT.encode(), {}),
        ("/loki/api/v1/push", json.dumps({"streams": [{"stream": {"a": "b"}, "values": [["1700000000000000000", TEXT]]}]}).encode(), {"Content-Type": "application/json"}),
        ("/loki/api/v1/push", TEXT.encode(), {"Content-Type": "application/json"}),
        ("/services/collector/raw", TEXT.encode(), {}),
        ("/v1/logs", TEXT.encode(), {"Content-Type": "application/json"}),
    ]  # fmt: skip
    for path, body, headers in bodies:
        assert client.post(path, data=body, headers=headers).status_code < 500, path
    parts: Parts = ruled_app.extensions["logingestor"]
    moved(parts.backends())
    found = parts.backends().index.find(read_query({"limit": 1_000}))
    assert len(found.records) > 50
    assert parts.backends().record.letters.dead_counts()
    parts.close()
    for file in ruled.data_dir.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            # A card that was cut is no card any more, but tells most of one.
            left = [
                secret for secret in (*SECRETS, "41111111", "planted-per", "planted-tok") if secret.encode() in content
            ]
            assert not left, f"{file.name}: {left}"
    assert not [secret for secret in SECRETS if secret in caplog.text]


def test_dropped_logs_are_told_and_all_adds_up(ruled: Settings, ruled_app: Flask) -> None:
    """The 202 says how many logs each rule dropped; the receipt knows the others; a re-send is answered the same."""
    client = ruled_app.test_client()
    logs = [
        *({"message": f"noise {n}", "level": "debug", "resourceId": "web-1"} for n in range(30)),
        *({"message": f"kept {n}", "level": "debug", "resourceId": "db-1"} for n in range(10)),
        *({"message": "t", "level": "trace", "traceId": f"t{n // 2}", "timestamp": "2026-01-01T00:00:00Z"} for n in range(200)),
        {"message": 5, "level": 7},
    ]  # fmt: skip
    headers = {"Idempotency-Key": "again"}
    answer = client.post("/logs/ingest?strict=1", json=logs, headers=headers)
    found = answer.get_json()
    dropped = found["dropped"]
    assert answer.status_code == 202
    assert dropped["noise"] == 30
    assert 130 < dropped["tenth"] < 200
    assert dropped["tenth"] % 2 == 0
    assert found["accepted"] + found["duplicates"] + len(found["rejected"]) + sum(dropped.values()) == len(logs)
    again = client.post("/logs/ingest?strict=1", json=logs, headers=headers).get_json()
    assert (again["accepted"], again["duplicates"]) == (0, found["accepted"])
    assert (again["dropped"], again["receipt"]) == (dropped, found["receipt"])
    parts: Parts = ruled_app.extensions["logingestor"]
    moved(parts.backends())
    status = client.get(f"/receipts/{found['receipt']}").get_json()
    assert (status["accepted"], status["stored"], status["dead"]) == (found["accepted"], found["accepted"], 0)
    parts.close()
    # Counted once, and still there for whoever starts next.
    held = connect(ruled)
    counts = read_counts(ruled.rules or RuleSet(), held.record.notes)
    assert (counts["noise"]["dropped"], counts["tenth"]["dropped"]) == (30, dropped["tenth"])
    assert counts["noise"]["bytes"] > 30 * 40
    held.close()


def test_a_request_of_which_all_is_dropped_is_a_202(ruled_app: Flask) -> None:
    """Its sender did nothing wrong and must not send it again; there is no log, and so no receipt."""
    client: FlaskClient = ruled_app.test_client()
    for headers in ({}, {"Idempotency-Key": "k"}, {"Idempotency-Key": "k"}):
        answer = client.post(
            "/logs/ingest", json={"message": "m", "level": "debug", "resourceId": "web-2"}, headers=headers
        )
        found = answer.get_json()
        assert (answer.status_code, found["accepted"], found["dropped"]) == (202, 0, {"noise": 1})
        assert found["receipt"] is None
        assert found["message"] == "0 accepted, 1 dropped by rules"


def test_without_rules_nothing_is_there(client: FlaskClient, app: Flask) -> None:
    """An answer is what it was, and no rule is loaded."""
    found = client.post("/logs/ingest", json={"message": "a@b.io"}).get_json()
    assert "dropped" not in found
    parts: Parts = app.extensions["logingestor"]
    assert parts.accept()._ruling is None


def test_rules_are_applied_once(backends: Backends) -> None:
    """Who tries again with the same request, as the listeners do, counts and drops nothing twice."""
    ruling = Ruling(parse(RULES), b"k", Limits(1 << 20, 1 << 18, 1 << 40), backends.record.notes)
    parsed = schema.read(json.dumps([{"message": TEXT}, {"message": "m", "level": "debug", "resourceId": "web-1"}]).encode(), None, Limits(1 << 20, 1 << 18, 1 << 40), 0)  # fmt: skip
    for _ in range(2):
        ruling.apply(parsed)
        assert (len(parsed.logs), parsed.dropped, parsed.sent) == (1, {"noise": 1}, 2)
    ruling.count(parsed)
    ruling.report()
    assert backends.record.notes.noted(note("mails", "values")) == 1
    ruling.close()


def test_what_grew_beyond_its_queue_is_refused(backends: Backends) -> None:
    """A mask can be longer than what it masks; a log that the queue can't carry any more is refused, with its reason."""
    limits = Limits(1 << 20, 1 << 18, 1 << 40, log=20_000)
    ruling = Ruling(parse("a-very-long-name-of-a-rule: mask /[a-z]\\d/"), b"k", limits, backends.record.notes)
    logs = [
        {"message": "m", "metadata": {"x": "a1" * 5_000}},
        {"message": "a1 " * 5_000},
        {"message": "fine"},
    ]
    parsed = schema.read(json.dumps(logs).encode(), None, limits, 0)
    ruling.apply(parsed)
    assert [log.truncated for log in parsed.logs] == [True, False]
    assert [one.problem.index for one in parsed.refused] == [0]
    assert parsed.places == [1, 2]
    ruling.close()


def test_a_cut_message_ends_before_its_last_word() -> None:
    """Half a secret is none to any rule; digits in groups are one word."""
    assert without_half("pay 4111 1111 11") == "pay"
    assert without_half("to someone@exam") == "to"
    assert without_half("x" * 100_000) == "x" * (100_000 - (16 << 10))


def test_numbers_of_dropped_logs_have_arrived(ruled: Settings) -> None:
    """A log that a rule left out was not lost on the way here: its number is no gap, though no log has it."""
    parts = Parts(ruled)
    numberer = Numberer("process", "api", "1@2")
    limits = Limits(1 << 20, 1 << 18, 1 << 40)
    for levels, runs in (("info debug info", [(1, 3)]), ("debug debug", [(4, 5)]), ("debug info", [(6, 7)])):
        logs = [{"message": "m", "level": level, "resourceId": "web-1", "timestamp": 5} for level in levels.split()]
        parsed = schema.read(json.dumps(logs).encode(), None, limits, 0)
        parsed.numbers = {place: Number(numberer, runs[0][0] + place) for place in range(len(logs))}
        outcome = parts.accept().take(parsed, sender="x")
        assert outcome.accepted + sum(outcome.dropped.values()) == len(logs)
        batch = parts.backends().queue.take(100, 0)
        assert [run[:2] for one in batch.numbers for run in one.runs] == runs
        parts.backends().queue.ack(batch)
    parts.close()
