"""Following: everything that fits comes once, in store order; a slow reader is told what it missed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from app.backends import Backends
from app.damage import around, passed
from app.errors import Damaged, InvalidQuery, Unavailable
from app.find import follow
from app.find.follow import BUFFER_LOGS, Follower, TailReader
from app.log.record import LogRecord
from app.ports.record import LogStore
from app.query.filter import EVERYTHING, Equals, Filter
from app.query.meaning import predicate
from app.query.text import text
from tests.conftest import MakeRecord
from tests.e2e.program import wait_for

SECONDS = 20.0


@pytest.fixture
def make_follower(backends: Backends) -> Iterator[Callable[..., Follower]]:
    """Return a function that makes a Follower of the record, or of another; it ends with the test."""
    made: list[Follower] = []

    def make(store: LogStore | None = None) -> Follower:
        made.append(Follower(store or backends.store))
        return made[-1]

    yield make
    for follower in made:
        follower.close()


def reading(
    tree: Filter = EVERYTHING,
    place: int | None = None,
    wake: Callable[[], object] = lambda: None,
    secret: bytes = b"",
) -> TailReader:
    """Return a reader that is sent message and cursor."""
    return TailReader(
        ("plain", text(tree)), predicate(tree), lambda record, cursor: f"{record.message}|{cursor}", wake, place, secret
    )


def messages(reader: TailReader, count: int) -> list[str]:
    """Return what came, once so much is there."""
    found: list[str] = []

    def enough() -> bool:
        found.extend(reader.take()[0])
        return len(found) >= count

    wait_for(enough, SECONDS, f"{count} logs")
    return found


def names(came: list[str]) -> list[str]:
    """Return the messages without their cursors."""
    return [one.split("|")[0] for one in came]


def test_what_is_stored_comes_in_its_order(
    backends: Backends, make_follower: Callable[..., Follower], make_record: MakeRecord
) -> None:
    """From the moment of joining each log that fits comes once; what was there before does not."""
    store = backends.store
    store.add([make_record(message="before")])
    follower, errors, everything = make_follower(), reading(Equals("level", "ERROR")), reading()
    follower.add(errors)
    follower.add(everything)
    for n in range(30):
        store.add([make_record(message=str(n), level="error" if n % 3 else "info")])
    assert names(messages(everything, 30)) == [str(n) for n in range(30)]
    assert names(messages(errors, 20)) == [str(n) for n in range(30) if n % 3]


def test_a_reader_comes_back_without_a_gap(
    backends: Backends, make_follower: Callable[..., Follower], make_record: MakeRecord
) -> None:
    """With the cursor of any log whatever was stored after it comes, also what came while nobody followed."""
    store = backends.store
    follower, first = make_follower(), reading()
    follower.add(first)
    store.add([make_record(message=f"a{n}") for n in range(10)])
    came = messages(first, 10)
    follower.remove(first)
    store.add([make_record(message=f"b{n}") for n in range(2_500)])
    back = reading(place=follow.decode(came[4].split("|")[1]))
    follower.add(back)
    store.add([make_record(message="c")])
    found = names(messages(back, 5 + 2_500 + 1))
    assert found == [*(f"a{n}" for n in range(5, 10)), *(f"b{n}" for n in range(2_500)), "c"]


def test_logs_of_one_commit_that_share_a_place(make_record: MakeRecord) -> None:
    """Only the last of them has the cursor that leaves them behind: cut off in the middle, the rest comes again."""
    records = [(7, make_record(message="x")), (9, make_record(message="y")), (9, make_record(message="z"))]
    reader = reading()
    cursors = [follow.decode(one.split("|")[1]) for one in follow._written(records, reader)]
    assert cursors == [7, 8, 9]


def test_a_slow_reader_costs_only_itself(
    backends: Backends, make_follower: Callable[..., Follower], make_record: MakeRecord
) -> None:
    """Beyond its buffer the oldest are skipped and counted; the other reader has all."""
    follower, slow, quick = make_follower(), reading(), reading(Equals("level", "info"))
    came: list[str] = []
    follower.add(slow)
    follower.add(quick)
    total = BUFFER_LOGS + 500
    for start in range(0, total, 250):
        backends.store.add([make_record(message=str(n)) for n in range(start, start + 250)])
        came += messages(quick, 250)
    wait_for(lambda: slow.skipped, SECONDS, "skipped logs")
    kept, skipped, _ = slow.take()
    assert names(came) == [str(n) for n in range(total)]
    assert (len(kept), skipped) == (BUFFER_LOGS, 500)
    assert names(kept) == [str(n) for n in range(500, total)]


def test_equal_filters_are_asked_once(
    backends: Backends, make_follower: Callable[..., Follower], make_record: MakeRecord
) -> None:
    """Fifty readers of one filter cost one look at each log."""
    asked: list[LogRecord] = []
    guard = threading.Lock()

    def holds(record: LogRecord) -> bool:
        with guard:
            asked.append(record)
        return True

    follower = make_follower()
    readers = [TailReader(("plain", "same"), holds, lambda record, _: record.message, lambda: None) for _ in range(50)]
    for reader in readers:
        follower.add(reader)
    backends.store.add([make_record(message=str(n)) for n in range(10)])
    for reader in readers:
        assert messages(reader, 10) == [str(n) for n in range(10)]
    assert len(asked) == 10


def test_equal_filters_of_other_secrets_get_cursors_of_their_own(
    backends: Backends, make_follower: Callable[..., Follower], make_record: MakeRecord
) -> None:
    """Each reader comes back with what it was given: a cursor of another's secret means another place, or none."""
    follower, secrets = make_follower(), (b"", b"one's secret", b"another's secret")
    readers = [reading(secret=secret) for secret in secrets]
    for reader in readers:
        follower.add(reader)
    backends.store.add([make_record(message="m")])
    newest = backends.store.newest_place()
    for reader in readers:
        (came,) = messages(reader, 1)
        assert follow.decode(came.split("|")[1], reader.secret) == newest


def test_trouble_is_told_and_is_over(
    backends: Backends, make_follower: Callable[..., Follower], make_record: MakeRecord
) -> None:
    """A record that can't be read is said once, and nothing is missed when it can be again."""
    broken = threading.Event()
    after = backends.store.after

    class Faulty:
        """The record, which fails while told to."""

        def after(self, place: int, limit: int) -> list[tuple[int, LogRecord]]:
            if broken.is_set():
                raise Unavailable("the record is away")
            return after(place, limit)

        newest_place = staticmethod(backends.store.newest_place)

    follower, reader = make_follower(Faulty()), reading()
    follower.add(reader)
    broken.set()
    wait_for(lambda: reader.trouble == "the record is away", SECONDS, "the trouble")
    backends.store.add([make_record(message="kept")])
    broken.clear()
    assert names(messages(reader, 1)) == ["kept"]
    assert reader.take()[2] == ""


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "é", "_____________w"])
def test_foreign_cursors_are_refused(cursor: str) -> None:
    """What no tail of ours held is the reader's mistake."""
    with pytest.raises(InvalidQuery):
        follow.decode(cursor)


def test_who_joins_while_a_step_reads_misses_nothing(
    backends: Backends, make_follower: Callable[..., Follower], make_record: MakeRecord
) -> None:
    """A step that began without a reader reads on past what was stored after it joined."""
    store, joined = backends.store, reading()
    follower = make_follower()

    class Joining:
        """The record; while it is read for the first time another reader joins, and then a log is stored."""

        done = False

        def newest_place(self) -> int:
            return store.newest_place()

        def after(self, place: int, limit: int) -> list[tuple[int, LogRecord]]:
            if not self.done:
                self.done = True
                follower.add(joined)
                store.add([make_record(message="at once")])
            return store.after(place, limit)

    follower._store = cast(LogStore, Joining())
    follower.add(reading())
    assert names(messages(joined, 1)) == ["at once"]


class Partial:
    """A record with damage behind its newest place: what is added next can't be read, what is added later can."""

    def __init__(self, backends: Backends, lost: Damaged) -> None:
        self._store, self._lost = backends.store, lost
        self._last = 0
        self._guard = threading.Lock()
        #: How often it was asked.
        self.looks = 0

    def damage(self, record: LogRecord) -> None:
        """Add what can't be read."""
        with self._guard:
            self._store.add([record])
            self._last = self._store.newest_place()

    @around
    def after(self, place: int, limit: int) -> list[tuple[int, LogRecord]]:
        """Meet the damage where it is not passed over."""
        with self._guard:
            self.looks += 1
            if place < self._last and self._lost.key not in passed():
                raise self._lost
            return [one for one in self._store.after(place, limit) if one[0] > self._last]

    def newest_place(self) -> int:
        """Return that of the record."""
        return self._store.newest_place()


def test_damaged_logs_are_left_out_and_counted(
    backends: Backends, make_follower: Callable[..., Follower], make_record: MakeRecord
) -> None:
    """Once for each reader, wherever they lie; what lies behind them comes."""
    partial, reader = Partial(backends, Damaged("three logs", "they are not what was written", 7, 3)), reading()
    follower = make_follower(partial)
    follower.add(reader)
    start = backends.store.newest_place()
    partial.damage(make_record(message="damaged"))
    wait_for(lambda: reader.skipped == 3, SECONDS, "the damage")
    backends.store.add([make_record(message="behind")])
    assert names(messages(reader, 1)) == ["behind"]
    again = reading(place=start)
    follower.add(again)
    found = list[str]()
    skipped = 0

    def enough() -> bool:
        nonlocal skipped
        texts, more, _ = again.take()
        found.extend(names(texts))
        skipped += more
        return "behind" in found

    wait_for(enough, SECONDS, "what lies behind")
    assert (found, skipped) == (["behind"], 3)


def test_damage_of_no_known_size_is_passed_once(
    backends: Backends,
    make_follower: Callable[..., Follower],
    make_record: MakeRecord,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reader's place lies behind it then, so that no look meets it again."""
    partial, reader = Partial(backends, Damaged("a segment", "it is not what was written", 7, 0)), reading()
    follower = make_follower(partial)
    follower.add(reader)
    partial.damage(make_record(message="damaged"))
    wait_for(lambda: "left out of what is followed" in caplog.text, SECONDS, "the damage")
    seen = partial.looks
    wait_for(lambda: partial.looks > seen + 5, SECONDS, "more looks")
    backends.store.add([make_record(message="behind")])
    assert names(messages(reader, 1)) == ["behind"]
    assert caplog.text.count("left out of what is followed") == 1
