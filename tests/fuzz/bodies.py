"""Bodies that no client sends on purpose: those of clients with parts left out, doubled, exchanged, cut off or packed wrongly."""

from __future__ import annotations

import gzip
import json
import random
import struct
import zlib
from collections.abc import Callable

from tests.web.doors.table import DYNO, Row, batch

#: What decoders look at twice: signs of the formats, numbers at their bounds, texts that are none.
WORDS = (
    *(
        b"",
        b"\0",
        b"\n",
        b"\r\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"\\",
        b",",
        b":",
        b"=",
        b"<",
        b"<191>1 ",
        b"<14>",
        b"-",
    ),
    *(
        b"null",
        b"true",
        b"NaN",
        b"1e999",
        b"-0",
        b"9" * 40,
        b"2147483648",
        b"18446744073709551616",
        b"1700000000000000000",
    ),
    *(b"\\u0000", b"\\ud800", b"\xff\xfe", b"\xed\xa0\x80", b"\x1b[31m", b"\xf0\x9f\x98\x80", b"\xe2\x80\xae"),
    *(
        b'{"a":' * 80,
        b"[" * 600,
        b'"message"',
        b'"timestamp"',
        b'"@timestamp"',
        b'"level"',
        b'"traceId"',
        b'"metadata"',
        b'"id"',
    ),
    *(
        b"2026-02-30T25:61:61Z",
        b"0000-00-00",
        b"x" * 5_000,
        b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x0a\xff\x7f",
    ),
    *(b"\x1f\x8b\x08", b"\x78\x9c", b"\x28\xb5\x2f\xfd", b"\x1e\x0f\0\0\0\0\0\0\0\0\x01\x80"),
)
ENCODINGS = ("gzip", "deflate", "zstd", "snappy", "identity", "br", "gzip, gzip", "")
TYPES = ("application/json", "application/x-ndjson", "application/x-protobuf", "text/plain", "", "x/y; charset=z")
#: Most bytes of a body, and most changes of one.
LARGEST, CHANGES = 256 << 10, 8


def spoilt(chance: random.Random, body: bytes) -> bytes:
    """Return the body with up to CHANGES parts changed."""
    made = bytearray(body)
    for _ in range(chance.randrange(CHANGES + 1)):
        start = chance.randrange(len(made) + 1)
        end = min(start + chance.choice((0, 1, 1, 2, 4, 16, 200)), len(made))
        match chance.randrange(6):
            case 0:
                made[start:end] = chance.choice(WORDS)
            case 1:
                made[start:end] = chance.randbytes(end - start)
            case 2:
                made[start:end] = made[start:end] * chance.choice((2, 3, 50))
            case 3:
                del made[start:end]
            case 4:
                made[start:end] = made[chance.randrange(len(made) + 1) :][:200]
            case _:
                if chance.random() < 0.2:
                    del made[start:]
    return bytes(made[:LARGEST])


def request(chance: random.Random, row: Row) -> tuple[str, bytes, dict[str, str]]:
    """Return path, body and headers of a request: as the door's clients make it, then spoilt."""
    count = chance.choice((0, 1, 1, 2, 5, 30))
    bad = 1 if row.bad is not None and count > 1 and chance.random() < 0.3 else 0
    body, headers = spoilt(chance, batch(row, f"{chance.random()}", count, bad)), dict(row.headers)
    if chance.random() < 0.2:
        headers["Content-Type"] = chance.choice(TYPES)
    if chance.random() < 0.2:
        headers["Content-Encoding"] = chance.choice(ENCODINGS)
        packed = {"gzip": gzip.compress, "deflate": zlib.compress}.get(headers["Content-Encoding"])
        if packed is not None and chance.random() < 0.7:
            body = packed(body)
            body = spoilt(chance, body) if chance.random() < 0.3 else body
    if chance.random() < 0.1:
        headers[
            chance.choice(
                ("Idempotency-Key", "X-Amz-Firehose-Request-Id", "Logplex-Frame-Id", "Logplex-Msg-Count", "User-Agent")
            )
        ] = str(chance.randrange(1_000))
    return row.path, body, headers


def _syslog(chance: random.Random) -> bytes:
    number = chance.randrange(1 << chance.choice((4, 31, 40)))
    line = chance.choice(
        (
            b'<165>1 2026-11-29T20:00:00.123Z server-1 shop %d ID [meta sequenceId="%d"][a@1 b="c \\"d\\"" trace_id="4bf92f3577b34da6"] text'
            % (number, number),
            b"<13>Nov 29 20:00:%02d server-1 shop[%d]: text" % (number % 70, number),
            b"<14>shop: text",
            DYNO + b"text",
            json.dumps({"message": "text", "level": number}).encode(),
        )
    )
    line = spoilt(chance, line)
    return b"%d %s" % (len(line), line) if chance.random() < 0.4 else line + chance.choice((b"\n", b"\0", b"\r\n", b""))


def _gelf(chance: random.Random) -> bytes:
    message = {
        "version": "1.1",
        "host": "h",
        "short_message": f"text {chance.random()}",
        "level": 3,
        "_a": [1, None, {"b": 2.5}],
    }
    body = spoilt(chance, json.dumps(message).encode())
    return zlib.compress(body) if chance.random() < 0.2 else gzip.compress(body) if chance.random() < 0.2 else body


def _chunk(chance: random.Random) -> bytes:
    """Return a chunk of GELF over UDP: two magic bytes, an id, its number and how many there are."""
    head = (
        b"\x1e\x0f"
        + struct.pack(">Q", chance.randrange(50))
        + bytes((chance.randrange(6), chance.choice((0, 1, 3, 5, 128, 200))))
    )
    return head + _gelf(chance)[:1_000]


#: By the name of a listener what one message to it looks like.
MESSAGES: dict[str, Callable[[random.Random], bytes]] = {
    "syslog tcp": _syslog,
    "syslog udp": _syslog,
    "gelf tcp": lambda chance: _gelf(chance) + b"\0",
    "gelf udp": lambda chance: _chunk(chance) if chance.random() < 0.5 else _gelf(chance),
}
