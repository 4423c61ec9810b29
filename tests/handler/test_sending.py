"""What an answer means for a batch of our handler, and for its file."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from logingestor.handler import LogIngestorHandler
from logingestor.sending import Sender
from logingestor.spill import Spill, new_key


class _Answers(BaseHTTPRequestHandler):
    """Answers each request with what the server was told."""

    server: _Server

    def do_POST(self) -> None:
        self.server.paths.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        status, body = self.server.told
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


class _Server(HTTPServer):
    told: tuple[int, bytes] = (202, b"{}")
    paths: list[str]


@pytest.fixture
def answers() -> Iterator[_Server]:
    """A server that answers as it is told."""
    with _Server(("127.0.0.1", 0), _Answers) as server:
        server.paths = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("errors", "lost"),
    [
        ([{"index": 0, "field": "level", "message": "is not a text"}], 0),
        ([{"message": "is not JSON", "position": 3}], 0),
        ([{"field": "Idempotency-Key", "message": "was used for another body within the last 24 hours"}], 2),
        ([{"field": "wait", "message": "is neither stored nor indexed"}], 2),
        ([], 2),
        (None, 2),
    ],
)
def test_what_was_refused_is_kept_or_lost(answers: _Server, errors: Any, lost: int) -> None:
    """Refused logs are dead letters; what is refused for its key, for the address, or by another server, is nowhere."""
    answers.told = 400, b"<html>" if errors is None else json.dumps({"message": "no", "errors": errors}).encode()
    sender = Sender(f"http://127.0.0.1:{answers.server_port}", None, 5)
    sent = sender.send([b'{"message": "a"}\n', b'{"message": "b"}\n'], "key")
    sender.close()
    assert (sent.over, sent.lost) == (True, lost)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("", "/logs/ingest/"),
        ("/", "/logs/ingest/"),
        ("/?space=shop", "/logs/ingest/?space=shop"),
        ("/behind/a/proxy/", "/behind/a/proxy/"),
    ],
)
def test_a_url_without_a_path_is_the_door_of_logs(answers: _Server, written: str, path: str) -> None:
    """The address of the page, as `serve` prints it, is enough."""
    sender = Sender(f"http://127.0.0.1:{answers.server_port}{written}", None, 5)
    assert sender.send([b'{"message": "a"}\n'], "key").over
    sender.close()
    assert answers.paths == [path]


def test_a_server_that_refuses_for_ever_is_named(answers: _Server, capfd: pytest.CaptureFixture[str]) -> None:
    """Once where it lasts, and at the end, with what is lost."""
    answers.told = 405, b'{"message": "POST is not for this path"}'
    handler = LogIngestorHandler(f"http://127.0.0.1:{answers.server_port}", interval=0.01)
    handler.emit(logging.LogRecord("shop", logging.INFO, __file__, 1, "late", None, None))
    until = time.monotonic() + 60
    while len(answers.paths) < 3 and time.monotonic() < until:
        handler.flush(0.05)
    handler.close()
    why = "405 POST is not for this path"
    assert capfd.readouterr().err.splitlines() == [
        f"logingestor: logs wait, for they can't be sent: {why}",
        f"logingestor: 1 log could not be sent and is lost: {why}",
    ]


def test_a_file_that_can_not_be_deleted_is_sent_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The handler goes on, and nobody sends the file again."""

    def forbidden(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    spill, key = Spill(tmp_path, 1 << 20), new_key()
    assert spill.write([b"a\n", b"b\n"], key)
    monkeypatch.setattr(Path, "unlink", forbidden)
    spill.done(key, 4)
    assert spill.keys == []
    again = Spill(tmp_path, 1 << 20)
    assert [again.read(left) for left in again.keys] == [[]]
