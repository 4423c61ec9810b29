"""Names and values that occur and that a mistyped one may have been meant to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from app.log.fold import fold

#: How alike two texts must be, from 0 to 1: one letter in four may be wrong.
_ALIKE = 0.7
#: Longest text that is compared letter by letter.
_LONGEST = 100


def near(name: str, known: Sequence[str], most: int) -> list[str]:
    """Return names like *name*: written in another way, at another path, or mistyped."""
    plain = _plain(name)
    last = _plain(name.rpartition(".")[2])

    def candidates() -> Iterator[str]:
        yield from (one for one in known if _plain(one) == plain)
        yield from (one for one in known if _plain(one.rpartition(".")[2]) == last)
        yield from _alike(name.removeprefix("metadata."), known, "metadata.")

    return list(dict.fromkeys(candidates()))[:most]


def resembling(value: str, known: Sequence[str], most: int) -> list[str]:
    """Return values like *value*: of another case, with more around it, or mistyped."""
    folded = fold(value)
    same = [one for one in dict.fromkeys(known) if fold(one) == folded and one != value]
    if same:
        return same[:most]

    def candidates() -> Iterator[str]:
        yield from (one for one in known if folded and folded in fold(one))
        yield from _alike(value, known)

    return [one for one in dict.fromkeys(candidates()) if one != value][:most]


def _alike(text: str, known: Sequence[str], start: str = "") -> list[str]:
    shown = {fold(one.removeprefix(start)): one for one in reversed(known) if len(one) <= _LONGEST}
    return [shown[one] for one in get_close_matches(fold(text)[:_LONGEST], shown, 5, _ALIKE)]


def _plain(name: str) -> str:
    return "".join(letter for letter in fold(name.removeprefix("metadata.")) if letter.isalnum())
