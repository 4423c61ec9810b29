"""The door of Seq's clients: framing, answers, repeats."""

from __future__ import annotations

import json

from flask.testing import FlaskClient

from app.backends import Backends
from app.web.doors.taking import RECEIPT

LINES = b'{"message":"first"}\n{"message":"second"}\n'


def test_lines_are_taken(client: FlaskClient, backends: Backends) -> None:
    """Each line is an event; the answer is Seq's, with the receipt in a header."""
    answer = client.post("/ingest/clef", data=LINES, content_type="application/vnd.serilog.clef")
    assert (answer.status_code, answer.json) == (201, {"MinimumLevelAccepted": None})
    assert client.get(f"/receipts/{answer.headers[RECEIPT]}").json["accepted"] == 2  # type: ignore[index]
    assert backends.queue.depth().logs == 2


def test_the_older_shape_is_taken(client: FlaskClient, backends: Backends) -> None:
    """An object with `Events` holds them."""
    events = {"Events": [{"message": "one", "level": "error"}]}
    assert client.post("/api/events/raw", json=events).status_code == 201
    assert backends.queue.depth().logs == 1


def test_a_bad_line_costs_no_other(client: FlaskClient, backends: Backends) -> None:
    """It is a dead letter beside the others, and the client, which would drop them all, is not refused."""
    answer = client.post("/ingest/clef", data=LINES + b"{broken\n")
    assert answer.status_code == 201
    assert backends.queue.depth().logs == 2


def test_a_body_of_another_kind_is_refused_in_the_clients_words(client: FlaskClient) -> None:
    """Nothing in it can be read: it is kept as a dead letter, and the answer says why."""
    answer = client.post("/ingest/clef", data=b"<html>")
    assert answer.status_code == 400
    assert "is not JSON" in json.loads(answer.data)["Error"]


def test_equal_bodies_are_two_batches(client: FlaskClient, backends: Backends) -> None:
    """Both were answered: who sends the same again means it."""
    for _ in range(2):
        client.post("/ingest/clef", data=LINES)
    assert backends.queue.depth().logs == 4
