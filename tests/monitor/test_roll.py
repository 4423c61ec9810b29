"""The roll of workers: who is silent is gone, who says goodbye is not, and nobody is blamed for a clock."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import msgspec
import pytest

from app.monitor.roll import GIVEN_UP_SECONDS, OPEN_SECONDS, Roll
from app.ports.notices import GONE_SECONDS, Beat, Crash, Seen
from app.times.instant import now_ms


class World:
    """Workers that beat each second of a clock of the test's own, and a roll that looks as often."""

    def __init__(self, *names: str) -> None:
        self.now = 1_000.0
        self.roll = Roll()
        self.beats = {name: Beat(name, "host", number, now_ms() - 60_000) for number, name in enumerate(names, 1)}
        self.marks = dict.fromkeys(names, 0)
        self.silent: set[str] = set()
        self.forgotten: list[str] = []
        self.last = dict.fromkeys(names, self.now)

    def pass_by(self, seconds: float, *, blind: bool = False, remote: Iterable[str] = ()) -> dict[str, str]:
        """Let time pass; return the texts of what is wrong then. *blind*: the record, which shows *remote*, can't be asked."""
        for _ in range(int(seconds)):
            self.now += 1
            for name in self.beats.keys() - self.silent:
                self.marks[name] += 1
                self.last[name] = self.now
            seen = {name: Seen(beat, self.marks[name], self.now - self.last[name]) for name, beat in self.beats.items()}
            far = None if blind else [seen[name] for name in remote if name in seen]
            self.roll.look([one for name, one in seen.items() if name not in remote], far, self.now)
            troubles, forget = self.roll.judge(self.now, 4_310)
            self.forgotten += forget
            for name in forget:
                del self.beats[name]
            self.roll.forgot(forget)
        return {key.removeprefix("workers/"): trouble.text for key, trouble in troubles.items()}

    def begin(self, name: str) -> None:
        """Let a worker begin."""
        self.beats[name] = Beat(name, "host", 99, now_ms())
        self.marks[name], self.last[name] = 0, self.now


def test_a_silent_worker_is_gone_until_another_begins() -> None:
    """Told within the promised ten seconds, for at least fifteen, and forgotten when another has taken its place."""
    world = World("a")
    assert world.pass_by(60) == {}
    world.silent.add("a")
    assert world.pass_by(GONE_SECONDS - 1) == {}
    (text,) = world.pass_by(2).values()
    assert "nothing is lost; 4,310 logs wait. Now no worker is at work" in text
    assert len(world.pass_by(600)) == 1
    world.begin("b")
    assert world.pass_by(2) == {}
    assert world.forgotten == ["a"]


def test_one_that_is_replaced_at_once_is_told_all_the_same() -> None:
    """`serve` starts another within a second: the notice opens when the silence is noticed, and stays a while."""
    world = World("a", "b")
    world.pass_by(10)
    world.silent.add("a")
    world.begin("c")
    assert world.pass_by(GONE_SECONDS - 1) == {}
    assert list(world.pass_by(2)) == ["gone/a"]
    assert list(world.pass_by(OPEN_SECONDS - 2)) == ["gone/a"]
    assert world.pass_by(3) == {}


def test_one_new_worker_replaces_one() -> None:
    """Of two that went one is still missing; when others are at work, it is given up after an hour."""
    world = World("a", "b")
    world.pass_by(5)
    world.silent |= {"a", "b"}
    assert len(world.pass_by(10)) == 2
    world.begin("c")
    assert len(world.pass_by(30)) == 1
    assert len(world.pass_by(GIVEN_UP_SECONDS - 100)) == 1
    assert world.pass_by(200) == {}
    assert sorted(world.forgotten) == ["a", "b"]


def test_without_any_worker_nothing_is_given_up() -> None:
    """Nobody is at work: that is no old news."""
    world = World("a")
    world.pass_by(5)
    world.silent.add("a")
    assert len(world.pass_by(GIVEN_UP_SECONDS * 2)) == 1


def test_a_goodbye_is_no_trouble() -> None:
    """Whether its beat is gone, or is marked as the last where it could not be forgotten."""
    world = World("a", "b")
    world.pass_by(5)
    del world.beats["a"]
    world.silent.add("b")
    world.beats["b"] = msgspec.structs.replace(world.beats["b"], ended=True)
    assert world.pass_by(30) == {}
    assert world.forgotten == ["b"]
    assert world.roll.alive == 0


def test_one_that_was_only_stopped_comes_back() -> None:
    """It beats again: the notice closes, and it is not forgotten."""
    world = World("a")
    world.pass_by(5)
    world.silent.add("a")
    assert len(world.pass_by(10)) == 1
    world.silent.clear()
    assert len(world.pass_by(5)) == 1
    assert world.pass_by(OPEN_SECONDS) == {}
    assert world.forgotten == []


def test_beats_left_by_an_earlier_run_are_cleared_away() -> None:
    """`serve` was killed whole and starts again: the old worker is told, the new one replaces it, though both are seen at once."""
    world = World("old")
    world.silent.add("old")
    world.last["old"] -= 3_600
    world.begin("new")
    assert world.pass_by(GONE_SECONDS - 1) == {}
    assert list(world.pass_by(3)) == ["gone/old"]
    assert world.pass_by(OPEN_SECONDS) == {}
    assert world.forgotten == ["old"]


def test_nobody_is_blamed_while_nobody_can_see() -> None:
    """The record is away for ten minutes: workers of other machines are not gone, those of this one are."""
    world = World("near", "far")
    world.pass_by(5, remote=["far"])
    world.silent.add("near")
    assert list(world.pass_by(600, blind=True, remote=["far"])) == ["gone/near"]
    assert world.pass_by(1, remote=["far"]).keys() == {"gone/near"}
    world.silent.add("far")
    assert world.pass_by(GONE_SECONDS + 2, remote=["far"]).keys() == {"gone/near", "gone/far"}


def test_who_was_held_up_itself_blames_nobody() -> None:
    """The looking process stood still for a minute, and looks before the workers have beaten again."""
    world = World("a")
    world.pass_by(5)
    world.now += 60
    world.silent.add("a")
    assert world.pass_by(1) == {}
    world.silent.clear()
    assert world.pass_by(30) == {}


def crash(world: World, name: str, count: int, *, ended: bool = False) -> None:
    """Let a worker say that work failed."""
    told = Crash(count, "ValueError: no", "Traceback (most recent call last): …")
    world.beats[name] = msgspec.structs.replace(world.beats[name], crash=told, ended=ended)


def test_a_crash_is_told_for_a_while_and_until_a_new_beat() -> None:
    """At least fifteen seconds from the last one; a repeated one is the same notice, with its number."""
    world = World("a")
    world.pass_by(5)
    crash(world, "a", 1)
    (text,) = world.pass_by(1).values()
    assert "ValueError: no" in text and "nothing is lost" in text
    world.pass_by(10)
    crash(world, "a", 2)
    assert "2 times by now" in world.pass_by(1)["crash/a"]
    assert list(world.pass_by(OPEN_SECONDS - 1)) == ["crash/a"]
    assert world.pass_by(2) == {}
    assert world.pass_by(60) == {}


def test_a_crash_that_ended_its_process_is_told_until_another_begins() -> None:
    """No second notice says that it is gone."""
    world = World("a")
    world.pass_by(5)
    world.silent.add("a")
    crash(world, "a", 1, ended=True)
    assert list(world.pass_by(60)) == ["crash/a"]
    world.begin("b")
    assert world.pass_by(2) == {}
    assert world.forgotten == ["a"]


@pytest.mark.parametrize("told", [0, 1])
def test_another_process_goes_on(told: int) -> None:
    """Who takes over keeps open what is open, and does not tell again what was told."""
    world = World("a", "b")
    crash(world, "b", 1)
    world.silent.add("a")
    world.roll.adopt({"workers/gone/a"}, {"b": told}, world.now)
    assert world.pass_by(1).keys() == ({"gone/a"} if told else {"gone/a", "crash/b"})


def test_where_every_look_comes_late_silence_counts_in_the_end() -> None:
    """A machine that is much too busy."""
    world = World("a")
    world.pass_by(5)
    world.silent.add("a")
    for _ in range(4):
        world.now += 4
        found = world.pass_by(1)
    assert list(found) == ["gone/a"]
    world.now += 300
    assert list(world.pass_by(3)) == ["gone/a"]


def test_a_look_that_had_begun_before_brings_nobody_back() -> None:
    """The record still shows the beat of who was just forgotten: it is missed no second time, unless it beats again."""
    world = World("a")
    world.pass_by(5, remote=["a"])
    beat = world.beats["a"]
    world.roll.adopt({"workers/gone/a"}, {}, world.now)
    world.silent.add("a")
    world.begin("b")
    world.pass_by(30, remote=["a"])
    assert world.forgotten == ["a"]
    world.beats["a"] = beat
    assert world.pass_by(30, remote=["a"]) == {}
    assert world.roll.alive == 1
    world.silent.clear()
    assert world.pass_by(30, remote=["a"]) == {}
    assert world.roll.alive == 2


def test_a_last_beat_that_comes_to_light_later_is_no_new_one() -> None:
    """It was left a moment before record and worker went, and is seen when the record is back: told once, and over once."""
    world = World("a")
    world.pass_by(5)
    near = world.beats["a"]
    seen = {"near": Seen(near, world.marks["a"], 0.0), "far": Seen(near, 7, 0.0)}
    world.silent.add("a")
    world.begin("b")
    told = []
    for second in range(1, 120):
        now, age = world.now + second, float(second)
        mark = 7 if second == 1 else 8
        far = [Seen(seen["far"].beat, mark, age)]
        here = [Seen(near, seen["near"].mark, age), Seen(world.beats["b"], second, 0.0)]
        world.roll.look(here, None if 1 < second < 12 else far, now)
        troubles, forget = world.roll.judge(now, 0)
        told.append(len(troubles))
        if forget:
            break
    assert forget == ["a"]
    assert [after - before for before, after in pairwise(told)].count(1) == 1
    assert len(told) < 30
