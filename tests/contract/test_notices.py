"""What every NoticeKeeper promises, and every place of beats."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.backends import Backends, connect
from app.ports.notices import HISTORY, Beat, BeatPlace, Crash, Notice
from app.systems.folder import Folder


def notice(name: str, since: int = 1, until: int | None = None) -> Notice:
    """Return a notice."""
    return Notice(
        name, f"key {name}", "logs_refused", "warning", "text \u202e 🙂 \0", since, until, {"a": ["b", 1, "\0"]}
    )


def cleaned(one: Notice, like: Notice) -> Notice:
    """Return the notice as a store gives it that can't hold NUL."""
    return msgspec.structs.replace(one, text=like.text)


def test_notices_are_kept_and_followed(each_backends: Backends) -> None:
    """In the order of keeping; a changed one comes again, in its newest form and once."""
    keeper = each_backends.record.notices
    assert keeper.notices_after(0) == []
    keeper.keep_notices([notice("a"), notice("b", 2)])
    found = keeper.notices_after(0)
    assert [cleaned(notice(one.id, one.since), one) for _, one in found] == [one for _, one in found]
    seen = found[-1][0]
    assert keeper.notices_after(seen) == []
    keeper.keep_notices([notice("a", 1, 5)])
    keeper.keep_notices([notice("c", 3)])
    after = keeper.notices_after(seen)
    assert [(one.id, one.until) for _, one in after] == [("a", 5), ("c", None)]
    assert [revision for revision, _ in after] == sorted({revision for revision, _ in after})
    assert [one.id for _, one in keeper.notices_after(0)] == ["b", "a", "c"]
    assert [one.id for one in keeper.notices(10)] == ["c", "b", "a"]
    assert [one.id for one in keeper.notices(1, "open")] == ["c"]
    assert [one.id for one in keeper.notices(10, "closed")] == ["a"]


def test_history_is_bounded(each_backends: Backends) -> None:
    """The oldest closed ones go, an open one never."""
    keeper = each_backends.record.notices
    keeper.keep_notices([notice("open"), *(notice(f"{n:05}", n, n) for n in range(HISTORY + 20))])
    assert len(keeper.notices(HISTORY * 2, "closed")) == HISTORY
    assert [one.id for one in keeper.notices(10, "open")] == ["open"]
    assert keeper.notices(HISTORY * 2, "closed")[-1].id == "00020"


def test_one_leads(each_backends: Backends) -> None:
    """Of two on one record; when it is gone, the other does. In one file the folder's lock tells."""
    first, other = connect(each_backends.settings), connect(each_backends.settings)
    if len(each_backends.places) == 1:
        assert first.record.notices.lead() and other.record.notices.lead()
        first.close()
        other.close()
        return
    assert first.record.notices.lead()
    assert first.record.notices.lead()
    assert not other.record.notices.lead()
    first.close()
    until = time.monotonic() + 30
    while not other.record.notices.lead():
        assert time.monotonic() < until
        time.sleep(0.05)
    other.close()


@pytest.fixture
def places(each_backends: Backends) -> Iterator[list[BeatPlace]]:
    """The places of beats of each combination."""
    yield each_backends.places


def test_beats_are_seen(places: list[BeatPlace]) -> None:
    """Another mark after each, what they say as it was said, and nothing of who was forgotten."""
    for place in places:
        assert place.beats() == []
        first, second = Beat("1" * 32, "host", 1, 1), Beat("2" * 32, "host \0", 2, 2, Crash(1, "a\0", "b\udcff"[:1]))
        place.beat(first)
        place.beat(second)
        before = {one.beat.id: one for one in place.beats()}
        assert before[first.id].beat.pid == 1
        assert before[second.id].beat.crash is not None
        assert 0 <= before[first.id].age < 60
        time.sleep(0.02)
        place.beat(first)
        after = {one.beat.id: one for one in place.beats()}
        assert after[first.id].mark != before[first.id].mark
        assert after[second.id].mark == before[second.id].mark
        place.beat(msgspec.structs.replace(first, ended=True))
        assert [one.beat.ended for one in place.beats() if one.beat.id == first.id] == [True]
        place.forget_beats([first.id, "nobody"])
        assert [one.beat.id for one in place.beats()] == [second.id]


def test_a_folder_that_somebody_tidied(tmp_path: Path) -> None:
    """A beat comes back; half a file, or a foreign one, is no beat."""
    folder, beat = Folder(tmp_path / "beats"), Beat("a" * 32, "host", 1, 1)
    folder.beat(beat)
    for file in (tmp_path / "beats").iterdir():
        file.unlink()
    (tmp_path / "beats" / "half.beat").write_text('{"id": "x')
    (tmp_path / "beats" / "other").write_text("")
    assert folder.beats() == []
    folder.beat(beat)
    assert [one.beat for one in folder.beats()] == [beat]
