"""Spaces: stamped on what their senders send, forged by nobody, bound to their readers, and held to their quotas."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from app.accept.spaces import Spaces
from app.backends import Backends
from app.cli import cli
from app.errors import InvalidInput, OverQuota
from app.maintain import spaces
from app.monitor.quotas import QuotaProbe
from app.ports.costs import DAY_MS
from app.query.language.parse import parse
from app.query.operations import from_json
from app.rules import retention
from app.settings.settings import Settings
from app.systems.sqlite.queue import SqliteQueue
from app.times.instant import now_ms
from app.web import create_app
from app.web.accounts import tokens
from app.web.security.errors import RETRY_AFTER_SHIPPERS

PASSWORD = "the admin's password"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def closed(settings: Settings) -> Iterator[Flask]:
    """An application that wants a credential."""
    made = create_app(replace(settings, auth="required", admin_password=PASSWORD))
    yield made
    made.extensions["logingestor"].close()


def held(app: Flask) -> Backends:
    """Return the application's backends."""
    found: Backends = app.extensions["logingestor"].backends()
    return found


def make(app: Flask, role: str, space: str | None = None, **options: Any) -> dict[str, str]:
    """Return the header of a new token."""
    name = f"{role} of {space} {len(held(app).record.spaces.spaces())} {options}"
    with app.app_context():
        return {"Authorization": f"Bearer {tokens.create(name, role, 'tests', space=space, **options)[0]}"}


def drain(app: Flask) -> None:
    """Make findable what was accepted."""
    move = held(app).move
    assert move is not None
    while move(100, 0):
        pass


def messages(app: Flask, headers: dict[str, str], query: str = "") -> list[str]:
    """Return the messages that a reader finds, sorted."""
    found = app.test_client().get("/logs", query_string={"q": query}, headers=headers).json["results"]
    return sorted(one["message"] for one in found)


def admin() -> dict[str, str]:
    """Return the header of the admin."""
    return {"Authorization": f"Bearer {PASSWORD}"}


FORGED: list[Any] = ["bank", ["bank", "shop"], {"a": "bank"}, None, 5]


def test_nobody_forges_another_s_space(closed: Flask) -> None:
    """By any sender and any form of the value; what was written there stays beside it. Readers see their space alone."""
    for name in ("shop", "bank"):
        spaces.add(held(closed).record.spaces, name)
    client = closed.test_client()
    senders = {
        "shop": make(closed, "writer", "shop"),
        "bank": make(closed, "writer", "bank"),
        "nobody": make(closed, "writer"),
    }
    for name, headers in [*senders.items(), ("admin", admin())]:
        logs = [{"message": f"{name} {at}", "metadata": {"space": forged}} for at, forged in enumerate(FORGED)]
        assert client.post("/logs/ingest/", json=logs, headers=headers).status_code == 202
        # A top-level key that is no field of ours lands in the metadata.
        assert (
            client.post("/logs/ingest/", json={"message": f"{name} 9", "space": "bank"}, headers=headers).status_code
            == 202
        )
        line = json.dumps({"@m": f"{name} 8", "space": "bank", "@t": "2024-01-01T00:00:00.123Z"})
        assert client.post("/ingest/clef", data=line, headers=headers).status_code == 201
    drain(closed)
    wanted = lambda name: sorted([*(f"{name} {at}" for at in range(len(FORGED))), f"{name} 8", f"{name} 9"])  # noqa: E731
    for name in ("shop", "bank"):
        reader = make(closed, "reader", name)
        assert messages(closed, reader) == wanted(name)
        assert messages(closed, reader, f"NOT space:{name}") == []
        assert messages(closed, admin(), f"space:{name}") == wanted(name)
        assert client.get("/metrics", headers=reader).status_code == 403
    assert len(messages(closed, admin())) == 4 * len(wanted("shop"))
    assert messages(closed, admin(), "metadata.sent_space:bank AND space:shop") == [
        "shop 0",
        "shop 1",
        "shop 8",
        "shop 9",
    ]
    both = make(closed, "reader", "shop", filter='message:"shop 0"', hide="metadata.sent_space")
    (only,) = client.get("/logs", headers=both).json["results"]
    assert (only["message"], only["metadata"]) == ("shop 0", {"space": "shop"})


def test_without_spaces_the_key_is_anybody_s(closed: Flask) -> None:
    """Logs stay as they were sent on a server that has no space."""
    sent = {"message": "m", "metadata": {"space": "mine"}}
    assert closed.test_client().post("/logs/ingest/", json=sent, headers=admin()).status_code == 202
    drain(closed)
    (found,) = closed.test_client().get("/logs", headers=admin()).json["results"]
    assert found["metadata"] == {"space": "mine"}


def test_rules_can_t_take_a_log_out_of_its_space(settings: Settings) -> None:
    """What takes everything out of the metadata leaves the stamp."""
    rules = Settings.from_env(
        {"LOGINGESTOR_DATA_DIR": str(settings.data_dir), "LOGINGESTOR_RULES": "all: mask /./ in metadata"}
    ).rules
    made = create_app(replace(settings, auth="required", admin_password=PASSWORD, rules=rules))
    try:
        spaces.add(held(made).record.spaces, "shop")
        sent = {"message": "m", "metadata": {"a": "secret"}}
        assert (
            made.test_client().post("/logs/ingest/", json=sent, headers=make(made, "writer", "shop")).status_code == 202
        )
        drain(made)
        (found,) = made.test_client().get("/logs?q=space:shop", headers=admin()).json["results"]
        assert found["metadata"]["space"] == "shop"
        assert "secret" not in json.dumps(found)
    finally:
        made.extensions["logingestor"].close()


def test_a_key_is_known_within_its_space(closed: Flask) -> None:
    """Two spaces' senders may use one Idempotency-Key: neither's log counts as the other's repeat."""
    client, key = closed.test_client(), {"Idempotency-Key": "1"}
    for name in ("shop", "bank"):
        spaces.add(held(closed).record.spaces, name)
        headers = {**make(closed, "writer", name), **key}
        accepted = [
            client.post("/logs/ingest/", json={"message": "m"}, headers=headers).json["accepted"] for _ in range(2)
        ]
        assert accepted == [1, 0]


DOORS: list[tuple[str, Callable[[str], dict[str, Any]], int]] = [
    ("/logs/ingest/", lambda text: {"json": {"message": text}}, 429),
    ("/gelf", lambda text: {"json": {"version": "1.1", "host": "h", "short_message": text}}, 503),
    (
        "/ingest/clef",
        lambda text: {"data": json.dumps({"@m": text}), "content_type": "application/vnd.serilog.clef"},
        503,
    ),
    (
        "/loki/api/v1/push",
        lambda text: {"json": {"streams": [{"stream": {"a": "b"}, "values": [["1700000000000000000", text]]}]}},
        503,
    ),
    ("/services/collector", lambda text: {"json": {"event": text}}, 503),
    ("/api/v2/logs", lambda text: {"json": [{"message": text}]}, 503),
    (
        "/v1/logs",
        lambda text: {"json": {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": text}}]}]}]}},
        503,
    ),
    (
        "/_bulk",
        lambda text: {
            "data": '{"create":{"_index":"a"}}\n' + json.dumps({"message": text}) + "\n",
            "content_type": "application/x-ndjson",
        },
        503,
    ),
]


@pytest.mark.parametrize(("path", "body", "status"), DOORS, ids=[path for path, *_ in DOORS])
def test_a_space_over_its_quota_is_refused_in_each_door_s_words(
    closed: Flask, path: str, body: Callable[[str], dict[str, Any]], status: int
) -> None:
    """As a full queue where shippers come again after that, without patience; 413 for what no day has room for; others go on."""
    spaces.add(held(closed).record.spaces, "shop", "5000")
    spaces.add(held(closed).record.spaces, "bank")
    shop, bank = make(closed, "writer", "shop"), make(closed, "writer", "bank")
    client = closed.test_client()
    assert client.post(path, headers=shop, **body("x" * 3_000)).status_code < 300
    refused = client.post(path, headers=shop, **body("y" * 3_000))
    if path == "/_bulk" and refused.status_code == 200:
        assert [item["create"]["status"] for item in refused.json["items"]] == [429]
    else:
        assert refused.status_code == status
        wait = int(refused.headers["Retry-After"])
        assert 0 < wait <= (86_400 if status == 429 else RETRY_AFTER_SHIPPERS)
    assert client.post(path, headers=shop, **body("z" * 9_000)).status_code == 413
    assert client.post(path, headers=bank, **body("w" * 9_000)).status_code < 300
    drain(closed)
    assert len(messages(closed, admin(), "space:shop")) == 1


def test_what_was_taken_outlives_the_process(closed: Flask, settings: Settings) -> None:
    """It is in the record when a process stops, and another goes on counting; a new day begins at nothing."""
    keeper = held(closed).record.spaces
    spaces.add(keeper, "shop", "1000")
    first = Spaces(keeper)
    first.reserve("shop", 700)
    first.close()
    second = Spaces(keeper)
    with pytest.raises(OverQuota) as caught:
        second.reserve("shop", 400)
    assert 0 < caught.value.retry_after <= DAY_MS // 1000
    second.reserve("shop", 300)
    second.release("shop", 300)
    second.reserve("shop", 200)
    second.close()
    (found,) = keeper.spaces()
    assert found.used_on(now_ms() // DAY_MS) == 900
    assert found.refused > 0
    (trouble,) = QuotaProbe(keeper).look().values()
    assert (trouble.kind, trouble.details["space"]) == ("quota_reached", "shop")
    assert keeper.use("shop", now_ms() // DAY_MS + 1, 5, 0) == replace(found, day=now_ms() // DAY_MS + 1, used=5)
    spaces.set_quota(keeper, "shop", "none")
    assert QuotaProbe(keeper).look() == {}


def test_a_repeat_and_a_failure_use_nothing_up(closed: Flask) -> None:
    """A request that is answered from the first is counted once."""
    keeper = held(closed).record.spaces
    spaces.add(keeper, "shop", "1MiB")
    headers = {**make(closed, "writer", "shop"), "Idempotency-Key": "1"}
    for _ in range(3):
        assert (
            closed.test_client().post("/logs/ingest/", json={"message": "x" * 500}, headers=headers).status_code == 202
        )
    closed.extensions["logingestor"].close()
    (found,) = held(closed).record.spaces.spaces()
    assert 500 < found.used < 900


def test_a_space_is_a_field_of_queries_and_rules(make_record: Any) -> None:
    """`space:shop` is short for its place in the metadata: in the query language, in filters and in retention rules."""
    assert (
        parse("space:shop")
        == parse("metadata.space:shop")
        == from_json({"key": "space", "operation": "equals", "value": "shop"})
    )
    assert parse("_exists_:space") == parse("_exists_:metadata.space")
    (rule,) = retention.parse("space:shop 7d").rules
    assert (rule.filter, rule.seconds) == (parse("metadata.space:shop"), 7 * 86_400)


@pytest.mark.parametrize(
    ("name", "quota", "field"),
    [
        ("", None, "name"),
        ("Shop", None, "name"),
        ("audit", None, "name"),
        ("a" * 41, None, "name"),
        ("a b", None, "name"),
        ("shop", "much", "quota"),
        ("shop", "0", "quota"),
    ],
)
def test_what_can_t_be_a_space_is_refused(closed: Flask, name: str, quota: str | None, field: str) -> None:
    """Each fault by its field, and no space is added."""
    keeper = held(closed).record.spaces
    with pytest.raises(InvalidInput) as caught:
        spaces.add(keeper, name, quota)
    assert caught.value.problems[0].field == field
    assert keeper.spaces() == []


def test_commands_and_page(settings: Settings, closed: Flask) -> None:
    """Added, listed and given another quota; a token of a space that there isn't is refused, an admin's too."""

    def run(*words: str) -> Result:
        return CliRunner(env={"LOGINGESTOR_DATA_DIR": str(settings.data_dir)}).invoke(cli, [*words])

    assert run("spaces", "add", "shop", "--quota", "10GiB").exit_code == 0
    assert run("spaces", "add", "shop").exit_code == 2
    assert run("spaces", "quota", "shop", "20GiB").exit_code == 0
    assert run("spaces", "quota", "nobody", "20GiB").exit_code == 1
    assert run("spaces", "quota", "shop", "much").exit_code == 2
    (found,) = json.loads(run("spaces", "list", "--json").stdout)
    assert (found["name"], found["quota"], found["used_today"]) == ("shop", 20 << 30, 0)
    assert "of 20.0 GiB a day" in run("spaces", "list").stdout
    made = json.loads(run("tokens", "create", "t", "--role", "writer", "--space", "shop", "--json").stdout)
    assert made["space"] == "shop"
    assert run("tokens", "create", "u", "--role", "writer", "--space", "nobody").exit_code == 2
    assert run("tokens", "create", "u", "--role", "admin", "--space", "shop").exit_code == 2
    assert run("users", "add", "zoe", "--role", "reader", "--space", "shop").exit_code == 0
    assert run("users", "role", "zoe", "admin").exit_code == 2
    client = closed.test_client()
    basic = {"Accept": "text/html", **admin()}
    act = lambda **sent: client.post("/access", data=sent, headers=basic)  # noqa: E731
    assert act(do="add space", name="bank", quota="1GiB").status_code == 200
    assert act(do="add space", name="Bank").status_code == 400
    assert act(do="quota", name="bank", quota="3GiB").status_code == 200
    assert "lgi_" in act(do="create", name="b", role="writer", space="bank").text
    shown = client.get("/access", headers=basic).text
    assert "3.0 GiB" in shown
    assert "sends to the space <b>bank</b>" in shown


def test_what_can_t_be_read_takes_of_the_share_of_its_space(closed: Flask) -> None:
    """Not of that of those who belong to no space; so at every door that buries a body."""
    spaces.add(held(closed).record.spaces, "shop")
    client, headers = closed.test_client(), make(closed, "writer", "shop") | JSON
    assert client.post("/logs/ingest/", data=b'[{"message": "x"', headers=headers).status_code == 400
    assert client.post("/loki/api/v1/push", data=b"{", headers=headers).status_code == 400
    assert client.post("/upload", data=b"no entry\n", headers=headers).status_code == 202
    queue = held(closed).queue
    assert isinstance(queue, SqliteQueue)
    with queue._database.snapshot() as connection:
        assert connection.execute("SELECT space, count(*) FROM queue GROUP BY space").fetchall() == [("shop", 3)]
