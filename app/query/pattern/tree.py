"""An RE2 pattern as a tree: sets of characters, sequences, alternatives, repetitions, assertions.

RE2 has read the pattern before and found no fault; so this parser looks for none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TypeAlias

from app.log.fold import fold
from app.query.meaning import regex
from app.query.pattern.codepoints import (
    ANY,
    NEWLINE,
    PERL,
    POSIX,
    SURROGATES,
    Ranges,
    among,
    meet,
    others,
    unicode_class,
    union,
    without_case,
)


class Untranslatable(Exception):
    """The pattern says what no tree holds, or what no expression of Lucene's says exactly."""


class Chars:
    """One character of a set, which is made when it is first asked for: `(?i)` and `\\pL` need tables of all characters."""

    __match_args__ = ("ranges",)

    def __init__(self, ranges: Ranges | Callable[[], Ranges], folded: frozenset[str] | None = None) -> None:
        self._ranges = ranges
        #: The characters of the set, folded; None where they are many, or are not known without the set.
        self.folded = folded

    @cached_property
    def ranges(self) -> Ranges:
        """The set."""
        return self._ranges() if callable(self._ranges) else self._ranges

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Chars) and self.ranges == other.ranges

    def __hash__(self) -> int:
        return hash(self.ranges)

    def __repr__(self) -> str:
        return f"Chars({self.ranges})"


@dataclass(frozen=True, slots=True)
class Sequence:
    """All parts, one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """An alternative (`a|b`): matches what one of the parts matches."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The part so many times; `most` is None without a limit."""

    part: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class At:
    """An assertion: start, end, line-start, line-end, b, B."""

    kind: str


Node: TypeAlias = Chars | Sequence | Either | Repeat | At

ANYTHING = Repeat(Chars(ANY), 0, None)

#: A class of more characters is many (see `Chars.folded`).
FEW = 8
#: Deepest nesting of groups: functions that walk the tree recurse several times for each.
NESTING_LIMIT = 50

_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?\)")
_GROUP = re.compile(r"\(\?P?<\w+>|\(\?([imsU]*)(?:-([imsU]+))?:|\(")
_COUNTS = re.compile(r"\{(\d+)(,?)(\d*)\}\??", re.ASCII)
_STARS = re.compile(r"([*+?])\??")
_HEX = re.compile(r"x\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})")
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_POSIX = re.compile(r"\[:(\^?)(\w+):\]")
_UNICODE = re.compile(r"[pP](?:\{\^?\w+\}|\w)")
_ASSERTION = re.compile("[AzbB]")
_TIMES = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_CONTROLS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}


def parse(pattern: str) -> Node:
    """Return the tree of *pattern*. Raises Untranslatable, and ValueError for what RE2 refuses."""
    regex(pattern)
    return _Parser(pattern).either(set())


def literal(text: str, *, case: bool) -> Sequence:
    """Return the tree of a fixed text, with or without regard to case."""
    return Sequence(tuple(_one(character, case=case) for character in text))


def _one(character: str, *, case: bool) -> Chars:
    """Return the node of one character, with or without regard to case."""
    ranges = among(character)
    return Chars(ranges if case else lambda: without_case(ranges), _few(ord(character), ord(character)))


def _few(low: int, high: int) -> frozenset[str] | None:
    """Return the characters of a span, folded; None where they are many, or such as no text holds."""
    if low == 0 or high - low >= FEW or meet(((low, high),), (SURROGATES,)):
        return None
    return frozenset(fold(chr(code)) for code in range(low, high + 1))


@dataclass(slots=True)
class _Members:
    """The members of a class such as `[a-f\\d]`, as they are read."""

    folds: bool
    makers: list[Callable[[], Ranges]] = field(default_factory=list)
    folded: frozenset[str] | None = frozenset()

    def add(self, maker: Callable[[], Ranges]) -> None:
        """Add a set that has a name."""
        self.makers.append(maker)
        self.folded = None

    def add_span(self, low: str, high: str) -> None:
        """Add the characters from one to another."""
        span = ((ord(low), ord(high)),)
        self.makers.append(partial(without_case, span) if self.folds else lambda: span)
        few = _few(ord(low), ord(high))
        self.folded = None if few is None or self.folded is None else self.folded | few

    def node(self, *, negative: bool) -> Chars:
        """Return the class."""

        def ranges() -> Ranges:
            found = [one for maker in self.makers for one in maker()]
            return others(found) if negative else others(others(found))

        return Chars(ranges, None if negative else self.folded)


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def _eat(self, text: str) -> bool:
        if self._pattern.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _next(self) -> str:
        self._at += 1
        return self._pattern[self._at - 1]

    def _match(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        found = expression.match(self._pattern, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def either(self, flags: set[str]) -> Node:
        """Read alternatives up to a bracket or the end; flags set on the way hold to there."""
        flags = set(flags)
        parts = [self._sequence(flags)]
        while self._eat("|"):
            parts.append(self._sequence(flags))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _sequence(self, flags: set[str]) -> Node:
        parts: list[Node] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            if (found := self._match(_FLAGS)) is not None:
                flags |= set(found[1])
                flags -= set(found[2] or "")
                if parts:  # RE2 lets a repetition behind flags repeat what stands before them
                    parts.append(self._repeated(parts.pop()))
            elif self._eat("\\Q"):
                quoted, _, _ = self._pattern[self._at :].partition("\\E")
                self._at = min(self._at + len(quoted) + 2, len(self._pattern))
                parts += literal(quoted, case="i" not in flags).parts
                if parts:  # behind an empty quotation, too, what stands before it is repeated
                    parts.append(self._repeated(parts.pop()))
            else:
                parts.append(self._repeated(self._atom(flags)))
        return Sequence(tuple(parts))

    def _repeated(self, node: Node) -> Node:
        while True:
            if (found := self._match(_COUNTS)) is not None:
                least = int(found[1])
                most = int(found[3]) if found[3] else None if found[2] else least
                node = Repeat(node, least, most)
            elif (found := self._match(_STARS)) is not None:
                node = Repeat(node, *_TIMES[found[1]])
            else:
                return node

    def _atom(self, flags: set[str]) -> Node:
        if (found := self._match(_GROUP)) is not None:
            self._depth += 1
            if self._depth > NESTING_LIMIT:
                raise Untranslatable("groups nested too deep")
            node = self.either((flags | set(found[1] or "")) - set(found[2] or ""))
            self._at += 1
            self._depth -= 1
            return node
        match self._next():
            case ".":
                return Chars(ANY if "s" in flags else others(NEWLINE))
            case "^":
                return At("line-start" if "m" in flags else "start")
            case "$":
                return At("line-end" if "m" in flags else "end")
            case "[":
                return self._class(flags)
            case "\\":
                if (found := self._match(_ASSERTION)) is not None:
                    return At({"A": "start", "z": "end"}.get(found[0], found[0]))
                escaped = self._escape(flags)
                return _one(escaped, case="i" not in flags) if isinstance(escaped, str) else Chars(escaped)
            case character:
                return _one(character, case="i" not in flags)

    def _escape(self, flags: set[str]) -> str | Callable[[], Ranges]:
        if (found := self._match(_HEX)) is not None:
            return chr(int(found[1] or found[2], 16))
        if (found := self._match(_OCTAL)) is not None:
            return chr(int(found[0], 8))
        if (found := self._match(_UNICODE)) is not None:
            return partial(unicode_class, f"\\{found[0]}", folds="i" in flags)
        character = self._next()
        if character == "C":
            raise Untranslatable("a single byte")
        if character.lower() in PERL:
            return partial(_named, PERL[character.lower()], character.isupper(), folds="i" in flags)
        return _CONTROLS.get(character, character)

    def _class(self, flags: set[str]) -> Chars:
        negative, first = self._eat("^"), True
        members = _Members("i" in flags)
        while first or self._pattern[self._at] != "]":
            first = False
            if (posix := self._match(_POSIX)) is not None:
                members.add(partial(_named, POSIX[posix[2]], bool(posix[1]), folds="i" in flags))
                continue
            low = self._member(flags)
            if not isinstance(low, str):
                members.add(low)
                continue
            high: str | Callable[[], Ranges] = low
            if self._pattern[self._at] == "-" and self._pattern[self._at + 1] != "]":
                self._at += 1
                high = self._member(flags)
            assert isinstance(high, str)
            members.add_span(low, high)
        self._at += 1
        return members.node(negative=negative)

    def _member(self, flags: set[str]) -> str | Callable[[], Ranges]:
        character = self._next()
        return self._escape(flags) if character == "\\" else character


def _named(ranges: Ranges, negative: bool, *, folds: bool) -> Ranges:
    """Return a named class; `(?i)` reaches into it: `(?i)\\w` matches the Kelvin sign."""
    found = without_case(ranges) if folds else ranges
    return others(found) if negative else union(found)
