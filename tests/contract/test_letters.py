"""What every LetterKeeper promises."""

from __future__ import annotations

from dataclasses import replace

from app.backends import Backends, connect
from app.log.envelope import DeadLetter
from app.log.record import IdSource
from app.ports.figures import SAMPLE_LENGTH
from app.ports.notes import REFUSED
from app.settings.settings import Settings
from app.times.instant import now_ms

_ids = IdSource()


def letter(reason: str = "reason", payload: bytes = b"payload") -> DeadLetter:
    """Return a dead letter with a new id."""
    return DeadLetter(_ids.take(1).to_bytes(16, "big"), payload, reason, "field", "sender")


def test_dead_letters(each_backends: Backends) -> None:
    """Dead letters are kept once, listed newest first, counted by reason, and dropped by id."""
    keeper = each_backends.record.letters
    letters = [letter("a"), letter("b"), letter("a")]
    keeper.bury(letters)
    keeper.bury(letters[:1])
    assert keeper.dead() == letters[::-1]
    assert keeper.dead(limit=1, before=letters[2].id) == [letters[1]]
    assert keeper.dead(reason="a") == [letters[2], letters[0]]
    assert keeper.dead_counts() == {"a": 2, "b": 1}
    assert keeper.dead_between(letters[1].id, letters[2].id) == 2
    assert keeper.drop_dead([letters[0].id, bytes(16)]) == 1
    assert keeper.dead_counts() == {"a": 1, "b": 1}


def test_too_many_dead_letters_push_out_the_oldest(settings: Settings) -> None:
    """Over DEAD_LIMIT the oldest go, and are counted."""
    opened = connect(replace(settings, dead_limit=1_000))
    letters = [letter(payload=b"x" * 400) for _ in range(4)]
    opened.record.letters.bury(letters)
    assert opened.record.letters.dead() == letters[:1:-1]
    assert opened.store.stats()["dead_letters_dropped"] == 2
    opened.close()


def test_dead_letters_are_grouped(each_backends: Backends) -> None:
    """By reason, the most frequent first, with the newest of each, clipped; letters can be read clipped too."""
    keeper, ids = each_backends.record.letters, IdSource()
    assert keeper.dead_groups(10) == []
    letters = [
        DeadLetter(ids.take(1).to_bytes(16, "big"), f"{n}".encode() * 2_000, f"reason {n % 2}", None, "s")
        for n in range(5)
    ]
    long = DeadLetter(ids.take(1).to_bytes(16, "big"), b"p", "long " * 2_000, "field", "sender")
    keeper.bury([*letters, long])
    groups = keeper.dead_groups(10)
    assert [(one.reason, one.count, one.first, one.newest.id) for one in groups] == [
        ("reason 0", 3, letters[0].id, letters[4].id),
        ("reason 1", 2, letters[1].id, letters[3].id),
        (long.reason, 1, long.id, long.id),
    ]
    assert groups[0].newest.payload == b"4" * SAMPLE_LENGTH
    assert groups[2].newest == long
    assert [one.count for one in keeper.dead_groups(1)] == [3]
    assert [one.payload for one in keeper.dead(2, reason="reason 0", most=3)] == [b"444", b"222"]
    assert [one.payload for one in keeper.dead(1, most=0)] == [b""]
    empty = DeadLetter(ids.take(1).to_bytes(16, "big"), b"", "nothing was sent")
    keeper.bury([empty])
    assert keeper.dead(1) == keeper.dead(1, most=0) == keeper.dead(1, most=5) == [empty]
    assert keeper.dead_groups(10)[-1].newest == empty


def refused(payload: bytes = b"1", at: int | None = None, sender: str = "sender") -> DeadLetter:
    """Return the letter of what was refused, now or *at* that time."""
    number = _ids.take(1)
    if at is not None:
        number = at << 80 | number & (1 << 80) - 1
    return DeadLetter(number.to_bytes(16, "big"), payload, "is no log", None, sender, times=1)


def test_the_same_refused_again_within_a_day_is_one_letter(each_backends: Backends) -> None:
    """With a count, in one batch as in several; other bytes, other senders, and what was accepted stay apart."""
    keeper = each_backends.record.letters
    first, *again = [refused() for _ in range(4)]
    others = [refused(b"2"), refused(sender="other"), letter(payload=b"1"), letter(payload=b"1")]
    keeper.bury([first, again[0], *others])
    keeper.bury([again[1]])
    keeper.bury([again[2], others[0]])
    assert keeper.dead() == [*others[::-1], replace_times(first, 4)]
    assert each_backends.record.notes.noted(REFUSED) == 8


def test_a_letter_that_comes_twice_counts_once(each_backends: Backends) -> None:
    """As a queue brings it again after a crash: the one that is kept, and those that became one with it."""
    keeper = each_backends.record.letters
    letters = [refused() for _ in range(3)]
    for _ in range(3):
        keeper.bury(letters)
    keeper.bury(letters[1:])
    assert keeper.dead() == [replace_times(letters[0], 3)]


def test_the_same_a_day_later_is_another_letter(each_backends: Backends) -> None:
    """So that letters get old, and the newest shows that it goes on."""
    keeper = each_backends.record.letters
    now = now_ms()
    old, soon, late = refused(at=now - 30 * 3_600_000), refused(at=now - 7 * 3_600_000), refused(at=now)
    for one in (old, soon, late):
        keeper.bury([one])
    assert keeper.dead() == [late, replace_times(old, 2)]
    assert keeper.drop_dead([old.id]) == 1
    assert keeper.dead_counts() == {"is no log": 1}


def replace_times(letter: DeadLetter, times: int) -> DeadLetter:
    """Return the letter with another count."""
    return DeadLetter(letter.id, letter.payload, letter.reason, letter.field, letter.sender, times)
