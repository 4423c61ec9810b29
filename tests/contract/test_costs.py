"""What costs what: each stored log is booked once, sums are exact where all logs were looked at, and what is kept is bounded."""

from __future__ import annotations

from collections.abc import Sequence

from app.backends import Backends
from app.drain.costing import book, costs_of
from app.find.costs import read
from app.log.codec import encode
from app.log.record import LogRecord
from app.maintain.rebuild import settled
from app.ports.costs import DAYS, OTHERS, ROWS, Booked, Cost, DayCosts, added
from tests.conftest import MakeRecord, fill_backends


def stored(held: Backends, records: Sequence[LogRecord]) -> None:
    """Store records, and wait until they can be read by their places: tests beside this one use the same PostgreSQL server."""
    fill_backends(held, records)
    settled(held.store)


def test_each_log_is_booked_once(each_backends: Backends, make_record: MakeRecord) -> None:
    """By resource, level and form; a second time books what came since; messages that differ in numbers are one form."""
    held = each_backends
    first = [make_record(message=f"took {n} ms", resource_id="web-1", level="info") for n in range(30)]
    first += [make_record(message="connection refused", resource_id=None, level="error") for _ in range(5)]
    stored(held, first)
    assert book(held.record) == 35
    assert book(held.record) == 0
    found = read(held.record.costs, 7)
    assert (found.logs, found.exact) == (35, True)
    assert found.bytes == sum(len(encode(record)) for record in first)
    assert [(*one.key, one.logs) for one in found.costs] == [
        ("web-1", "info", "took <number> ms", 30),
        ("", "error", "connection refused", 5),
    ]
    more = [make_record(message=f"took {n} ms", resource_id="web-2", level="debug") for n in range(10)]
    stored(held, more)
    assert book(held.record) == 10
    assert [(one.resource, one.logs) for one in read(held.record.costs, 7, "resource").costs] == [
        ("web-1", 30),
        ("web-2", 10),
        ("", 5),
    ]
    assert [(one.level, one.logs) for one in read(held.record.costs, 7, "level").costs][1:] == [
        ("debug", 10),
        ("error", 5),
    ]
    assert read(held.record.costs, 7).bytes == sum(len(encode(record)) for record in [*first, *more])


def test_too_many_logs_are_sampled_and_that_is_told(each_backends: Backends, make_record: MakeRecord) -> None:
    """Sums are those of all logs, of which some stand for others; the next time begins behind all of them."""
    held = each_backends
    stored(held, [make_record()])
    assert book(held.record) == 1
    # Records of one commit may share a place, and are read together.
    for start in range(0, 100, 10):
        stored(held, [make_record(message=f"took {start + n} ms") for n in range(10)])
    assert book(held.record, logs=10) == 100
    found = read(held.record.costs, 7)
    assert (found.logs, found.exact, sum(one.logs for one in found.costs)) == (101, False, 101)
    assert book(held.record) == 0


def test_what_was_stored_long_before_is_not_booked(backends: Backends, make_record: MakeRecord) -> None:
    """A record that is large already is booked from now on."""
    stored(backends, [make_record() for _ in range(20)])
    assert book(backends.record, logs=10) == 0
    stored(backends, [make_record()])
    assert book(backends.record, logs=10) == 1


def test_of_two_that_book_the_same_one_does(each_backends: Backends) -> None:
    """Who read an older state keeps nothing; days beyond the last go."""
    keeper = each_backends.record.costs
    costs = [Cost("a", "info", "m", 1, 10)]
    assert keeper.booked() is None
    assert keeper.book(None, Booked(5, 5), DayCosts(100, 1, 1, costs))
    assert not keeper.book(None, Booked(6, 6), DayCosts(100, 1, 1, costs))
    assert keeper.booked() == Booked(5, 5)
    assert keeper.book(Booked(5, 5), Booked(6, 6), DayCosts(100, 1, 1, costs))
    assert keeper.costs(100) == [DayCosts(100, 2, 2, [Cost("a", "info", "m", 2, 20)])]
    assert keeper.book(Booked(6, 6), Booked(7, 7), DayCosts(100 + DAYS, 1, 1, costs))
    assert [day.day for day in keeper.costs(0)] == [100 + DAYS]
    assert keeper.booked() == Booked(7, 7)


def test_rows_are_bounded_and_nothing_is_left_out() -> None:
    """The cheapest are put together, by resource and level first; the sums stay."""
    many = [Cost("r", "info", f"form {n}", 1, n) for n in range(3 * ROWS)]
    found = added(many)
    assert len(found) == ROWS // 2 + 1
    assert (found[0].form, sum(one.bytes for one in found)) == (OTHERS, sum(one.bytes for one in many))
    found = added(Cost(f"r{n}", "info", f"form {n}", 1, n) for n in range(3 * ROWS))
    assert len(found) == ROWS
    assert (found[0].resource, sum(one.logs for one in found)) == (OTHERS, 3 * ROWS)


def test_forms_of_any_message_are_bounded(make_record: MakeRecord) -> None:
    """Messages of any length and with any signs have a form that a page can show."""
    records = [make_record(message=text) for text in ("", "x" * 100_000, "\x1b[31mred", "a\nb" * 50, "1 2 3 4 5 6 7 8")]
    assert max(len(one.form) for one in costs_of(records)) <= 150
