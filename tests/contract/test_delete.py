"""Delete: what fits a query is gone from record, index and dead letters, and nothing else is."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from app.backends import Backends
from app.drain import pause
from app.drain.costing import book, costs_of
from app.errors import Unavailable
from app.find.costs import read
from app.log.envelope import DeadLetter, Envelope
from app.log.record import IdSource, LogRecord, id_text
from app.maintain.audit import audit
from app.maintain.delete import Deletion, arrived, delete, erase, matching
from app.maintain.letters import fits
from app.maintain.rebuild import settled
from app.ports.alerts import Alert, AlertSample, Change
from app.ports.costs import OTHERS, Booked, DayCosts
from app.ports.index import Rebuildable
from app.query.language.parse import parse
from app.query.query import Query
from tests.conftest import MakeRecord, fill_backends

MONTH_MS = 30 * 86_400_000
_ids = IdSource()


def letter(payload: object) -> DeadLetter:
    """Return a dead letter that was sent as JSON, or as bytes."""
    sent = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return DeadLetter(_ids.take(1).to_bytes(16, "big"), sent, "reason", None, "sender")


def asked(text: str) -> Query:
    """Return the query of a text."""
    return Query(parse(text, 0))


def test_only_what_fits_goes(each_backends: Backends, make_record: MakeRecord) -> None:
    """Counted first, deleted then; the index agrees, and a second time there is nothing left."""
    parts, index = each_backends.record, each_backends.index
    hers = [make_record(message=f"hello {n}", metadata={"user": "ann@example.org"}) for n in range(2_300)]
    others = [make_record(message=f"hello {n}", metadata={"user": "bob@example.org"}) for n in range(500)]
    fill_backends(each_backends, [log for pair in zip(hers, hers, strict=True) for log in pair[:1]] + others)
    parts.letters.bury([letter({"message": 5, "metadata": {"user": "ann@example.org"}}), letter({"message": 6})])
    query = asked('metadata.user:"ann@example.org"')
    assert matching(parts.letters, index, query) == Deletion(2_300, 1)
    assert parts.store.stats()["stored"] == 2_800
    assert delete(parts, index, query) == Deletion(2_300, 1)
    assert matching(parts.letters, index, query) == delete(parts, index, query) == Deletion(0, 0)
    assert parts.store.stats()["stored"] == 500
    assert parts.store.get([record.id for record in hers]) == []
    assert {record.id for record in index.find(Query(limit=10_000)).records} == {record.id for record in others}
    assert sum(parts.letters.dead_counts().values()) == 1
    assert audit(parts.store, parts.letters, index, MONTH_MS).same


def shown(record: LogRecord) -> AlertSample:
    """Return the record as an alert shows it."""
    return AlertSample(id_text(record.id), record.timestamp, record.level, record.message)


def test_what_is_quoted_of_logs_goes_with_them(each_backends: Backends, make_record: MakeRecord) -> None:
    """Costs forget the form of the message, and the resource that has no other logs; alerts forget the sample. The counts stay."""
    parts, index = each_backends.record, each_backends.index
    hers = [make_record(message="Ann is angry", resource_id=name, level="warn") for name in ("ann", "web")]
    others = [make_record(message="all is well", resource_id="web", level="info")]
    fill_backends(each_backends, [*hers, *others])
    settled(parts.store)
    assert book(parts) == 3
    alert = Alert("a", "quarrels", "s", "at_least", 60)
    change = Change(1, "firing", "It fires.", samples=[shown(hers[0]), shown(others[0])])
    assert parts.alerts.keep_alert(alert, change)
    assert delete(parts, index, asked("message:angry")).logs == 2
    assert sorted((*cost.key, cost.logs) for cost in read(parts.costs, 7).costs) == [
        (OTHERS, "warn", OTHERS, 1),
        ("web", "info", "all is well", 1),
        ("web", "warn", OTHERS, 1),
    ]
    assert [one.samples for one in parts.alerts.alert_changes("a")] == [[shown(others[0])]]


def test_who_books_while_logs_are_deleted_books_once_more(each_backends: Backends, make_record: MakeRecord) -> None:
    """The deleted logs that it looked at are not among them; what was deleted before it was booked is not."""
    parts, index = each_backends.record, each_backends.index
    fill_backends(each_backends, [make_record(message="hello")])
    settled(parts.store)
    assert book(parts) == 1
    before = parts.costs.booked()
    assert before is not None
    fill_backends(each_backends, [make_record(message="Ann is angry"), make_record(message="hello")])
    settled(parts.store)
    looked = costs_of([record for _, record in parts.store.after(before.place, 10)])
    assert delete(parts, index, asked("message:angry")).logs == 1
    day = DayCosts(1, len(looked), len(looked), looked)
    assert not parts.costs.book(before, Booked(before.place + 2, before.stored + 2, before.turn), day)
    assert book(parts) == 1
    assert {cost.form for cost in read(parts.costs, 7).costs} == {"hello"}


SECRET = "xk7pzq0vwm"


@pytest.mark.parametrize("others", [0, 2_500])
def test_deleted_text_leaves_the_disk(
    each_backends: Backends, make_record: MakeRecord, tmp_path: Path, others: int
) -> None:
    """No file holds it any more where all three lie in SQLite files: a database, nor its write-ahead log."""
    chance, parts, index = random.Random(4), each_backends.record, each_backends.index
    hers = [
        make_record(
            message=f"{SECRET}{number} {chance.randbytes(chance.choice((20, 20, 20, 2_500))).hex()}",
            resource_id=SECRET,
            trace_id=f"{SECRET}{number}",
            metadata={"user": SECRET, SECRET: {"n": number}},
        )
        for number in range(40)
    ]
    rest = [make_record(message=chance.randbytes(50).hex(), metadata={"n": n}) for n in range(others)]
    mixed = [
        *rest[:1_000],
        *(one for pair in zip(hers, rest[1_000:1_040] or hers, strict=True) for one in pair),
        *rest[1_040:],
    ]
    fill_backends(each_backends, mixed)
    parts.letters.bury([letter({"message": 5, "metadata": {"user": SECRET}})])
    settled(parts.store)
    assert book(parts) == 40 + others
    assert delete(parts, index, asked(f"metadata.user:{SECRET}")) == Deletion(40, 1)
    assert erase(each_backends.queue, parts.store, index) == []
    holding = [
        path.name for path in tmp_path.iterdir() if path.is_file() and SECRET.encode() in path.read_bytes().lower()
    ]
    assert holding == []
    assert len(index.find(Query(limit=5_000)).records) == others


def test_what_waits_is_waited_for(each_backends: Backends, make_record: MakeRecord) -> None:
    """With logs on their way nothing is deleted in the belief that all was seen; later logs don't matter."""
    queue, record = each_backends.queue, each_backends.record
    arrived(queue, record, 0)
    queue.put([Envelope([make_record()])])
    with pytest.raises(Unavailable, match="can't be found yet"):
        arrived(queue, record, 0.2)
    fill_backends(each_backends, [])
    arrived(queue, record, 0)
    record.store.add([make_record()])
    with pytest.raises(Unavailable, match="can't be found yet"):
        arrived(queue, record, 0)


def test_paused_drain_is_said(each_backends: Backends, make_record: MakeRecord) -> None:
    """Nobody waits for what nobody brings."""
    pause.pause(each_backends.record.notes)
    arrived(each_backends.queue, each_backends.record, 60)
    each_backends.queue.put([Envelope([make_record()])])
    with pytest.raises(Unavailable, match="paused"):
        arrived(each_backends.queue, each_backends.record, 60)


def test_rebuild_under_way_is_not_disturbed(each_backends: Backends, make_record: MakeRecord) -> None:
    """It could bring back what it has read already."""
    fill_backends(each_backends, [make_record()])
    assert isinstance(each_backends.index, Rebuildable)
    each_backends.index.begin_rebuild()
    with pytest.raises(Unavailable, match="rebuild"):
        delete(each_backends.record, each_backends.index, Query())
    assert each_backends.store.stats()["stored"] == 1


@pytest.mark.parametrize(
    ("payload", "text", "expected"),
    [
        # Read as far as it goes, though it was refused.
        ({"message": 5, "resourceId": "r1"}, "resourceId:r1", True),
        ({"message": 5, "resourceId": "r1"}, "resourceId:r2", False),
        ({"message": "ann", "timestamp": "soon"}, "ann", True),
        ({"message": "ann", "resourceId": 12345}, "resourceId:12345", True),
        ({"message": "x", "metadata": {"a": {"b": "ann"}}, "level": 5}, "metadata.a.b:ann", True),
        ({"message": "x", "user": "ann", "level": 5}, "metadata.user:ann", True),
        ({"message": "x", "level": 5}, "NOT resourceId:r1", True),
        ([{"message": "other"}, {"message": "ann", "level": 1}], "message:ann", True),
        ({"message": "\ud800 ann", "level": 1}, "message:ann", True),
        ({"message": "ann", "timestamp": "2023-09-15T08:00:00Z", "level": 1}, "timestamp:[2023-09-01 TO 2023-10-01]", True),
        # Not to be read: its text is searched.
        (b'{"message": "ann@example.org', 'metadata.user:"ann@example.org"', True),
        (b'{"message": "ann@example.org', 'metadata.user:"bob@example.org"', False),
        (b"\xff\xfe ann", "ann", True),
        (b"not json of ann", "ann AND NOT level:info", True),
        (b"not json of ann", "NOT level:info", False),
        (b"not json of ann", "ann AND bob", False),
        (b"not json of ann", "ann OR bob", True),
        (b"not json of ann", "ann AND (NOT bob OR _exists_:traceId)", True),
        (b"not json of ann", "_exists_:message", False),
        (b"not json of ann", "metadata.x:/a.n$/", True),
        (b"not json of ann", "metadata.x:a?n", True),
        (b"", "ann", False),
    ],
)  # fmt: skip
def test_letters(payload: object, text: str, expected: bool) -> None:
    """Which dead letters a query means."""
    assert fits(letter(payload), asked(text)) is expected


def test_letters_within_a_window() -> None:
    """A window counts for letters too: by the log's own time where it has one, else by its refusal."""
    dated = letter({"message": 5, "timestamp": "2023-09-15T08:00:00Z"})
    day = 86_400_000
    assert fits(dated, Query(start=(1694764800000, 0), end=(1694764800000, 0)))
    assert not fits(dated, Query(start=(1694764800001, 0)))
    assert fits(dated, Query(start=(1694764800001, 0), clock="received"))
    received = int.from_bytes(dated.id[:6], "big")
    assert not fits(letter({"message": 5}), Query(start=(received + day, 0)))
