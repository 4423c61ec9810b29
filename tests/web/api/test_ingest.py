"""POST /logs/ingest/ and GET /receipts/<receipt>."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import zstandard
from flask import Flask
from flask.testing import FlaskClient

from app.backends import Backends
from app.log.record import IdSource, id_text
from app.settings.settings import Settings
from app.web import create_app

LOG = {"message": "hello"}


def drained(backends: Backends) -> list[dict[str, Any]]:
    """Move what waits and return all logs, oldest first."""
    assert backends.move is not None
    while backends.queue.depth().logs or backends.move(1000, 0):
        backends.move(1000, 0)
    return [record.to_dict() for _, record in backends.store.after(0, 10_000)]


@pytest.mark.parametrize("path", ["/logs/ingest/", "/logs/ingest"])
def test_answer_has_the_documented_shape(client: FlaskClient, backends: Backends, path: str) -> None:
    """202 with counts and a receipt, and the log is on the queue before the answer."""
    answer = client.post(path, json=LOG)
    assert answer.status_code == 202
    assert answer.json == {
        "status": True,
        "message": "1 accepted",
        "accepted": 1,
        "duplicates": 0,
        "rejected": [],
        "receipt": answer.json["receipt"],
    }
    assert backends.queue.depth().logs == 1


@pytest.mark.parametrize("kind", [None, "application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_content_types_of_plain_clients_are_read(client: FlaskClient, kind: str | None) -> None:
    """What `curl -d` and simple libraries send is JSON."""
    assert client.post("/logs/ingest/", data=json.dumps(LOG), content_type=kind).status_code == 202


def test_other_content_type_is_415(client: FlaskClient) -> None:
    """The answer names the header and what is read."""
    answer = client.post("/logs/ingest/", data="<log/>", content_type="text/xml")
    assert answer.status_code == 415
    assert answer.json["errors"][0]["field"] == "Content-Type"


def test_logs_of_one_request_get_consecutive_ids_in_their_order(client: FlaskClient, backends: Backends) -> None:
    """Of the same millisecond, ascending by one, though one between them was refused."""
    logs = [{"message": f"m{n}"} for n in range(250)]
    answer = client.post("/logs/ingest/", json=[*logs[:100], 1, *logs[100:]])
    assert (answer.json["accepted"], answer.json["rejected"][0]["index"]) == (250, 100)
    found = drained(backends)
    assert [log["message"] for log in found] == [log["message"] for log in logs]
    numbers = [int(log["id"].replace("-", ""), 16) for log in found]
    assert numbers == list(range(numbers[0], numbers[0] + 250))


def test_none_valid_is_400_and_kept(client: FlaskClient, backends: Backends) -> None:
    """Where only our own form is taken every fault is named, and what was refused can be looked at later."""
    answer = client.post("/logs/ingest/?strict=1", data=b'[{}, {"message":"m","level":1}]')
    assert answer.status_code == 400
    assert answer.json["status"] is False
    assert [(one["index"], one["field"]) for one in answer.json["errors"]] == [(0, "message"), (1, "level")]
    drained(backends)
    letters = backends.record.letters.dead()
    assert [(letter.payload, letter.field) for letter in letters[::-1]] == [
        (b"{}", "message"),
        (b'{"message":"m","level":1}', "level"),
    ]
    assert {letter.sender for letter in letters} == {"127.0.0.1"}


def test_body_that_is_not_json_is_400_with_the_position_and_kept(client: FlaskClient, backends: Backends) -> None:
    """The first 64 KiB of an unreadable body are kept with the reason."""
    body = b'[{"message": "m"}, oops' + b"x" * 100_000
    answer = client.post("/logs/ingest/", data=body)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["position"] == 19
    drained(backends)
    (letter,) = backends.record.letters.dead()
    assert letter.payload == body[: 64 << 10]
    assert "is not JSON" in letter.reason


@pytest.mark.parametrize("number", ["1" + "0" * 400, "-1" + "0" * 400, "1e400", "1" + "0" * 31])
def test_timestamp_beyond_all_numbers_costs_no_neighbour(client: FlaskClient, backends: Backends, number: str) -> None:
    """Python's integers have no end, floats have one: such a time is its own log's fault."""
    body = f'[{{"message": "a"}}, {{"message": "b", "timestamp": {number}}}]'

    answer = client.post("/logs/ingest/?strict=1", data=body)

    assert (answer.status_code, answer.json["accepted"]) == (202, 1)
    assert [(one["index"], one["field"]) for one in answer.json["rejected"]] == [(1, "timestamp")]
    assert client.get(f"/logs?from={number}").status_code == 400


def test_number_that_is_none_costs_no_neighbour(client: FlaskClient, backends: Backends) -> None:
    """Python's clients write NaN into arrays: that log is refused and kept, the others are accepted."""
    body = b'[{"message":"one \\ud800 NaN"},{"message":"m","metadata":{"a":[1,NaN]}},{"message":"two"},-Infinity]'
    answer = client.post("/logs/ingest/", data=body)
    assert (answer.status_code, answer.json["accepted"]) == (202, 2)
    assert answer.json["rejected"] == [
        {"index": 1, "message": "is not JSON: NaN is not a JSON number"},
        {"index": 3, "message": "is not JSON: -Infinity is not a JSON number"},
    ]
    assert [log["message"] for log in drained(backends)] == ["one \ufffd NaN", "two"]
    assert [letter.payload for letter in backends.record.letters.dead()[::-1]] == [
        b'{"message": "m", "metadata": {"a": [1, NaN]}}',
        b"-Infinity",
    ]
    alone = client.post("/logs/ingest/", data=b'{"message":"NaN","metadata":{"a":NaN}}')
    assert (alone.status_code, alone.json["errors"][0]["position"]) == (400, 33)


@pytest.mark.parametrize("body", [b"[]", b"\n \n"])
def test_body_without_logs_is_400(client: FlaskClient, body: bytes) -> None:
    """Nothing sent is nothing accepted."""
    answer = client.post("/logs/ingest/", data=body, content_type="application/x-ndjson" if body != b"[]" else None)
    assert answer.status_code == 400


def zstd_streamed(data: bytes) -> bytes:
    """Return two frames, the second without its size in the header."""
    out = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(out, closefd=False) as writer:
        writer.write(data[5:])
    return zstandard.ZstdCompressor().compress(data[:5]) + out.getvalue()


def raw_deflate(data: bytes) -> bytes:
    """Return deflate without zlib's header, as some clients send it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


ENCODERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("gzip", lambda data: gzip.compress(data[:5]) + gzip.compress(data[5:])),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("zstd", zstandard.ZstdCompressor().compress),
    ("zstd", zstd_streamed),
    ("identity", bytes),
    ("gzip, zstd", lambda data: zstandard.ZstdCompressor().compress(gzip.compress(data))),
]


@pytest.mark.parametrize(("encoding", "encode"), ENCODERS)
def test_compressed_bodies_are_read(client: FlaskClient, encoding: str, encode: Callable[[bytes], bytes]) -> None:
    """In every form that their clients make."""
    body = encode(json.dumps([LOG] * 1000).encode())
    answer = client.post("/logs/ingest/", data=body, headers={"Content-Encoding": encoding})
    assert answer.json["accepted"] == 1000


@pytest.mark.parametrize(("encoding", "encode"), ENCODERS[:6])
def test_broken_compression_is_400(client: FlaskClient, encoding: str, encode: Callable[[bytes], bytes]) -> None:
    """A body that ends too early, or holds something else, is named and never half taken."""
    whole = encode(json.dumps([LOG] * 1000).encode())
    for body in (whole[: len(whole) // 2], b"\x01\x02\x03 something else"):
        answer = client.post("/logs/ingest/", data=body, headers={"Content-Encoding": encoding})
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (400, "Content-Encoding")


def test_unknown_encoding_is_415(client: FlaskClient) -> None:
    """The answer names those that are read."""
    answer = client.post("/logs/ingest/", data=b"x", headers={"Content-Encoding": "br"})
    assert answer.status_code == 415
    assert "gzip, deflate, zstd" in answer.json["message"]


@pytest.mark.parametrize(("encoding", "encode"), [ENCODERS[0], ENCODERS[2], ENCODERS[3], ENCODERS[4], ENCODERS[5]])
def test_bomb_is_413(settings: Settings, encoding: str, encode: Callable[[bytes], bytes]) -> None:
    """A small body that inflates past the bound is refused, without holding what it would become."""
    app = create_app(
        Settings.from_env({"LOGINGESTOR_DATA_DIR": str(settings.data_dir), "LOGINGESTOR_INFLATED_LIMIT": "1 MiB"})
    )
    bomb = encode(b'{"message":"' + bytes(20 << 20) + b'"}')
    answer = app.test_client().post("/logs/ingest/", data=bomb, headers={"Content-Encoding": encoding})
    app.extensions["logingestor"].close()
    assert (answer.status_code, answer.json["status"]) == (413, False)


def test_idempotency_key_makes_a_second_send_add_nothing(client: FlaskClient, backends: Backends) -> None:
    """The same receipt and the same rejected logs, accepted 0, duplicates n; nothing is stored twice."""
    body = [LOG, 1, LOG]
    headers = {"Idempotency-Key": "one"}
    first = client.post("/logs/ingest/", json=body, headers=headers).json
    again = client.post("/logs/ingest/", json=body, headers=headers)
    assert again.status_code == 202
    assert (again.json["accepted"], again.json["duplicates"]) == (0, 2)
    assert (again.json["receipt"], again.json["rejected"]) == (first["receipt"], first["rejected"])
    assert len(drained(backends)) == 2
    assert len(backends.record.letters.dead()) == 1


def test_idempotency_key_with_another_body_is_400(client: FlaskClient) -> None:
    """The header is named."""
    headers = {"Idempotency-Key": "one"}
    client.post("/logs/ingest/", json=LOG, headers=headers)
    answer = client.post("/logs/ingest/", json={"message": "other"}, headers=headers)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (400, "Idempotency-Key")


def test_key_of_refused_request_repeats_the_refusal(client: FlaskClient, backends: Backends) -> None:
    """A client that tries again doesn't multiply dead letters."""
    for _ in range(3):
        assert client.post("/logs/ingest/", json=[1], headers={"Idempotency-Key": "bad"}).status_code == 400
    drained(backends)
    assert len(backends.record.letters.dead()) == 1


def test_own_id_is_taken_once(client: FlaskClient, backends: Backends) -> None:
    """A log sent again with its own id is a duplicate, in one request, while it waits and when it is stored."""
    own = id_text(IdSource().take(1).to_bytes(16, "big"))
    first = client.post("/logs/ingest/", json=[{"message": "a", "id": own}, {"message": "b", "id": own}, LOG]).json
    assert (first["accepted"], first["duplicates"]) == (2, 1)
    waiting = client.post("/logs/ingest/", json=[{"message": "c", "id": own}]).json
    assert (waiting["accepted"], waiting["duplicates"]) == (0, 1)
    found = drained(backends)
    stored = client.post("/logs/ingest/", json=[{"message": "d", "id": own}, LOG]).json
    assert (stored["accepted"], stored["duplicates"]) == (1, 1)
    assert [log["message"] for log in found if log["id"] == own] == ["a"]
    status = client.get(f"/receipts/{first['receipt']}").json
    assert {name: status[name] for name in ("accepted", "queued", "stored", "indexed", "dead")} == {
        "accepted": 2,
        "queued": 0,
        "stored": 2,
        "indexed": 2,
        "dead": 0,
    }


def test_receipt_follows_the_logs(client: FlaskClient, backends: Backends) -> None:
    """accepted = queued + stored + dead, before and after the drain."""
    receipt = client.post("/logs/ingest/", json=[LOG] * 250).json["receipt"]
    before = client.get(f"/receipts/{receipt}").json
    assert (before["accepted"], before["queued"], before["stored"]) == (250, 250, 0)
    drained(backends)
    after = client.get(f"/receipts/{receipt}").json
    assert (after["accepted"], after["queued"], after["stored"], after["indexed"]) == (250, 0, 250, 250)


def test_receipt_of_expired_or_foreign_logs_is_404(client: FlaskClient, backends: Backends) -> None:
    """Nobody makes up receipts, and what is gone is not called queued."""
    receipt = client.post("/logs/ingest/", json=[LOG] * 2).json["receipt"]
    drained(backends)
    backends.store.expire(None, 1)
    for unknown in (receipt, "abc", "é", receipt[:-1] + ("A" if receipt[-1] != "A" else "B")):
        assert client.get(f"/receipts/{unknown}").status_code == 404


def test_unknown_parameter_and_stage_are_400(client: FlaskClient) -> None:
    """A misspelt parameter is never left out."""
    for query, field in (("?wiat=stored", "wiat"), ("?wait=found", "wait")):
        answer = client.post(f"/logs/ingest/{query}", json=LOG)
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (400, field)


def test_full_queue_is_503_and_keeps_nothing(settings: Settings) -> None:
    """With Retry-After; when there is room again logs are taken."""
    app = small_queue(settings)
    client = app.test_client()
    backends = app.extensions["logingestor"].backends()
    sent = 0
    while (answer := client.post("/logs/ingest/", json=[{"message": "x" * 1000}] * 10)).status_code == 202:
        sent += 10
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "full" in answer.json["message"]
    assert backends.queue.depth().logs == sent
    drained(backends)
    assert client.post("/logs/ingest/", json=LOG).status_code == 202
    app.extensions["logingestor"].close()


def small_queue(settings: Settings) -> Flask:
    """Return an application whose queue holds 100 kB."""
    names = {"DATA_DIR": str(settings.data_dir), "QUEUE_LIMIT": "100 kB", "MIN_FREE_DISK": "1 MiB"}
    return create_app(Settings.from_env({f"LOGINGESTOR_{name}": text for name, text in names.items()}))


def test_full_disk_is_503(settings: Settings) -> None:
    """Before the disk is full, not after."""
    names = {"DATA_DIR": str(settings.data_dir), "MIN_FREE_DISK": "1000 TiB"}
    app = create_app(Settings.from_env({f"LOGINGESTOR_{name}": text for name, text in names.items()}))
    answer = app.test_client().post("/logs/ingest/", json=LOG)
    app.extensions["logingestor"].close()
    assert (answer.status_code, answer.json["status"]) == (503, False)
    assert "disk" in answer.json["message"]


def test_large_logs_travel_in_envelopes_of_their_own(client: FlaskClient, backends: Backends) -> None:
    """An envelope is at most 128 KiB; a log that is larger travels alone; the order stays."""
    sizes = [10, 60_000, 60_000, 10, 900_000, 10, 10]
    client.post("/logs/ingest/", json=[{"message": "x" * size} for size in sizes])
    lengths = [length for _, _, length in backends.queue.take(1000, 0).handle]
    assert all(length <= 128 << 10 for length in lengths if length < 900_000)
    assert len(lengths) >= 4


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_other_methods_are_405(client: FlaskClient, method: str) -> None:
    """As JSON, with the methods that there are."""
    answer = getattr(client, method)("/logs/ingest/")
    assert answer.status_code == 405
    assert answer.json["status"] is False
    assert "POST" in answer.headers["Allow"]


def test_a_record_of_pythons_http_handler(client: FlaskClient, backends: Backends) -> None:
    """Recorded from Python 3.11 with data made for it: a form whose fields are the record's attributes as texts."""
    body = (
        "name=shop.pay&msg=paid+%25s&args=%287%2C%29&levelname=WARNING&levelno=30&pathname=%2Fsrv%2Fc.py&filename=c.py&module=c"
        "&exc_info=None&exc_text=None&stack_info=None&lineno=82&funcName=emit&created=1795961581.8399127&msecs=839.0"
        "&relativeCreated=1357.3296070098877&thread=140038467935104&threadName=MainThread&processName=MainProcess&process=23479"
    )
    answer = client.post("/logs/ingest/", data=body, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json["read_as"]) == (202, {"python-http": 1})
    [log] = backends.queue.take(10, 0).records
    assert (log.message, log.level, log.resource_id, log.t) == ("paid %s", "WARNING", "shop.pay", 1_795_961_581_839)
    assert log.metadata["args"] == "(7,)"
