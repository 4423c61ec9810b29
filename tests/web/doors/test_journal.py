"""The journal's door, without a stream: what it answers, and what becomes of what is no entry."""

from __future__ import annotations

from flask.testing import FlaskClient

from app.backends import Backends
from tests.files.test_journal import STREAM


def test_what_is_no_export_is_a_dead_letter(client: FlaskClient, backends: Backends) -> None:
    """The client is told that it was taken, or it would send the same for ever; the entries before it are logs."""
    answer = client.post("/upload", data=STREAM + b"hello", content_type="application/vnd.fdo.journal")
    assert (answer.status_code, answer.text) == (202, "OK.\n")
    batch = backends.queue.take(100, 0)
    assert [letter.payload for letter in batch.dead] == [b"hello"]
    assert len(batch.records) == 2
