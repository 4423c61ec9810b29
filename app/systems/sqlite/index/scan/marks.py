"""Which blocks can't satisfy a filter: for each full block the set of its messages' four-byte runs, and of its values.

Both are sets of bits at hashed places: what is looked for can only be in a block that has all of its bits; in such a block the
logs themselves are asked. The bits are kept by their place, each for many blocks together, so that a query reads a few rows of
bits and not the set of each block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from app.log.scalars import as_text, columns, scalars
from app.query.filter import And, Equals, Filter, In, Not, Or, leaves
from app.systems.sqlite.index.scan.messages import needles, wanted_words

#: Bits for runs: a sixth of them is set by 1,024 ordinary messages; and for values, of which each sets PROBES.
RUN_BITS, VALUE_BITS = 1 << 16, 1 << 15
BITS = RUN_BITS + VALUE_BITS
PROBES = 2
#: Bytes in one run.
GRAM = 4

Places = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]

#: Multiplier of a multiplicative hash (Knuth, The Art of Computer Programming, 6.4).
_KNUTH = np.uint32(2_654_435_761)


def hashes(data: bytes) -> Iterator[Places]:
    """Yield the places of all runs in *data*: of each fourth run, from the first four on."""
    for start in range(GRAM):
        count = (len(data) - start) // GRAM
        if count > 0:
            four = np.frombuffer(data, dtype="<u4", count=count, offset=start)
            yield ((four * _KNUTH) >> np.uint32(16)).astype(np.int64)


def runs(text: bytes) -> Places:
    """Return the places of all runs in *text*, each once."""
    found = list(hashes(text))
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def values(hashed: Iterable[int]) -> Places:
    """Return the places of values, by their hashes."""
    return places(np.fromiter(hashed, dtype=np.int64))


def places(found: Places) -> Places:
    """Return the places of values, by the array of their hashes."""
    return RUN_BITS + np.concatenate([found & (VALUE_BITS - 1), (found >> 16) & (VALUE_BITS - 1)])


def value_hashes(field: str, texts: Iterable[str]) -> list[int]:
    """Return the hash of each value of a field."""
    beginning = crc32(f"{field}\0".encode())
    return list(map(crc32, map(str.encode, texts), repeat(beginning)))


def digit_hashes(field: str, beginning: str, size: int, data: bytes) -> Places:
    """Return the same as `value_hashes` of texts of a *beginning* and 2 * *size* hex digits each, by the bytes of all their digits.

    CRC-32 is linear: each byte changes the hash of zeros by what it is and how far from the end it stands, so that all texts
    are hashed at once, a byte of each at a time.
    """
    zeros = crc32(b"0" * (2 * size), crc32(f"{field}\0{beginning}".encode()))
    whole = np.frombuffer(data, dtype=np.uint8).reshape(-1, size)
    found = np.full(len(whole), zeros, dtype=np.uint32)
    for at in range(size):
        found ^= _changes(size - at - 1)[whole[:, at]]
    return found.astype(np.int64)


@lru_cache(maxsize=64)
def _changes(behind: int) -> npt.NDArray[np.uint32]:
    """Return for each byte how its two hex digits change a hash of zeros, where those of *behind* more bytes follow."""
    rest = b"0" * (2 * behind)
    zeros = crc32(b"00" + rest)
    return np.array([crc32(b"%02x" % byte + rest) ^ zeros for byte in range(256)], dtype=np.uint32)


def metadata_hashes(metadata: Sequence[dict[str, Any]]) -> list[int]:
    """Return the same of all values of logs' metadata, of each once."""
    texts = defaultdict[str, set[str]](set)
    for place, kind, values in columns(metadata):
        path = f"metadata.{'.'.join(place)}"
        if kind is list:
            for beneath, value in scalars(list(values), path):
                texts[beneath].add(as_text(value))
        else:
            texts[path].update(values if kind is str else map(as_text, set(values)))
    return [one for path, found in texts.items() for one in value_hashes(path, found)]


class Wanted:
    """A filter, as it is asked of a block: a tree of places, each leaf the alternatives of which a block must have one whole."""

    def __init__(self, tree: Filter) -> None:
        self._tree = tree
        self._leaves = {leaf: alternatives(leaf) for leaf in leaves(tree)}
        #: All places that are asked for, ascending; none where no block can be left out.
        every = [places for found in self._leaves.values() for places in found]
        self.places: Places = (
            np.unique(np.concatenate(every)) if every and self._prunes(tree) else np.zeros(0, dtype=np.int64)
        )

    def _prunes(self, tree: Filter) -> bool:
        match tree:
            case And(parts):
                return any(map(self._prunes, parts))
            case Or(parts):
                return all(map(self._prunes, parts))
            case Not():
                return False
        return bool(self._leaves[tree])

    def may_be_in(self, bits: Bits) -> Bits:
        """Return which blocks may satisfy the filter, by a row of blocks' bits for each of `places`."""
        return self._may(self._tree, bits)

    def _may(self, tree: Filter, bits: Bits) -> Bits:
        found = np.full(bits.shape[1], ~np.uint64(0), dtype=np.uint64)
        match tree:
            case And(parts):
                for part in parts:
                    found &= self._may(part, bits)
            case Or(parts):
                found[:] = 0
                for part in parts:
                    found |= self._may(part, bits)
            case Not():
                pass
            case _ if self._leaves[tree]:
                found[:] = 0
                for places in self._leaves[tree]:
                    found |= np.bitwise_and.reduce(bits[np.searchsorted(self.places, places)], axis=0)
        return found


def alternatives(leaf: Filter) -> list[Places]:
    """Return places of which a block must have one whole list to satisfy *leaf*; none where they say nothing."""
    texts = needles(leaf)
    if texts is not None:
        found = [runs(text.encode()) for text in texts]
        return found if all(map(len, found)) else []
    wanted = [runs(word.encode()) for word in wanted_words(leaf)]
    if wanted:
        places = np.unique(np.concatenate(wanted))
        return [places] if len(places) else []
    if isinstance(leaf, Equals | In) and leaf.field not in ("level", "message", "id", "timestamp", "received"):
        values_of = (leaf.text,) if isinstance(leaf, Equals) else leaf.texts
        return [values([one]) for one in value_hashes(leaf.field, values_of)]
    return []
