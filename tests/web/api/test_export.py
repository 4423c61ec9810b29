"""Exports: all logs that fit, as a stream that is whole or visibly broken."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc

import pytest
from flask.testing import FlaskClient

from app.find import export
from app.log.record import LogRecord, id_bytes
from app.ports import pages
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from tests.conftest import Fill, MakeRecord
from tests.web.asking import ORIGINAL, original


@pytest.mark.parametrize("sort", ["asc", "desc"])
def test_ndjson_is_what_the_page_shows(client: FlaskClient, minutes: list[LogRecord], sort: str) -> None:
    """One log a line, the same logs in the same order as the page's."""
    answer = client.get(f"/logs/export?q=level:error&sort={sort}")
    assert answer.content_type == "application/x-ndjson"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="logs.ndjson"'
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == client.get(f"/logs?q=level:error&sort={sort}").json["results"]
    assert client.post("/logs/export", json={"query": "level:error", "sort": sort}).data == answer.data


def test_csv_has_a_row_for_each_log(client: FlaskClient, fill: Fill, make_record: MakeRecord) -> None:
    """The names first; metadata as JSON; texts with commas, quotes and line ends come back whole."""
    record = original(make_record)
    fill([record, make_record(message='a,"b"\r\nc', timestamp="2024-01-01T00:00:00Z")])
    answer = client.get("/logs/export?format=csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    newest, oldest = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert newest["message"] == 'a,"b"\r\nc'
    shown = {**record.to_dict(), "metadata": json.dumps(ORIGINAL["metadata"], separators=(",", ":"))}
    assert oldest == shown


@pytest.mark.parametrize("columns", ["level,metadata.user.id, spanId", ["level", "metadata.user.id", "spanId"]])
def test_columns_choose_fields(
    client: FlaskClient, fill: Fill, make_record: MakeRecord, columns: str | list[str]
) -> None:
    """In their order, paths of metadata among them; absent ones are empty in CSV and left out in NDJSON."""
    fill([make_record(metadata={"user": {"id": 7}})])
    body = {"columns": columns, "format": "csv"}
    assert client.post("/logs/export", json=body).text == "level,metadata.user.id,spanId\r\ninfo,7,\r\n"
    body = {"columns": columns, "format": "ndjson"}
    assert json.loads(client.post("/logs/export", json=body).data) == {"level": "info", "metadata.user.id": 7}


def test_column_with_a_comma_is_named_in_a_list(client: FlaskClient, fill: Fill, make_record: MakeRecord) -> None:
    """In a URL commas stand between names; the elements of a list are whole names."""
    fill([make_record(metadata={"a,b": 1})])
    assert json.loads(client.post("/logs/export", json={"columns": ["metadata.a,b"]}).data) == {"metadata.a,b": 1}


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "\uff1d1", '=HYPERLINK("http://x")']
)
def test_formula_is_defused(client: FlaskClient, fill: Fill, make_record: MakeRecord, text: str) -> None:
    """What a spreadsheet would run becomes a text, in every column."""
    fill([make_record(message=text, resource_id=text, metadata={"x": text})])
    answer = client.get("/logs/export?format=csv&columns=message,resourceId,metadata.x")
    _, row = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert row == ["'" + text] * 3


def test_empty_export(client: FlaskClient) -> None:
    """Nothing in NDJSON, the row of names in CSV."""
    assert client.get("/logs/export").data == b""
    assert client.get("/logs/export?format=csv&columns=level").data == b"level\r\n"


def test_export_has_no_cap(
    client: FlaskClient, fill: Fill, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every log once, in order, over many pages of the index."""
    monkeypatch.setattr(pages, "SCAN_LOGS", 70)
    fill([make_record(metadata={"n": n}) for n in range(1_500)])
    lines = client.get("/logs/export?sort=asc&columns=metadata.n").text.splitlines()
    assert [json.loads(line)["metadata.n"] for line in lines] == list(range(1_500))


def test_memory_does_not_grow_with_the_export(client: FlaskClient, fill: Fill, make_record: MakeRecord) -> None:
    """40 MB of logs pass in pieces that take a fraction of it."""
    fill([make_record(message=f"{n} " + "x" * 10_000) for n in range(4_000)])
    tracemalloc.start()
    answer = client.get("/logs/export", buffered=False)
    size = sum(len(piece) for piece in answer.response)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 40_000_000
    assert peak < 30_000_000


def test_failure_in_the_middle_breaks_the_transfer(
    client: FlaskClient,
    settings: Settings,
    fill: Fill,
    make_record: MakeRecord,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The stream raises, so that the server cuts the connection: half an export never looks whole."""
    monkeypatch.setattr(pages, "SCAN_LOGS", 100)
    monkeypatch.setattr(export, "PIECE_BYTES", 1_000)
    fill([make_record() for _ in range(500)])
    answer = client.get("/logs/export", buffered=False)
    assert answer.status_code == 200
    with SqliteDatabase(settings.database).write(durable=True) as connection:
        connection.execute("ALTER TABLE logs RENAME TO away")
    with pytest.raises(Exception, match="no such table"):
        list(answer.response)


def test_failure_at_the_beginning_has_a_status(
    client: FlaskClient, minutes: list[LogRecord], settings: Settings
) -> None:
    """What goes wrong before the first piece is an answer like any other."""
    with SqliteDatabase(settings.database).write(durable=True) as connection:
        connection.execute("ALTER TABLE logs RENAME TO away")
    answer = client.get("/logs/export")
    assert (answer.status_code, answer.json["status"]) == (503, False)


@pytest.mark.parametrize("tz", ["Europe/Berlin", "europe/berlin", "%2B02:00"])
def test_times_of_an_export_follow_the_zone(client: FlaskClient, fill: Fill, make_record: MakeRecord, tz: str) -> None:
    """Each time carries the offset that the zone had then, in both formats; whoever reads it has the same instants."""
    record = make_record(timestamp="2023-09-15T08:00:00Z", id=id_bytes("018a97da-98fa-7000-8000-000000000001"))
    fill([record])
    line = json.loads(client.get(f"/logs/export?tz={tz}").text)
    assert line["timestamp"] == "2023-09-15T10:00:00.000+02:00"
    assert line == {**record.to_dict(), "timestamp": line["timestamp"], "received": "2023-09-15T10:00:00.250+02:00"}
    table = client.post("/logs/export", json={"tz": "Europe/Berlin", "format": "csv", "columns": "received,timestamp"})
    assert table.text.splitlines()[1] == "2023-09-15T10:00:00.250+02:00,2023-09-15T10:00:00.000+02:00"
    assert client.get("/logs/export?tz=UTC").data == client.get("/logs/export").data


def test_export_counts_its_window_in_the_zone(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """A time without an offset is of the zone, and an unknown zone is refused before anything is sent."""
    there = client.get("/logs/export?tz=Europe/Berlin&from=2023-09-15 10:00&to=2023-09-15 10:29").text
    assert there.count("\n") == 30 and there.count("+02:00") == 30
    refused = client.get("/logs/export?tz=Nowhere")
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (400, "tz")
