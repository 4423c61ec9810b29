"""Tokens: shown once, kept as a digest, accepted in every way that shippers have, over when they are over."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pysqlite3
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.backends import upgrade
from app.cli import cli
from app.errors import InvalidInput, NotFound, Unavailable
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tables, tokens, verify
from app.web.accounts.verify import FRESH_SECONDS, STALE_SECONDS, Verifier
from app.web.security.tries import AT_ONCE

PASSWORD = "the admin's password"


@pytest.fixture
def closed(settings: Settings) -> Iterator[Flask]:
    """An application that wants a credential."""
    made = create_app(replace(settings, auth="required", admin_password=PASSWORD))
    yield made
    made.extensions["logingestor"].close()


def make(app: Flask, role: str, name: str = "a token", **options: Any) -> str:
    """Return a new token."""
    with app.app_context():
        return tokens.create(name, role, "tests", **options)[0]


def basic(user: str, secret: str) -> str:
    """Return the header of HTTP Basic, without its scheme."""
    return base64.b64encode(f"{user}:{secret}".encode()).decode()


WAYS: tuple[Callable[[str], dict[str, str]], ...] = (
    lambda token: {"Authorization": f"Bearer {token}"},
    lambda token: {"Authorization": f"Splunk {token}"},
    lambda token: {"Authorization": f"Basic {basic('anybody', token)}"},
    lambda token: {"Authorization": f"Basic {basic('', token)}"},
    lambda token: {"Authorization": f"ApiKey {token}"},
    lambda token: {"Authorization": f"ApiKey {basic('an id', token)}"},
    lambda token: {"X-Seq-ApiKey": token},
    lambda token: {"DD-API-KEY": token},
    lambda token: {"X-Amz-Firehose-Access-Key": token},
)


def test_a_token_is_taken_in_each_way(closed: Flask) -> None:
    """By each header that shippers have; in the URL where logs are taken."""
    client, token = closed.test_client(), make(closed, "writer")
    for way in WAYS:
        assert client.post("/logs/ingest/", json={"message": "m"}, headers=way(token)).status_code == 202
    for path in (f"/logs/ingest/?token={token}", f"/v1/input/{token}", f"/v1/input?dd-api-key={token}"):
        assert client.post(path, json={"message": "m"}).status_code in (200, 202)
    assert client.get(f"/logs?token={token}").status_code == 401


def test_only_a_digest_is_kept(closed: Flask, settings: Settings) -> None:
    """No file of the data folder holds the token."""
    token = make(closed, "admin")
    assert token.startswith(tokens.PREFIX)
    for file in settings.data_dir.iterdir():
        if file.is_file():
            assert token.encode() not in file.read_bytes()
            assert token.removeprefix(tokens.PREFIX).encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"role": "root"}, "role"),
        ({"role": ""}, "role"),
        ({"expires": "soon"}, "expires"),
        ({"expires": "0d"}, "expires"),
        ({"rate": "fast"}, "rate"),
        ({"rate": "0/s"}, "rate"),
        ({"rate": "nan"}, "rate"),
        ({"rate": "inf/s"}, "rate"),
        ({"filter": "  "}, "filter"),
        ({"filter": "level:("}, "filter"),
        ({"filter": "*"}, "filter"),
        ({"filter": "level:error", "role": "writer"}, "filter"),
        ({"filter": "level:error", "role": "admin"}, "filter"),
        ({"hide": " "}, "hide"),
        ({"hide": ","}, "hide"),
        ({"hide": "timestamp"}, "hide"),
        ({"hide": "host"}, "hide"),
        ({"hide": "message", "role": "writer"}, "hide"),
        ({"hide": "message", "role": "admin"}, "hide"),
    ],
)
def test_what_can_t_be_meant_is_refused(closed: Flask, given: dict[str, str], field: str) -> None:
    """Each fault is named by its field, and no token is made."""
    wanted: dict[str, Any] = {"name": "a token", "role": "reader", **given}
    with closed.app_context():
        with pytest.raises(InvalidInput) as caught:
            tokens.create(owner="tests", **wanted)
        assert [problem.field for problem in caught.value.problems] == [field]
        assert tokens.every() == []


def test_a_name_is_taken_once(closed: Flask) -> None:
    """Until its token is over."""
    first = make(closed, "reader")
    with pytest.raises(InvalidInput, match="taken"):
        make(closed, "writer")
    with closed.app_context():
        tokens.revoke("a token")
        tokens.revoke("a token")
        with pytest.raises(NotFound):
            tokens.revoke("another")
    second = make(closed, "writer")
    assert first != second
    with closed.app_context():
        assert [(one.name, one.role) for one in tokens.every()] == [("a token", "writer")]


def test_a_revoked_token_ends_within_seconds(closed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that knew it, on another machine, asks again after FRESH_SECONDS; another doesn't know it at all."""
    now = 0.0
    verifier = Verifier(clock=lambda: now)
    token = make(closed, "reader")
    with closed.app_context():
        found = verifier.verify(token)
        assert found is not None
        assert (found.identity.name, found.identity.role) == ("a token", "reader")
        tokens.revoke("a token")
        assert verifier.verify(token) is found
        assert verifier.look(found.identity.key) is found
        now = FRESH_SECONDS
        assert verifier.fresh(token) is None
        assert verifier.verify(token) is None
        assert verifier.look(found.identity.key) is None
        assert Verifier().verify(token) is None


def test_a_token_expires_to_the_moment(closed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it was verified a moment ago."""
    verifier, token = Verifier(), make(closed, "reader", expires="1h")
    with closed.app_context():
        known = verifier.verify(token)
        assert known is not None
        assert known.expires is not None
        monkeypatch.setattr(verify, "now_ms", lambda: known.expires)
        assert verifier.fresh(token) is None
        assert verifier.verify(token) is None


def test_the_queue_takes_logs_while_the_record_is_away(closed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was let in is let in still, for STALE_SECONDS; an unknown one is told to come again, and never let in."""
    now = 0.0
    verifier = Verifier(clock=lambda: now)
    token, other = make(closed, "writer"), make(closed, "writer", "another")

    def away(*_: Any) -> None:
        raise Unavailable("the record is away")

    with closed.app_context():
        assert verifier.verify(token) is not None
        monkeypatch.setattr(verifier, "_ask", away)
        now = STALE_SECONDS - 1
        assert verifier.verify(token) is not None
        with pytest.raises(Unavailable):
            verifier.verify(other)
        now = STALE_SECONDS
        with pytest.raises(Unavailable):
            verifier.verify(token)


def test_a_database_that_can_t_be_used_is_said(closed: Flask) -> None:
    """Every fault of the driver is one error of ours: 503, to be tried again."""
    with closed.app_context(), pytest.raises(Unavailable), tables.transaction():
        raise OperationalError("SELECT", {}, Exception("disk I/O error"))


def test_rate(closed: Flask) -> None:
    """As many as it may at once, then 429 with the seconds to wait; another token is not concerned."""
    client = closed.test_client()
    slow, other = make(closed, "writer", rate="3/s"), make(closed, "writer", "another")
    send = lambda token: client.post("/logs/ingest/", json={"message": "m"}, headers=WAYS[0](token))  # noqa: E731
    answers = [send(slow) for _ in range(40)]
    assert [one.status_code for one in answers[:3]] == [202] * 3
    late = [one for one in answers if one.status_code == 429]
    assert late
    assert all(int(one.headers["Retry-After"]) == 1 for one in late)
    assert send(other).status_code == 202


def test_guessing_tokens_is_slow_and_locks_nobody_out(closed: Flask) -> None:
    """Wrong ones are 429 soon, also from where a right one came; the owner of a right one is not made to wait by that."""
    client, token = closed.test_client(), make(closed, "reader")
    ask = lambda given: client.get("/logs", headers=WAYS[0](given)).status_code  # noqa: E731
    assert ask(token) == 200
    statuses = [ask(f"lgi_{number}") for number in range(AT_ONCE + 3)]
    assert statuses[:AT_ONCE] == [401] * AT_ONCE
    assert statuses[-1] == 429
    assert ask("guessed password") == 429
    assert ask(token) == 200


def test_last_use_is_noted_to_the_minute(closed: Flask, settings: Settings) -> None:
    """By whichever process sees it first."""
    client, token = closed.test_client(), make(closed, "reader")
    with closed.app_context():
        assert tokens.every()[0].used is None
    assert client.get("/logs", headers=WAYS[0](token)).status_code == 200
    with closed.app_context():
        first = tokens.every()[0].used
        assert first is not None
        assert Verifier().verify(token) is not None
        assert tokens.every()[0].used == first


def test_commands(settings: Settings) -> None:
    """The token alone on standard output, once; lists and revocation by name; exit 2 for what is wrong in the words."""

    def run(*words: str) -> Result:
        return CliRunner(env={"LOGINGESTOR_DATA_DIR": str(settings.data_dir)}).invoke(cli, ["tokens", *words])

    made = run("create", "shop", "--role", "reader", "--filter", "resourceId:shop-*")
    assert made.exit_code == 0
    token = made.stdout.strip()
    assert token.startswith("lgi_")
    listed = run("list")
    assert "shop  reader, valid, filter resourceId:shop-*" in listed.stdout
    assert token not in listed.stdout
    shown = json.loads(run("create", "w", "--role", "writer", "--rate", "5", "--json").stdout)
    assert (shown["name"], shown["role"], shown["rate"]) == ("w", "writer", 5.0)
    assert shown["token"].startswith("lgi_")
    assert run("revoke", "shop").exit_code == 0
    assert [one["state"] for one in json.loads(run("list", "--json").stdout)] == ["revoked", "valid"]
    assert run("revoke", "nobody").exit_code == 1
    assert run("create", "x", "--role", "root").exit_code == 2


def test_commands_want_the_schema(tmp_path: Path) -> None:
    """A folder without a database gets none by looking at its tokens."""
    empty = Settings.from_env({"LOGINGESTOR_DATA_DIR": str(tmp_path)})
    with pytest.raises(InvalidInput, match="db upgrade"), tables.opened(empty):
        pass
    assert not empty.database.exists()


def test_nothing_is_left_open(closed: Flask, settings: Settings) -> None:
    """A look at a token leaves no transaction behind, which would keep the write-ahead log from being folded."""
    token = make(closed, "reader")
    assert closed.test_client().get("/logs", headers=WAYS[0](token)).status_code == 200
    closed.extensions["logingestor"].close()
    with closing(pysqlite3.connect(str(settings.database))) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def test_tokens_in_postgresql(postgres_database: str, tmp_path: Path) -> None:
    """Made, used, revoked and made anew in the record's database, as in the file."""
    chosen = {"LOGINGESTOR_DATA_DIR": str(tmp_path), "LOGINGESTOR_STORE_URL": postgres_database}
    settings = Settings.from_env(chosen)
    upgrade(settings)
    with tables.opened(settings):
        token, _ = tokens.create("a token", "reader", "tests", filter="level:error", rate="2.5/s", expires="1d")
        found = Verifier().verify(token)
        assert found is not None
        assert (found.identity.filter, found.rate) == ("level:error", 2.5)
        assert tokens.every()[0].used is not None
        with pytest.raises(InvalidInput, match="taken"):
            tokens.create("a token", "reader", "tests")
        tokens.revoke("a token")
        assert Verifier().verify(token) is None
        tokens.create("a token", "reader", "tests")
        assert [tokens.state(one, 0) for one in tokens.every()] == ["valid"]


def test_postgresql_that_is_away(tmp_path: Path) -> None:
    """503, not a fault of the program."""
    url = "postgresql://postgres@127.0.0.1:1/nowhere"
    app = create_app(
        Settings.from_env(
            {
                "LOGINGESTOR_DATA_DIR": str(tmp_path),
                "LOGINGESTOR_STORE_URL": url,
                "LOGINGESTOR_AUTH": "required",
                "LOGINGESTOR_ADMIN_PASSWORD": PASSWORD,
            }
        )
    )
    answer = app.test_client().get("/logs", headers=WAYS[0]("lgi_some"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
