"""Over 12,000 logs each question finds exactly what a plain scan finds, in order, page by page.

Always on a generated set; on real logs too where LOGHUB_DIR, or ../shared/data/loghub, has them.
"""

from __future__ import annotations

import json
import os
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.backends import Backends
from app.log import schema
from app.log.record import IdSource, LogRecord
from app.query.meaning import predicate
from app.query.query import Query
from app.query.request import read_query
from app.settings.limits import limits_of
from app.times.instant import now_ms
from tests.conftest import fill_backends
from tests.contract.conftest import INDICES, open_index
from tests.made_logs import made_logs

LOGHUB = Path(os.environ.get("LOGHUB_DIR") or Path(__file__).resolve().parents[2] / "shared" / "data" / "loghub")
COUNT = 12_000
#: Logs in a page: a prime, so that pages end anywhere.
PAGE = 997


def one(key: str, operation: str, value: Any = None) -> dict[str, Any]:
    """Return a filter as it is sent."""
    return {"key": key, "operation": operation} | ({} if value is None else {"value": value})


def every(*filters: dict[str, Any]) -> dict[str, Any]:
    """Return the filter of logs that satisfy all."""
    return {"match": "all", "filters": list(filters)}


def some(*filters: dict[str, Any]) -> dict[str, Any]:
    """Return the filter of logs that satisfy any."""
    return {"match": "any", "filters": list(filters)}


def span(lower: Any = None, upper: Any = None) -> dict[str, Any]:
    """Return the value of a range."""
    return {name: bound for name, bound in (("lower_range", lower), ("upper_range", upper)) if bound is not None}


ERRORS = some(one("level", "equals", "error"), one("level", "equals", "fatal"))
ADDRESS = r"\b10\.\d{1,3}\.\d{1,3}\.\d{1,3}\b"

#: The questions, each as the body of a request: every operation, Unicode, parts of words, classes, nesting, years.
QUESTIONS: dict[str, dict[str, Any]] = {
    "equals: one word": one("message", "equals", "exception"),
    "equals: words in any order": one("message", "equals", "request connection received"),
    "equals: words with case, accents and signs": one("message", "equals", "RÉCEIVED, (Connection)!"),
    "equals: a number between signs": one("message", "equals", "67108864"),
    "equals: level without case": one("level", "equals", "ERROR"),
    "equals: resource with its signs": one("resourceId", "equals", "sshd(pam_unix)"),
    "equals: resource with a bracket": one("resourceId", "equals", "QuorumPeer[myid=1]/0"),
    "equals: commit": one("commit", "equals", "1b9c5c1"),
    "equals: span": one("spanId", "equals", "span-00700"),
    "equals: metadata": one("metadata.parentResourceId", "equals", "ftpd"),
    "equals: number and text in metadata": one("metadata.status", "equals", 404),
    "equals: a day": one("timestamp", "equals", "2015-10-18"),
    "contains: inside words": one("message", "contains", "eceive"),
    "contains: across words": one("message", "contains", "N REQUEST /10"),
    "contains: other case": one("message", "contains", "TERMINATING"),
    "contains: two characters": one("message", "contains", "k_"),
    "contains: signs": one("message", "contains", '1" stat'),
    "contains: end of an address": one("message", "contains", ".2.4"),
    "contains: Kelvin sign and long s": one("message", "contains", "Bloc\u212a blk"),
    "contains: in a resource": one("resourceId", "contains", "DATANODE$"),
    "contains: in a trace": one("traceId", "contains", "-10"),
    "contains: ß is no ss": one("message", "contains", "stras"),
    "contains: Cyrillic, other case": one("message", "contains", "ОЖИДАНИЯ ИСТЕКЛО"),
    "contains: Japanese, part of a run": one("message", "contains", "への接続"),
    "contains: an emoji": one("message", "contains", "👩"),
    "equals: Han characters as words": one("message", "equals", "连 超"),
    "equals: marks go, ł is a letter": one("message", "equals", "POŁACZENIE probach"),
    "equals: Greek without case": one("message", "equals", "ΣΊΣΥΦΟΣ"),
    "regex: digits and end": one("message", "regex", r"\d{3,}$"),
    "regex: classes": one("message", "regex", r"[A-Z][a-z]+Attempt [^ ]*_[0-9]{4}_m"),
    "regex: alternatives": one("message", "regex", r"(time out|timed out|terminating)"),
    "regex: alternatives at the top": one("message", "regex", r"unknown$|^Notification|blk_-\d*7\b"),
    "regex: without case": one("message", "regex", r"(?i)^(RECEIVED|failed) "),
    "regex: an address": one("message", "regex", ADDRESS),
    "regex: repeated group": one("message", "regex", r"(?:/[a-z0-9]+){3,}"),
    "regex: on a resource": one("resourceId", "regex", r"^[a-z]+\.[A-Z]"),
    "regex: what no log has": one("message", "regex", r"zq[0-9]{9}x$"),
    "regex: Unicode class": one("message", "regex", r"\p{Cyrillic}{5,}|\p{Han}"),
    "range: several years": one("timestamp", "range", span("2005-01-01T00:00:00Z", "2008-12-31T23:59:59Z")),
    "range: from a year on": one("timestamp", "range", span("2015-08-01T00:00:00Z")),
    "range: up to a year": one("timestamp", "range", span(None, "2005-07-01T00:00:00Z")),
    "range: before 1970": one("timestamp", "range", span(None, "1969-12-31T23:59:59.999Z")),
    "range: an instant in another zone": one(
        "timestamp", "range", span("2015-10-18T20:01:00+02:00", "2015-10-18T20:05+02:00")
    ),
    "range: severity": one("level", "range", span("warn")),
    "range: severity between": one("level", "range", span("notice", "warning")),
    "range: numbers": one("metadata.time", "range", span(0.5, 1.25)),
    "range: numbers beneath": one("metadata.http.size", "range", span(50_000)),
    "in: levels": one("level", "in", ["WARN", "fatal"]),
    "in: resources": one("resourceId", "in", ["ftpd", "kernel", "nobody"]),
    "in: elements of an array": one("metadata.http.tags", "in", ["Blue", "x=y"]),
    "prefix: resource": one("resourceId", "prefix", "org."),
    "prefix: trace": one("traceId", "prefix", "blk_-"),
    "prefix: with case": one("resourceId", "prefix", "ORG."),
    "prefix: message": one("message", "prefix", "Received "),
    "exists: trace": one("traceId", "exists"),
    "exists: something beneath": one("metadata.http", "exists"),
    "exists: empty is a value": one("metadata.nested.empty", "exists"),
    "exists: null and [] are none": some(one("metadata.nested.none", "exists"), one("metadata.nested.list", "exists")),
    "not_equals": one("resourceId", "not_equals", "ftpd"),
    "not_contains": one("message", "not_contains", "e"),
    "not_regex": one("message", "not_regex", r"[0-9]"),
    "not_in": one("level", "not_in", ["info", "debug"]),
    "not_prefix": one("traceId", "not_prefix", "blk"),
    "not_exists": one("metadata.status", "not_exists"),
    "nested: all of any": every(ERRORS, some(one("message", "contains", "state"), one("message", "equals", "failure"))),
    "nested: any of all": some(
        every(one("level", "equals", "warn"), one("message", "contains", "exception")),
        every(one("level", "equals", "info"), one("message", "regex", r"size \d{8}\b")),
        one("resourceId", "equals", "kernel"),
    ),
    "nested: three deep with negations": every(
        one("message", "not_contains", "block"),
        some(one("message", "contains", "conn"), every(one("level", "not_equals", "info"), one("traceId", "exists"))),
        one("timestamp", "range", span("2004-01-01T00:00:00Z", "2016-01-01T00:00:00Z")),
    ),
    "nested: with a text": every({"query": "level>=warn -exception"}, one("message", "regex", "[Ff]ail|state")),
    "text: words, phrase, wildcard": {"query": '"time out" OR (fail* AND NOT level:info) OR message:*stream*'},
    "text: fields side by side": {"query": "level:info resourceId:*server* /status: (404|200) /"},
    "text: ranges": {"query": "timestamp:[2005-06-01 TO 2005-12-31] OR metadata.time:>1.9"},
    "window": {"query": "level:error", "from": "2005-01-01T00:00:00Z", "to": "2015-10-18T18:10:00Z"},
    "window, oldest first": {"query": "connection", "from": "2008-01-01", "sort": "asc"},
    "everything": {},
}

Log = dict[str, Any]


_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def _lower(text: str) -> str:
    return text.translate(_LOWER)


def _words(log: Log) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", _lower(log["message"])))


def _when(log: Log) -> datetime:
    return datetime.fromisoformat(log["timestamp"])


def _utc(year: int, month: int = 1, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


#: For the plainer ones the same question in plain Python, over the log as it was sent: nothing of ours is used.
PLAIN: dict[str, Callable[[Log], bool]] = {
    "equals: one word": lambda log: "exception" in _words(log),
    "equals: words in any order": lambda log: {"request", "connection", "received"} <= _words(log),
    "equals: level without case": lambda log: _lower(log["level"]) == "error",
    "equals: resource with its signs": lambda log: log.get("resourceId") == "sshd(pam_unix)",
    "equals: number and text in metadata": lambda log: log["metadata"].get("status") in (404, "404"),
    "contains: inside words": lambda log: "eceive" in _lower(log["message"]),
    "contains: other case": lambda log: "terminating" in _lower(log["message"]),
    "contains: end of an address": lambda log: ".2.4" in log["message"],
    "contains: Japanese, part of a run": lambda log: "への接続" in log["message"],
    "regex: digits and end": lambda log: bool(re.search(r"[0-9]{3,}\Z", log["message"])),
    "regex: an address": lambda log: bool(re.search(ADDRESS, log["message"], re.ASCII)),
    "range: several years": lambda log: _utc(2005) <= _when(log) < _utc(2009),
    "range: before 1970": lambda log: _when(log) < _utc(1970),
    "range: numbers": lambda log: 0.5 <= log["metadata"].get("time", 0) <= 1.25,
    "in: levels": lambda log: _lower(log["level"]) in ("warn", "fatal"),
    "prefix: trace": lambda log: log.get("traceId", "").startswith("blk_-"),
    "exists: something beneath": lambda log: "http" in log["metadata"],
    "not_equals": lambda log: log.get("resourceId") != "ftpd",
    "not_contains": lambda log: "e" not in _lower(log["message"]),
    "not_exists": lambda log: "status" not in log["metadata"],
    "everything": lambda log: True,
}


@dataclass(frozen=True)
class LogSet:
    """Logs as they were sent, the records that they became, and backends that hold them."""

    sent: list[Log]
    records: list[LogRecord]
    backends: Backends
    #: The ids that a scan found, by the name of the question.
    known: dict[str, list[bytes]] = field(default_factory=dict)
    #: The ids that the index found, likewise.
    answered: dict[str, list[bytes]] = field(default_factory=dict)

    def find(self, name: str) -> list[bytes]:
        """Return the ids that the index finds for a question, all pages in their order; two tests ask for some."""
        if name not in self.answered:
            self.answered[name] = found(self.backends, read_query(QUESTIONS[name]))
        return self.answered[name]

    def scan(self, name: str) -> list[bytes]:
        """Return the ids that a scan finds for a question; two tests ask for each."""
        if name not in self.known:
            self.known[name] = scanned(self.records, read_query(QUESTIONS[name]))
        return self.known[name]

    def __repr__(self) -> str:
        return f"<{len(self.sent)} logs>"


def real_logs() -> list[bytes]:
    """Return the lines of the real logs; skips, aloud, where there are none."""
    files = sorted(LOGHUB.glob("*.ndjson"))
    if not files:
        pytest.skip(f"no real logs in {LOGHUB}: set LOGHUB_DIR to a folder with NDJSON files")
    return [line for file in files for line in file.read_bytes().splitlines()]


@pytest.fixture(scope="module", params=[(logs, index) for logs in ("made", "real") for index in INDICES], ids="-".join)
def logs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogSet]:
    """12,000 logs, read as the door reads them, stored and findable in each kind of index."""
    name, index = request.param
    made = name == "made"
    lines = [json.dumps(log, ensure_ascii=False).encode() for log in made_logs(COUNT)] if made else real_logs()
    with open_index(index, tmp_path_factory.mktemp("logs"), request) as opened:
        limits = limits_of(opened.settings)
        parsed = schema.read(b"\n".join(lines), "application/x-ndjson", limits, now_ms())
        assert (len(parsed.logs), parsed.refused) == (len(lines), [])
        first = IdSource().take(len(lines))
        for number, record in enumerate(parsed.logs):
            record.id = (first + number).to_bytes(16, "big")
        fill_backends(opened, parsed.logs)
        yield LogSet([json.loads(line) for line in lines], parsed.logs, opened)


def found(backends: Backends, query: Query) -> list[bytes]:
    """Return the ids that the index finds, all pages in their order; checks the total on the way."""
    query = replace(query, limit=PAGE, count="exact")
    page = backends.index.find(query)
    total, exact = page.total, page.exact
    ids = [record.id for record in page.records]
    while page.next is not None:
        page = backends.index.find(replace(query, after=page.next, count="none"))
        ids += [record.id for record in page.records]
    assert (total, exact) == (len(ids), True)
    return ids


def scanned(records: list[LogRecord], query: Query) -> list[bytes]:
    """Return the ids of a plain scan with the predicate, in the query's order."""
    holds = predicate(query.filter)
    inside = [
        record
        for record in records
        if (query.start is None or (record.t, record.ns) >= query.start)
        and (query.end is None or (record.t, record.ns) <= query.end)
        and holds(record)
    ]
    inside.sort(key=lambda record: record.key, reverse=query.sort == "desc")
    return [record.id for record in inside]


@pytest.mark.parametrize("name", QUESTIONS)
def test_index_finds_what_a_scan_finds(logs: LogSet, name: str) -> None:
    """The same ids in the same order, page by page, and the same total."""
    assert logs.find(name) == logs.scan(name)


@pytest.mark.parametrize("name", PLAIN)
def test_index_finds_what_plain_python_finds(logs: LogSet, name: str) -> None:
    """The same logs as a check that knows nothing of our filters, over what was sent."""
    plain = PLAIN[name]
    expected = {record.id for log, record in zip(logs.sent, logs.records, strict=True) if plain(log)}
    assert set(logs.find(name)) == expected


def test_questions_ask_for_something(logs: LogSet) -> None:
    """At least 40 questions, on either set, are answered with some of the logs: neither none nor all."""
    assert len(logs.sent) == COUNT
    counts = {name: len(logs.scan(name)) for name in QUESTIONS}
    telling = [name for name, count in counts.items() if 0 < count < len(logs.sent)]
    print(f"{len(telling)} of {len(counts)} questions: {counts}")
    assert len(telling) >= 40
