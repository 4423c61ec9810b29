"""Retention by rule: what was told goes, no more and no less, from record and index together, on every mix."""

from __future__ import annotations

import random
from typing import Any

import pytest

from app.backends import Backends
from app.drain.retire import preview, retire
from app.log.codec import encode
from app.log.record import IdSource, LogRecord
from app.maintain.audit import audit
from app.query.filter import Filter
from app.query.meaning import predicate
from app.query.query import Query
from app.rules.retention import parse
from app.rules.rule import FOR_EVER, RetentionRules
from app.settings.settings import Retention
from app.times.instant import now_ms
from tests.conftest import MakeRecord, fill_backends

HOUR = 3_600_000
REST = Retention(30 * 24 * 3600)
RULES = parse('level:debug 3h; resourceId:audit-* 90d; message:/n(1|2)$/ 20h; hold traceId:"t;1"')


def aged(make_record: MakeRecord, hours: float, ids: IdSource, now: int, **fields: Any) -> LogRecord:
    """Return a log that arrived *hours* before *now*."""
    return make_record(id=ids.take(1, now=now - int(hours * HOUR)).to_bytes(16, "big"), **fields)


def some(make_record: MakeRecord, now: int, count: int = 400) -> list[LogRecord]:
    """Return logs of random ages up to 100 days, of which each rule and none finds some."""
    chance, ids = random.Random(5), IdSource()
    ages = sorted(
        (chance.choice((chance.uniform(0, 30), chance.uniform(0, 2_400))) for _ in range(count)), reverse=True
    )
    return [
        aged(
            make_record,
            age,
            ids,
            now,
            level=chance.choice(("info", "debug", "DEBUG")),
            resource_id=chance.choice(("audit-1", "web-1", None)),
            message=f"n{chance.randint(0, 3)}",
            trace_id=chance.choice(("t;1", "t2", None, None, None)),
        )
        for age in ages
    ]


def by_hand(rules: RetentionRules, records: list[LogRecord], now: int) -> list[tuple[int, int]]:
    """Return how many logs and bytes each rule lets go, the rest last: the first rule that finds a log decides."""

    def finds(tree: Filter, record: LogRecord) -> bool:
        return predicate(tree)(record)

    ages = [rule.seconds or 0 for rule in rules.rules] + [REST.seconds]
    gone = [(0, 0)] * len(ages)
    for record in records:
        if any(finds(hold.filter, record) for hold in rules.holds):
            continue
        which = next((n for n, rule in enumerate(rules.rules) if finds(rule.filter, record)), len(rules.rules))
        if record.received < now - ages[which] * 1000:
            gone[which] = gone[which][0] + 1, gone[which][1] + len(encode(record))
    return gone


def test_what_was_told_goes(each_backends: Backends, make_record: MakeRecord) -> None:
    """By each rule exactly the logs and bytes that the preview told; the audit finds record and index alike."""
    held, now = each_backends, now_ms()
    records = some(make_record, now)
    fill_backends(held, records)
    told = preview(held.index, RULES, REST, now)
    assert [(one.logs, one.bytes) for one in told] == by_hand(RULES, records, now)
    assert all(one.logs for one in told)
    gone = retire(held.record, held.index, REST, RULES, now=now)
    assert [one.to_dict() for one in gone] == [one.to_dict() for one in told]
    left = held.index.find(Query(count="exact"))
    assert left.total == len(records) - sum(one.logs for one in gone)
    assert {one.trace_id for one in held.store.get([one.id for one in records if one.trace_id == "t;1"])} == {"t;1"}
    found = audit(held.store, held.record.letters, held.index, FOR_EVER * 1000)
    assert found.same, found.to_dict()
    assert sum(one.logs for one in preview(held.index, RULES, REST, now)) == 0


def test_a_log_that_comes_of_age_goes_with_a_later_pass(each_backends: Backends, make_record: MakeRecord) -> None:
    """A pass looks only at what came of age since the one before; what came late with an old time goes within a day."""
    held, now, ids = each_backends, now_ms(), IdSource()
    rules = parse("level:debug 3h")
    old, young = (aged(make_record, age, ids, now, level="debug") for age in (5, 1))
    fill_backends(held, [old, young])
    assert [one.logs for one in retire(held.record, held.index, REST, rules, now=now)] == [1, 0]
    assert [one.logs for one in retire(held.record, held.index, REST, rules, now=now + HOUR)] == [0, 0]
    assert [one.logs for one in retire(held.record, held.index, REST, rules, now=now + 3 * HOUR)] == [1, 0]
    fill_backends(held, [aged(make_record, 20, IdSource(), now, level="debug")])
    assert [one.logs for one in retire(held.record, held.index, REST, rules, now=now + 3 * HOUR)] == [0, 0]
    assert [one.logs for one in retire(held.record, held.index, REST, rules, now=now + 25 * HOUR)] == [1, 0]


def test_another_rule_looks_at_all_logs(each_backends: Backends, make_record: MakeRecord) -> None:
    """A rule that was changed lets go at once what it would have let go before."""
    held, now, ids = each_backends, now_ms(), IdSource()
    fill_backends(held, [aged(make_record, 10, ids, now, level="debug")])
    assert [one.logs for one in retire(held.record, held.index, REST, parse("level:debug 2d"), now=now)] == [0, 0]
    assert [one.logs for one in retire(held.record, held.index, REST, parse("level:debug 9h"), now=now)] == [1, 0]


def test_want_of_room_takes_nothing_that_is_held(each_backends: Backends, make_record: MakeRecord) -> None:
    """The oldest go for room, but for what a hold keeps."""
    held, now, ids = each_backends, now_ms(), IdSource()
    records = [
        aged(make_record, 20, ids, now, message=f"{n} " * 300, level="error" if n % 2 else "info") for n in range(2_000)
    ]
    fill_backends(held, records)
    limit = Retention(REST.seconds, int(held.store.size() * 0.7))
    retire(held.record, held.index, limit, parse("hold level:error"), now=now)
    left = held.store.get([one.id for one in records])
    assert sum(one.level == "error" for one in left) == 1_000
    assert sum(one.level == "info" for one in left) < 900


def test_rules_wait_for_a_rebuild(backends: Backends, make_record: MakeRecord) -> None:
    """A rebuild could bring back what it has read: until it is done nothing goes by rule."""
    now, ids = now_ms(), IdSource()
    fill_backends(backends, [aged(make_record, 10, ids, now, level="debug")])
    backends.index.begin_rebuild()  # type: ignore[attr-defined]
    assert retire(backends.record, backends.index, REST, parse("level:debug 9h"), now=now) == []
    backends.index.abandon_rebuild()  # type: ignore[attr-defined]
    assert [one.logs for one in retire(backends.record, backends.index, REST, parse("level:debug 9h"), now=now)] == [
        1,
        0,
    ]


@pytest.mark.parametrize("seconds", [0.0, 50.0])
def test_without_rules_all_is_as_it_was(backends: Backends, make_record: MakeRecord, seconds: float) -> None:
    """RETENTION alone deletes as it always did."""
    now, ids = now_ms(), IdSource()
    fill_backends(backends, [aged(make_record, 31 * 24, ids, now), make_record()])
    gone = retire(backends.record, backends.index, REST, None, seconds=seconds)
    assert [one.logs for one in gone] == [1 if seconds else 0]
