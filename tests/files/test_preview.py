"""Preview: the same reading as that of a file, with its origins; nothing is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient, FlaskCliRunner

from app.backends import Backends
from app.cli import cli

PINO = b'{"level":50,"time":1694764800123,"pid":7,"hostname":"web-1","msg":"order failed"}\n'
TRACE = b'2023-09-15 08:00:00 ERROR order failed\nTraceback (most recent call last):\n  File "a.py", line 1\nValueError: no\n'


def test_a_foreign_log_and_where_its_fields_come_from(client: FlaskClient, backends: Backends) -> None:
    """The dialect is named, and of each field the path that fills it."""
    answer = client.post("/logs/preview", data=PINO)
    assert answer.status_code == 200
    [log] = answer.json["logs"]  # type: ignore[index]
    assert (log["dialect"], log["lines"], log["unread"]) == ("pino", [1, 1], [])
    assert log["log"]["level"] == "error"
    assert log["log"]["timestamp"] == "2023-09-15T08:00:00.123Z"
    assert log["from"]["timestamp"] == "time"
    assert backends.queue.depth().logs == 0


def test_lines_of_text_are_joined_as_those_of_a_file(client: FlaskClient) -> None:
    """A stack is one log, unless each line is asked to be one; a zone is that of times without an offset."""
    [log] = client.post("/logs/preview?zone=%2B02:00", data=TRACE, content_type="text/plain").json["logs"]  # type: ignore[index]
    assert log["lines"] == [1, 4]
    assert (log["log"]["level"], log["log"]["timestamp"]) == ("ERROR", "2023-09-15T06:00:00Z")
    apart = client.post("/logs/preview?multiline=off", data=TRACE, content_type="text/plain")
    assert len(apart.json["logs"]) == 4  # type: ignore[index]


def test_what_could_not_be_read_is_named(client: FlaskClient) -> None:
    """The field that was sent, and the reason."""
    [log] = client.post("/logs/preview", data=b'{"msg":"x","timestamp":"tomorrow-ish"}').json["logs"]  # type: ignore[index]
    assert [one["field"] for one in log["unread"]] == ["timestamp"]


@pytest.mark.parametrize(("query", "field"), [("as=nothing", "as"), ("multiline=maybe", "multiline"), ("x=1", "x")])
def test_bad_parameters_are_named(client: FlaskClient, query: str, field: str) -> None:
    """With the field at fault."""
    answer = client.post(f"/logs/preview?{query}", data=PINO)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["field"] == field  # type: ignore[index]


def test_the_command_prints_the_same(runner: FlaskCliRunner, tmp_path: Path) -> None:
    """As a list, and in words."""
    path = tmp_path / "app.log"
    path.write_bytes(PINO + TRACE)
    [pino, *_] = json.loads(runner.invoke(cli, ["preview", str(path), "--json"]).stdout)
    assert pino["dialect"] == "pino"
    shown = runner.invoke(cli, ["preview", str(path)]).stdout
    assert "read as pino" in shown
    assert "(from msg)" in shown
    assert runner.invoke(cli, ["preview", str(path), "--as", "nothing"]).exit_code == 2


def test_columns_that_a_file_names_are_an_access_log(client: FlaskClient) -> None:
    """Lines of IIS, beneath `#Fields:`, are so called."""
    body = b"#Fields: date time cs-method cs-uri-stem sc-status\n2023-09-15 08:00:01 GET /orders 200\n"
    logs = client.post("/logs/preview", data=body).json["logs"]  # type: ignore[index]
    assert [log["dialect"] for log in logs][-1] == "access"


def test_a_rule_for_first_lines_can_be_tried(client: FlaskClient) -> None:
    """Before it is kept for a source; one that can't be read is named."""
    logs = client.post("/logs/preview?first_line=%5E%23", data=b"#1\nplain\n#2\n").json["logs"]  # type: ignore[index]
    assert [log["log"]["message"] for log in logs] == ["#1\nplain", "#2"]
    refused = client.post("/logs/preview?first_line=(", data=b"#1\n")
    assert refused.status_code == 400 and refused.json["errors"][0]["field"] == "first_line"  # type: ignore[index]


def test_what_looks_like_a_time_and_was_not_used_is_named(client: FlaskClient) -> None:
    """As in the answer to a log that is sent; the page says that the time shown is that of arrival."""
    sent = b'{"message":"a","when_done":"soon"}'
    [log] = client.post("/logs/preview", data=sent).json["logs"]  # type: ignore[index]
    assert log["unused"] == ["when_done"]
    page = client.post("/overview/add", data={"lines": sent.decode(), "zone": "UTC"}).text
    assert "<code>when_done</code>" in page and "its arrival" in page
    timed = client.post("/overview/add", data={"lines": PINO.decode(), "zone": "UTC"}).text
    assert "its arrival" not in timed and "not used" not in timed


@pytest.mark.parametrize(
    "sent",
    [
        '{"message":"a\\ud800","loglevel\\ud800":"odd"}',
        '{"level":50,"time":"\\udc00","pid":7,"hostname":"web-1","msg":"a\\ud800"}',
    ],
)
def test_half_a_pair_of_surrogates_is_shown_as_it_would_be_kept(client: FlaskClient, sent: str) -> None:
    """In values and in names, of what was not used too: no text holds it."""
    [log] = client.post("/logs/preview", data=sent).json["logs"]  # type: ignore[index]
    assert log["log"]["message"] == "a\ufffd"
    page = client.post("/overview/add", data={"lines": sent, "zone": "UTC"})
    assert page.status_code == 200 and "a\ufffd" in page.text


def test_half_a_pair_of_surrogates_deep_down_is_refused(client: FlaskClient) -> None:
    """As where such a file is read, rather than being a fault of the server."""
    sent = '{"message":"a\\ud800","a":' + "[" * 900 + "]" * 900 + "}"
    [log] = client.post("/logs/preview", data=sent).json["logs"]  # type: ignore[index]
    assert log["refused"]["message"] == "is nested too deeply"
