"""Notices in memory: opened once, closed when over, told to everybody in order, kept until the record has them."""

from __future__ import annotations

import pytest

from app.errors import Unavailable
from app.monitor import board as notices
from app.monitor.board import Board, NoticeWriter, Trouble
from app.ports.notices import HISTORY, Notice


def trouble(text: str = "It is bad. Nothing is lost.", *, severity: str = "warning") -> Trouble:
    """Return a trouble."""
    return Trouble("disk_nearly_full", severity, text, {"n": 1})


@pytest.fixture
def said() -> list[str]:
    """Lines on the console."""
    return []


@pytest.fixture
def board() -> Board:
    """An empty board."""
    return Board()


@pytest.fixture
def writer(board: Board, said: list[str]) -> NoticeWriter:
    """A writer on it."""
    return NoticeWriter(board, said.append)


def test_opened_once_and_closed_once(board: Board, writer: NoticeWriter, said: list[str]) -> None:
    """Whatever the figures in the text do meanwhile; each with one line on the console."""
    told: list[Notice] = []
    assert board.join(told.append) == []
    for n in range(5):
        writer.apply("disk", {"disk/full": trouble(f"{n} bytes are free.")})
    assert [(one.text, one.until) for one in told] == [("0 bytes are free.", None)]
    assert board.join(lambda _: None) == told
    writer.apply("other", {})
    assert len(board.open()) == 1
    writer.apply("disk", {})
    assert board.open() == []
    assert [one.id for one in told] == [told[0].id] * 2
    assert told[1].until is not None and told[1].until >= told[1].since
    assert [line.partition(":")[0] for line in said] == [
        "notice opened (disk_nearly_full, warning)",
        "notice closed (disk_nearly_full)",
    ]
    assert said[1].endswith(": it is over; it was: 4 bytes are free.")


def test_a_change_is_told_at_once_where_it_matters(
    board: Board, writer: NoticeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worse one; figures of the text now and then, and at the end as they were last."""
    told: list[Notice] = []
    board.join(told.append)
    writer.apply("disk", {"disk/full": trouble("1")})
    writer.apply("disk", {"disk/full": trouble("2", severity="error")})
    writer.apply("disk", {"disk/full": trouble("3", severity="error")})
    assert [one.text for one in told] == ["1", "2"]
    with monkeypatch.context() as patched:
        patched.setattr(notices, "CHANGE_SECONDS", 0.0)
        writer.apply("disk", {"disk/full": trouble("4", severity="error")})
    writer.apply("disk", {"disk/full": trouble("5", severity="error")})
    writer.apply("disk", {})
    assert [one.text for one in told] == ["1", "2", "4", "5"]
    assert [one.until is None for one in told] == [True, True, True, False]
    assert len({one.id for one in told}) == 1


def test_what_could_not_be_kept_is_kept_later(board: Board, writer: NoticeWriter) -> None:
    """Opened and closed while the record was away: it has both afterwards, and each once."""

    def away(_: list[Notice]) -> None:
        raise Unavailable("the record is away")

    kept: list[Notice] = []
    writer.apply("record", {"record/unreachable": trouble()})
    with pytest.raises(Unavailable):
        writer.save(away)
    writer.apply("record", {})
    writer.save(kept.extend)
    writer.save(kept.extend)
    assert [(one.key, one.until is None) for one in kept] == [("record/unreachable", False)]


def test_another_process_goes_on(board: Board, writer: NoticeWriter) -> None:
    """It closes what the one before has opened, and opens nothing twice; of two that both opened the other's stays."""
    other = Notice("other", "disk/full", "disk_nearly_full", "warning", "It is bad.", 1)
    board.put(other)
    writer.adopt()
    writer.apply("disk", {"disk/full": trouble("It is bad.")})
    assert [one.id for one in board.open()] == ["other"]
    writer.apply("queue", {"queue/late": trouble()})
    third = Notice("third", "queue/late", "backlog_growing", "warning", "Logs wait.", 1)
    board.put(third)
    writer.adopt()
    assert {one.id for one in board.open()} == {"other", "third"}
    writer.apply("queue", {})
    writer.apply("disk", {})
    assert board.open() == []


def test_who_can_not_look_ends_nothing(board: Board, writer: NoticeWriter) -> None:
    """After a takeover, too: what another process has opened stays open beside the new trouble, until a look says otherwise."""
    first = NoticeWriter(board, lambda _: None)
    first.apply("alert", {"alert/a": Trouble("alert", "error", "fires")})
    writer.adopt()
    writer.apply("alert", {"alert/unreachable": Trouble("alert", "error", "away")}, whole=False)
    assert writer.keys == {"alert/a", "alert/unreachable"}
    writer.apply("alert", {})
    assert writer.keys == set()


def test_who_resigns_leaves_nothing_open_that_nobody_else_knows(board: Board, writer: NoticeWriter) -> None:
    """And leaves to the others what the record has."""
    writer.apply("disk", {"disk/full": trouble()})
    writer.save(lambda _: None)
    writer.apply("queue", {"queue/late": trouble()})
    writer.resign()
    assert [one.key for one in board.open()] == ["disk/full"]


def test_the_board_is_bounded(board: Board) -> None:
    """Years of history don't fill the memory; what is open stays."""
    board.put(Notice("open", "k", "logs_refused", "warning", "", 0))
    for n in range(3 * HISTORY):
        board.put(Notice(str(n), "k", "logs_refused", "warning", "", n, n))
    assert len(board.known()) <= 2 * HISTORY + 1
    assert [one.id for one in board.open()] == ["open"]
