"""Dead letters alike: the same bytes that are refused again within a day are one letter with a count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.log.envelope import DeadLetter

#: For how long letters alike are one, in ms.
DAY_MS = 24 * 3_600_000
#: Bytes of the ids of the letters that became one last: by them a letter that comes twice from the queue counts once.
_SEEN_BYTES = 100 * 16


@dataclass(slots=True)
class AlikeLetters:
    """A letter that stands for all alike."""

    id: bytes
    #: Number by which its count grows.
    more: int = 0
    #: Ids of letters that became one with it, the last first.
    seen: bytes = b""
    #: The letter itself where it is new.
    letter: DeadLetter | None = None


def floor(letters: Iterable[DeadLetter]) -> bytes:
    """Return the least id that a letter alike to one of *letters* has."""
    first = min((_ms(letter.id) for letter in letters), default=0)
    return max(first - DAY_MS, 0).to_bytes(6, "big") + bytes(10)


def joined(
    letters: Iterable[DeadLetter], kept: dict[bytes, AlikeLetters]
) -> tuple[list[AlikeLetters], list[AlikeLetters], int]:
    """Return what is new of *letters*, what of *kept*, by digest, has grown, and how many refusals became one with another.

    A letter that became one with another before is left, as one that is kept.
    """
    new, grown, refusals = list[AlikeLetters](), dict[bytes, AlikeLetters](), 0
    for letter in letters:
        digest = letter.digest
        alike = kept.get(digest)
        if alike is None or _ms(letter.id) - _ms(alike.id) >= DAY_MS:
            kept[digest] = alike = AlikeLetters(letter.id, letter=letter)
            new.append(alike)
            continue
        if alike.id == letter.id or letter.id in _ids(alike.seen):
            continue
        alike.more += letter.times
        alike.seen = (letter.id + alike.seen)[:_SEEN_BYTES]
        refusals += 1
        if alike.letter is None:
            grown[alike.id] = alike
    return new, list(grown.values()), refusals


def _ids(seen: bytes) -> set[bytes]:
    return {seen[place : place + 16] for place in range(0, len(seen), 16)}


def _ms(identity: bytes) -> int:
    return int.from_bytes(identity[:6], "big")
