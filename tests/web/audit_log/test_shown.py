"""Pages and answers that show logs among other things leave an entry where they do, and none where they don't."""

from __future__ import annotations

from flask import Flask

from app.backends import Backends
from app.log.record import IdSource
from app.times.instant import now_ms
from tests.conftest import Fill, MakeRecord
from tests.web.alerts.test_alerts import evaluate, make, save
from tests.web.audit_log.conftest import AUTH, HTML, Entries, token


def test_the_first_logs_of_a_source(closed: Flask, entries: Entries) -> None:
    """Once for a page that waits for them, as it asks again every moment; those since another time are another look."""
    reader, client = token(closed, "reader", "support") | HTML, closed.test_client()
    since = now_ms() - 1
    client.get("/overview/add", headers=reader)
    part = f"/overview/add?part=arrived&since={since}"
    assert "SECRET" not in client.get(part, headers=reader).text
    assert entries("log.follow") == []
    sent = {"level": "info", "message": "SECRET", "resourceId": "r"}
    assert client.post("/logs/ingest/", json=sent, headers=AUTH).status_code == 202
    closed.extensions["logingestor"].backends().move(100, 0)
    closed.extensions["logingestor"].visits().close()
    for _ in range(3):
        assert "SECRET" in client.get(part, headers=reader).text
    (one,) = entries("log.follow")
    assert (one.actor, one.details["since"], one.details["returned"]) == ("support", str(since), 1)
    assert "SECRET" in client.get("/overview/add?since=0", headers=reader).text
    assert "SECRET" in client.get("/overview/add?part=arrived&since=1", headers=reader).text
    assert [one.details["since"] for one in entries("log.follow")] == [str(since), "0", "1"]


def test_a_sample_of_what_was_refused(closed: Flask, entries: Entries) -> None:
    """It is what somebody sent: seeing it is an entry too."""
    reader, client = token(closed, "reader", "support") | HTML, closed.test_client()
    assert client.post("/logs/ingest/", data=b'["SECRET", {"message"', headers=AUTH).status_code == 400
    closed.extensions["logingestor"].visits().close()
    assert "SECRET" in client.get("/overview/add?part=arrived&since=1", headers=reader).text
    assert [one.details["returned"] for one in entries("log.follow")] == [1]


def test_samples_of_alerts(
    closed: Flask, backends: Backends, entries: Entries, fill: Fill, make_record: MakeRecord
) -> None:
    """Those in its history and those of a test, on a page and by the API; an alert without any leaves none."""
    admin = closed.test_client()
    admin.environ_base["HTTP_AUTHORIZATION"] = AUTH["Authorization"]
    save(admin)
    make(admin)
    client, reader = closed.test_client(), token(closed, "reader", "support")
    for headers in (reader, reader | HTML):
        assert client.get("/alerts/many", headers=headers).status_code == 200
    assert client.get("/alerts/many/test", headers=reader).status_code == 200
    assert entries("log.show") == []
    ids = IdSource()
    fill([make_record(id=ids.take(1, now_ms() - 90_000).to_bytes(16, "big"), level="error") for _ in range(3)])
    evaluate(backends)
    paths = (
        ("/alerts/many", reader),
        ("/alerts/many", reader | HTML),
        ("/alerts/many?test=1", reader | HTML),
        ("/alerts/many/test", reader),
        ("/page/alert?try=&q=level:error&name=a&kind=at_least&window=5m&threshold=1", AUTH | HTML),
    )
    for wanted, (path, headers) in enumerate(paths, 1):
        assert client.get(path, headers=headers).status_code == 200
        found = entries("log.show")
        assert len(found) == wanted, path
        assert found[-1].details["returned"] >= 3
    assert [one.actor for one in entries("log.show")] == ["support"] * 4 + ["admin"]


def test_forms_of_messages(closed: Flask, entries: Entries) -> None:
    """What logs cost is told by the forms of their messages."""
    assert closed.test_client().get("/costs", headers=AUTH).status_code == 200
    assert [one.actor for one in entries("log.patterns")] == ["admin"]
