"""docs/api.md: its examples, run one after the other, answer what stands beneath them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from flask.testing import FlaskClient

from app.find.counts import AUTO_BUCKETS, INTERVAL_DAYS
from app.find.hints import explain
from app.log.packed import ENCODINGS
from app.log.record import LogRecord, id_bytes
from app.query.query import BUCKET_LIMIT, PAGE_LIMIT
from app.shown import Shown
from app.web import current
from app.web.api import asked, find, ingest
from app.web.openapi.routes import ROUTES
from tests.conftest import Fill, MakeRecord
from tests.web.asking import original

TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```sh\n(curl .*?)^```\n\n```(json|csv|text) (\d+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
#: Parts of answers that differ from run to run.
CHANGING = {"receipt", "free_bytes", "least_bytes", "made", "changed", "at", "until", "from", "to", "cost_ms"}
#: How the ids begin that are always the same.
STEADY = "018a97"


def documented_logs(make_record: MakeRecord) -> list[LogRecord]:
    """Return the logs that the examples find: their ids, and with them every answer, are always the same."""
    first = original(make_record)
    first.id = id_bytes("018a97da-98fa-7000-8000-000000000001")
    second = make_record(
        id=id_bytes("018a97da-a8d6-7000-8000-000000000002"),
        message="Connected to DB at the second attempt",
        timestamp="2023-09-15T08:00:04Z",
        resource_id="server-1234",
        trace_id="abc-xyz-123",
        metadata={"parentResourceId": "server-0987", "attempt": 2},
    )
    third = make_record(
        id=id_bytes("018a97e4-631c-7000-8000-000000000003"),
        level="warn",
        message="Request /users took 1800 ms",
        timestamp="2023-09-15T08:10:41.5Z",
        resource_id="server-0987",
    )
    return [first, second, third]


def run(client: FlaskClient, command: str, receipt: str) -> Any:
    """Return the answer to a curl command."""
    words = shlex.split(command.replace("RECEIPT", receipt))
    data = words[words.index("-d") + 1] if "-d" in words else None
    (url,) = [word for word in words if word.startswith("http://127.0.0.1:3000")]
    path = url.removeprefix("http://127.0.0.1:3000")
    method = words[words.index("-X") + 1] if "-X" in words else "GET" if data is None else "POST"
    return client.open(path, method=method, data=data, content_type="application/x-www-form-urlencoded")


def steady(value: Any) -> Any:
    """Return *value* without what differs from run to run."""
    if isinstance(value, dict):
        ids = {"id"} if not str(value.get("id")).startswith(STEADY) else set()
        return {name: None if name in CHANGING | ids else steady(inner) for name, inner in value.items()}
    if isinstance(value, str):
        return re.sub(r"until [\d:.TZ-]+", "until then", value)
    return [steady(inner) for inner in value] if isinstance(value, list) else value


def described(answer: Any) -> type[Shown]:
    """Return what the table of routes says of an answer."""
    path = re.sub("(?<=.)/$", "", answer.request.path)
    for route in ROUTES:
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route.path.rstrip("/")))
        if re.fullmatch(pattern, path) and answer.request.method in route.methods and route.answer is not None:
            return route.answer if answer.status_code == route.status else route.refusal
    raise AssertionError(f"{path} is no described route")


def test_examples_answer_as_shown(
    client: FlaskClient, fill: Fill, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every example, in the order of the document, on the logs that it is about."""
    # On a busy machine an answer would be a part.
    for name in ("EXPLAIN_SECONDS", "LOOK_SECONDS"):
        monkeypatch.setattr(explain, name, 60.0)
    fill(documented_logs(make_record))
    receipt = ""
    # What the examples send is not drained: those that find come after, and would find it as well.
    finding = [example for example in EXAMPLES if "/ingest/" not in example[0] and "RECEIPT" not in example[0]]
    sending = [example for example in EXAMPLES if example not in finding]
    for command, kind, status, shown in finding + sending:
        answer = run(client, command, receipt)
        assert answer.status_code == int(status), (command, answer.text)
        if kind == "csv":
            assert answer.text.replace("\r\n", "\n") == shown, command
            continue
        if kind == "text":
            assert set(shown.splitlines()) <= set(answer.text.splitlines()), command
            continue
        assert steady(answer.json) == steady(json.loads(shown)), command
        # As strict as the encoder: what the document shows has each field of the answer, of its type, and no other.
        msgspec.json.decode(shown, type=described(answer))
        receipt = receipt or answer.json.get("receipt", "")
    assert len(finding) >= len(ROUTES) - 3


@pytest.mark.parametrize("route", [route for route in ROUTES if "q" in route.names], ids=lambda route: route.path)
def test_parameters_are_documented(route: Any) -> None:
    """Each parameter of a route stands in the tables of the document."""
    named = set(re.findall(r"`([a-z]+)`", TEXT))
    assert set(route.names) <= named


def test_limits_are_those_in_force() -> None:
    """The numbers in the text are the code's."""
    words = " ".join(TEXT.split())
    for limit in (
        f"1 to {PAGE_LIMIT:,}; 100 if not said",
        f"More than {BUCKET_LIMIT:,} buckets",
        f"up to `{INTERVAL_DAYS}d`",
        f"about {AUTO_BUCKETS} buckets",
        f"at most {asked.BODY_LIMIT >> 20} MiB",
        f"a list; up to {find.FACET_FIELDS}.",
        f"1 to {find.FACET_SIZE:,}; 10 if not said",
        f"at most {find.NEIGHBOURS:,}.",
        f"`limit` {find.TRACE_LIMIT:,} if not said",
        f"longer than {current.QUERY_SECONDS:g} seconds",
        f"after at most {ingest.WAIT_SECONDS:g} seconds",
        f"up to {ingest.KEY_LIMIT} characters: the same request",
        " or ".join([", ".join(f"`{name}`" for name in ENCODINGS[:-1]), f"`{ENCODINGS[-1]}`"]),
    ):
        assert limit in words, limit


def test_paths_are_the_routes() -> None:
    """The examples of the page are for paths that the document shows too."""
    shown = {urlsplit(word).path for command, *_ in EXAMPLES for word in shlex.split(command) if "://" in word}
    shown = {
        re.sub(r"018a97da[-\w]+|RECEIPT|abc-xyz-123|(?<=/)(many-)?errors(?=/|$)", "*", path).rstrip("/")
        for path in shown
    }
    wanted = {re.sub(r"\{\w+\}", "*", route.path).rstrip("/") for route in ROUTES}
    assert wanted - shown == {"/openapi.json"}
