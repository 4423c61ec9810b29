"""Texts that a regular expression matches, drawn at random from the pattern's own parts.

A text takes a twentieth of the time that Hypothesis takes for one, which notes each choice on the way; what it notes is of use
where a test shrinks what it found, and a line of a form is short.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import cache
from random import Random
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from tests.log.prefixes import takes

#: What stands where a pattern takes nearly any character: mostly what logs are made of, and of each other kind a few.
_COMMON = "".join(map(chr, range(32, 127)))
_RARE = "\t\n\x00\x0b\x1b\x7f\x85\xa0ßÄéı\u0660\u2028\u202e\u3000\u4e8c\ufeff\U0001f600"
#: Times that a part without a limit is repeated beyond its least.
_MORE = 8
#: Texts that are tried until one fits what stands around a place, which is not looked at on the way.
_TRIES = 2_000


def drawn(pattern: re.Pattern[str], random: Random) -> str:
    """Return a text that the whole pattern matches."""
    parsed = _parsed(pattern)
    for _ in range(_TRIES):
        text = _Text(random).of(parsed)
        if pattern.fullmatch(text):
            return text
    raise AssertionError(f"no text was found that matches {pattern.pattern!r}")


@cache
def _parsed(pattern: re.Pattern[str]) -> list[Any]:
    return list(_parser.parse(pattern.pattern, pattern.flags))


class _Text:
    """One text while it is drawn."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._groups: dict[int, str] = {}

    def of(self, items: Iterable[Any]) -> str:
        """Return a text for the parts, one behind the other."""
        return "".join([self._part(kind, value) for kind, value in items])

    def _part(self, kind: Any, value: Any) -> str:
        if kind is _constants.LITERAL:
            return chr(value)
        if kind in (_constants.IN, _constants.ANY, _constants.NOT_LITERAL):
            among = _characters(kind, tuple(value) if kind is _constants.IN else value)
            return self._random.choice(self._random.choice(among))
        if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
            return self._repeated(*value)
        if kind is _constants.SUBPATTERN:
            text = self.of(value[3])
            if value[0] is not None:
                self._groups[value[0]] = text
            return text
        if kind is _constants.BRANCH:
            return self.of(self._random.choice(value[1]))
        if kind is _constants.ATOMIC_GROUP:
            return self.of(value)
        if kind is _constants.GROUPREF:
            return self._groups.get(value, "")
        if kind is _constants.GROUPREF_EXISTS:
            return self.of((value[1] if value[0] in self._groups else value[2]) or ())
        if kind is _constants.ASSERT:
            # What must stand before or behind takes no character: it is written at times, for its neighbours to fit, or comes again as a group.
            return self._random.choice((self.of(value[1]), ""))
        assert kind in (_constants.AT, _constants.ASSERT_NOT), kind
        return ""

    def _repeated(self, least: int, most: int, items: Iterable[Any]) -> str:
        # Few are likelier than many, which each character that a part may have would make of a long line.
        more = min(int(most) - least, self._random.choice((0, 1, 1, 2, 3, _MORE)))
        return "".join([self.of(items) for _ in range(least + more)])


@cache
def _characters(kind: Any, value: Any) -> list[str]:
    """Return the characters to choose from where a pattern takes one of a set: those that it names, and common ones with a few rare."""
    common = "".join(one for one in _COMMON if takes(kind, value, one))
    rare = "".join(one for one in _RARE if takes(kind, value, one))
    named = "".join(_named(value)) if kind is _constants.IN else ""
    return [some for some in (common * 10 + rare, named) if some]


def _named(parts: Iterable[Any]) -> Iterable[str]:
    """Yield the characters that a set names, and the ends of its ranges, where it takes what it names."""
    for kind, value in parts:
        if kind is _constants.NEGATE:
            return
        if kind is _constants.LITERAL:
            yield chr(value)
        elif kind is _constants.RANGE:
            yield from (chr(value[0]), chr(min(value[1], sys.maxunicode)))
