"""A bound reader is answered as by a system that holds nothing but what the reader may see."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.accept.receipts import Receipts
from app.backends import connect
from app.find import follow
from app.find.bound import Undecided
from app.find.hints import explain
from app.log.envelope import Envelope
from app.log.record import LogRecord, id_text
from app.query.filter import EVERYTHING, Filter
from app.query.language.parse import parse
from app.query.meaning import predicate
from app.query.text import text
from app.settings.settings import Settings
from app.systems.sqlite.index import counting
from app.web import create_app
from app.web.accounts import tokens
from app.web.api import hints
from tests.conftest import fill_backends
from tests.hiding import HIDEABLE, stripped
from tests.prepared import prepare
from tests.samples import filters_over, random_records
from tests.thorough import examples

RECORDS = random_records(11, 300)
PASSWORD = "the admin's password"
_names = itertools.count()


@pytest.fixture(scope="module", autouse=True)
def _unhurried() -> Iterator[None]:
    """What an answer says of the time that it had is no matter here: on a busy machine it would differ."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "AUTO_SECONDS", 60.0)
        patch.setattr(explain, "EXPLAIN_SECONDS", 60.0)
        patch.setattr(explain, "LOOK_SECONDS", 60.0)
        patch.setattr(hints, "COMPLETE_SECONDS", 60.0)
        yield


@contextmanager
def system(folder: Path, records: list[LogRecord]) -> Iterator[FlaskClient]:
    """A closed application whose system holds *records*, all of them findable."""
    given = {"DATA_DIR": str(folder), "MIN_FREE_DISK": "1 MiB", "SECRET_KEY": "the key of every system here"}
    made = Settings.from_env({f"LOGINGESTOR_{name}": value for name, value in given.items()})
    prepare(made)
    opened = connect(made)
    fill_backends(opened, records)
    opened.close()
    app = create_app(replace(made, auth="required", admin_password=PASSWORD))
    yield app.test_client()
    app.extensions["logingestor"].close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The system that holds everything."""
    with system(tmp_path_factory.mktemp("whole"), list(RECORDS)) as client:
        everybody, other = {"Authorization": f"Bearer {PASSWORD}"}, header(client, "level:nobody")
        for headers in (everybody, other):
            assert client.post("/searches", json={"name": "s", "q": "resourceId:x"}, headers=headers).status_code == 201
        yield client


def header(client: FlaskClient, bound: str | None = None, hide: str | None = None) -> dict[str, str]:
    """Return the header of a reader who is bound by a query, and from whom fields are hidden."""
    with client.application.app_context():
        token, _ = tokens.create(f"r{next(_names)}", "reader", "tests", filter=bound, hide=hide)
    return {"Authorization": f"Bearer {token}"}


def questions(tree: Filter, one: LogRecord, receipts: Receipts) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield questions to every read route, about logs of a filter and about one log."""
    q = text(tree)
    for body in (
        {"query": q, "limit": 5, "count": "exact"},
        {"query": q, "sort": "asc", "clock": "received", "count": "exact"},
    ):
        yield "POST", "/logs/filter/", body
    yield "POST", "/logs/histogram", {"query": q, "by": "level"}
    yield "POST", "/logs/facets", {"query": q, "field": ["level", "resourceId", "metadata.status"], "size": 50}
    for route in ("fields", "patterns", "explain", "export"):
        yield "POST", f"/logs/{route}", {"query": q}
    yield "POST", "/logs/statistics", {"query": q, "field": "metadata.n"}
    yield "POST", "/logs/filter/", {"query": "_exists_:metadata OR _exists_:metadata.a", "count": "exact"}
    yield "POST", "/logs/filter/", {"query": "NOT _exists_:metadata.user", "count": "exact"}
    yield "POST", "/logs/facets", {"query": q, "field": ["message", "metadata.a", "metadata.user.name", "commit"]}
    yield "POST", "/logs/export", {"query": q, "format": "csv", "columns": ["message", "metadata.a", "traceId"]}
    yield "POST", "/logs/statistics", {"field": "level"}
    for typed in ("", "level:", "resourceId:", "metadata.", "metadata.a:", "er"):
        yield "POST", "/logs/completions", {"q": typed}
    yield "GET", f"/logs/{id_text(one.id)}", {}
    yield "POST", f"/logs/{id_text(one.id)}/context", {"query": q}
    yield "GET", f"/traces/{one.trace_id or 'none'}", {}
    yield "GET", f"/log/{id_text(one.id)}", {}
    yield "GET", f"/trace/{one.trace_id or 'none'}", {}
    yield "GET", f"/compare?a={id_text(one.id)}&b={id_text(RECORDS[0].id)}", {}
    for path in ("/overview", "/overview?part=now", "/searches", "/patterns"):
        yield "GET", path, {}
    for count in (1, 3):
        yield "GET", f"/receipts/{receipts.consecutive(one.id, count)}", {}


def answered(
    client: FlaskClient, method: str, path: str, body: dict[str, Any], headers: dict[str, str]
) -> tuple[int, Any]:
    """Return status and body of an answer."""
    answer = client.open(path, method=method, headers=headers, json=body if method == "POST" else None, buffered=True)
    return answer.status_code, answer.json if answer.is_json else answer.data


# Each example makes a system: shrinking one that fails would take minutes.
@settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
@given(
    bound=filters_over(RECORDS),
    tree=filters_over(RECORDS),
    place=st.integers(0, len(RECORDS) - 1),
    hide=st.lists(st.sampled_from(HIDEABLE), max_size=4, unique=True),
)
def test_an_answer_is_that_of_a_system_with_nothing_else(
    whole: FlaskClient,
    tmp_path_factory: pytest.TempPathFactory,
    bound: Filter,
    tree: Filter,
    place: int,
    hide: list[str],
) -> None:
    """By every read route: logs, counts, order, cursors, suggestions, and what is not there; hidden fields are in none."""
    everything = parse(text(bound)) == EVERYTHING
    if everything and not hide:
        return
    holds = predicate(bound)
    held = [stripped(record, hide) for record in RECORDS if holds(record)]
    with system(tmp_path_factory.mktemp("part"), held) as part:
        with part.application.app_context():
            sees_all = {"Authorization": f"Bearer {PASSWORD}"}
        given = None if everything else text(bound), ",".join(hide) or None
        # What is hidden was never sent to the other system: a filter may ask for it in vain there.
        bounded, as_well = header(whole, *given), header(part, None if hide else given[0], given[1])
        receipts = whole.application.extensions["logingestor"].receipts()
        for method, path, body in questions(tree, RECORDS[place], receipts):
            # Pages, and whose searches are whose, differ by role: there the other system is asked by a bound reader too.
            is_page = path.startswith(("/log/", "/trace/", "/compare", "/overview", "/patterns", "/searches"))
            wanted = answered(part, method, path, body, as_well if is_page else sees_all)
            assert answered(whole, method, path, body, bounded) == wanted, (path, body)


def test_the_page_holds_nothing_of_others(tmp_path: Path, make_record: Any) -> None:
    """Neither in its rows, nor in chart, fields, values, patterns, advice, or the state of the system."""
    mine = [make_record(message=f"mine {n}", resource_id="shop-1", metadata={"user": "me"}) for n in range(20)]
    others = [
        make_record(message=f"s3cret {n}", level="fatal", resource_id="bank-s3cret", metadata={"s3cret": "s3cret"})
        for n in range(30)
    ]
    with system(tmp_path, [*mine, *others]) as client:
        saved = {"name": "s3cret", "q": "resourceId:bank-s3cret"}
        assert client.post("/searches", json=saved, headers={"Authorization": f"Bearer {PASSWORD}"}).status_code == 201
        headers = header(client, "resourceId:shop-*")
        for path in (
            "/",
            "/?q=s3cre",
            "/?q=resourceId:bank-s3cre",
            "/?q=nothing",
            "/page/counts",
            "/page/values?field=resourceId",
            "/patterns",
            "/trace",
            "/overview",
            "/searches",
            f"/log/{id_text(mine[0].id)}",
            f"/log/{id_text(others[0].id)}",
        ):
            for name in ("application/json", "text/html"):
                answer = client.get(path, headers={**headers, "Accept": name}, buffered=True)
                assert "s3cret" not in answer.text.replace(path, ""), path
        assert "20 logs" in client.get("/", headers=headers).text
        found = client.get("/logs/completions?q=resourceId:", headers=headers).json
        values = lambda answer: {one["text"] for one in answer["completions"]} & {"shop-1", "bank-s3cret"}  # noqa: E731
        assert values(found) == {"shop-1"}
        # What somebody else asked a moment ago is not remembered for this reader.
        everything = client.get("/logs/completions?q=resourceId:", headers={"Authorization": f"Bearer {PASSWORD}"}).json
        assert values(everything) == {"shop-1", "bank-s3cret"}
        assert client.get("/logs/completions?q=resourceId:", headers=headers).json == found


def test_another_s_log_is_not_there(tmp_path: Path, make_record: Any) -> None:
    """404, in the same words whether it is there, waits, or never was."""
    record, waiting = make_record(resource_id="bank"), make_record(resource_id="bank")
    with system(tmp_path, [record]) as client:
        headers = header(client, "resourceId:shop-*")
        held = client.application.extensions["logingestor"].backends()
        held.queue.put([Envelope([waiting])])
        answers = [
            client.get(f"/logs/{identity}", headers=headers)
            for identity in (id_text(record.id), id_text(waiting.id), "0198c0de-0000-7000-8000-000000000000")
        ]
        assert [one.status_code for one in answers] == [404] * 3
        assert len({one.data for one in answers}) == 1


def test_what_is_on_its_way_is_undecided(tmp_path: Path, make_record: Any) -> None:
    """`pending` is null, never 0, while a log waits that the reader may be about to see; the page says so."""
    with system(tmp_path, []) as client:
        headers = header(client, "resourceId:shop-*")
        assert client.get("/logs", headers=headers).json["pending"] == 0
        held = client.application.extensions["logingestor"].backends()
        held.queue.put([Envelope([make_record(resource_id="shop-1")])])
        found = client.get("/logs", headers=headers).json
        assert (found["pending"], found["pending_is"], found["lag_ms"]) == (None, None, None)
        assert str(Undecided())[1:] in client.get("/", headers=headers).text


def test_a_cursor_of_the_tail_tells_nothing(tmp_path: Path) -> None:
    """It counts every log that was stored: a bound reader's is read by this server only, and by nobody else's filter."""
    key, other = b"k" * 32, b"o" * 32
    for place in (0, 1, 2, 1_000_000, (1 << 63) - 1):
        cursor = follow.encode(place, key)
        assert follow.decode(cursor, key) == place
        assert cursor != follow.encode(place)
        assert follow.encode(place, other) != cursor
    assert follow.decode(follow.encode(77)) == 77
    with system(tmp_path, list(RECORDS)) as client:
        page = client.get("/", headers=header(client, "level:error")).text
        assert follow.encode(len(RECORDS)) not in page
        assert follow.encode(len(RECORDS)) in client.get("/", headers={"Authorization": f"Bearer {PASSWORD}"}).text


def test_json_of_a_bound_answer_is_plain(tmp_path: Path) -> None:
    """The reader's filter stands nowhere in an answer."""
    with system(tmp_path, list(RECORDS)) as client:
        headers = header(client, "NOT message:zzsecretzz")
        for path in ("/logs", "/logs/explain?q=level:nosuch", "/", "/?q=level:nosuch"):
            assert "zzsecretzz" not in client.get(path, headers=headers).text
        assert json.loads(client.get("/logs", headers=headers).text)["status"]


def test_the_page_holds_nothing_that_is_hidden(tmp_path: Path, make_record: Any) -> None:
    """Neither name nor value, marks included; the log's own page, the lanes of a trace and the comparison neither."""
    logs = [
        make_record(
            message=f"s3cret {n}",
            level="error",
            resource_id="shop-1",
            trace_id="t1",
            metadata={"s3cret": {"n": n}, "plain": n},
        )
        for n in range(20)
    ]
    with system(tmp_path, logs) as client:
        headers = header(client, hide="message,metadata.s3cret,traceId")
        first, second = (id_text(one.id) for one in logs[:2])
        for path in (
            "/",
            "/?q=s3cret",
            "/?q=metadata.s3cret.n:1",
            "/?columns=metadata.s3cret,message",
            "/page/counts",
            "/page/values?field=metadata.s3cret.n",
            "/patterns",
            f"/compare?a={first}&b={second}",
            f"/log/{first}",
            "/trace/t1",
            "/logs/explain?q=s3cret",
            "/logs/completions?q=metadata.",
        ):
            for name in ("application/json", "text/html"):
                answer = client.get(path, headers={**headers, "Accept": name}, buffered=True)
                # What was asked for comes back, as a form's text, in links and as the head of a column.
                assert ("s3cret 1" if "s3cret" in path else "s3cret") not in answer.text, path
        assert client.get("/logs?q=s3cret", headers=headers).json["total"] == 0
        assert client.get("/logs?q=metadata.plain:3", headers=headers).json["total"] == 1
        assert client.get("/metrics", headers=headers).status_code == 403


def test_a_receipt_is_answered_for_logs_that_may_be_seen(tmp_path: Path, make_record: Any) -> None:
    """Of a request all of whose logs fit; of another it is as if they had gone. While logs wait that is not decided."""
    mine, other = make_record(resource_id="shop-1"), make_record(resource_id="bank")
    with system(tmp_path, [mine, other]) as client:
        headers, parts = header(client, "resourceId:shop-*"), client.application.extensions["logingestor"]
        ask = lambda receipt: client.get(f"/receipts/{receipt}", headers=headers)  # noqa: E731
        receipts = parts.receipts()
        held = parts.backends()
        first, both = receipts.consecutive(mine.id, 1), receipts.consecutive(mine.id, 2)
        assert ask(both).status_code == 404
        held.queue.put([Envelope([make_record(resource_id="shop-2")])])
        assert ask(first).json["accepted"] == 1  # what is stored is decided, whatever waits
        assert ask(both).status_code == 503
        assert ask("AQ" * 21).status_code == 404
