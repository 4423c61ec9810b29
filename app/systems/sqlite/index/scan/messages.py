"""A filter's leaves about messages, answered for many at once: their text is searched, and only what it leaves is verified."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from app.log.fold import WORD_LIMIT, fold, word_text, words
from app.log.record import LogRecord
from app.query.filter import Contains, Equals, Filter, In, Matches, Phrase, Prefix, Wildcard, Words
from app.query.meaning import matching, predicate
from app.query.pattern.required import required
from app.systems.sqlite.index.scan.parted import OF_WORD, Needle, PartedText, hits, holding, with_words, word_hits
from app.systems.sqlite.index.scan.remembered import Remembered
from app.systems.sqlite.segments.messages import END, VARIABLE, OpenMessages

Mask = npt.NDArray[np.bool_]

#: So many messages are asked one by one.
FEW = 4


def needles(leaf: Filter) -> tuple[str, ...] | None:
    """Return folded texts of which a message must hold one to satisfy *leaf*; None where none are known."""
    match leaf:
        case Contains("message", text) | Equals("message", text) | Prefix("message", text) if text:
            return (fold(text),)
        case In("message", texts) if all(texts):
            return tuple(map(fold, texts))
        case Matches("message", pattern):
            return required(pattern)
        case Wildcard("message", pattern) if "\\" not in pattern:
            longest = max(pattern.replace("?", "*").split("*"), key=len)
            return (fold(longest),) if longest else None
    return None


def wanted_words(leaf: Filter) -> list[str]:
    """Return the words that a message must have to satisfy *leaf*."""
    return words(leaf.text) if isinstance(leaf, Words | Phrase) else []


def folded(text: bytes) -> bytes:
    """Return messages folded, each ended by END as in *text*."""
    return text.lower() if text.isascii() else fold(text.decode()).encode()


def cut(messages: Sequence[bytes]) -> bytes:
    """Return the words of messages with blanks around each, as `words` has them, each message ended by END."""
    return "".join([f" {word_text(message.decode())} \0" for message in messages]).encode()


class Text:
    """Messages, each ended by END."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.ascii = text.isascii()

    @cached_property
    def _ends(self) -> npt.NDArray[np.intp]:
        return np.flatnonzero(np.frombuffer(self.text, dtype=np.uint8) == 0)

    @cached_property
    def _split(self) -> list[bytes]:
        return self.text.split(END)

    @cached_property
    def _folded(self) -> bytes:
        return folded(self.text)

    @cached_property
    def _cut(self) -> bytes:
        return cut(self._split[:-1])

    def some(self, rows: Sequence[int]) -> list[bytes]:
        """Return the messages at *rows*."""
        return [self._split[row] for row in rows]

    def holding(self, needle: bytes, found: Mask) -> None:
        """Set in *found* the messages that hold a folded text."""
        self._set(self._folded, hits(self._folded, needle), found)

    def with_word(self, word: str, found: Mask) -> None:
        """Set in *found* the messages that have a word."""
        if self.ascii and len(word) < WORD_LIMIT:
            self._set(self._folded, word_hits(self._folded, word.encode()), found)
        else:
            self._set(self._cut, hits(self._cut, f" {word} ".encode()), found)

    def _set(self, text: bytes, hits: Iterator[int], found: Mask) -> None:
        at = list(hits)
        if at:
            same = self.ascii and len(text) == len(self.text)
            ends = self._ends if same else np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 0)
            found[ends.searchsorted(at)] = True


class MessagesAsked:
    """The messages of a segment that is asked."""

    def __init__(self, texts: OpenMessages) -> None:
        self.texts = texts

    @cached_property
    def whole(self) -> Text:
        """The skeletons without variables, which are messages themselves."""
        return Text(self.texts.whole)

    @cached_property
    def parted(self) -> PartedText:
        """Those with variables."""
        return PartedText(self.texts)


class MessageTest:
    """A leaf about messages."""

    def __init__(self, leaf: Filter) -> None:
        folded_texts = needles(leaf)
        self._needles = None if folded_texts is None else [text.encode() for text in folded_texts]
        self._in_parted = [found for found in map(Needle.of, folded_texts or ()) if found is not None]
        self._words = wanted_words(leaf)
        #: Whether what the text leaves satisfies the leaf.
        self._exact = isinstance(leaf, Contains | Words)
        #: Whether a skeleton shows whether its messages satisfy the leaf.
        self.by_skeletons = bool(self._words) and all(map(_is_plain, self._words))
        self._single = len(self._words) == 1
        self._long = any(len(word) >= WORD_LIMIT for word in self._words)
        self._holds = _of_bytes(leaf)
        self._known = Remembered[bool]()

    def rows(self, asked: MessagesAsked, among: Mask) -> Mask:
        """Return those logs *among* some that satisfy the leaf."""
        texts = asked.texts
        found = np.zeros(len(among), dtype=np.bool_)
        if texts.first:
            used = np.zeros(texts.count, dtype=np.bool_)
            used[texts.codes[among]] = True
            used[texts.first :] = False
            if used.any():
                used[: texts.first] = self.of_whole(asked.whole, used[: texts.first])
                found = among & used[texts.codes]
            among = among & (texts.codes >= texts.first)
        if texts.first < texts.count and among.any():
            found |= self._of_parted(asked.parted, among)
        return found

    def one(self, texts: OpenMessages, row: int) -> bool:
        """Return whether one log satisfies the leaf."""
        number = int(texts.codes[row])
        if self.by_skeletons or number < texts.first:
            return self._of_skeleton(texts.skeleton(number))
        return self._holds(texts.one(row))

    def _of_parted(self, parted: PartedText, among: Mask) -> Mask:
        """Return those logs *among* some, whose messages have variables, that satisfy the leaf."""
        if self.by_skeletons:
            left = with_words(parted, [max(self._words, key=len)], among)
            return left if self._single else left & self._by_skeletons(parted.texts, left)
        if self._words:
            left = with_words(parted, self._words, among)
            return left if self._exact and not self._long else self._verified(parted.texts, left)
        if self._needles is None:
            return self._verified(parted.texts, among)
        sure, may = holding(parted, self._in_parted)
        if self._exact:
            return (sure & among) | self._verified(parted.texts, may & among)
        return self._verified(parted.texts, (sure | may) & among)

    def _by_skeletons(self, texts: OpenMessages, among: Mask) -> Mask:
        """Return which logs have the skeleton of one *among* some, and satisfy the leaf by it."""
        found = np.zeros(texts.count, dtype=np.bool_)
        for number in np.unique(texts.codes[among]).tolist():
            found[number] = self._of_skeleton(texts.skeleton(number))
        mask: Mask = found[texts.codes]
        return mask

    def _of_skeleton(self, skeleton: bytes) -> bool:
        """Return whether a message satisfies the leaf by its skeleton: a word with a digit is none of plain words, whichever it is."""
        known = self._known.get(skeleton)
        if known is None:
            known = self._holds(skeleton.replace(VARIABLE, b"0"))
            self._known.keep(skeleton, known)
        return known

    def _verified(self, texts: OpenMessages, among: Mask) -> Mask:
        """Return those logs *among* some whose message satisfies the leaf."""
        rows = np.flatnonzero(among)
        found = np.zeros(len(among), dtype=np.bool_)
        if len(rows):
            found[rows] = list(map(self._holds, texts.some(rows)))
        return found

    def of_whole(self, text: Text, among: Mask) -> Mask:
        """Return those messages *among* some that satisfy the leaf."""
        if np.count_nonzero(among) > FEW and (self._needles or self._words):
            among = among & self._left(text, len(among))
            if self._exact:
                return among
        found = np.zeros(len(among), dtype=np.bool_)
        left = np.flatnonzero(among).tolist()
        found[left] = list(map(self._holds, text.some(left)))
        return found

    def _left(self, text: Text, count: int) -> Mask:
        """Return the messages that the text leaves."""
        left = np.zeros(count, dtype=np.bool_)
        for needle in self._needles or ():
            text.holding(needle, left)
        for number, word in enumerate(self._words):
            found = np.zeros(count, dtype=np.bool_)
            text.with_word(word, found)
            left = left & found if number else found
            if not left.any():
                break
        return left


def _is_plain(word: str) -> bool:
    """Return whether a word has no digit, is within the limit, and has letters of ASCII only."""
    return word.isascii() and word.isalpha() and len(word) < WORD_LIMIT


def _of_bytes(leaf: Filter) -> Callable[[bytes], bool]:
    if isinstance(leaf, Matches):
        return matching(leaf.pattern)
    holds = predicate(leaf)

    def verified(message: bytes) -> bool:
        return holds(LogRecord(b"", 0, 0, "", message.decode()))

    wanted = wanted_words(leaf)
    if not wanted or any(len(word) >= WORD_LIMIT for word in wanted):
        return verified
    test = partial(_has_phrase if isinstance(leaf, Phrase) else _has_words, [word.encode() for word in wanted])
    # To cut an ASCII message into words takes a hundred times as long as to look for some in it.
    return lambda message: test(message.lower() + END) if message.isascii() else verified(message)


def _has_words(wanted: Sequence[bytes], message: bytes) -> bool:
    """Return whether a folded ASCII message, ended by END, has all words."""
    return all(next(word_hits(message, word), -1) >= 0 for word in wanted)


def _has_phrase(wanted: Sequence[bytes], message: bytes) -> bool:
    """Return whether it has them one behind the other."""
    if not all(word in message for word in wanted):
        return False
    # Begins with the word and not with what stands before it: so the next place is found without a step for each byte.
    search = re.compile(rb"[^0-9a-z]+".join(map(re.escape, wanted)) + rb"(?![0-9a-z])").search
    found = search(message)
    while found and found.start() and OF_WORD[message[found.start() - 1]]:
        found = search(message, found.start() + 1)
    return found is not None
