"""The rules over HTTP: what is in force with its counts, and what others would do, counted exactly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.backends import Backends, connect
from app.drain.costing import book
from app.log.codec import encode
from app.log.record import IdSource, LogRecord
from app.settings.settings import Settings
from app.times.instant import now_ms
from app.web import create_app
from tests.conftest import Fill, MakeRecord, fill_backends
from tests.prepared import prepare

RULES = "mails: mask email\nnoise: drop level:debug"
PAGE = {"Accept": "text/html"}


@pytest.fixture
def ruled(tmp_path: Path) -> Iterator[tuple[FlaskClient, Backends]]:
    """A client of an application with rules, and its backends."""
    path = tmp_path / "rules.txt"
    path.write_text(RULES)
    settings = Settings.from_env(
        {
            "LOGINGESTOR_DATA_DIR": str(tmp_path / "ruled"),
            "LOGINGESTOR_MIN_FREE_DISK": "1 MiB",
            "LOGINGESTOR_RULES_FILE": str(path),
        }
    )
    prepare(settings)
    held = connect(settings)
    app = create_app(settings)
    app.testing = True
    yield app.test_client(), held
    app.extensions["logingestor"].close()
    held.close()


@pytest.fixture
def mixed(make_record: MakeRecord, fill: Fill) -> list[LogRecord]:
    """1,100 stored logs: every tenth with a mail address, every eleventh at debug."""
    records = [
        make_record(
            message=f"to user{n}@example.com" if n % 10 == 0 else f"step {n}", level="debug" if n % 11 == 0 else "info"
        )
        for n in range(1_100)
    ]
    fill(records)
    return records


def test_a_preview_counts_exactly(client: FlaskClient, mixed: list[LogRecord]) -> None:
    """The newest 1,000 logs, each rule's logs among them, before and after, and the bytes that would be kept."""
    found = client.post("/rules/preview", json={"rules": RULES}).get_json()
    newest = sorted(mixed, key=lambda record: record.id)[-1_000:]
    mails = [record for record in newest if "@" in record.message]
    noise = [record for record in newest if record.level == "debug"]
    assert (found["looked"], found["dropped"]) == (1_000, len(noise))
    assert found["changed"] == len([record for record in mails if record.level != "debug"])
    assert found["bytes"] == sum(len(encode(record)) for record in newest)
    by_name = {rule["rule"]: rule for rule in found["rules"]}
    assert (by_name["mails"]["logs"], by_name["mails"]["values"]) == (len(mails), len(mails))
    assert (by_name["noise"]["logs"], by_name["noise"]["bytes"]) == (len(noise), sum(len(encode(one)) for one in noise))
    (change,) = by_name["mails"]["examples"][0]["changes"]
    assert change["field"] == "message"
    assert change["before"].endswith("@example.com")
    assert change["after"] == "to [mails]"
    # Nothing was kept of it.
    assert client.get("/logs?q=_exists_:metadata.redacted").get_json()["total"] == 0


def test_a_preview_of_wrong_rules_says_where(client: FlaskClient) -> None:
    """A fault is a 400 with its line and the character in it."""
    answer = client.post("/rules/preview", json={"rules": "a: mask card\nb: mask /(/"})
    assert answer.status_code == 400
    assert answer.get_json()["errors"] == [
        {"field": "line 2", "message": "the pattern is refused: missing ): (", "position": 8}
    ]
    assert client.post("/rules/preview", json={"rules": 5}).status_code == 400
    assert client.post("/rules/preview", json={"rule": "x"}).status_code == 400


def test_what_rules_did_is_shown(ruled: tuple[FlaskClient, Backends]) -> None:
    """By the API, on the page, on the metrics; also by a process that did nothing of it."""
    client, held = ruled
    logs = [{"message": "to a@b.io and c@d.io"}, {"message": "m", "level": "debug"}, {"message": "fine"}]
    assert client.post("/logs/ingest", json=logs).get_json()["dropped"] == {"noise": 1}
    app: Flask = client.application
    app.extensions["logingestor"].close()
    rules = {rule["rule"]: rule for rule in client.get("/rules").get_json()["rules"]}
    assert rules["mails"] == {
        "rule": "mails",
        "kind": "redaction",
        "text": "mails: mask email",
        "changed": 1,
        "values": 2,
        "letters": 0,
    }
    assert (rules["noise"]["kind"], rules["noise"]["dropped"]) == ("thinning", 1)
    metrics = client.get("/metrics").get_data(as_text=True)
    assert 'logingestor_rule_values_total{rule="mails"} 2.0' in metrics
    assert 'logingestor_rule_dropped_logs_total{rule="noise"} 1.0' in metrics
    page = client.get("/rules", headers=PAGE).get_data(as_text=True)
    assert "mails: mask email" in page
    overview = client.get("/overview").get_data(as_text=True)
    assert '<dt>Dropped by rules</dt><dd><a href="/rules" data-live="dropped">1</a>' in overview
    assert 'data-live="redacted">2</a>' in overview
    fill_backends(held, [])


def test_the_page_tries_rules(client: FlaskClient, mixed: list[LogRecord]) -> None:
    """Without a script: what was typed stays, with what it would do, or what is wrong with it."""
    page = client.get("/rules", headers=PAGE).get_data(as_text=True)
    assert "every log is kept as it is sent" in page
    tried = client.post("/page/rules", data={"rules": "mails: mask email\r\n"}).get_data(as_text=True)
    assert "Of the newest 1,000 logs" in tried
    assert "to [mails]" in tried
    wrong = client.post("/page/rules", data={"rules": "<b>: mask emial"}).get_data(as_text=True)
    assert "line 1, character 1" in wrong
    assert "&lt;b&gt;: mask emial" in wrong
    assert "<b>" not in wrong


def test_what_would_go_is_counted(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """By the API and on the page, for rules that are tried; a fault has its place."""
    ids = IdSource()
    fill(
        [
            make_record(id=ids.take(1, now=now_ms() - 10 * 3_600_000).to_bytes(16, "big"), level="debug")
            for _ in range(5)
        ]
    )
    found = client.post("/retention/preview", json={"rules": "level:debug 9h"}).get_json()["rules"]
    assert [(one["rule"], one["logs"]) for one in found] == [("level:debug 9h", 5), ("RETENTION", 0)]
    assert found[0]["first"] <= found[0]["last"]
    assert client.get("/logs").get_json()["total"] == 5
    page = client.post("/page/retention", data={"retention": "level:debug 9h"}).get_data(as_text=True)
    assert '<td class="n">5</td>' in page
    wrong = client.post("/page/retention", data={"retention": "<b> 3d; level:debug"}).get_data(as_text=True)
    assert "ends with no age" in wrong
    assert "<b>" not in wrong
    answer = client.post("/retention/preview", json={"rules": "level:debug"})
    assert (answer.status_code, answer.get_json()["errors"][0]["position"]) == (400, 0)


def test_what_costs_what_is_shown(client: FlaskClient, backends: Backends, make_record: MakeRecord, fill: Fill) -> None:
    """By the API and on the page; before the first booking the page says so."""
    assert "Nothing is booked yet" in client.get("/rules", headers=PAGE).get_data(as_text=True)
    fill([make_record(message=f"<b>took {n} ms", resource_id="web-1") for n in range(9)])
    book(backends.record)
    found = client.get("/costs?by=form&days=1").get_json()
    assert [(one["form"], one["logs"]) for one in found["costs"]] == [("<b>took <number> ms", 9)]
    assert (found["logs"], found["exact"]) == (9, True)
    page = client.get("/rules", headers=PAGE).get_data(as_text=True)
    assert "&lt;b&gt;took" in page
    assert "<b>took" not in page
    for wrong in ("days=0", "days=40", "days=x", "by=colour", "of=x"):
        assert client.get(f"/costs?{wrong}").status_code == 400


SENT = {"level": "info", "message": "to zoe@example.com", "metadata": {"by": "ann@example.com", "zoe@example.com": 1}}


def test_how_logs_would_be_read_is_shown_as_rules_leave_them(ruled: tuple[FlaskClient, Backends]) -> None:
    """By the API and the page: what is taken out stands nowhere, and who drops a log is named."""
    client, held = ruled
    kept, dropped = client.post("/logs/preview", json=[SENT, {**SENT, "level": "debug"}]).json["logs"]  # type: ignore[index]
    assert kept["log"]["message"] == "to [mails]"
    assert kept["log"]["metadata"] == {"by": "[mails]", "[mails]": 1, "redacted": {"mails": 3}}
    assert "dropped" not in kept
    assert (dropped["dropped"], dropped["log"]) == ("noise", {})
    lines = json.dumps(SENT) + "\n" + json.dumps({**SENT, "level": "debug"})
    page = client.post("/overview/add", data={"lines": lines}).text
    shown = page.partition('id="lines"')[2].partition("</textarea>")[2]  # behind what was pasted
    assert "by the rule <code>noise</code>" in shown
    assert "[mails]" in shown
    assert "example.com" not in shown.partition("</section>")[0]
    # No count is kept of what was only shown, and no log.
    assert client.get("/rules").json["rules"][0]["changed"] == 0  # type: ignore[index]
    assert held.queue.depth().logs == 0


@pytest.mark.parametrize(
    "sent",
    [
        {"message": "m", "timestamp": "zoe@example.com"},
        {"message": "m", "metadata": {"zoe@example.com": {"a": "zoe@example.com"}}},
        {"level": 50, "time": "zoe@example.com", "pid": 1, "hostname": "zoe@example.com", "msg": "zoe@example.com"},
        {"message": {"zoe@example.com": 1}},
        {"message": "m", "resourceId": ["zoe@example.com"]},
    ],
    ids=str,
)
def test_no_part_of_a_preview_shows_what_rules_take_out(ruled: tuple[FlaskClient, Backends], sent: object) -> None:
    """Neither values, nor names, origins, what stayed unread, or why a log is refused."""
    for body in (json.dumps(sent), json.dumps([sent]), json.dumps(sent) + "\nzoe@example.com said so\n"):
        answer = ruled[0].post("/logs/preview", data=body)
        assert answer.status_code == 200
        assert "zoe@example.com" not in answer.text


def test_a_preview_tells_no_hash_of_a_stored_log(tmp_path: Path) -> None:
    """Or whoever may preview could try which secret it stands for."""
    given = {"LOGINGESTOR_DATA_DIR": str(tmp_path / "hashed"), "LOGINGESTOR_MIN_FREE_DISK": "1 MiB"}
    settings = Settings.from_env(given | {"LOGINGESTOR_RULES": "mails: hash email"})
    prepare(settings)
    app = create_app(settings)
    client = app.test_client()
    shown = [client.post("/logs/preview", json=SENT).json["logs"][0]["log"]["message"] for _ in range(2)]  # type: ignore[index]
    assert all(one.startswith("to [mails:") for one in shown)
    assert shown[0] != shown[1]
    app.extensions["logingestor"].close()
