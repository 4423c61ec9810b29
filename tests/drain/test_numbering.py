"""Which numbers of a sender are missing: what is late, comes again, or is numbered anew is no loss."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from app.drain.numbering import GAPS, SEQUENCES, Numbering, opened
from app.log import codec, numbers
from app.log.numbers import SYSLOG_LAST, ArrivedNumbers, Number, Numberer

HOST = Numberer("syslog", "server-17", "10.0.0.7")
PROCESS = Numberer("process", "server-17", "812@1700000000000")
#: Ms between two logs of a sender, and logs that travel in one envelope.
EACH_MS, ENVELOPE = 7, 100

#: A log as it arrives: its number, its time, the port it comes from.
Log = tuple[int, int, int]


def taken(logs: Iterable[Log], numbering: Numbering | None = None, numberer: Numberer = HOST) -> Numbering:
    """Return what is known when the logs have arrived in this order."""
    numbering = numbering or Numbering()
    waiting = [(Number(numberer, number, port), t) for number, t, port in logs]
    for start in range(0, len(waiting), ENVELOPE):
        for one in numbers.arrived(waiting[start : start + ENVELOPE]):
            numbering.take(one, start)
        # As it is kept between two batches.
        numbering = opened(codec.encode(numbering))
    return numbering


def run(first: int, last: int, *, at: int = 0, port: int = 514) -> list[Log]:
    """Return the logs of a sender that numbers from first to last, the first at *at* ms."""
    return [(number, at + EACH_MS * place, port) for place, number in enumerate(range(first, last + 1))]


def missing(numbering: Numbering) -> list[tuple[int, int]]:
    """Return the gaps, from the first number to the last."""
    return [(gap.first, gap.last) for gap in numbering.gaps]


def test_what_never_arrives_is_named_with_its_times() -> None:
    """The numbers, how many there were in all, and the times of the logs before and after."""
    logs = run(1, 1_000)
    found = taken([*logs[:400], *logs[412:]])
    assert missing(found) == [(401, 412)]
    assert (found.lost, found.numbered) == (12, 1_000)
    (gap,) = found.gaps
    assert (gap.since, gap.until) == (logs[399][1], logs[412][1])


def test_nothing_is_missing_before_the_first_that_came() -> None:
    """Nobody knows whether the logs before went elsewhere; those that come late still count."""
    logs = run(500, 600)
    found = taken(logs[50:])
    assert (missing(found), found.numbered) == ([], 51)
    found = taken(logs[:20], found)
    assert (missing(found), found.numbered) == ([(520, 549)], 101)


@pytest.mark.parametrize("order", ["late", "again", "shuffled"])
def test_order_and_repeats_are_no_loss(order: str) -> None:
    """Whatever comes in the end has arrived, however late and however often."""
    logs, chance = run(1, 3_000), random.Random(5)
    late = logs[700:720]
    if order == "late":
        logs = [*logs[:700], *logs[720:], *late]
    elif order == "again":
        logs = [*logs, *logs[2_000:], *logs[100:110]]
    else:
        logs.sort(key=lambda one: one[0] + chance.uniform(0, 300))
    found = taken(logs)
    assert (missing(found), found.numbered, len(found.sequences)) == ([], 3_000, 1)


def test_late_logs_heal_what_was_missing() -> None:
    """A gap becomes smaller, falls apart, and closes."""
    logs = run(1, 200)
    found = taken([*logs[:50], *logs[80:]])
    assert missing(found) == [(51, 80)]
    assert missing(taken(logs[60:65], found)) == [(51, 60), (66, 80)]
    assert missing(taken(logs[50:80], found)) == []


def test_late_logs_of_a_run_before_heal_that_run() -> None:
    """By their time, though the runs since have had the same numbers."""
    first, later = run(1, 300), [log for start in range(1, 5) for log in run(1, 300, at=60_000 * start)]
    found = taken([*first[:99], *first[104:], *later])
    assert missing(found) == [(100, 104)]
    assert missing(taken(first[100:104], found)) == [(100, 100)]


def test_a_program_that_begins_again_loses_nothing() -> None:
    """By the same socket or another; what is missing of each run of it is told, its first logs by the same socket too."""
    for port in (514, 515):
        second = run(1, 400, at=60_000, port=port)
        found = taken([*run(1, 300), *second[:100], *second[105:]])
        assert (missing(found), found.numbered) == ([(101, 105)], 700)
    assert missing(taken([*run(1, 300), *run(3, 50, at=60_000)])) == [(1, 2)]
    assert missing(taken([*run(1, 300), *run(3, 50, at=60_000, port=515)])) == []


def test_the_last_logs_of_the_run_before_may_come_behind_the_first_of_the_next() -> None:
    """Datagrams overtake each other around a start too."""
    before, after = run(1, 1_500), run(1, 1_500, at=20_000)
    found = taken([*before[:1_490], *after[:3], *before[1_490:], *after[3:]])
    assert (missing(found), found.numbered) == ([], 3_000)


def test_numbers_begin_again_behind_the_largest() -> None:
    """2147483647 is followed by 1 (RFC 5424); what is lost around it is lost."""
    before, after = run(SYSLOG_LAST - 50, SYSLOG_LAST), run(1, 50, at=60_000)
    assert missing(taken([*before, *after])) == []
    assert missing(taken([*before[:-3], *after[2:]])) == [(1, 2), (SYSLOG_LAST - 2, SYSLOG_LAST)]


def test_programs_side_by_side_are_told_apart() -> None:
    """On one host each by its socket, behind a relay each by its numbers, and a gap between two of them is none."""
    one, two = run(1, 400), run(5_000, 5_399, at=3)
    other = [(number, t, 515) for number, t, _ in two]
    assert missing(taken(sorted(one + other, key=lambda log: log[1]))) == []
    first, second = run(1, 1_000), run(1, 1_000, at=4_000)
    assert missing(taken(sorted(first + second, key=lambda log: log[1]))) == []
    relayed = [*run(1, 400), *run(50_000, 50_399, at=20_000), *run(401, 800, at=40_000)]
    assert missing(taken(relayed)) == []


def test_a_long_gap_is_named() -> None:
    """While the way was down for an hour everything was lost."""
    found = taken([*run(1, 100), *run(90_001, 90_100, at=3_600_000)])
    assert missing(found) == [(101, 90_000)]


def test_a_connection_that_goes_on_with_the_next_number_is_the_same() -> None:
    """One that does not says nothing of what was between."""
    again = run(101, 150, at=5_000, port=600)
    assert taken([*run(1, 100), *again]).numbered == 150
    assert missing(taken([*run(1, 100), *again[9:]])) == []
    lost = [*again[:20], *again[25:]]
    assert missing(taken([*run(1, 100), *lost])) == [(121, 125)]


def test_logs_without_a_time_are_late_nearby_and_new_far_away() -> None:
    """What else could tell?"""

    def untimed(logs: Iterable[Log]) -> Numbering:
        numbering = Numbering()
        for number, t, port in logs:
            for one in numbers.arrived([(Number(HOST, number, port, timed=False), t)]):
                numbering.take(one, 0)
        return numbering

    logs = run(1, 3_000)
    assert missing(untimed([*logs[:2_000], *logs[1_990:]])) == []
    assert missing(untimed([*logs[:2_000], *logs[2_005:], *run(1, 40)])) == [(2_001, 2_005)]


def test_a_process_numbers_once() -> None:
    """Its id and when it began say which run it is: whatever comes is of the same."""
    logs = [(number, t, 0) for number, t, _ in run(1, 5_000)]
    found = taken([*logs[2_000:4_000], *logs[:1_000], *logs[4_500:]], numberer=PROCESS)
    assert missing(found) == [(1_001, 2_000), (4_001, 4_500)]
    assert len(found.sequences) == 1


def test_counts_of_a_sender_are_compared() -> None:
    """Who says that it sent five, and brought three, lost two; told twice it is two still."""
    numbering = Numbering()
    for _ in range(2):
        numbering.take(ArrivedNumbers(HOST, 0, [(1, 3, 10, 12)], 5), 0)
    assert (missing(numbering), numbering.numbered) == ([(4, 5)], 5)


def test_what_is_remembered_is_bounded() -> None:
    """Of too many gaps and too many runs the sums stay; nothing is missing that was not."""
    logs = run(1, 10 * GAPS)
    found = taken(logs[::2])
    assert len(found.gaps) == GAPS
    assert (found.lost, found.numbered) == (5 * GAPS - 1, 10 * GAPS - 1)
    assert found.older is not None
    assert (found.older.since, found.older.until) == (logs[0][1], logs[2 * (4 * GAPS - 1)][1])
    found = taken(log for start in range(3 * SEQUENCES) for log in run(1, 20, at=10_000 * start)[::19])
    assert len(found.sequences) == SEQUENCES
    assert (found.lost, found.numbered) == (3 * SEQUENCES * 18, 3 * SEQUENCES * 20)
    assert len(codec.encode(found)) < 1_000


def test_all_that_is_dropped_is_named_and_nothing_else() -> None:
    """20,000 logs, 200 dropped at random, 1 % out of order, 20 starts of the sender, some by the same socket."""
    chance = random.Random(20261129)
    lost = 0
    sent: list[list[Log]] = []
    for start in range(20):
        logs = run(1, 1_000, at=start * 30_000, port=514 + start // 2)
        # Nobody can tell that the last before an end never came.
        dropped = set(chance.sample(range(1, 999), 10))
        lost += len(dropped)
        sent.append([log for place, log in enumerate(logs) if place not in dropped])
    order = [log for logs in sent for log in logs]
    places = list(range(len(order)))
    keyed = [
        (place + (chance.randint(1, 200) if chance.random() < 0.01 else 0), log)
        for place, log in zip(places, order, strict=True)
    ]
    found = taken(log for _, log in sorted(keyed, key=lambda one: one[0]))
    assert (found.lost, found.numbered) == (lost, 20_000)
