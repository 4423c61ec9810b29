"""Spaces beside each other: what one was sent takes nothing from another, and a count that is in motion refuses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from app.accept.spaces import FRESH_SECONDS, Spaces
from app.log.parsed import Parsed
from app.maintain import spaces
from app.ports.costs import Space
from app.settings.settings import Settings
from app.times.instant import now_ms
from app.web import create_app
from tests.conftest import MakeRecord
from tests.web.accounts.test_spaces import JSON, PASSWORD, admin, drain, held, make, messages


@pytest.fixture
def closed(settings: Settings) -> Iterator[Flask]:
    """An application that wants a credential, with the spaces shop and bank."""
    made = create_app(replace(settings, auth="required", admin_password=PASSWORD))
    for name in ("shop", "bank"):
        spaces.add(held(made).record.spaces, name)
    yield made
    made.extensions["logingestor"].close()


def entry(text: str) -> bytes:
    """Return an entry of a journal, of now, with the same cursor however often it is made."""
    moment = int(datetime.now(UTC).replace(microsecond=0).timestamp()) // 60 * 60_000_000
    return f"__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP={moment}\nMESSAGE={text}\n\n".encode()


def bulk(text: str) -> bytes:
    """Return a body with one document, with an `_id`."""
    return b"\n".join(json.dumps(line).encode() for line in ({"create": {"_id": "1"}}, {"message": text})) + b"\n"


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [("/a/_bulk", bulk, "application/x-ndjson"), ("/upload", entry, "application/vnd.fdo.journal")],
)
def test_what_two_spaces_are_sent_is_in_both(closed: Flask, path: str, body: Callable[[str], bytes], kind: str) -> None:
    """A key that a client chose for a log says nothing of another space's; within its own a repeat adds nothing."""
    senders = {name: make(closed, "writer", name) for name in ("shop", "bank")}
    for name in ("shop", "bank", "shop"):
        answer = closed.test_client().post(path, data=body("m"), content_type=kind, headers=senders[name])
        assert answer.status_code < 300
    drain(closed)
    for name in ("shop", "bank"):
        assert messages(closed, make(closed, "reader", name)) == ["m"]
    assert messages(closed, admin()) == ["m", "m"]


def test_a_sender_of_a_space_may_ask_for_its_receipt(closed: Flask) -> None:
    """Also while its logs wait."""
    headers = make(closed, "writer", "shop")
    receipt = closed.test_client().post("/logs/ingest/", json={"message": "m"}, headers=headers).json["receipt"]
    found = closed.test_client().get(f"/receipts/{receipt}", headers=headers)
    assert (found.status_code, found.json["queued"]) == (200, 1)


def test_a_repeat_needs_no_room_in_the_quota(closed: Flask) -> None:
    """A client that didn't hear the first answer gets it, though the day's bytes are used up; another body under its key is refused."""
    spaces.set_quota(held(closed).record.spaces, "shop", "1000")
    headers = {**make(closed, "writer", "shop"), "Idempotency-Key": "1", **JSON}
    send = lambda text: closed.test_client().post("/logs/ingest/", json={"message": text}, headers=headers)  # noqa: E731
    first = send("x" * 700).json
    again = send("x" * 700)
    assert (again.status_code, again.json["accepted"], again.json["receipt"]) == (202, 0, first["receipt"])
    assert send("y" * 700).status_code == 400
    headers["Idempotency-Key"] = "2"
    assert send("z" * 700).status_code == 429


def test_what_is_being_written_is_counted_once(closed: Flask) -> None:
    """A request that comes while the count is on its way to the record has the room that there is."""
    keeper = held(closed).record.spaces
    spaces.set_quota(keeper, "shop", "1000")
    clock = [0.0]

    class Interrupted:
        """The record's keeper, with a request between its answer and what the process makes of it."""

        def spaces(self) -> list[Space]:
            return keeper.spaces()

        def use(self, *given: Any) -> Space | None:
            found = keeper.use(*given)
            clock[0] += FRESH_SECONDS
            known.reserve("shop", 100)
            return found

    known = Spaces(Interrupted(), lambda: clock[0])  # type: ignore[arg-type]
    known.reserve("shop", 500)
    known.report()
    known.release("shop", 100)
    known.close()
    (found,) = (one for one in keeper.spaces() if one.name == "shop")
    assert found.used_on(now_ms() // 86_400_000) == 500


def test_nothing_that_was_sent_beside_a_stamp_is_lost(closed: Flask, make_record: MakeRecord) -> None:
    """Where the place that it moves to is taken, both values are there."""
    record = make_record(metadata={"space": "x", "sent_space": "y"})
    parsed = Parsed([record], [0], [10])
    Spaces(held(closed).record.spaces).stamp(parsed, "shop")
    assert record.metadata == {"space": "shop", "sent_space": ["x", "y"]}
