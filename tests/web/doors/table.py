"""One row for each door: how a batch of its clients looks, one item of which can't be taken, and what it answers."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cramjam

JSON = {"Content-Type": "application/json"}
#: What stands before a message of Logplex.
DYNO = b"<40>1 2012-11-30T06:45:29+00:00 host app web.1 - "
#: When an entry of the journal was, in µs since 1970: what is older than the retention has no id of its own.
NOW = time.time_ns() // 1_000
PROTOBUF = {"Content-Type": "application/x-protobuf"}


@dataclass(frozen=True)
class Row:
    """A door and its tongue."""

    path: str
    #: From the items to the body.
    body: Callable[[Sequence[Any]], bytes]
    #: From a message to an item.
    good: Callable[[str], Any]
    #: An item that can't be taken; None where the protocol has none.
    bad: Any
    #: What is answered when all are taken or are dead letters: status and body, or a function that looks at the body.
    status: int
    said: Callable[[bytes, int], bool]
    #: What an answer of failure holds, in the door's own shape.
    failed: Callable[[bytes, int], bool]
    headers: dict[str, str] = field(default_factory=dict)


def varint(number: int) -> bytes:
    """Return a number as protobuf writes it."""
    made = bytearray()
    while number >= 0x80:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*made, number))


def packed(number: int, content: bytes) -> bytes:
    """Return a field of protobuf that has a length."""
    return bytes((number << 3 | 2,)) + varint(len(content)) + content


def lines(items: Sequence[str]) -> bytes:
    """Return the items, one a line."""
    return "".join(f"{item}\n" for item in items).encode()


def _streams(items: Sequence[Any]) -> bytes:
    return json.dumps({"streams": [{"stream": {"job": "shop"}, "values": items}]}).encode()


def _push(items: Sequence[bytes]) -> bytes:
    return bytes(
        cramjam.snappy.compress_raw(packed(1, packed(1, b'{job="shop"}') + b"".join(packed(2, one) for one in items)))
    )


def _records(items: Sequence[Any]) -> bytes:
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": items}]}]}).encode()


def _packed_records(items: Sequence[bytes]) -> bytes:
    return packed(1, packed(2, b"".join(packed(2, one) for one in items)))


def _delivery(items: Sequence[str]) -> bytes:
    return json.dumps({"requestId": "r-1", "timestamp": 1, "records": [{"data": one} for one in items]}).encode()


def _word(message: str, **more: object) -> str:
    return json.dumps({"message": message, **more})


def _bulk_said(answer: bytes, bad: int) -> bool:
    said = json.loads(answer)
    items = [one["create"]["status"] for one in said["items"]]
    return said["errors"] == bool(bad) and items.count(400) == bad and items.count(201) == 100 - bad


def _otlp_said(answer: bytes, bad: int) -> bool:
    rejected = json.loads(answer).get("partialSuccess", {}).get("rejectedLogRecords", "0")
    return bool(rejected == str(bad))


def _has(*names: str) -> Callable[[bytes, int], bool]:
    return lambda answer, status: all(name in json.loads(answer) for name in names)


def _words(answer: bytes, status: int) -> bool:
    """Return whether an answer is a sentence."""
    return b"{" not in answer and b"<" not in answer and answer.endswith(b"\n")


def _ours(answer: bytes, status: int) -> bool:
    said = json.loads(answer)
    return said["status"] is False and bool(said["message"])


def _empty(answer: bytes, bad: int) -> bool:
    return answer == b""


ROWS: dict[str, Row] = {
    "ingest": Row(
        "/logs/ingest/", lines, _word, "{", 202,
        lambda answer, bad: (len(json.loads(answer)["rejected"]), json.loads(answer)["accepted"]) == (bad, 100 - bad),
        _ours, {"Content-Type": "application/x-ndjson"},
    ),
    "elastic": Row(
        "/_bulk", lambda items: lines([f'{{"create":{{}}}}\n{one}' for one in items]), _word, '{"message":', 200, _bulk_said,
        lambda answer, status: json.loads(answer)["status"] == status and "reason" in json.loads(answer)["error"],
        {"Content-Type": "application/x-ndjson"},
    ),
    "otlp": Row(
        "/v1/logs", _records, lambda text: {"body": {"stringValue": text}}, {"timeUnixNano": "x"}, 200, _otlp_said,
        _has("message"), JSON,
    ),
    "otlp packed": Row(
        "/v1/logs", _packed_records, lambda text: packed(5, packed(1, text.encode())), b"\x0a\x05ab", 200,
        lambda answer, bad: bool(answer) == bool(bad), lambda answer, status: answer.startswith(b"\x12"), PROTOBUF,
    ),
    "loki": Row("/loki/api/v1/push", _streams, lambda text: ["1700000000000000000", text], 7, 204, _empty, _words, JSON),
    "loki packed": Row(
        "/loki/api/v1/push", _push, lambda text: packed(2, text.encode()), None, 204, _empty, _words, PROTOBUF
    ),
    "gelf": Row(
        "/gelf", lines, lambda text: json.dumps({"version": "1.1", "host": "h", "short_message": text}), "{", 202, _empty,
        _words,
    ),
    "clef": Row(
        "/ingest/clef", lines, lambda text: json.dumps({"@m": text}), "{", 201,
        lambda answer, bad: json.loads(answer) == {"MinimumLevelAccepted": None}, _has("Error"),
    ),
    "hec": Row(
        "/services/collector/event", lines, lambda text: json.dumps({"event": text}), '{"event":""}', 200,
        lambda answer, bad: json.loads(answer)["code"] == 0, _has("text", "code"),
    ),
    "hec raw": Row(
        "/services/collector/raw?channel=c", lines, str, None, 200,
        lambda answer, bad: json.loads(answer)["code"] == 0, _has("text", "code"),
    ),
    "datadog": Row(
        "/api/v2/logs", lambda items: b"[" + ",".join(items).encode() + b"]", _word, "7", 202,
        lambda answer, bad: answer == b"{}",
        lambda answer, status: json.loads(answer)["errors"][0]["status"] == str(status), JSON,
    ),
    "heroku": Row(
        "/drains/heroku", b"".join,
        lambda text: b"%d %s%s" % (len(DYNO) + len(text), DYNO, text.encode()), None, 204, _empty, _ours,
    ),
    "vercel": Row("/drains/vercel", lambda items: b"[" + ",".join(items).encode() + b"]", _word, "7", 200, _empty, _ours, JSON),
    "cloudflare": Row("/drains/cloudflare", lines, _word, "{", 200, lambda answer, bad: True, _ours),
    "firehose": Row(
        "/drains/firehose", _delivery, lambda text: base64.b64encode(text.encode()).decode(), "%", 200,
        lambda answer, bad: json.loads(answer)["requestId"] == "r-1", _has("requestId", "errorMessage"),
        {"X-Amz-Firehose-Request-Id": "r-1", **JSON},
    ),
    "journal": Row(
        "/upload", lambda items: b"".join(one + b"\n" for one in items),
        lambda text: f"__CURSOR=s={text}\n__REALTIME_TIMESTAMP={NOW}\nMESSAGE={text}\n".encode(),
        b"__CURSOR=s=1\nMESSAGE=bad\nLARGE=" + b"x" * 300_000 + b"\n", 202, lambda answer, bad: answer == b"OK.\n", _words,
    ),
}  # fmt: skip


def batch(row: Row, prefix: str, count: int, bad: int = 0) -> bytes:
    """Return a body of so many items, the *bad* ones among them, evenly spread; messages are numbered behind the *prefix*."""
    every = count // bad if bad else count + 1
    return row.body([row.bad if n % every == every - 1 else row.good(f"{prefix} {n}") for n in range(count)])
