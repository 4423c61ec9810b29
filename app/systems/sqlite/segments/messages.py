"""The messages of a segment: of those that differ in numbers and identifiers only, what they share is kept once.

A *variable* is a word of ASCII letters and digits with a digit in it; what is left of a message, with VARIABLE in the place of
each, is its *skeleton*. A message with any other letter than those of ASCII has no variables: it is its own skeleton.
A program has few sentences, so that skeletons are few; which of them have a word is asked of each once (index/scan/messages.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from app.systems.sqlite.segments.parts import Longs, Packed

#: Ends each message and skeleton; no clean message holds it.
END = b"\0"
#: Stands for a variable in a skeleton; no text in UTF-8 holds it.
VARIABLE = b"\xff"
#: Ends each variable.
BLANK = b" "

#: Most different skeletons that are kept together: a segment has no more than logs, a group of blocks (index/scan/sentences.py) has so many.
MOST = 4_096
_Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
#: Bytes that the number of a log's skeleton and the place of its variables take, when they are open.
_LOG_BYTES = 10
#: So many messages are put together one by one.
_FEW = 3
#: Before the first byte there is no word.
_NOTHING = np.zeros(1, dtype=np.bool_)
_ORDERS: tuple[Literal["big", "little"], ...] = ("big", "little")
_Truths: TypeAlias = npt.NDArray[np.bool_]


class Skeletons(msgspec.Struct, array_like=True, gc=False):
    """Each skeleton once, and for each log the number of its own; first those without variables, then by frequency."""

    #: How many there are, how many of these without variables, and the bytes of `texts` that the latter take; each is ended by END.
    count: _Count
    whole: _Count
    border: int
    texts: Packed
    #: How many variables each of those with variables has: numbers of 32 bits, first the lowest byte of each, then the next.
    variables: Packed
    #: First the low byte of each number, then the high byte of each; empty where there is one skeleton, and without the latter up to 256.
    codes: Packed

    @classmethod
    def of(cls, skeletons: Sequence[bytes]) -> tuple[list[bytes], Skeletons]:
        """Return *skeletons*, each once, in the order in which they are kept, and these packed, without numbers of logs."""
        whole, parted = list[bytes](), list[bytes]()
        for one in skeletons:
            (parted if VARIABLE in one else whole).append(one)
        order, border = whole + parted, sum(map(len, whole)) + len(whole)
        texts = Packed.of(END.join([*order, b""]))
        counts = np.array([one.count(VARIABLE) for one in parted], dtype="<u4")
        planes = counts.view(np.uint8).reshape(-1, 4).T.tobytes()
        return order, cls(len(order), len(whole), border, texts, Packed.of(planes), Packed(b"", False))


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Skeletons).decode
_decode_variables = msgspec.msgpack.Decoder(Packed).decode


class PackedMessages(NamedTuple):
    """Messages as they are kept."""

    skeletons: bytes
    #: The variables of all logs, one after the other, each ended by BLANK; empty without any.
    variables: bytes


def pack(messages: Sequence[str]) -> tuple[PackedMessages, int]:
    """Return messages packed, and their bytes; raises ValueError if they don't come back the same."""
    text = "\0".join([*messages, ""]).encode()
    skeletons, variables = _apart(text)
    each = skeletons.split(END)[:-1]
    order, kept = Skeletons.of([one for one, _ in Counter(each).most_common()])
    numbers = {one: number for number, one in enumerate(order)}
    if len(order) > 1:
        found = np.fromiter(map(numbers.__getitem__, each), dtype="<u2", count=len(each))
        planes = found.view(np.uint8).reshape(-1, 2).T
        kept.codes = Packed.of((planes if len(order) > 256 else planes[0]).tobytes())
    packed = PackedMessages(_encode(kept), _encode(Packed.of(variables)) if variables else b"")
    opened = OpenMessages(packed.skeletons, len(messages), lambda: packed.variables)
    if len(messages) != len(each) or opened.text() != text:
        raise ValueError("messages don't come back from their segment as they were")
    return packed, len(text)


def _apart(text: bytes) -> tuple[bytes, bytes]:
    """Return the skeletons of messages, each ended by END as in *text*, and their variables, each ended by BLANK."""
    whole = np.frombuffer(text, dtype=np.uint8)
    # Below 0 they go round 256.
    digits = whole - np.uint8(48) < 10
    letters = (whole | np.uint8(32)) - np.uint8(97) < 26
    if not text.isascii():
        ours = ~_foreign(whole)
        digits, letters = digits & ours, letters & ours
    inside = _of_words(letters | digits, digits)
    # The byte before each, and that behind it: the last one, an END, belongs to no word.
    before = np.concatenate([_NOTHING, inside[:-1]])
    begins, ends = inside & ~before, before & ~inside
    # Bytes that are to go become one that stands for nothing else: in UTF-8 there is no 254, and no variable holds a NUL.
    left = (whole | inside * np.uint8(VARIABLE[0])) ^ (inside ^ begins)
    taken = whole * inside | ends * np.uint8(BLANK[0])
    return left.tobytes().translate(None, b"\xfe"), taken.tobytes().translate(None, b"\0")


def _of_words(words: _Truths, marked: _Truths) -> _Truths:
    """Return for each byte whether it belongs to a word in which some byte is *marked*; *words* says which belong to any.

    As binary numbers: where a marked bit of a word is added to the word, the carry goes through all of its higher bits that are not
    marked, and turns them to 0. The bytes are taken as digits from the end, then from the beginning.
    """
    for order in _ORDERS:
        all_, some = (int.from_bytes(np.packbits(one, bitorder=order).tobytes(), order) for one in (words, marked))
        some |= all_ ^ (all_ & (all_ + some))
        packed = np.frombuffer(some.to_bytes((len(words) + 7) // 8, order), dtype=np.uint8)
        marked = np.unpackbits(packed, count=len(words), bitorder=order).view(np.bool_)
    return marked


def _foreign(whole: npt.NDArray[np.uint8]) -> _Truths:
    """Return for each byte whether its message has other letters than those of ASCII."""
    ends = np.flatnonzero(whole == 0)
    foreign = np.zeros(len(ends), dtype=np.bool_)
    foreign[ends.searchsorted(np.flatnonzero(whole > 127))] = True
    return np.repeat(foreign, np.diff(ends, prepend=-1))


class OpenMessages:
    """The messages of a segment, to be read; variables are fetched when they are needed."""

    def __init__(
        self,
        skeletons: bytes | Skeletons,
        count: int,
        variables: Callable[[], bytes],
        opened: Callable[[int], None] = lambda _: None,
    ) -> None:
        #: Notes how many bytes more are open once variables are.
        self._opened = opened
        self._kept = skeletons if isinstance(skeletons, Skeletons) else _decode(skeletons)
        self._logs = count
        self._fetched = variables

    @cached_property
    def _texts(self) -> bytes:
        return self._kept.texts.opened()

    @property
    def count(self) -> int:
        """How many skeletons there are."""
        return self._kept.count

    @property
    def first(self) -> int:
        """The number of the first skeleton with variables; `count` where all are without."""
        return self._kept.whole

    @property
    def border(self) -> int:
        """Where the skeletons with variables begin, in bytes."""
        return self._kept.border

    @property
    def whole(self) -> bytes:
        """The skeletons without variables: messages, each ended by END."""
        return self._texts[: self._kept.border]

    @property
    def parted(self) -> bytes:
        """The skeletons with variables, each ended by END."""
        return self._texts[self._kept.border :]

    @property
    def weight(self) -> int:
        """Bytes that it takes when all but its variables is open, about: texts, and the same apart."""
        return 2 * self._kept.texts.size + _LOG_BYTES * self._logs

    @cached_property
    def codes(self) -> npt.NDArray[Any]:
        """For each log the number of its skeleton."""
        codes = np.frombuffer(self._kept.codes.opened(), dtype=np.uint8)
        if not len(codes):
            return np.broadcast_to(np.uint8(0), self._logs)
        return codes if len(codes) == self._logs else codes[: self._logs] + (codes[self._logs :].astype(np.uint16) << 8)

    def counts(self) -> Longs:
        """Return how many logs each skeleton has, by their numbers."""
        return np.bincount(self.codes, minlength=self.count)

    @cached_property
    def skeletons(self) -> list[bytes]:
        """The skeletons by their numbers."""
        return self._texts.split(END)[:-1]

    @cached_property
    def borders(self) -> npt.NDArray[np.int32]:
        """Where the END of each skeleton stands."""
        return np.flatnonzero(np.frombuffer(self._texts, dtype=np.uint8) == END[0]).astype(np.int32)

    def skeleton(self, number: int) -> bytes:
        """Return one skeleton: to take all apart takes as long as to look for one in them."""
        if (known := self.__dict__.get("skeletons")) is not None:
            return bytes(known[number])
        return self._texts[int(self.borders[number - 1]) + 1 if number else 0 : int(self.borders[number])]

    @cached_property
    def variables(self) -> bytes:
        """The variables of all logs, each ended by BLANK."""
        packed = self._fetched()
        found = _decode_variables(packed).opened() if packed else b""
        # With where each ends.
        self._opened(3 * len(found))
        return found

    @cached_property
    def ends(self) -> npt.NDArray[np.int32]:
        """Where the BLANK of each variable stands."""
        return np.flatnonzero(np.frombuffer(self.variables, dtype=np.uint8) == BLANK[0]).astype(np.int32)

    @cached_property
    def starts(self) -> Longs:
        """For each log how many variables stand before its own; and how many there are."""
        counts = np.zeros(self.count, dtype=np.int64)
        planes = np.frombuffer(self._kept.variables.opened(), dtype=np.uint8).reshape(4, -1)
        counts[self.first :] = np.ascontiguousarray(planes.T).view("<u4").ravel()
        found = np.zeros(self._logs + 1, dtype=np.int64)
        np.cumsum(counts[self.codes], out=found[1:])
        return found

    def _filled(self, codes: npt.NDArray[Any], variables: bytes) -> bytes:
        """Return the messages of skeletons, with their variables in the order of both; each ended by END."""
        numbers = codes.tolist()
        if len(numbers) < self.count:
            skeletons = {number: self.skeleton(number) for number in set(numbers)}
            texts = map(skeletons.__getitem__, numbers)
        else:
            texts = map(self.skeletons.__getitem__, numbers)
        pieces = END.join([*texts, b""]).split(VARIABLE)
        if len(pieces) == 1:
            return pieces[0]
        joined = [b""] * (2 * len(pieces) - 1)
        joined[::2], joined[1::2] = pieces, variables.split(BLANK)[:-1]
        return b"".join(joined)

    def text(self) -> bytes:
        """Return all messages, each ended by END."""
        return self._filled(self.codes, self.variables)

    def some(self, rows: Longs) -> list[bytes]:
        """Return the messages at *rows*, in that order, in UTF-8."""
        if len(rows) <= _FEW:
            return list(map(self.one, rows.tolist()))
        if 2 * len(rows) > self._logs:
            every = self.text().split(END)
            return [every[row] for row in rows.tolist()]
        variables = b""
        if self.first < self.count:
            first, behind = self.starts[rows], self.starts[rows + 1]
            begins = np.where(first > 0, self.ends[first - 1] + 1, 0).tolist()
            stops = np.where(behind > 0, self.ends[behind - 1] + 1, 0).tolist()
            variables = b"".join([self.variables[begin:stop] for begin, stop in zip(begins, stops, strict=True)])
        return self._filled(self.codes[rows], variables).split(END)[:-1]

    def one(self, row: int) -> bytes:
        """Return the message of a log, in UTF-8."""
        number = int(self.codes[row])
        skeleton = self.skeleton(number)
        if number < self.first:
            return skeleton
        first, behind = int(self.starts[row]), int(self.starts[row + 1])
        begin = int(self.ends[first - 1]) + 1 if first else 0
        pieces = skeleton.split(VARIABLE)
        joined = [b""] * (2 * len(pieces) - 1)
        joined[::2], joined[1::2] = pieces, self.variables[begin : int(self.ends[behind - 1])].split(BLANK)
        return b"".join(joined)

    def all(self) -> list[str]:
        """Return all messages."""
        return self.text().decode().split("\0")[:-1]
