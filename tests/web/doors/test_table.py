"""All doors in one table: of each batch the good are found and the bad are dead letters, and every answer is in the door's own tongue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.settings.settings import DOORS, Settings
from app.web import create_app
from app.web.accounts import tokens
from app.web.security.errors import DROP_429
from tests.prepared import prepare
from tests.web.doors.table import ROWS, Row, batch

WITH_BAD = [name for name, row in ROWS.items() if row.bad is not None]


def test_no_door_is_forgotten() -> None:
    """A new one has a row."""
    assert {name.partition(" ")[0] for name in ROWS} == {*DOORS, "ingest"}


def another(row: Row, number: int) -> dict[str, str]:
    """Return the headers by which a request is another one than the first: Firehose's have an id, in a header and in the body."""
    name = "X-Amz-Firehose-Request-Id"
    return {name: f"r-{number}"} if name in row.headers else {}


def again(row: Row, prefix: str, number: int) -> bytes:
    """Return the body of such a request, with three items."""
    return batch(row, prefix, 3).replace(b'"r-1"', b'"r-%d"' % number)


def post(client: FlaskClient, row: Row, body: bytes, **headers: str) -> Any:
    """Send a body as the door's clients do."""
    return client.post(row.path, data=body, headers={**row.headers, **headers})


@pytest.mark.parametrize("name", WITH_BAD)
def test_five_bad_items_of_a_hundred(client: FlaskClient, backends: Backends, name: str) -> None:
    """The good are found, the bad are dead letters with their reasons, and the client is not made to send for ever."""
    row = ROWS[name]
    answer = post(client, row, batch(row, "item", 100, 5))
    assert answer.status_code == row.status, answer.text
    assert row.said(answer.data, 5), answer.text
    assert backends.move is not None
    while backends.queue.depth().bytes:
        backends.move(1_000, 0)
    found = [record.message for _, record in backends.record.store.after(0, 1_000)]
    assert sorted(found) == sorted(f"item {n}" for n in range(100) if n % 20 != 19)
    # What is refused again is one letter with a count.
    assert sum(letter.times for letter in backends.record.letters.dead()) == 5
    assert all(reason for reason in backends.record.letters.dead_counts())


@pytest.mark.parametrize("name", ROWS)
def test_a_batch_without_fault(client: FlaskClient, backends: Backends, name: str) -> None:
    """Nothing is said of faults."""
    row = ROWS[name]
    answer = post(client, row, batch(row, "item", 100))
    assert (answer.status_code, row.said(answer.data, 0)) == (row.status, True), answer.text
    # Ingest's is in the body; the journal comes as a stream of any length, which is taken in parts.
    assert name in ("ingest", "journal") or answer.headers["X-LogIngestor-Receipt"]
    assert backends.queue.depth().logs == 100


@pytest.mark.parametrize("name", ROWS)
def test_no_door_redirects(client: FlaskClient, backends: Backends, name: str) -> None:
    """With a slash at its end and without: many clients make a GET of a POST that is redirected, and call its 200 a delivery."""
    row = ROWS[name]
    path, mark, asked = row.path.partition("?")
    for number, end in enumerate(("", "/")):
        address = path.rstrip("/") + end + mark + asked
        answer = post(client, replace(row, path=address), again(row, f"end {number}", number), **another(row, number))
        assert (answer.status_code, "Location" in answer.headers) == (row.status, False), answer.text
        got = client.get(address)
        assert (got.status_code, "POST" in got.headers["Allow"]) == (405, True)
    assert backends.queue.depth().logs == 6


#: Doors that know a body by its bytes, and what clients of theirs say of its type: nothing (splunk-handler, graypy, pygelf),
#: a form (splunk-logging), JSON (opensearch-py), a vendor's (elasticsearch-java), or what a library says by itself.
BY_BYTES = ("elastic", "gelf", "clef", "hec", "hec raw", "heroku", "cloudflare", "firehose", "journal")
TYPES = (
    None,
    "application/x-www-form-urlencoded",
    "application/json; charset=utf-8",
    "application/vnd.elasticsearch+json; compatible-with=9",
    "text/plain",
    "application/octet-stream",
)


@pytest.mark.parametrize("name", BY_BYTES)
def test_a_body_is_known_by_its_bytes(client: FlaskClient, backends: Backends, name: str) -> None:
    """Whatever type a client gives it."""
    row = ROWS[name]
    for number, kind in enumerate(TYPES):
        headers = {**row.headers, **another(row, number)}
        headers.pop("Content-Type", None)
        answer = client.post(row.path, data=again(row, f"type {number}", number), headers=headers, content_type=kind)
        assert answer.status_code == row.status, (kind, answer.text)
    assert backends.queue.depth().logs == 3 * len(TYPES)


@pytest.mark.parametrize("name", ROWS)
def test_what_is_no_batch_at_all(client: FlaskClient, name: str) -> None:
    """Taken as it is, or 400 in the door's tongue: never what a client would take for a success, or send again."""
    row = ROWS[name]
    answer = post(client, row, b"\xff\xfe\x00{<html>")
    assert answer.status_code in (row.status, 400), answer.text
    assert answer.status_code != 400 or row.failed(answer.data, 400), answer.text
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize("name", ROWS)
def test_no_password(protected: FlaskClient, name: str) -> None:
    """401 in the door's tongue, never a page to log in at: clients call every 200 a delivery, and some a redirect too."""
    row = ROWS[name]
    answer = post(protected, row, batch(row, "item", 2))
    assert (answer.status_code, "Location" in answer.headers) == (401, False)
    assert row.failed(answer.data, 401), answer.text
    assert b"<html" not in answer.data


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """A client of a server whose queue has no room."""
    monkeypatch.setattr("app.web.doors.taking.PAUSE", 60.0)  # no room comes while this runs
    given = {"DATA_DIR": str(tmp_path / "full"), "MIN_FREE_DISK": "1 MiB", "QUEUE_LIMIT": "1"}
    settings = Settings.from_env({f"LOGINGESTOR_{name}": value for name, value in given.items()})
    prepare(settings)
    app = create_app(settings)
    client = app.test_client()
    client.post("/logs/ingest/", json={"message": "the first"})
    yield client
    app.extensions["logingestor"].close()


@pytest.mark.parametrize("name", ROWS)
def test_a_full_queue(full: FlaskClient, name: str) -> None:
    """503, with a wait that no client gives up at, in words that its clients read."""
    row = ROWS[name]
    answer = post(full, row, batch(row, "item", 10))
    assert answer.status_code == 503
    assert is_asked_to_wait(name, answer)
    assert row.failed(answer.data, 503), answer.text


def is_asked_to_wait(name: str, answer: Any) -> bool:
    """Return whether a client is told when to come again, and that so soon that none gives its batch up: from ten seconds on some do."""
    return 0 < int(answer.headers["Retry-After"]) <= (60 if name == "ingest" else 5)


@pytest.mark.parametrize("name", ROWS)
def test_too_many_wrong_passwords(protected: FlaskClient, name: str) -> None:
    """429, which all take for a thing of the moment, until the right one comes."""
    row = ROWS[name]
    for number in range(40):
        answer = post(protected, row, batch(row, "item", 2), Authorization=f"Bearer wrong {number}")
        if answer.status_code == 429:
            break
        assert answer.status_code in (401, 403), answer.text
    assert answer.status_code == 429
    assert is_asked_to_wait(name, answer)
    assert row.failed(answer.data, 429), answer.text


@pytest.mark.parametrize("name", ROWS)
def test_a_token_over_its_rate(protected: FlaskClient, name: str) -> None:
    """429 in the door's tongue, or 503 where its clients drop after 429, with nothing kept: the batch is taken once the token may be used again."""
    row, refused = ROWS[name], 503 if name in DROP_429 else 429
    app = protected.application
    with app.app_context():
        token = tokens.create("a sender", "writer", "tests", rate="0.05/s")[0]
    allowed = {"Authorization": f"Bearer {token}"}
    queue = app.extensions["logingestor"].backends().queue
    assert post(protected, row, batch(row, "first", 100), **allowed).status_code == row.status
    # Firehose's requests have an id, in a header and in the body.
    second, another = batch(row, "second", 100).replace(b'"r-1"', b'"r-2"'), {"X-Amz-Firehose-Request-Id": "r-2"}
    answer = post(protected, row, second, **another, **allowed)
    assert answer.status_code == refused
    assert is_asked_to_wait(name, answer)
    assert row.failed(answer.data, refused), answer.text
    assert queue.depth().logs == 100
    patient = {"Authorization": "Bearer right-password", **another}
    assert post(protected, row, second, **patient).status_code == row.status
    assert queue.depth().logs == 200
