"""The numbers that senders write come through the doors: what is missing between them is known once the logs are stored."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.log.numbers import Numberer
from tests.web.doors.test_drains import HEROKU, LOGPLEX
from tests.web.reading import get

HANDLER = {"User-Agent": "logingestor-handler"}


def gaps(backends: Backends) -> dict[Numberer, list[tuple[int, int]]]:
    """Store what waits; return what is missing then."""
    assert backends.move is not None
    while backends.queue.depth().bytes:
        backends.move(1_000, 0)
    return {one.numberer: [(gap.first, gap.last) for gap in one.gaps] for one in backends.record.gaps.gaps(10)}


def log(number: int, **more: object) -> dict[str, object]:
    """Return a log as logingestor.handler sends it."""
    process = {"pid": 812, "started": 1_700_000_000_000, "number": number}
    return {"message": f"number {number}", "resourceId": "server-17", "metadata": {"process": process}, **more}


def test_our_handler(client: FlaskClient, backends: Backends) -> None:
    """A refused log has arrived, as a dead letter; the same from another client says nothing."""
    for start in (1, 5):
        sent = [log(number) for number in range(start, start + 3)]
        sent[1]["level"] = 7
        answer = client.post("/logs/ingest/?strict=1", json=sent, headers=HANDLER)
        assert answer.status_code == 202 and len(answer.json["rejected"]) == 1  # type: ignore[index]
    client.post("/logs/ingest/", json=[log(20)])
    assert gaps(backends) == {Numberer("process", "server-17", "812@1700000000000"): [(4, 4)]}


@pytest.mark.parametrize("agent", ["systemd-journal-upload 257", "curl/8"])
def test_the_journal(client: FlaskClient, backends: Backends, agent: str) -> None:
    """The uploader sends all entries; of others, who may send some, a gap says nothing."""
    lines = "".join(
        f"__CURSOR=s={number}\n__REALTIME_TIMESTAMP=17000000000000{number:02}\n__SEQNUM={number}\n__SEQNUM_ID=abc\n"
        f"_HOSTNAME=web-1\nMESSAGE=number {number}\n\n"
        for number in (3, 4, 7)
    )
    assert client.post("/upload", data=lines.encode(), headers={"User-Agent": agent}).status_code == 202
    found = gaps(backends)
    assert found == ({Numberer("journal", "web-1", "abc"): [(5, 6)]} if agent.startswith("systemd") else {})


def test_heroku(client: FlaskClient, backends: Backends) -> None:
    """A frame that holds fewer than it announces, told twice; another is whole."""
    for frame, count in (("a", "5"), ("a", "5"), ("b", "2")):
        headers = {**LOGPLEX, "Logplex-Msg-Count": count, "Logplex-Frame-Id": frame}
        assert client.post("/drains/heroku", data=HEROKU, headers=headers).status_code == 204
    ((numberer, missing),) = gaps(backends).items()
    assert (numberer.kind, numberer.source, missing) == ("logplex", "a", [(3, 5)])


def test_the_overview_shows_it(client: FlaskClient, backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who, how many, between which times, and their numbers; names of senders are shown as they are."""
    monkeypatch.setattr("app.monitor.lost.SETTLED_MS", -10_000)
    assert "Never arrived" not in client.get("/overview").text
    logs = [
        {**log(number), "timestamp": f"2026-01-02T10:02:{number:02}Z", "resourceId": "<b>server"}
        for number in (1, 2, 5, 6, 8)
    ]
    assert client.post("/logs/ingest/", data=json.dumps(logs), headers=HANDLER).status_code == 202
    gaps(backends)
    page = get(client, "/overview")
    (table,) = page.find("table", class_="sheet lost")
    assert " ".join(table.text.split()).endswith(
        "process 812 on <b>server 3 8 2026-01-02 10:02:02 2026-01-02 10:02:08 3–4, 7"
    )
