"""Conditions of alerts: what counts say, what can't be decided, and that nothing flaps."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alerts.change import KINDS
from app.alerts.condition import AWAY_MS, Counted, advance, decide, explain, holds, meaning, now_state, sentence
from app.ports.alerts import POINTS, Alert, Question, Status, WatchedAlert

MINUTE = 60_000


def alert(**fields: object) -> Alert:
    """Return an alert."""
    return Alert(**{"id": "a", "name": "a", "search": "s", "kind": "at_least", "window": 60, **fields})  # type: ignore[arg-type]


def counted(count: int | None, *, end: int = MINUTE, **fields: object) -> Counted:
    """Return what was counted of a minute."""
    return Counted(end - MINUTE, end - 1, count, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "count", "earlier", "expected"),
    [
        ("at_least", 5, 0, True),
        ("at_least", 4, 0, False),
        ("at_most", 5, 0, True),
        ("at_most", 6, 0, False),
        ("absent", 0, 9, True),
        ("absent", 1, 9, False),
        ("rises", 20, 20, True),  # a mean of 10 in two windows, twice that now
        ("rises", 19, 20, False),
        ("rises", 5, 0, True),
        ("rises", 4, 0, False),  # fewer than `count`: too few to speak of a rate
        ("falls", 5, 20, True),
        ("falls", 6, 20, False),
        ("falls", 0, 9, False),  # there were never `count` of them
    ],
)
def test_conditions(kind: str, count: int, earlier: int, expected: bool) -> None:
    """At their limits, a limit of 5, twice, two windows before."""
    assert holds(alert(kind=kind, threshold=5, windows=2), count, earlier) is expected


@given(
    kind=st.sampled_from(KINDS),
    limit=st.integers(0, 6),
    factor=st.sampled_from([1.5, 2.0, 3.0]),
    before=st.integers(1, 3),
    count=st.integers(0, 8),
    earlier=st.integers(0, 12),
    hidden=st.integers(0, 6),
)
def test_what_waits_decides_whether_it_can_be_told(
    kind: str, limit: int, factor: float, before: int, count: int, earlier: int, hidden: int
) -> None:
    """Told exactly when every way in which the waiting logs may belong to the windows says the same."""
    one = alert(kind=kind, threshold=limit, factor=factor, windows=before)
    ways = {holds(one, count + n, earlier + m) for n in range(hidden + 1) for m in range(hidden + 1 - n)}
    expected = ways.pop() if len(ways) == 1 else None
    assert decide(one, counted(count, earlier=earlier, hidden=hidden)) is expected


@pytest.mark.parametrize(
    ("kind", "count", "expected"),
    [
        ("at_least", 5, True),
        ("at_least", 0, False),
        ("at_most", 9, False),
        ("at_most", 0, None),
        ("absent", 0, None),
        ("absent", 1, False),
        ("rises", 50, None),
        ("falls", 0, None),
    ],
)
def test_silence_of_a_time_without_anybody_says_nothing(kind: str, count: int, expected: bool | None) -> None:
    """Where perhaps nobody could send, few logs can't be decided; many are many."""
    assert decide(alert(kind=kind, threshold=5), counted(count, earlier=20, unknown=True)) is expected


def run(one: Alert, answers: str, status: Status | None = None) -> tuple[str, list[str]]:
    """Return the states after evaluations that say yes (y), no (n) or nothing (?), and the changes."""
    status, states, changes = status or Status(), "", []
    for n, answer in enumerate(answers, 1):
        what = counted({"y": 1, "n": 0, "?": None}[answer], end=n * MINUTE, fault="away")
        status, change = advance(status, one, what, n * MINUTE)
        states += {"ok": "o", "firing": "F", "cannot_tell": "?"}[status.state]
        changes += [change.what] if change else []
    return states, changes


@pytest.mark.parametrize(
    ("answers", "states"),
    [
        ("nnyyyynnnn", "ooooFFFooo"),
        ("yynynyynnn", "oooooooooo"),  # never three in a row
        ("yyynynynn", "oo" + "FFFFFF" + "o"),  # open until two in a row say no
        ("yy?yyy", "oo?ooF"),  # what can't be decided is no yes
        ("yyy?nn", "ooF?Fo"),  # nor a no: it fires again until two say no
        ("?", "?"),
    ],
)
def test_nothing_flaps(answers: str, states: str) -> None:
    """It fires after three in a row, and is over after two."""
    assert run(alert(fire_after=3, close_after=2), answers)[0] == states


def test_each_change_is_noted_once() -> None:
    """With the window that decided, its counts and why; what stays the same is none."""
    assert run(alert(fire_after=2, close_after=2), "nnyyyy??nnnn")[1] == ["ok", "firing", "cannot_tell", "firing", "ok"]
    status, change = advance(Status(), alert(threshold=5), counted(7, question=Question("level:error")), 65_000)
    assert change is not None and status.since == 65_000
    assert (change.what, change.at, change.start, change.end) == ("firing", 65_000, 0, 59_999)
    assert (change.count, change.question.q, change.text) == (7, "level:error", "7 logs in 1 minute: at least 5.")


def test_what_could_not_be_told_is_due_still() -> None:
    """It leaves no point, and the minute is not done; a time without anybody is done, though nothing is known of it."""
    status = Status(evaluated=MINUTE)
    after, _ = advance(status, alert(), counted(None, end=2 * MINUTE, fault="away"), 1)
    assert (after.evaluated, after.recent) == (MINUTE, [])
    after, _ = advance(status, alert(kind="absent"), counted(0, end=2 * MINUTE, unknown=True), 1)
    assert (after.evaluated, len(after.recent), after.state) == (2 * MINUTE, 1, "cannot_tell")
    # After a break, too: what waits, or what fails now, can be counted later.
    for kind in ("at_least", "absent", "rises"):
        for what in (counted(0, hidden=500, unknown=True), counted(None, unknown=True, fault="away")):
            after, _ = advance(status, alert(kind=kind), what, 1)
            assert (after.evaluated, after.recent, after.state) == (MINUTE, [], "cannot_tell")
            assert "perhaps nobody could send" not in after.why


def test_points_are_bounded() -> None:
    """A status stays small however long it is kept."""
    status = Status()
    for n in range(1, POINTS + 20):
        status, _ = advance(status, alert(), counted(n, end=n * MINUTE), n)
    assert [point.count for point in status.recent] == list(range(20, POINTS + 20))


def test_who_reads_is_told_that_nobody_evaluates() -> None:
    """A state that nobody keeps up is none, whatever it was."""
    status = Status("ok", 1, "fine", evaluated=10 * MINUTE, tried=10 * MINUTE)
    watched = WatchedAlert(alert(made=10 * MINUTE), status, 0)
    assert now_state(watched, 10 * MINUTE + AWAY_MS) == ("ok", "fine")
    state, why = now_state(watched, 10 * MINUTE + AWAY_MS + 1)
    assert state == "cannot_tell" and "since 1970-01-01T00:10:00Z" in why
    behind = msgspec.structs.replace(watched, status=msgspec.structs.replace(status, tried=20 * MINUTE))
    assert now_state(behind, 20 * MINUTE)[1] == "It is behind: evaluated up to 1970-01-01T00:10:00Z."
    fresh = WatchedAlert(alert(made=10 * MINUTE), Status(), 0)
    assert now_state(fresh, 10 * MINUTE)[1] == "It has not been evaluated yet."
    assert "no worker" in now_state(fresh, 10 * MINUTE + AWAY_MS + 1)[1]


@pytest.mark.parametrize("kind", KINDS)
def test_conditions_are_said_in_english(kind: str) -> None:
    """With their numbers and durations, and what came of them."""
    one = alert(kind=kind, threshold=1_500, window=5_400, factor=2.5, windows=3)
    said = sentence(one)
    assert "90 minutes" in said and ("1,500" in said or kind == "absent")
    for found in (decide(one, counted(3)), None):
        text = explain(one, counted(3, hidden=0 if found is not None else 2), found)
        assert re.match(r"3 logs in 90 minutes", text) and text.endswith(".")


def test_another_meaning_is_told() -> None:
    """Whatever is counted or compared, and nothing else."""
    one = alert()
    same = [one, alert(name="b"), alert(fire_after=9), alert(severity="warning")]
    other = [alert(kind="at_most"), alert(window=120), alert(threshold=2), alert(factor=3.0), alert(windows=2)]
    assert {meaning(each, Question("q")) for each in same} == {meaning(one, Question("q"))}
    assert meaning(one, Question("q")) not in {
        meaning(one, Question("r")),
        meaning(one, Question("q", "Asia/Tokyo")),
        *(meaning(each, Question("q")) for each in other),
    }
