"""Substrings of messages: for each full block of places the set of its four-byte runs, and the folded text.

A needle can only stand in a block that has all of the needle's runs; in such a block the text itself
is searched. Both are made once, when a block is full, from what the record holds. Compared with an
FTS5 trigram table this costs about a tenth of the CPU and of the bytes (docs/design.md).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from app.log.fold import fold
from app.systems.sqlite.segments.places import BLOCK

#: Bits in one set of runs: 8 KiB, a third of them set by 1,024 ordinary messages.
BITS = 1 << 16
#: Bytes in one run.
GRAM = 4

Bits = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

#: Separates messages in a block's text; no clean text holds it.
_END = b"\0"
#: Multiplier of a multiplicative hash (Knuth, The Art of Computer Programming, 6.4).
_KNUTH = np.uint32(2_654_435_761)


def _hashes(data: bytes) -> Iterator[npt.NDArray[np.intp]]:
    """Yield the places in the set of all runs in *data*: of each fourth run, from the first four on."""
    for start in range(GRAM):
        count = (len(data) - start) // GRAM
        if count > 0:
            four = np.frombuffer(data, dtype="<u4", count=count, offset=start)
            yield ((four * _KNUTH) >> np.uint32(16)).astype(np.intp)


def runs(text: bytes) -> bytes:
    """Return the set of runs of a block's text."""
    bits = np.zeros(BITS, dtype=np.bool_)
    for places in _hashes(text):
        bits[places] = True
    return np.packbits(bits, bitorder="little").tobytes()


class Needle:
    """A folded text that must occur in a message, and the runs that a block must then have."""

    def __init__(self, text: str) -> None:
        self.bytes = fold(text).encode()
        places = np.unique(np.concatenate([np.zeros(0, dtype=np.intp), *_hashes(self.bytes)]))
        self._bytes_at = places >> 3
        self._masks = (np.uint8(1) << (places & 7).astype(np.uint8)).astype(np.uint8)

    def may_be_in(self, bits: Bits) -> Mask:
        """Return, for a matrix with the set of a block in each row, which blocks can hold the needle."""
        if not len(self._masks):
            return np.ones(len(bits), dtype=np.bool_)
        found: Mask = ((bits[:, self._bytes_at] & self._masks) != 0).all(axis=1)
        return found

    def count(self, text: bytes) -> int:
        """Return how many messages of a block's text hold the needle."""
        if not self.bytes:
            return text.count(_END)
        found = 0
        at = text.find(self.bytes)
        while at >= 0:
            found += 1
            at = text.find(self.bytes, text.find(_END, at))
        return found

    def find(self, text: bytes, ends: npt.NDArray[np.intp]) -> Mask:
        """Return which messages of a full block's text hold the needle; *ends* are the places of their NULs."""
        found = np.zeros(BLOCK, dtype=np.bool_)
        if not self.bytes:
            found[:] = True
            return found
        hits = []
        at = text.find(self.bytes)
        while at >= 0:
            hits.append(at)
            at = text.find(self.bytes, text.find(_END, at))
        found[np.searchsorted(ends, hits)] = True
        return found


def ends(text: bytes) -> npt.NDArray[np.intp]:
    """Return where each message of a block's text ends."""
    return np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 0)
