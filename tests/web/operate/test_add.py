"""The page that says how to send: with this server's address, and with the first log when it lands."""

from __future__ import annotations

import ast
import json
import logging
import re
import socket
import threading
import time
import tomllib
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.settings.settings import Settings
from app.systems.sqlite.file import SqliteDatabase
from app.web import create_app
from app.web.operate.add import SENDERS, SendTo
from tests.e2e.program import wait_for
from tests.web.reading import Html, get


def code(page: Html, label: str) -> str:
    """Return what is to be copied, as a browser gives it."""
    return page.one("pre", aria_label=label).text.removeprefix("\n")


@pytest.fixture
def client(settings: Settings, backends: Backends) -> FlaskClient:
    """A client of a server that asks for a password, beneath a prefix."""
    app = create_app(replace(settings, auth="required", admin_password="long enough", path_prefix="/beneath"))
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = "Bearer long enough"
    return client


def test_every_sender_has_the_address_and_the_password(client: FlaskClient) -> None:
    """As the reader's browser reaches it: scheme, host, port and prefix; with a placeholder, never the password."""
    answer = client.get("/overview/add", base_url="https://logs.internal:8443/beneath")
    page = Html(answer.text)
    assert "long enough" not in answer.text
    url = "https://logs.internal:8443/beneath/logs/ingest/"
    for label in ("Commands for curl", "Handler for Python", "Module for Node.js", "Configuration of Vector"):
        assert url in code(page, label), label
        assert "PASSWORD" in code(page, label), label
    fluent = code(page, "Configuration of Fluent Bit")
    settings = dict(re.findall(r"^    (\w+) +(.+)$", fluent.partition("[OUTPUT]")[2], re.MULTILINE))
    assert settings["Host"] == "logs.internal"
    assert settings["Port"] == "8443"
    assert settings["URI"] == "/beneath/logs/ingest/"
    assert settings["Tls"] == "on"
    assert settings["Http_User"] == "admin"
    rsyslog = code(page, "Configuration of rsyslog")
    assert 'server="logs.internal" serverport="8443" restpath="beneath/logs/ingest/"' in rsyslog
    assert 'usehttps="on"' in rsyslog and 'uid="admin"' in rsyslog
    vector = tomllib.loads(code(page, "Configuration of Vector"))
    assert vector["sinks"]["logingestor"]["uri"] == url
    auth = vector["sinks"]["logingestor"]["auth"]
    assert (auth["strategy"], auth["password"]) == ("basic", "PASSWORD")
    assert {section["id"] for section in page.find("section")} >= {key for key, _, _ in SENDERS}
    root = "https://logs.internal:8443/beneath"
    otel = dict(line.split("=", 1) for line in code(page, "Environment of OpenTelemetry").splitlines())
    assert otel["OTEL_EXPORTER_OTLP_ENDPOINT"] == root
    assert unquote(otel["OTEL_EXPORTER_OTLP_HEADERS"]) == "Authorization=Bearer PASSWORD"
    assert code(page, "Address for Elasticsearch's clients").strip() == f"{root}/elastic"
    for label, path in (
        *(("Appender for Logback", "/loki/api/v1/push"), ("Configuration of promtail", "/loki/api/v1/push")),
        *(
            ("Configuration of the collector", ""),
            ("Configuration of Filebeat", "/elastic"),
            ("Address for GELF", "/gelf"),
        ),
        *(
            ("Appender for Log4j", "/logs/ingest/"),
            ("Sink for Serilog", ""),
            ("Addresses for clouds", "/drains/vercel"),
        ),
    ):
        assert root + path in code(page, label), label
        assert "PASSWORD" in code(page, label), label


def test_an_open_server_asks_for_no_password(settings: Settings, backends: Backends) -> None:
    """Nothing of one stands on its page; that the address is this machine's only is said."""
    client = create_app(settings).test_client()
    answer = client.get("/overview/add", base_url="http://127.0.0.1:3000")
    page = Html(answer.text)
    assert "PASSWORD" not in answer.text
    assert "reached from this machine only" in page.one("main").text
    assert code(page, "Commands for curl").startswith("curl http://127.0.0.1:3000/logs/ingest/ \\\n")
    tomllib.loads(code(page, "Configuration of Vector"))
    ast.parse(code(page, "Handler for Python"))
    assert "Tls" not in code(page, "Configuration of Fluent Bit")
    assert "logs_no_ssl: true" in code(page, "Configuration of Datadog's agent")
    ElementTree.fromstring(code(page, "Appender for Logback"))
    ElementTree.fromstring(code(page, "Appender for Log4j"))


def test_a_door_that_is_closed_is_not_offered(settings: Settings, backends: Backends) -> None:
    """What would be answered 404 is on the page for nobody."""
    client = create_app(replace(settings, doors=("otlp",))).test_client()
    shown = {
        section["id"]
        for section in Html(client.get("/overview/add").text).find("section")
        if "id" in section.attributes
    }
    assert shown >= {"curl", "otel", "syslog"}
    assert not shown & {"elastic", "loki", "java", "gelf", "seq", "hec", "datadog", "journal", "clouds"}


@pytest.mark.parametrize(
    ("root", "host", "port", "tls", "loopback"),
    [
        ("http://localhost/", "localhost", 80, False, True),
        ("https://logs.example/", "logs.example", 443, True, False),
        ("http://[::1]:3000/", "::1", 3000, False, True),
        ("http://[2001:db8::1]/x/", "2001:db8::1", 80, False, False),
    ],
)
def test_doors(root: str, host: str, port: int, tls: bool, loopback: bool) -> None:
    """Ports that a scheme implies, and addresses of both families."""
    door = SendTo.of(root, password=False)
    assert (door.host, door.port, door.tls, door.loopback) == (host, port, tls, loopback)
    assert door.url == f"{root}logs/ingest/"
    assert f"{door.root}/" == root


@pytest.fixture
def send(client: FlaskClient) -> Callable[[str, bytes], None]:
    """Return a function that sends as an agent, and has the record told of it."""

    def send(agent: str, body: bytes) -> None:
        client.post("/logs/ingest/", data=body, headers={"User-Agent": agent})
        client.application.extensions["logingestor"].visits().report()

    return send


def test_the_first_log_is_told(client: FlaskClient, backends: Backends, send: Callable[[str, bytes], None]) -> None:
    """Of a source that was not there before; of others it is said that they are known."""
    send("old/1", b'{"message": "before"}')
    page = get(client, "/overview/add")
    assert "Waiting for the first log" in page.one("section", id="arrived").text
    part = page.one("section", id="arrived")["data-part"].removeprefix("/beneath")
    send("old/1", b'{"message": "again"}')
    assert "from a source that was known before" in get(client, part).all[0].text + client.get(part).text
    send("new/2", b'[{"message": "first"}, {"message": "second <b>"}]')
    assert backends.move is not None
    backends.move(100, 0)
    text = client.get(part).text
    assert "2 logs from a new source:" in text and "new/2" in text
    assert "Known before, and sent meanwhile" in text and "old/1" in text
    assert "second &lt;b&gt;" in text and ">before<" not in text
    found = get(client, (Html(text).link("All logs that arrived since this page was opened") or "")[len("/beneath") :])
    assert found.one("h2", id="found").text == "3 logs"


def test_a_new_source_that_is_refused_is_told_why(client: FlaskClient, send: Callable[[str, bytes], None]) -> None:
    """With the reason and what it had sent: that is what whoever sets it up needs."""
    page = get(client, "/overview/add")
    part = page.one("section", id="arrived")["data-part"].removeprefix("/beneath")
    send("wrong/1", b'["no object <b>", 5, {"message"')
    text = " ".join(client.get(part).text.split())
    assert "A new source sends, but is refused:" in text
    assert "is not JSON" in text
    assert "no object &lt;b&gt;" in text


def test_hostile_agents_are_only_shown(client: FlaskClient, send: Callable[[str, bytes], None]) -> None:
    """What a sender calls itself is text."""
    send("<script>alert(1)</script>", b'{"message": "<img src=x onerror=alert(1)>\\u202e"}')
    text = client.get("/overview/add?since=1").text
    assert "<script>alert" not in text and "<img src=x" not in text and "\u202e" not in text


@pytest.mark.parametrize("since", ["x", "-1", "", "9" * 30])
def test_since_must_be_a_time(client: FlaskClient, since: str) -> None:
    """Anything else is named."""
    answer = client.get(f"/overview/add?since={since}")
    assert answer.status_code == 400
    assert answer.json["errors"][0]["field"] == "since"


def test_the_page_shows_how_to_send_when_the_record_is_away(client: FlaskClient, settings: Settings) -> None:
    """And says that what has come isn't known."""
    with SqliteDatabase(settings.database).write(durable=True) as connection:
        connection.execute("DROP TABLE unindexed")
    answer = client.get("/overview/add")
    assert answer.status_code == 503
    assert "isn't known now" in answer.text
    assert "Commands for curl" in answer.text


#: What is no HTTP, a proxy that names a date or nonsense, a server that is gone within its answer; then all is well.
ANSWERS = [
    b"nonsense\r\n\r\n",
    b"HTTP/1.1 503 Away\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\nzz",
    b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
]


def test_the_handler_for_python_outlives_every_answer(settings: Settings, backends: Backends) -> None:
    """Whatever a server or a proxy answers the same logs are sent again, and what comes after them too."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        answers, bodies = iter([*ANSWERS, ANSWERS[-1]]), list[bytes]()

        def serve() -> None:
            for answer in answers:
                with door.accept()[0] as taken, taken.makefile("rb") as sent:
                    head = iter(sent.readline, b"\r\n")
                    length = next(
                        int(line.split(b":")[1]) for line in [*head] if line.lower().startswith(b"content-length")
                    )
                    bodies.append(sent.read(length))
                    taken.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        client = create_app(settings).test_client()
        page = Html(client.get("/overview/add", base_url=f"http://127.0.0.1:{door.getsockname()[1]}").text)
        made: dict[str, Any] = {}
        exec(code(page, "Handler for Python"), made)
        made["time"] = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: time.sleep(0.01))
        handler = made["LogIngestorHandler"](seconds=0.0, patience=30.0)
        record = logging.LogRecord("test", logging.INFO, "f", 1, "first", None, None)
        handler.emit(record)
        wait_for(lambda: len(bodies) == len(ANSWERS), 120, "the last answer")
        record.msg = "second"
        handler.emit(record)
        thread.join(120)
        handler.close()
    assert [json.loads(body)["message"] for body in bodies] == ["first"] * len(ANSWERS) + ["second"]


def test_a_page_opened_while_the_record_was_away_begins_to_wait(client: FlaskClient, settings: Settings) -> None:
    """It asks without a time, and its first good answer gives one."""
    with SqliteDatabase(settings.database).write(durable=True) as connection:
        connection.execute("ALTER TABLE state RENAME TO gone")
    answer = client.get("/overview/add")
    assert answer.status_code == 503
    path = Html(answer.text).one("section", id="arrived")["data-part"]
    assert path == "/beneath/overview/add?part=arrived"
    with SqliteDatabase(settings.database).write(durable=True) as connection:
        connection.execute("ALTER TABLE gone RENAME TO state")
    part = get(client, path.removeprefix("/beneath"))
    assert [one["data-since"].isdecimal() for one in part.find("p") if "data-since" in one.attributes] == [True]


def test_pasted_lines_show_how_they_would_be_read(client: FlaskClient) -> None:
    """Dialect, each field and where it comes from; what was pasted stays in its place, escaped; nothing is kept."""
    pasted = '{"level":50,"time":1694764800123,"pid":7,"hostname":"<b>web","msg":"order failed"}'
    page = Html(client.post("/overview/add", data={"lines": pasted, "zone": "UTC"}).text)
    assert page.one("textarea", id="lines").text == pasted
    table = page.one("section", id="try").text
    assert "read as pino" in " ".join(table.split())
    assert "order failed" in table
    wrong = client.post("/overview/add", data={"lines": "x", "zone": "Nowhere"})
    assert (wrong.status_code, "Nowhere" in wrong.text) == (400, True)
