"""What an answer could not see, and answers that fail: nothing missing looks like nothing there."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.backends import Backends, connect
from app.drain import drain
from app.drain.indexing import Indexing
from app.errors import TimedOut
from app.find import from_record
from app.log.envelope import Envelope
from app.log.record import LogRecord
from app.ports.deadline import Budget, Deadline
from app.query.language.parse import parse
from app.query.query import Query
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from app.times import instant
from app.web import create_app, current
from tests.conftest import MakeRecord
from tests.prepared import prepare
from tests.web.asking import NOTHING_PENDING, get


def test_logs_that_wait_are_pending(client: FlaskClient, backends: Backends, make_record: MakeRecord) -> None:
    """An accepted log is in the results or counted, never neither; its age is told."""
    backends.queue.put([Envelope([make_record(message="waits") for _ in range(3)])])
    for url in ("/logs", "/logs/histogram", "/logs/facets?field=level", "/logs/fields", "/traces/x"):
        found = get(client, url)
        assert (found["pending"], found["pending_is"]) == (3, "at most"), url
        assert 0 <= found["lag_ms"] < 60_000
    assert client.get("/logs/export").headers["Pending"] == "3"
    assert backends.move is not None
    backends.move(100, 0)
    found = get(client, "/logs?q=waits")
    assert (found["total"], found["pending"], found["pending_is"], found["lag_ms"]) == (3, 0, "exact", 0)


def test_pending_is_never_too_low_while_logs_move(
    client: FlaskClient, backends: Backends, make_record: MakeRecord
) -> None:
    """At every moment: what was accepted before the request is found or counted."""
    accepted, stop = 0, threading.Event()

    def send() -> None:
        nonlocal accepted
        while not stop.is_set():
            backends.queue.put([Envelope([make_record(message="moves") for _ in range(20)])])
            accepted += 20

    def move() -> None:
        assert backends.move is not None
        while not stop.is_set():
            backends.move(100, 0.01)

    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(send), threads.submit(move)]
        try:
            while accepted < 2_000 and not any(one.done() for one in running):
                before = accepted
                found = get(client, "/logs?q=moves&count=exact&limit=1")
                assert found["total"] + found["pending"] >= before
        finally:
            stop.set()
        assert [one.result() for one in running] == [None, None]
    assert accepted >= 2_000


@pytest.fixture
def apart(tmp_path: Path) -> Settings:
    """Settings with the index in a file of its own."""
    made = Settings.from_env(
        {
            "LOGINGESTOR_DATA_DIR": str(tmp_path / "apart"),
            "LOGINGESTOR_SEARCH_URL": f"sqlite:///{tmp_path}/index.db",
            "LOGINGESTOR_MIN_FREE_DISK": "1 MiB",
        }
    )
    prepare(made)
    return made


def broken(settings: Settings, table: str) -> None:
    """Break the index, or the queue, as a fault of the file would."""
    path = Path(settings.search_url.removeprefix("sqlite:///")) if table == "logs" else settings.database
    with SqliteDatabase(path).write(durable=True) as connection:
        connection.execute(f"DROP TABLE {table}")


def test_record_answers_when_the_index_cannot(apart: Settings, make_record: MakeRecord) -> None:
    """The same logs in the same order; `source` says where they come from. Counts by the index alone are a 503."""
    held = connect(apart)
    held.queue.put([Envelope([make_record(message=f"step {n}") for n in range(30)])])
    indexing = Indexing(held.store, held.record.letters, held.index)
    drain.drain(held.queue, held.record, indexing, 100, 0)
    indexing.settle(now=True)
    held.close()
    app = create_app(apart)
    client = app.test_client()
    before = get(client, "/logs?q=step&limit=7")
    broken(apart, "logs")
    after = get(client, "/logs?q=step&limit=7")
    assert (before.pop("source"), after.pop("source")) == ("index", "record")
    assert after == before
    answer = client.get("/logs/histogram")
    assert (answer.status_code, answer.json["status"], "Retry-After" in answer.headers) == (503, False, True)
    app.extensions["logingestor"].close()


def test_pending_is_null_when_the_queue_cannot_be_asked(apart: Settings) -> None:
    """Unknown is not zero."""
    app = create_app(apart)
    broken(apart, "queue")
    found = get(app.test_client(), "/logs")
    assert {name: found[name] for name in NOTHING_PENDING} == {"pending": None, "pending_is": None, "lag_ms": None}
    assert app.test_client().get("/logs/export").headers["Pending"] == "unknown"
    app.extensions["logingestor"].close()


@pytest.mark.parametrize(
    "query",
    [
        Query(limit=7),
        Query(sort="asc", limit=7),
        Query(clock="received", limit=7),
        Query(clock="received", sort="asc", limit=50),
        Query(parse("level:error AND metadata.n:>20"), limit=1),
        Query(
            parse("step NOT tags"),
            start=instant.parse("2023-09-15T08:10:00Z"),
            end=instant.parse("2023-09-15T08:59:00Z"),
        ),
        Query(parse("metadata.n:5"), limit=1),
        Query(parse("nowhere")),
        Query(count="none"),
    ],
)
def test_record_and_index_give_the_same_pages(backends: Backends, minutes: list[LogRecord], query: Query) -> None:
    """Page after page to the last."""
    while True:
        wanted = backends.index.find(replace(query, count="exact" if query.count == "auto" else query.count))
        found = from_record.page(backends.store, query, Budget(), "")
        assert (found.records, found.total, found.next) == (wanted.records, wanted.total, wanted.next)
        if found.next is None:
            return
        query = replace(query, after=found.next)


def test_query_over_its_time_is_503(
    client: FlaskClient, minutes: list[LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that would be incomplete is none; Retry-After and a way out are given."""
    monkeypatch.setattr(current, "QUERY_SECONDS", -1.0)
    for url in (
        "/logs",
        "/logs/histogram",
        "/logs/facets?field=level&q=step",
        "/logs/fields",
        "/logs/export",
        "/traces/trace-0",
    ):
        answer = client.get(url)
        assert (answer.status_code, answer.json["status"]) == (503, False), url
        assert int(answer.headers["Retry-After"]) > 0
        assert "longer than" in answer.json["message"]


@pytest.mark.parametrize(
    "url", ["/logs?q=step", "/logs/histogram?q=step", "/logs/facets?field=level&q=step", "/?q=step"]
)
def test_query_ends_when_its_client_has_left(client: FlaskClient, minutes: list[LogRecord], url: str) -> None:
    """Nobody waits for the answer: the time is better given to others."""
    left = client.get(url, environ_overrides={"logingestor.left": lambda: True})
    assert left.status_code == 503
    assert client.get(url).status_code == 200


def test_record_over_its_time_says_why(backends: Backends, minutes: list[LogRecord]) -> None:
    """Neither answers in time: the first reason is told as well."""
    with pytest.raises(TimedOut, match="index is away; the record"):
        from_record.page(backends.store, Query(), Budget(-1), "index is away")


def test_steps_of_one_request_share_its_time() -> None:
    """A budget used up by one step leaves nothing to the next."""
    assert Deadline(Budget(-1)).shared().cancelled()
    assert not Deadline(Budget(60)).shared().cancelled()
    assert Deadline(Budget(60, lambda: True)).shared().cancelled()
