"""The texts of full blocks: their messages folded, to be searched, and what folding changed, to have them as sent.

A kept text begins with a zstd frame of the folded messages, each ended by a NUL. Unless folding changed
a length, another follows with the bytes that differ from those sent (for each the distance from the
one before, four bytes, and then for each the byte itself), and at last the second frame's length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import zstandard

from app.log.fold import fold
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index import grams
from app.systems.sqlite.index.grams import Mask, Needle
from app.systems.sqlite.segments.places import BLOCK

#: Ends each message of a text; no clean message holds it.
_END = "\0"
#: Bytes of a distance, and of a distance with its byte.
_DISTANCE, _CHANGE = 4, 5
#: The bytes with which a zstd frame begins (RFC 8878, section 3.1.1), and the bytes of a frame's length.
_MAGIC, _LENGTH = b"\x28\xb5\x2f\xfd", 4


def folded(messages: Sequence[str]) -> bytes:
    """Return the text of a block: each message folded, in UTF-8, ended by a NUL."""
    whole = _END.join([*messages, ""])
    return (fold(whole) if whole.isascii() else "".join([fold(message) + _END for message in messages])).encode()


def pack(messages: Sequence[str], text: bytes) -> bytes:
    """Return *text*, the folded messages, as it is kept."""
    zstd = zstandard.ZstdCompressor(level=1)
    sent = _END.join([*messages, ""]).encode()
    if len(sent) != len(text):
        return zstd.compress(text)
    before = np.frombuffer(sent, dtype=np.uint8)
    places = np.flatnonzero(before != np.frombuffer(text, dtype=np.uint8))
    distances = np.diff(places, prepend=0).astype("<u4")
    changes = zstd.compress(distances.tobytes() + before[places].tobytes())
    return zstd.compress(text) + changes + len(changes).to_bytes(_LENGTH, "little")


def _second_frame(kept: bytes) -> bytes:
    """Return the second frame of a kept text, empty when it has none."""
    length = int.from_bytes(kept[-_LENGTH:], "little")
    frame = kept[-_LENGTH - length : -_LENGTH]
    return frame if len(frame) == length and frame.startswith(_MAGIC) else b""


def _unfolded(text: bytes, changes: bytes) -> bytes:
    """Return the messages as they were sent."""
    if not changes:
        return text
    count = len(changes) // _CHANGE
    sent = np.frombuffer(text, dtype=np.uint8).copy()
    places = np.cumsum(np.frombuffer(changes, dtype="<u4", count=count), dtype=np.int64)
    sent[places] = np.frombuffer(changes, dtype=np.uint8, offset=count * _DISTANCE)
    return sent.tobytes()


class BlockText:
    """The sets of runs and the texts of some blocks within one read transaction; a text is fetched when needed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._zstd = zstandard.ZstdDecompressor()
        self._rows: dict[int, int] = {}
        self._bits = np.zeros((0, grams.BITS // 8), dtype=np.uint8)
        self._may: dict[Needle, Mask] = {}
        self._text: tuple[int, bytes, bytes] | None = None
        self._ends: tuple[int, npt.NDArray[np.intp]] | None = None

    def load(self, numbers: Sequence[int]) -> None:
        """Fetch the sets of runs of these blocks; a block that is not full yet has none."""
        kept: list[tuple[int, bytes]] = []
        for start in range(0, len(numbers), 500):
            some = numbers[start : start + 500]
            marks = ",".join("?" * len(some))
            kept += self._connection.execute(f"SELECT block, bits FROM grams WHERE block IN ({marks})", list(some))
        self._rows = {number: row for row, (number, _) in enumerate(kept)}
        joined = np.frombuffer(b"".join([bits for _, bits in kept]), dtype=np.uint8)
        self._bits = joined.reshape(len(kept), grams.BITS // 8)
        self._may.clear()

    def row(self, number: int) -> int | None:
        """Return the block's row in what `may_hold` returns; None for a block without a text."""
        return self._rows.get(number)

    def may_hold(self, needle: Needle) -> Mask:
        """Return which of the loaded blocks with a text can hold the needle."""
        found = self._may.get(needle)
        if found is None:
            found = self._may[needle] = needle.may_be_in(self._bits)
        return found

    def every(self) -> Mask:
        """Return all of them."""
        return np.ones(len(self._rows), dtype=np.bool_)

    def text(self, number: int) -> bytes:
        """Return the text of a block that has one."""
        if self._text is None or self._text[0] != number:
            (kept,) = self._connection.execute("SELECT messages FROM texts WHERE block = ?", (number,)).fetchone()
            self._text = (number, self._zstd.decompress(kept), kept)
        return self._text[1]

    def folded(self, number: int, places: Sequence[int]) -> list[str] | None:
        """Return the folded messages at *places* in a block, counted from its first; None when it has no text."""
        row = self._connection.execute("SELECT messages FROM texts WHERE block = ?", (number,)).fetchone()
        if row is None:
            return None
        text = self._zstd.decompress(row[0])
        ends = grams.ends(text)
        return [text[ends[place - 1] + 1 if place else 0 : ends[place]].decode() for place in places]

    def messages(self, number: int, places: Sequence[int]) -> list[bytes] | None:
        """Return the messages at *places* in a block that has a text, in UTF-8; None when only its rows have them."""
        folded = self.text(number)
        assert self._text is not None
        frame = _second_frame(self._text[2])
        if not frame:
            return None
        sent = _unfolded(folded, self._zstd.decompress(frame))
        ends = (self._ends_of(number) if sent is folded else grams.ends(sent)).tolist()
        return [sent[ends[place - 1] + 1 if place else 0 : ends[place]] for place in places]

    def _ends_of(self, number: int) -> npt.NDArray[np.intp]:
        if self._ends is None or self._ends[0] != number:
            self._ends = (number, grams.ends(self.text(number)))
        return self._ends[1]

    def find(self, number: int, needle: Needle) -> Mask:
        """Return which places of a block with a text hold the needle."""
        if not self.may_hold(needle)[self._rows[number]]:
            return np.zeros(BLOCK, dtype=np.bool_)
        return needle.find(self.text(number), self._ends_of(number))
