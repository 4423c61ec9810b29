"""The overview: the state in words, rates with a history at once, who sends; right whichever process answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import figures
from app.backends import Backends
from app.drain import pause
from app.errors import Unavailable
from app.figures import SystemFigures
from app.log.envelope import Envelope
from app.monitor.flow import BAR_MS
from app.ports.figures import FlowSample
from app.ports.notices import Beat, Notice
from app.settings.settings import Settings
from app.settings.values import written_bytes
from app.systems.sqlite.file import SqliteDatabase
from app.web import create_app
from app.web.operate import overview
from app.web.render.bars import per_second, spark
from tests.conftest import Fill, MakeRecord
from tests.mortal import each_part
from tests.web.reading import Html, get

FINE = {
    "queue_logs": 0.0,
    "queue_oldest_seconds": 0.0,
    "queue_paused": 0.0,
    "workers_alive": 1.0,
    "index_lacking": 0.0,
    "index_lag_seconds": 0.0,
}


@pytest.mark.parametrize(
    ("values", "kind", "text"),
    [
        ({}, "fine", "All is well: nothing waits."),
        ({"queue_logs": 12, "index_lacking": 1}, "fine", "All is well: 13 logs are on the way."),
        ({"queue_logs": 1}, "fine", "All is well: 1 log is on the way."),
        (
            {"queue_logs": 4310, "queue_oldest_seconds": 90},
            "warning",
            "4,310 logs wait, the oldest for 1 min 30 s; nothing is lost.",
        ),
        ({"queue_logs": 7, "queue_paused": 1}, "warning", "Paused by an operator: 7 logs wait; nothing is lost."),
        ({"queue_logs": 1, "workers_alive": 0}, "error", "No worker is at work: 1 log waits; nothing is lost."),
        (
            {"index_lacking": 5, "index_lag_seconds": 60},
            "warning",
            "5 logs can't be found yet; nothing is lost, all are stored.",
        ),
    ],
)
def test_the_state_in_words(values: dict[str, float], kind: str, text: str) -> None:
    """What waits, for how long, and that nothing is lost."""
    found = SystemFigures({**FINE, **values}, {"record": None, "queue": None, "disk": None})
    assert overview.state(found) == overview.SystemState(kind, text)


def test_what_is_wrong_is_said_first() -> None:
    """A part that does not answer, then notices."""
    away = SystemFigures({"workers_alive": 1}, {"record": None, "queue": "refused.", "disk": None})
    assert overview.state(away).kind == "error"
    assert "The queue does not answer: no log is accepted now: refused." in overview.state(away).text
    for severity in ("error", "warning"):
        notices = [Notice(str(n), "k", "k", severity, "8 logs were refused. Last: x.", 1) for n in range(3)]
        noticed = SystemFigures(FINE, dict.fromkeys(("record", "queue", "disk")), notices=notices)
        assert overview.state(noticed).kind == severity
        assert overview.state(noticed).text.startswith("8 logs were refused. And 2 more notices. ")


def figure(page: Html, name: str) -> str:
    """Return what a piece of the page shows."""
    (piece,) = [one for one in page.all if one.attributes.get("data-live") == name]
    return " ".join(piece.text.split())


def test_a_page_has_rates_at_once(
    client: FlaskClient, backends: Backends, settings: Settings, fill: Fill, make_record: MakeRecord
) -> None:
    """From samples that another process kept; the same figures as the system's, whoever answers."""
    at = backends.record.figures.reading().at
    backends.record.figures.keep_samples([FlowSample(at - 3 * BAR_MS, 0, 0, 0, 0, 0)])
    fill([make_record(resource_id=f"server-{n % 2}") for n in range(90)])
    backends.places[0].beat(Beat("a" * 32, "host", 1, 1))
    page = get(client, "/overview")
    # 90 logs in at least 30 seconds, be the machine ever so slow.
    assert figure(page, "state") == "All is well: nothing waits."
    assert 0 < float(figure(page, "accepted").split()[0]) <= 3
    assert figure(page, "accepted") == figure(page, "stored") == figure(page, "indexed")
    assert figure(page, "refused") == "0 /s"
    assert page.find("path", class_="bar")[0]["d"].count("M") >= 3
    assert (figure(page, "kept"), figure(page, "workers"), figure(page, "lag")) == ("90", "1", "none")
    assert page.link("server-0") is not None
    found = get(client, page.link("server-0") or "")
    assert found.one("h2", id="found").text == "45 logs"
    other = create_app(settings)
    assert figure(get(other.test_client(), "/overview"), "kept") == "90"
    other.extensions["logingestor"].close()


def test_without_a_sample_no_rate_is_made_up(client: FlaskClient) -> None:
    """The first page of a new system says that it does not know."""
    assert figure(get(client, "/overview"), "accepted") == "– /s"


def test_sources_are_who_sends(client: FlaskClient, backends: Backends, settings: Settings) -> None:
    """Each sender and agent with logs, refusals, the last reason and sample; over several processes and a restart."""
    other = create_app(settings)
    for asked in (client, other.test_client()):
        asked.post("/logs/ingest/", json=[{"message": "a"}, 1], headers={"User-Agent": "shipper/1"})
        asked.post("/logs/ingest/", data=b"{", headers={"User-Agent": "shipper/1"})
        asked.post("/logs/ingest/", data=b"x", content_type="image/png", headers={"User-Agent": "camera/2"})
        asked.post("/logs/ingest/", data=b"\x1f", headers={"User-Agent": "camera/2", "Content-Encoding": "br"})
    other.extensions["logingestor"].close()
    client.application.extensions["logingestor"].close()
    page = get(create_app(settings).test_client(), "/overview")
    rows = [" ".join(row.text.split()) for row in page.find("tr")][1:]
    assert len(rows) == 2
    camera, shipper = rows
    assert "127.0.0.1 camera/2" in camera and "'br' is not an encoding" in camera
    assert "127.0.0.1 shipper/1" in shipper and "is not JSON" in shipper and "What was sent" in shipper
    assert [(one.agent, one.requests, one.logs, one.refused) for one in backends.record.figures.sources(9).sources] == [
        ("camera/2", 4, 0, 4),
        ("shipper/1", 4, 2, 4),
    ]


def test_a_resend_is_a_visit_without_new_logs(client: FlaskClient, backends: Backends) -> None:
    """What was accepted or refused before is not counted again."""
    for _ in range(2):
        body = [{"message": "a"}, 1]
        assert client.post("/logs/ingest/", json=body, headers={"Idempotency-Key": "k"}).status_code == 202
    client.application.extensions["logingestor"].visits().report()
    (found,) = backends.record.figures.sources(9).sources
    assert (found.requests, found.logs, found.refused) == (2, 1, 1)


def test_hostile_sources_are_only_shown(client: FlaskClient, backends: Backends) -> None:
    """What a sender calls itself, and what it sent, is text."""
    hostile = "<script>alert(1)</script>\u202e\x1b[31m"
    client.post(
        "/logs/ingest/",
        data='{"message": "<img src=x onerror=alert(1)>\u202e\x1b'.encode(),
        headers={"User-Agent": "<b onclick=alert(1)>" + "x" * 5_000},
    )
    client.application.extensions["logingestor"].visits().saw(hostile, hostile, 1)
    client.application.extensions["logingestor"].visits().report()
    for path in ("/overview", "/overview?part=now"):
        answer = client.get(path)
        page = Html(answer.text)
        assert all(set(one.attributes) <= {"type", "src"} for one in page.find("script"))
        assert not page.find("b", onclick="alert(1)")
        assert not {"\u202e", "\x1b"} & set(answer.text)
        assert len(answer.data) < 30_000


def test_the_page_tells_what_it_knows_when_the_record_is_away(client: FlaskClient, settings: Settings) -> None:
    """With 503, the reason, and the figures of the other parts; none is made up."""
    with SqliteDatabase(settings.database).write(durable=True) as connection:
        connection.execute("DROP TABLE unindexed")
        connection.execute("DROP TABLE sources")
    for path in ("/overview", "/overview?part=now"):
        answer = client.get(path)
        assert answer.status_code == 503
        page = Html(answer.text)
        assert "The record does not answer" in figure(page, "state")
        assert figure(page, "lag") == "unknown"
        assert figure(page, "accepted") == "– /s"
        assert "is unknown now" in figure(page, "sources")
        assert figure(page, "disk") != "unknown"


class Asked:
    """A record that counts what its parts are asked; where it is away no question is answered."""

    def __init__(self, *, away: bool) -> None:
        self._away, self.asked = away, Counter[str]()

    def part(self, real: Any) -> Any:
        """Return a part of the record."""

        def ask(name: str, *given: Any, **named: Any) -> Any:
            self.asked[name] += 1
            if self._away:
                raise Unavailable("the record is away")
            return getattr(real, name)(*given, **named)

        return SimpleNamespace(
            **{
                name: partial(ask, name)
                for name in dir(real)
                if not name.startswith("_") and callable(getattr(real, name))
            }
        )


@pytest.fixture
def asked(app: Flask) -> Callable[[bool], Asked]:
    """Return a function that puts such a record in the application's place of one."""

    def put(away: bool) -> Asked:
        held: Backends = app.extensions["logingestor"].backends()
        made = Asked(away=away)
        held.record = each_part(held.record, made.part)
        if away:  # as one that several machines share
            held.places = [*held.places, made.part(held.places[0])]
        return made

    return put


@pytest.mark.parametrize("path", ["/overview", "/overview?part=now", "/metrics"])
def test_a_record_that_is_away_is_asked_once(client: FlaskClient, asked: Callable[[bool], Asked], path: str) -> None:
    """Each question may take seconds until it fails."""
    record = asked(True)
    client.get(path)
    assert record.asked.total() == 1


def test_open_pages_share_what_is_dear_to_ask(
    client: FlaskClient, asked: Callable[[bool], Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, and however often they ask; for some seconds. Who collects figures gets those of now."""
    record = asked(False)
    for _ in range(3):
        assert client.get("/overview?part=now").status_code == 200
    assert record.asked["stats"] == 1
    client.get("/metrics")
    assert record.asked["stats"] == 2
    monkeypatch.setattr(figures, "RECENT_SECONDS", 0.0)
    client.get("/overview?part=now")
    assert record.asked["stats"] == 3


def test_what_waits_is_shown(client: FlaskClient, backends: Backends, make_record: MakeRecord) -> None:
    """How many, and for how long."""
    backends.queue.put([Envelope([make_record(), make_record()])])
    pause.pause(backends.record.notes)
    page = get(client, "/overview")
    assert figure(page, "state") == "Paused by an operator: 2 logs wait; nothing is lost."
    assert figure(page, "waiting") == "2"
    assert re.fullmatch(r"[\d.]+ m?s", figure(page, "oldest-waiting"))


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (per_second(None), "–"),
        (per_second(0), "0"),
        (per_second(0.01), "<0.1"),
        (per_second(9.94), "9.9"),
        (per_second(9.96), "10"),
        (per_second(12345.6), "12,346"),
        (written_bytes(999), "999 bytes"),
        (written_bytes(1_000), "1.0 KiB"),
        (written_bytes(50 << 30), "50.0 GiB"),
        (written_bytes(5 << 40), "5.0 TiB"),
    ],
)
def test_numbers_are_short(shown: str, text: str) -> None:
    """One unit, few signs."""
    assert shown == text


def test_a_chart_shows_what_is_there() -> None:
    """Every bar that is not 0, and where nothing is known; of nothing it is empty."""
    chart = spark([None, 0.0, 1.0, 1000.0])
    assert (chart.unknown, chart.top, chart.shape.count("M")) == (1, 1000.0, 2)
    assert chart.shape == "M2 38.5h.85v1.5h-.85zM3 0h.85v40h-.85z"
    assert spark([None, None]).unknown == 2
    assert spark([0.0, 0.0]).shape == ""
