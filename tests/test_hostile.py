"""Logs that try to act: on every page, in every answer, export and command there is, they are only shown.

Routes and commands are read from the program, so a new one is tried by itself.
"""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import click
import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner
from werkzeug.routing import Rule

from app.alerts.counts import CountSources
from app.alerts.rounds import MINUTE, SETTLE_MS, work
from app.backends import Backends
from app.cli import COMMANDS, cli, load
from app.log.record import id_text
from app.settings.settings import Settings
from app.times.instant import now_ms
from tests.conftest import Fill
from tests.e2e.program import ROOT

#: What acts in a page, on a terminal, in a spreadsheet, or on the text around it.
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\"' onfocus='alert(3)"
TEXTS = (
    SCRIPT,
    "</pre></td></table></title><h1>{{ 7 * 7 }}</h1>",
    "javascript:alert(1)",
    "\x1b]0;title\x07\x1b[2J\x1b[31mred \x9b31m",
    "user \u202egnp.exe\u202c \u2066x\u2069 \u200f\ufeff\u2028",
    "nul \0 in the middle\r\nsecond line",
    '=HYPERLINK("http://x","y")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "lone \ud800 surrogate \udfff",
)
ACTING = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
#: A log of one line of 1 MiB.
LONG = ("x<b>" * 255 + "\x1b[1m") * (1 << 10)
#: What a route's path may hold, beside the ids of logs and letters.
TRACE = "trace/<script>alert(1)</script>\u202e"
#: Routes of which a GET is nothing that a browser shows: files, and answers without end.
ELSEWHERE = {"static", "tail.tail"}
#: Commands that don't read logs for who calls them: they run for ever, or replace or fill what is there.
ACTIVE = {"serve", "web", "worker", "scheduler", "db", "restore", "copy", "delete", "ingest", "tail", "backup"}


@pytest.fixture
def logs(client: FlaskClient, fill: Fill, backends: Backends) -> list[dict[str, Any]]:
    """Hostile logs, as a sender sends them, refused ones beside them; returned as they were stored."""
    sent: list[Any] = [
        {
            "level": text[:255],
            "message": text,
            "resourceId": text,
            "traceId": TRACE,
            "spanId": text,
            "commit": text,
            "metadata": {text: {"a": [text]}},
        }
        for text in TEXTS
    ]
    sent += [{"message": LONG, "traceId": TRACE}, [{"level": SCRIPT, SCRIPT: TEXTS}], *TEXTS]
    agent = {"User-Agent": SCRIPT, "Content-Type": "application/json"}
    answer = client.post("/logs/ingest/", data=json.dumps(sent), headers=agent)
    assert (answer.status_code, answer.json["accepted"]) == (202, len(TEXTS) + 1)
    assert client.post("/logs/ingest/", data=b"\xff\x1b[31m" + SCRIPT.encode(), headers=agent).status_code == 400
    fill([])
    watch(client, backends)
    found: list[dict[str, Any]] = client.get("/logs?limit=100").json["results"]
    assert len(found) == len(TEXTS) + 1
    return found


def watch(client: FlaskClient, backends: Backends) -> None:
    """Save a search under a hostile name, and let an alert on it fire by those logs."""
    query = " OR ".join(["hello", *(f'"{text}"' for text in ("javascript", "x"))])
    for name in ("watched", SCRIPT):
        assert client.post("/searches", json={"name": name, "q": f"_exists_:message OR {query}"}).status_code == 201
        alert = {"name": name, "search": name, "kind": "at_least", "window": "5m"}
        made = client.post("/alerts", json=alert).json["alert"]
        silence = {"until": "now+1h", "reason": TEXTS[4], "by": TEXTS[3]}
        assert client.post(f"/alerts/{made['id']}/silence", json=silence).status_code == 200
    work(
        backends.record.alerts,
        CountSources(backends.queue, backends.store, backends.index),
        lambda _: True,
        now_ms() + MINUTE + SETTLE_MS,
    )
    assert {one["state"] for one in client.get("/alerts").json["alerts"]} == {"firing"}


def addresses(rule: Rule, logs: list[dict[str, Any]], letters: list[str]) -> list[str]:
    """Return the addresses at which a route is tried; a new kind of path needs a word here."""
    ids = [log["id"] for log in logs]
    if rule.endpoint.startswith("dead."):
        ids = letters
    made = [rule.rule]
    for name in rule.arguments:
        values = {
            "identity": ids,
            "trace_id": [TRACE],
            "receipt": [SCRIPT],
            "which": ["watched", SCRIPT.replace("/", "")],
            "index": ["logs-1", SCRIPT.replace("/", "")],
            "rest": ["_cat/indices", SCRIPT.replace("/", "")],
            "kind": ["_doc", "_mapping", SCRIPT.replace("/", "")],
        }[name]
        made = [re.sub(f"<[^<>]*{name}>", lambda _, v=value: quote(v), one) for one in made for value in values]
    queries = (
        f"?q={quote(SCRIPT.replace('/', ''))}",
        f"?q={quote(chr(0x202E))}*",
        f"?{quote(SCRIPT)}={quote(TEXTS[3])}",
        f"?field={quote('metadata.' + SCRIPT)}",
        "?field=level",
        "?q=nothing_is_like_this",
        f"?test=1&try=1&kind=absent&window=5m&name=x&q={quote(SCRIPT.replace('/', ''))}",
    )
    return [*made, *(made[0] + query for query in queries)]


def kept(app: Flask) -> list[str]:
    """Return the ids of the dead letters."""
    return [id_text(letter.id) for letter in app.extensions["logingestor"].backends().record.letters.dead(100)]


def routes(app: Flask) -> list[Rule]:
    """Return the routes that a GET asks."""
    return [
        rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and rule.endpoint not in ELSEWHERE
    ]


class Tags(HTMLParser):
    """The tags of a page, without what stands between them: that may be a million characters."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def updatepos(self, i: int, j: int) -> int:
        """See ParserBase: lines are counted for those who ask where a tag stands, which nobody does here."""
        return j

    def handle_data(self, data: str) -> None:
        # What stands in a script is never parsed as tags.
        assert self.cdata_elem != "script", data[:100]


#: Attributes that lead somewhere.
ADDRESSES = {"href", "src", "action", "formaction"}


def check_page(text: str) -> None:
    """Fail if anything on the page runs, breaks out of its place, or reorders what stands around it."""
    for tag, attributes in Tags(text).found:
        assert tag != "script" or "src" in attributes
        assert not [name for name in attributes if name.startswith("on") or name == "style"], attributes
        assert attributes.get("src") != "x"
        for name in ADDRESSES & attributes.keys():
            assert not re.match(r"\s*\w+:(?!//)", attributes[name]), attributes
    assert text.count("<h1") <= 1
    # Attributes that programs read have the exact text.
    text = re.sub(r'(value|data-query)="[^"]*"', "", text)
    found = ACTING.search(text)
    assert not found, repr(text[max(found.start() - 200, 0) : found.end() + 20])


def test_every_page_only_shows(app: Flask, client: FlaskClient, logs: list[dict[str, Any]]) -> None:
    """A browser that asks any route for anything gets a page on which nothing acts, of less than ten times the longest log."""
    pages, letters = 0, kept(app)
    for rule in routes(app):
        for url in addresses(rule, logs, letters):
            answer = client.get(url, headers={"Accept": "text/html"}, follow_redirects=True)
            assert answer.status_code < 500, url
            if answer.mimetype == "text/html":
                pages += 1
                check_page(answer.text)
                assert len(answer.data) < 10 * len(LONG), url
    assert pages > 80


def test_every_other_answer_is_well_formed(app: Flask, client: FlaskClient, logs: list[dict[str, Any]]) -> None:
    """Programs get JSON that any parser reads, and no browser takes an answer for a page."""
    letters = kept(app)
    for rule in routes(app):
        for url in addresses(rule, logs, letters):
            answer = client.get(url, headers={"Accept": "application/json"}, follow_redirects=True)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            if answer.mimetype == "application/json":
                json.loads(answer.data.decode("utf-8"), parse_constant=pytest.fail)


@pytest.mark.usefixtures("logs")
def test_no_cell_of_an_export_is_a_formula(client: FlaskClient) -> None:
    """CSV opens in a spreadsheet without acting; both forms have every log."""
    csv.field_size_limit(len(LONG) + 1)
    rows = list(csv.reader(io.StringIO(client.get("/logs/export?format=csv").text, newline="")))
    lines = client.get("/logs/export").text.split("\n")

    assert len(rows) == len(TEXTS) + 2 == len([json.loads(line) for line in lines if line]) + 1
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def printing() -> list[tuple[str, ...]]:
    """Return the commands that print something, each once plainly and, where it can, as JSON."""
    found = []
    for name in COMMANDS:
        command = load(name)
        inner = command.commands if isinstance(command, click.Group) else {"": command}
        for word, one in inner.items():
            words = tuple(part for part in (name, word) if part)
            required = [option for option in one.params if option.required]
            # An export is exact where it goes to a file or a program; on a terminal see below.
            if name in {*ACTIVE, "export"} or required:
                continue
            found.append(words)
            if any("--json" in option.opts for option in one.params):
                found.append((*words, "--json"))
    return found


@pytest.mark.usefixtures("logs")
def test_no_command_lets_a_log_act_on_the_terminal(runner: FlaskCliRunner, backends: Backends) -> None:
    """What commands print holds no escape, no override of direction, no stray line."""
    letters = [str(letter["id"]) for letter in json.loads(runner.invoke(cli, ["dead", "list", "--json"]).stdout)]
    assert len(letters) > len(TEXTS)
    tried = [*printing(), ("find", "--limit", "1000"), *(("dead", "show", letter) for letter in letters)]
    assert len(tried) > 15 + len(letters)
    for words in tried:
        result = runner.invoke(cli, list(words))
        assert result.exit_code in (0, 1, 2), (words, result.output)
        found = ACTING.search(result.output)
        assert not found, (words, result.output[max(found.start() - 100, 0) : found.end()])


@pytest.mark.usefixtures("logs")
@pytest.mark.parametrize("form", ["ndjson", "csv"])
@pytest.mark.system
def test_an_export_to_a_terminal_only_shows(settings: Settings, form: str) -> None:
    """On a terminal what would act is written as a code; to a pipe the same command gives the exact text."""
    command = [sys.executable, "-m", "app.cli", "export", "--format", form, "--columns", "message", "NOT", "b"]
    environment = {**os.environ, "LOGINGESTOR_DATA_DIR": str(settings.data_dir)}
    piped = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True).stdout.decode()
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=theirs) as process:
        os.close(theirs)
        printed = b""
        # Linux says EIO where a terminal has ended.
        with suppress(OSError):
            while piece := os.read(ours, 1 << 16):
                printed += piece
    os.close(ours)

    assert process.returncode == 0
    assert "\u202egnp.exe" in piped
    assert "gnp.exe" in (shown := printed.decode().replace("\r\n", "\n"))
    assert not ACTING.search(shown)
    if form == "ndjson":
        assert [json.loads(line) for line in shown.split("\n") if line] == [
            json.loads(line) for line in piped.split("\n") if line
        ]
