"""Where in a value a filter holds: what a page marks of it.

A leaf has spans in exactly those values that satisfy it: one that asks for parts (words, phrases, contained text,
regular expressions) has theirs, one that asks for a whole value (equals, ranges) has all of it. A leaf that is denied
has none, and neither has an empty text. Marks are an adornment: they end when their time is up, whatever the pattern.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from app.log.fold import fold, word_spans, words
from app.log.ranks import RANKS
from app.log.scalars import as_text, number
from app.query.filter import (
    TEXT_LIMIT,
    TIME_FIELDS,
    And,
    Contains,
    Exists,
    Filter,
    Leaf,
    Matches,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Words,
)
from app.query.meaning import regex, text_test, within
from app.query.wildcard import word_regex

Span = tuple[int, int]
Scalar = str | bool | int | float

#: Seconds of processor time for all values of one page.
SECONDS = 0.25
#: Most spans in one value, and most leaves that are looked for.
SPANS, LEAVES = 1_000, 100


class Spans:
    """Finds the spans of one filter, for one page."""

    def __init__(self, tree: Filter) -> None:
        #: Seconds of processor time left for the page, and the moment when they end if nothing but looking for spans happens.
        self._left = SECONDS
        self._until = 0.0
        self._finders: dict[str, list[_Find]] = {}
        for number_, (field, leaf) in enumerate(_asked(tree)):
            if number_ < LEAVES:
                self._finders.setdefault(field, []).append(self._finder(leaf))

    def of(self, field: str, value: Scalar, shown: int | None = None) -> list[Span]:
        """Return the spans in the text of *value*, ascending and apart; those within its first *shown* characters."""
        finders = self._finders.get(field)
        if finders is None:
            return []
        begun = time.thread_time()
        self._until = begun + self._left
        found = self._found(finders, _Value(value, shown))
        self._left -= time.thread_time() - begun
        return _apart(found)

    def _found(self, finders: Iterable[_Find], looked: _Value) -> list[Span]:
        found: list[Span] = []
        for find in finders:
            if self._late():
                break
            for span in find(looked):
                if len(found) >= SPANS or span[0] >= looked.shown:
                    break
                found.append((span[0], min(span[1], looked.shown)))
        return found

    def _late(self) -> bool:
        return time.thread_time() > self._until

    def _finder(self, leaf: Leaf) -> _Find:
        match leaf:
            case Words(text):
                return _words(words(text))
            case Phrase(text):
                return _phrase(words(text))
            case Contains(_, text):
                return _contained(fold(text))
            case Matches(_, pattern):
                return self._matches(pattern)
            case Range():
                return _ranged(leaf)
            case Prefix(_, text):
                begins = text_test(leaf)
                return lambda value: [(0, len(text))] if text and begins(value.text) else []
            case Exists():
                return lambda _: []
            case _:
                holds = text_test(leaf)
                return lambda value: [(0, len(value.text))] if value.text and holds(value.text) else []

    def _matches(self, pattern: str) -> _Find:
        within_word = word_regex(pattern)
        compiled, group = (regex(pattern), 0) if within_word is None else (regex(within_word), 1)

        def find(value: _Value) -> Iterator[Span]:
            data, at = value.bytes, 0
            place = seen = 0
            while at <= len(data) and not self._late() and (found := compiled.search(data, at)) is not None:
                start, end = found.span(group)
                # Bytes to characters, from the last place on.
                place, seen = place + len(data[seen:start].decode(errors="replace")), start
                if end > start:
                    yield place, place + len(data[start:end].decode(errors="replace"))
                if place >= value.shown:
                    return
                at = end if end > start else _next(data, end)

        return find


class _Value:
    """A value that is looked at: its forms, each made once."""

    def __init__(self, value: Scalar, shown: int | None) -> None:
        self.value = value
        self.text = as_text(value)
        self.shown = len(self.text) if shown is None else shown
        #: The beginning of the text in which a span that begins among the shown characters must end; only a pattern's may be longer.
        self.near = self.text[: self.shown + 2 * TEXT_LIMIT]

    @cached_property
    def folded(self) -> str:
        return fold(self.near)

    @cached_property
    def bytes(self) -> bytes:
        return self.text.encode()

    @cached_property
    def words(self) -> list[tuple[str, int, int]]:
        return list(word_spans(self.near))

    @cached_property
    def all_words(self) -> frozenset[str]:
        return frozenset(words(self.text) if len(self.near) < len(self.text) else (word for word, _, _ in self.words))


_Find = Callable[[_Value], Iterable[Span]]


def _asked(tree: Filter, denied: bool = False) -> Iterator[tuple[str, Leaf]]:
    """Yield the leaves that must or may hold, each with its field; those under an odd number of negations must not."""
    match tree:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _asked(part, denied)
        case Not(part):
            yield from _asked(part, not denied)
        case _ if not denied:
            field = "message" if isinstance(tree, Words | Phrase) else tree.field
            # A time is shown in another form than it is compared in.
            if field not in TIME_FIELDS:
                yield field, tree


def _words(wanted: list[str]) -> _Find:
    among = frozenset(wanted)

    def find(value: _Value) -> Iterator[Span]:
        if among <= value.all_words:
            yield from ((start, end) for word, start, end in value.words if word in among)

    return find


def _phrase(run: list[str]) -> _Find:
    needle = f" {' '.join(run)} "

    def find(value: _Value) -> Iterator[Span]:
        if not run:
            return
        text = f" {' '.join(word for word, _, _ in value.words)} "
        at, counted, word = text.find(needle), 0, 0
        while at >= 0:
            word += text.count(" ", counted, at)
            yield value.words[word][1], value.words[word + len(run) - 1][2]
            counted = at
            at = text.find(needle, at + len(needle) - 1)

    return find


def _contained(part: str) -> _Find:
    def find(value: _Value) -> Iterator[Span]:
        at = value.folded.find(part) if part else -1
        while at >= 0:
            yield at, at + len(part)
            at = value.folded.find(part, at + len(part))

    return find


def _ranged(leaf: Range) -> _Find:
    inside = within(leaf)

    def find(value: _Value) -> list[Span]:
        rank = RANKS.get(fold(value.text)) if leaf.field == "level" else number(value.value)
        return [(0, len(value.text))] if rank is not None and inside(rank) else []

    return find


def _next(data: bytes, at: int) -> int:
    """Return where the character after the one at *at* begins."""
    at += 1
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at


def _apart(found: list[Span]) -> list[Span]:
    """Return the spans in their order, those that touch as one."""
    joined: list[Span] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
