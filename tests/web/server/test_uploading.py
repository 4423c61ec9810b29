"""The upload of a journal, piece by piece as the ASGI server hands it over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.backends import Backends
from app.maintain import spaces
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tokens
from app.web.doors.journal import BATCH_BYTES, Upload
from app.web.server.uploading import Uploading
from tests.carrying import make_system

NOW = int(time.time()) * 1_000_000
ENTRY = f"__CURSOR=s=1\n__REALTIME_TIMESTAMP={NOW}\nPRIORITY=3\nMESSAGE=all of it\n\n".encode()


def body(*pieces: bytes, whole: bool = True) -> list[dict[str, Any]]:
    """Return what the server says of a body; one that is not *whole* ends with the client's leaving."""
    said: list[dict[str, Any]] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    return [*said, {"type": "http.request", "body": b""} if whole else {"type": "http.disconnect"}]


def upload(app: Flask, messages: Sequence[dict[str, Any]], *headers: tuple[bytes, bytes]) -> int:
    """Return the status of the answer."""
    return int(answer(app, messages, *headers)["status"])


def answer(app: Flask, messages: Sequence[dict[str, Any]], *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    """Return how the answer begins."""
    waiting, sent = list(messages), list[Any]()

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/upload", "query_string": b"", "http_version": "1.1"}
    asyncio.run(Uploading(app).serve({**scope, "headers": headers, "client": ("10.0.0.1", 5)}, receive, send))
    return dict(sent[0])


@pytest.mark.parametrize("cut", [len(ENTRY) - 2, len(ENTRY) - 12, 60])
def test_half_an_entry_takes_no_place(app: Flask, backends: Backends, cut: int) -> None:
    """The client was cut off and sends the entry again, under the same id: all of it is kept."""
    upload(app, body(ENTRY[:cut], whole=False))
    assert upload(app, body(ENTRY[:9], ENTRY[9:])) == 202
    batch = backends.queue.take(10, 0)
    assert [log.message for log in batch.records] == ["all of it"]
    assert not batch.dead


def test_whole_entries_of_a_cut_upload_are_kept_once(app: Flask, backends: Backends) -> None:
    """What had come was taken; it comes again."""
    for _ in range(2):
        upload(app, body(ENTRY, whole=False))
    assert [log.message for log in backends.queue.take(10, 0).records] == ["all of it"]


def test_a_compressed_journal_is_refused(app: Flask, backends: Backends) -> None:
    """It would be read as noise, and answered as taken."""
    assert upload(app, body(b"\x28\xb5\x2f\xfd"), (b"content-encoding", b"zstd")) == 415
    assert upload(app, body(ENTRY), (b"content-encoding", b"identity")) == 202
    assert len(backends.queue.take(10, 0).records) == 1


def test_what_a_queue_kept_in_part_is_no_success(app: Flask, tmp_path: Path) -> None:
    """The client begins again behind the last upload that was answered with success."""
    entries = b"".join(ENTRY.replace(b"s=1", b"s=%d" % n).replace(b"all of it", b"log %03d" % n) for n in range(250))
    system = make_system(tmp_path / "broker")
    app.extensions["logingestor"]._accept = system.accept
    try:
        system.carrier.loses = frozenset({1})
        assert upload(app, body(entries)) == 503
        assert upload(app, body(entries)) == 202
        system.work()
        assert system.messages() == [f"log {n:03}" for n in range(250)]
    finally:
        system.backends.close()


def test_what_was_not_read_is_no_request(app: Flask) -> None:
    """An answer before the body's end ends the connection: the rest would be taken for the next request's head."""
    ended = (b"connection", b"close")
    refused = answer(app, body(ENTRY), (b"content-encoding", b"gzip"))
    assert (refused["status"], ended in refused["headers"]) == (415, True)
    taken = answer(app, body(ENTRY))
    assert (taken["status"], ended in taken["headers"]) == (202, False)


def test_large_entries_do_not_wait_for_many(app: Flask, backends: Backends) -> None:
    """What an upload holds in memory is bounded in bytes too: its entries may be as large as the largest log."""
    large = ENTRY.replace(b"all of it", b"x" * (BATCH_BYTES // 4))
    entries = [large.replace(b"s=1", b"s=%d" % n) for n in range(5)]
    waiting = Upload(app.extensions["logingestor"], "10.0.0.1", "systemd-journal-upload", "")
    for entry in entries:
        waiting.feed(entry)
    assert backends.queue.depth().logs >= 3
    waiting.end(whole=True)
    assert backends.queue.depth().logs == 5


def test_what_no_day_has_room_for_is_said(settings: Settings) -> None:
    """An entry that is larger than what its space takes in a day is 413, as at all doors, and no fault of the server's."""
    app = create_app(replace(settings, auth="required", admin_password="the admin's password"))
    try:
        spaces.add(app.extensions["logingestor"].backends().record.spaces, "shop", "100")
        with app.app_context():
            token = tokens.create("journal", "writer", "tests", space="shop")[0]
        allowed = (b"authorization", f"Bearer {token}".encode())
        assert upload(app, body(ENTRY.replace(b"all of it", b"x" * 1_000)), allowed) == 413
    finally:
        app.extensions["logingestor"].close()
