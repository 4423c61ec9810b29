"""Requests that no client should send: valid bodies and queries, broken at random, and the statuses that may answer them.

Each is made from a number alone, so one that did harm can be made again.
"""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote, quote_from_bytes

from bench import logs
from bench.forms import FORMS

#: Bytes of a body and characters of a query: beyond these a request is cut, so that the machine is not measured instead.
BODY_LIMIT, QUERY_LIMIT = 64 * 1024, 4_000
#: What parsers of JSON, of numbers and of texts have stumbled over.
PIECES: tuple[bytes, ...] = (
    b"null",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"1" * 400,
    b'"\\ud800"',
    b'"\\u0000"',
    b"\xed\xa0\x80",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x00",
    b"\r\n",
    b"[" * 300,
    b'{"a":' * 300,
    b"]" * 20,
    b"}",
    b'"',
    b"\\",
    b"{}",
    b"[]",
    b",,",
    b'{"message":"m","message":1}',
    b'{"timestamp":"9999-99-99T99:99:99Z","message":"m"}',
    b'{"__proto__":{},"message":{}}',
)
#: What queries are made of, valid and not.
WORDS: tuple[str, ...] = (
    "level:error",
    "resourceId:server-*",
    "metadata.a.b:1",
    "metadata.:",
    "message:/a(b|c)*d/",
    "message:/(/",
    "message:/(a{1000}){1000}/",
    "timestamp:>=now-1h",
    "timestamp:[2023-01-01 TO now]",
    "timestamp:{* TO 99999-01-01}",
    "timestamp:<now-99999999999999d",
    "metadata.n:>1e999",
    "metadata.n:<-1",
    '"a phrase',
    '"quoted words"',
    "AND",
    "OR",
    "NOT",
    "(",
    ")",
    "((((((((((",
    "*",
    "?",
    "a*b?c",
    "\\",
    ":",
    "::",
    "-",
    "+",
    "!",
    "&&",
    "||",
    "^2",
    "~3",
    "[1 TO",
    "TO]",
    "\x00",
    "\u202e",
    "\U0001f4a5",
    "ﬁ",
    "İ",
    "_exists_:level",
    "id:0198c0de-0000-7000-8000-000000000000",
    "traceId:",
    "nosuch:field",
)
#: Readers' routes with the parameters that each knows; most values are not what they should be.
ROUTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/logs", ("from", "to", "limit", "cursor", "sort", "clock", "count", "fields", "tz")),
    ("/logs/histogram", ("from", "to", "interval", "by", "tz")),
    ("/logs/facets", ("field", "size", "from")),
    ("/logs/fields", ("from", "to")),
    ("/logs/statistics", ("field", "from")),
    ("/logs/completions", ("at", "from")),
    ("/logs/explain", ("from", "to")),
    ("/logs/patterns", ("size", "from")),
    ("/logs/export", ("format", "sort", "from")),
    ("/", ("from", "to", "tz", "cols", "sort", "pattern")),
    ("/patterns", ("from", "to")),
)
VALUES: tuple[str, ...] = (
    "",
    "0",
    "-1",
    "1",
    "10",
    "99999999999999999999",
    "1e9",
    "NaN",
    "now",
    "now-1d",
    "now-1x",
    "2023-02-30",
    "2023-09-15T08:00:00Z",
    "Europe/Berlin",
    "../../etc/passwd",
    "level",
    "metadata.a",
    "metadata." + "a." * 200,
    "asc",
    "csv",
    "received",
    "exact",
    "\x00",
    "%",
    "é",
    "x" * 3_000,
)
OPERATIONS = ("equals", "contains", "range", "in", "exists", "regex", "wildcard", "prefix", "", "EQUALS", None, 3)


@dataclass(frozen=True, slots=True)
class Hostile:
    """One request."""

    method: str
    #: Path and query, as ASCII.
    path: str
    body: bytes | None
    headers: dict[str, str]


def may_answer(status: int) -> bool:
    """Return whether a status is an answer to a malformed request: never one that says that the server failed."""
    return status < 500 or status == 503


def _samples() -> list[tuple[str, str, bytes]]:
    """Return paths, types and bodies that are right, by each door."""
    some = [json.loads(line) for line in islice(logs.lines(40), 3)]
    found = [(form.path, form.kind, form.body(some)) for form in FORMS.values() if form.path]
    found.append(("/logs/ingest/", "application/json", json.dumps(some).encode()))
    found.append(("/logs/ingest/", "application/json", json.dumps(some[0]).encode()))
    found.append(("/gelf", "application/json", b'{"version":"1.1","host":"h","short_message":"m","_a":1}'))
    found.append(("/api/v2/logs", "application/json", b'[{"message":"m","ddtags":"a:b"}]'))
    found.append(("/ingest/clef", "application/vnd.serilog.clef", b'{"@t":"2023-09-15T08:00:00Z","@mt":"m {a}","a":1}'))
    found.append(("/drains/heroku", "application/logplex-1", b"43 <40>1 2012-11-30T06:45:29Z host app web - x"))
    found.append(
        ("/upload", "application/vnd.fdo.journal", b"__REALTIME_TIMESTAMP=1\nMESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n\n")
    )
    return found


_SAMPLES = _samples()


def _broken(chance: random.Random, body: bytes) -> bytes:
    """Return a body after one to four accidents."""
    for _ in range(chance.randint(1, 4)):
        body = chance.choice(_ACCIDENTS)(chance, body)[:BODY_LIMIT]
    return body


def _cut(chance: random.Random, body: bytes) -> bytes:
    return body[: chance.randint(0, len(body))]


def _without(chance: random.Random, body: bytes) -> bytes:
    place = chance.randint(0, len(body))
    return body[:place] + body[place + chance.randint(1, 30) :]


def _flipped(chance: random.Random, body: bytes) -> bytes:
    made = bytearray(body)
    for _ in range(chance.randint(1, 8) if made else 0):
        made[chance.randrange(len(made))] = chance.randrange(256)
    return bytes(made)


def _with_piece(chance: random.Random, body: bytes) -> bytes:
    place = chance.randint(0, len(body))
    return body[:place] + chance.choice(PIECES) + body[place:]


def _with_noise(chance: random.Random, body: bytes) -> bytes:
    place = chance.randint(0, len(body))
    return body[:place] + chance.randbytes(chance.randint(1, 60)) + body[place:]


def _repeated(chance: random.Random, body: bytes) -> bytes:
    place = chance.randint(0, len(body))
    return body[:place] + body[place : place + 80] * chance.randint(2, 20) + body[place:]


def _other_value(chance: random.Random, body: bytes) -> bytes:
    parts = body.split(b":")
    parts[chance.randrange(len(parts))] = chance.choice(PIECES)
    return b":".join(parts)


_ACCIDENTS: Sequence[Callable[[random.Random, bytes], bytes]] = (
    _cut,
    _without,
    _flipped,
    _with_piece,
    _with_noise,
    _repeated,
    _other_value,
)


def body(number: int) -> Hostile:
    """Return the malformed body of this number, for one of the doors."""
    chance = random.Random(f"body {number}")
    path, kind, right = chance.choice(_SAMPLES)
    headers = {"Content-Type": kind}
    packed = chance.random()
    if packed < 0.05:
        right, headers["Content-Encoding"] = gzip.compress(right, 1), "gzip"
    elif packed < 0.08:
        right, headers["Content-Encoding"] = zlib.compress(right), "deflate"
    made = _broken(chance, right)
    if packed > 0.95:
        headers["Content-Encoding"] = chance.choice(("gzip", "zstd", "deflate", "br", "snappy", "x"))
    if chance.random() < 0.1:
        headers["Content-Type"] = chance.choice(
            ("text/plain", "", "application/x-protobuf", "a/b; charset=\xff", "json")
        )
    if chance.random() < 0.05:
        headers["Idempotency-Key"] = chance.choice(("", "k" * 5_000, "\xe9", "a key"))
    return Hostile("POST", path, made, headers)


def _text(chance: random.Random) -> str:
    words = [chance.choice(WORDS) for _ in range(chance.randint(1, 8))]
    made = chance.choice((" ", "", " AND ", " OR ", ":")).join(words)
    if chance.random() < 0.3:
        place = chance.randint(0, len(made))
        made = (
            made[:place] + chr(chance.choice((0, 9, 34, 40, 92, 0x7F, 0x85, 0x2028, 0xFFFF, 0x10FFFF))) + made[place:]
        )
    return made[: chance.randint(1, QUERY_LIMIT)]


def _tree(chance: random.Random, depth: int = 0) -> Any:
    """Return a filter as the JSON API takes it, or nearly."""
    if depth < 4 and chance.random() < 0.4:
        inner = [_tree(chance, depth + 1) for _ in range(chance.randint(0, 3))]
        return {chance.choice(("filters", "and", "or", "not", "query", "nosuch")): inner}
    value: Any = chance.choice((*VALUES, 1, -1.5, True, None, [], ["a", 1], {"lower_range": "x"}, {"upper_range": 1}))
    return {
        "key": chance.choice((*WORDS, "level", "message", "timestamp", "metadata.n", 3, None)),
        "value": value,
        "operation": chance.choice(OPERATIONS),
    }


def query(number: int) -> Hostile:
    """Return the malformed query of this number, for one of the readers' routes."""
    chance = random.Random(f"query {number}")
    if chance.random() < 0.25:
        asked = _tree(chance) | chance.choice(({}, {"query": _text(chance)}, {"limit": chance.choice(VALUES)}))
        sent = json.dumps(asked).encode()
        sent = _broken(chance, sent) if chance.random() < 0.3 else sent
        return Hostile("POST", "/logs/filter/", sent, {"Content-Type": "application/json"})
    path, names = chance.choice(ROUTES)
    parts = [f"q={quote(_text(chance))}"]
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        parts.append(f"{chance.choice((*names, 'nosuch', 'q'))}={quote(chance.choice(VALUES))}")
    if chance.random() < 0.1:
        parts.append(quote_from_bytes(chance.randbytes(12), safe="=&+;/"))
    return Hostile(
        "GET", f"{path}?{'&'.join(parts)}", None, {"Accept": chance.choice(("application/json", "text/html"))}
    )
