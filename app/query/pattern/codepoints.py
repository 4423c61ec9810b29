"""Sets of code points as sorted ranges, and the classes that RE2 names.

No set ever holds NUL or a surrogate: no text that is stored does (`fold.clean`).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

from app.log.fold import fold
from app.query.meaning import regex

Ranges: TypeAlias = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
_NUL = (0, 0)
SURROGATES = (0xD800, 0xDFFF)
#: Beyond it no character has case.
_CASED = 0x1F000
#: Most ranges of one set: with 600, as letters have, each shard works for a tenth of a second on the automaton alone. A larger
#: set is cut to its Latin-1 characters and its widest ranges.
_RANGES, _LATIN, _WIDE = 64, 0xFF, 6_000


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return the ranges in order, overlapping and neighbouring ones joined."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def gaps(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return what lies between the ranges, from 0 on."""
    between, at = [], 0
    for low, high in union(ranges):
        if low > at:
            between.append((at, low - 1))
        at = high + 1
    if at <= LAST:
        between.append((at, LAST))
    return tuple(between)


def others(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return all characters that are not in the ranges."""
    return gaps([*ranges, _NUL, SURROGATES])


def meet(first: Ranges, second: Ranges) -> bool:
    """Return whether any character is in both."""
    return any(low <= up and down <= high for low, high in first for down, up in second)


def among(characters: str) -> Ranges:
    """Return the set of these characters."""
    return union((ord(character), ord(character)) for character in characters if character != "\0")


def spans(pairs: str) -> Ranges:
    """Return the set of the spans whose first and last characters stand side by side: `09AF`."""
    return union((ord(low), ord(high)) for low, high in zip(pairs[::2], pairs[1::2], strict=True))


@lru_cache(maxsize=1)
def _families() -> dict[str, str]:
    """Return the characters that differ in case only, by their folded one; those that stand alone are left out."""
    found: dict[str, str] = {}
    for code in range(_CASED):
        character = chr(code)
        folded = fold(character)
        if folded != character:
            found[folded] = found.get(folded, folded) + character
    return found


def family(character: str) -> str:
    """Return all characters that equal *character* without case."""
    folded = fold(character)
    return _families().get(folded, folded)


def without_case(ranges: Ranges) -> Ranges:
    """Return the set with all characters that equal one of its own without case: RE2's `(?i)`."""
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return among(family(chr(ranges[0][0])))
    more = [
        among(characters)
        for characters in _families().values()
        if any(low <= ord(one) <= high for one in characters for low, high in ranges)
    ]
    return union([*ranges, *(one for group in more for one in group)])


@lru_cache(maxsize=64)
def unicode_class(name: str, *, folds: bool) -> Ranges:
    """Return the characters of a class such as `\\pL` or `\\P{Greek}`: those that RE2 itself finds among all."""
    everything = "".join("".join(map(chr, range(low, high + 1))) for low, high in ANY)
    runs = regex(f"{'(?i)' if folds else ''}{name}+").findall(everything)
    # The characters stand in their order: a run is a range, but for the surrogates that are not there.
    return others(others((ord(run[0]), ord(run[-1])) for run in runs))


def narrowed(ranges: Ranges) -> Ranges:
    """Return the set, or a simpler part of it where it has too many ranges."""
    return ranges if len(ranges) <= _RANGES else _simpler(ranges)


def widened(ranges: Ranges) -> Ranges:
    """Return the set; where it has too many ranges, a simpler superset."""
    return ranges if len(ranges) <= _RANGES else others(_simpler(others(ranges)))


def _simpler(ranges: Ranges) -> Ranges:
    low = [(first, min(last, _LATIN)) for first, last in ranges if first <= _LATIN]
    return union([*low, *((first, last) for first, last in ranges if last - first >= _WIDE)])


ANY = others(())
NEWLINE = among("\n")
WORD = spans("09AZ__az")
NO_WORD = others(WORD)

#: Classes behind a backslash; a capital means the others.
PERL = {"d": spans("09"), "w": WORD, "s": among("\t\n\f\r ")}
POSIX = {
    "alnum": spans("09AZaz"),
    "alpha": spans("AZaz"),
    "ascii": ((1, 127),),
    "blank": among("\t "),
    "cntrl": ((1, 31), (127, 127)),
    "digit": spans("09"),
    "graph": spans("!~"),
    "lower": spans("az"),
    "print": spans(" ~"),
    "punct": spans("!/:@[`{~"),
    "space": among("\t\n\v\f\r "),
    "upper": spans("AZ"),
    "word": WORD,
    "xdigit": spans("09AFaf"),
}
