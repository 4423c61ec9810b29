"""GET /metrics: figures that Prometheus reads, right whichever process answers, and none made up."""

from __future__ import annotations

import re
from pathlib import Path

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app.backends import Backends
from app.drain import pause
from app.log.envelope import Envelope
from app.ports.notices import GONE_SECONDS, KINDS, Beat, Notice
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from app.web import create_app
from app.web.api.metrics import FIGURES, PREFIX
from tests.conftest import Fill, MakeRecord
from tests.test_docs import table

LABELS = {"part": ("record", "queue", "disk"), "kind": KINDS}


def read(client: FlaskClient) -> dict[str, float]:
    """Return the figures by name, and by the value of their label where they have one."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    return {
        " ".join([sample.name.removeprefix(PREFIX), *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_figures_are_right(
    client: FlaskClient, backends: Backends, settings: Settings, fill: Fill, make_record: MakeRecord
) -> None:
    """Of logs that were stored, deleted, refused and wait; the same from another process."""
    records = [make_record(message=f"n {n}") for n in range(7)]
    fill(records)
    backends.store.delete([records[0].id])
    client.post("/logs/ingest/", json=[1])
    assert backends.move is not None
    backends.move(100, 0)
    backends.queue.put([Envelope([make_record(), make_record()])])
    backends.record.notices.keep_notices(
        [Notice("x", "k", "logs_refused", "warning", "", 1), Notice("y", "l", KINDS[0], "error", "", 1, 2)]
    )
    backends.places[0].beat(Beat("a" * 32, "host", 1, 1))
    backends.places[0].beat(Beat("b" * 32, "host", 2, 1, ended=True))
    pause.pause(backends.record.notes)
    found = read(client)
    expected = {
        "logs_accepted_total": 9,
        "logs_stored_total": 7,
        "logs_refused_total": 1,
        "logs_stored": 6,
        "logs_indexed": 6,
        "index_lacking": 0,
        "queue_logs": 2,
        "queue_paused": 1,
        "pending_logs": 2,
        "dead_letters": 1,
        "workers_alive": 1,
        "notices_open logs_refused": 1,
        "notices_open worker_crashed": 0,
        "part_up record": 1,
        "part_up queue": 1,
        "part_up disk": 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert 0 <= found["queue_oldest_seconds"] < 60
    assert found["queue_bytes"] > 0 and found["record_bytes"] > 0 and found["disk_free_bytes"] > 0
    other = create_app(settings)
    same = read(other.test_client())
    other.extensions["logingestor"].close()
    steady = set(found) - {"queue_oldest_seconds", "disk_free_bytes"}
    assert {name: found[name] for name in steady} == {name: same[name] for name in steady}


def test_every_figure_is_there(client: FlaskClient) -> None:
    """With each value of its label, from the beginning: what is absent can't be alerted on."""
    wanted = set()
    for figure in FIGURES.values():
        values = LABELS.get(figure.labels[0], ()) if figure.labels else ("",)
        wanted |= {f"{figure.name} {value}".strip() for value in values}
    found = set(read(client))
    assert {name for name in found if not name.startswith("build ")} == wanted


def test_nothing_is_made_up(client: FlaskClient, settings: Settings) -> None:
    """What a broken part would have told is absent, and the part is named."""
    with SqliteDatabase(settings.database).write(durable=True) as connection:
        connection.execute("DROP TABLE unindexed")
    found = read(client)
    assert (found["part_up record"], found["part_up queue"]) == (0, 1)
    assert found["queue_logs"] == 0
    assert not {"logs_stored", "pending_logs", "index_lacking"} & found.keys()


def test_figures_are_documented() -> None:
    """docs/metrics.md has a row for each, as the answer's own HELP has it, and no other."""
    rows = table("docs/metrics.md", "metric")
    shown = {
        PREFIX + figure.name: [
            f"`{PREFIX}{figure.name}`{''.join(f' by {label}' for label in figure.labels)}",
            figure.kind,
            figure.help,
        ]
        for figure in FIGURES.values()
    }
    assert rows == shown


def test_the_text_names_the_limit_in_force() -> None:
    """Of workers."""
    assert f"within the last {GONE_SECONDS:g} seconds" in FIGURES["workers_alive"].help


def test_names_in_the_documents_exist() -> None:
    """Rules that the documents show ask for figures that there are."""
    for path in (Path(__file__).parents[3] / "docs").glob("*.md"):
        named = set(re.findall(rf"\b{PREFIX}([a-z_]+)\b", path.read_text(encoding="utf-8")))
        assert named <= set(FIGURES), path.name
