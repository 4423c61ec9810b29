"""The compressed parts of a segment's columns: whole numbers, ids and bytes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
import zstandard

from app.errors import Damaged
from app.systems.sqlite.segments.places import BLOCK

Longs = npt.NDArray[np.int64]

#: zstd's level: 6 gains 2 % and takes three times as long.
LEVEL = 3

#: Errors that reading a damaged part raises.
DAMAGED = (Damaged, ValueError, LookupError, msgspec.MsgspecError, zstandard.ZstdError)

#: Bounds that a damaged part fails while it is decoded, before room is made for as much as it names.
_Count = Annotated[int, msgspec.Meta(ge=0, le=BLOCK)]
_Long = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
#: A frame that names more bytes than so many for each of its own, and this many beside, is decompressed piece by piece.
_USUAL_RATIO, _USUAL_BYTES = 100, 1 << 20

_local = threading.local()
#: Numbers by their bytes.
_NUMBER_TYPES = {1: "<i1", 2: "<i2", 4: "<i4", 8: "<i8"}


def compressor() -> zstandard.ZstdCompressor:
    """Return this thread's compressor: one may not be shared, and is dear to make."""
    found = getattr(_local, "compressor", None)
    if found is None:
        found = _local.compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=False)
    return found


def _decompressor() -> zstandard.ZstdDecompressor:
    found = getattr(_local, "decompressor", None)
    if found is None:
        found = _local.decompressor = zstandard.ZstdDecompressor()
    return found


class Packed(msgspec.Struct, array_like=True, gc=False):
    """Bytes, as a zstd frame where that is shorter."""

    data: bytes
    compressed: bool

    @classmethod
    def of(cls, data: bytes) -> Packed:
        """Pack *data*."""
        if len(data) < 32:
            return cls(data, False)
        frame = compressor().compress(data)
        return cls(frame, True) if len(frame) < len(data) else cls(data, False)

    @property
    def size(self) -> int:
        """How many bytes it has when it is opened."""
        return int(zstandard.frame_content_size(self.data)) if self.compressed else len(self.data)

    def opened(self) -> bytes:
        """Return the bytes. Raises one of DAMAGED where they don't come back."""
        if not self.compressed:
            return self.data
        size = self.size
        if 0 <= size <= _USUAL_RATIO * len(self.data) + _USUAL_BYTES:
            return _decompressor().decompress(self.data)
        # At once it would take all the room that a damaged head names.
        found = _decompressor().decompressobj().decompress(self.data)
        if len(found) != size:
            raise ValueError(f"a frame of {size:,} bytes holds {len(found):,}")
        return found


class Differences(msgspec.Struct, array_like=True, gc=False):
    """Whole numbers of 64 bits: the first, and the differences between neighbours, in as few bytes each as they need."""

    first: _Long
    #: How many there are, and the bytes of a difference; 0 when all differences are `step`.
    count: _Count
    width: Annotated[int, msgspec.Meta(ge=0, le=8)]
    step: _Long
    differences: Packed

    @classmethod
    def of(cls, values: Longs) -> Differences:
        """Pack *values*, one at least."""
        # Differences may go round 64 bits; adding them up goes round again.
        steps = np.diff(values)
        first, count = int(values[0]), len(values)
        low, high = (int(steps.min()), int(steps.max())) if count > 1 else (0, 0)
        if low == high:
            return cls(first, count, 0, low, Packed(b"", False))
        width = next(width for width in _NUMBER_TYPES if -(1 << 8 * width - 1) <= low and high < 1 << 8 * width - 1)
        return cls(first, count, width, 0, Packed.of(steps.astype(_NUMBER_TYPES[width]).tobytes()))

    def values(self) -> Longs:
        """Return the numbers."""
        if self.width == self.step == 0:
            return np.broadcast_to(np.int64(self.first), self.count)
        found = np.empty(self.count, dtype=np.int64)
        if self.width:
            differences = np.frombuffer(self.differences.opened(), dtype=_NUMBER_TYPES[self.width])
            if len(differences) != self.count - 1:  # a single one would be taken for all
                raise ValueError(f"{len(differences)} differences between {self.count} numbers")
            found[0] = self.first
            found[1:] = differences
            return found.cumsum(out=found)
        found.fill(self.step)
        found[0] = self.first
        return found.cumsum(out=found)


class IdRuns(msgspec.Struct, array_like=True, gc=False):
    """Ids of 16 bytes as runs of neighbours: those of one request differ by one."""

    #: How many ids each run has.
    lengths: Differences
    #: The first id of each run: first the first byte of each, then the second; they begin with a time, hence alike.
    firsts: Packed

    @classmethod
    def of(cls, ids: Sequence[bytes]) -> IdRuns:
        """Pack *ids*, one at least, in their order."""
        whole = np.frombuffer(b"".join(ids), dtype=">u8").reshape(-1, 2)
        high, low = whole[:, 0].astype(np.uint64), whole[:, 1].astype(np.uint64)
        # Differences go round 64 bits: 0 is no neighbour of the highest.
        starts = np.flatnonzero((high[1:] != high[:-1]) | (low[1:] - low[:-1] != 1) | (low[1:] == 0)) + 1
        starts = np.concatenate([np.zeros(1, dtype=np.int64), starts])
        lengths = np.diff(starts, append=len(ids))
        firsts = np.frombuffer(whole[starts].tobytes(), dtype=np.uint8).reshape(-1, 16)
        return cls(Differences.of(lengths), Packed.of(firsts.T.tobytes()))

    def _lengths(self) -> Longs:
        lengths = self.lengths.values()
        if lengths.min() < 1 or lengths.max() > BLOCK or lengths.sum() > BLOCK:
            raise ValueError("runs are longer than a segment")
        return lengths

    def runs(self) -> Iterator[tuple[bytes, bytes, int]]:
        """Yield the first and the last id of each run, and the number of its first."""
        firsts, start = self.firsts.opened(), 0
        count = len(firsts) // 16
        for number, length in enumerate(self._lengths().tolist()):
            first = firsts[number::count]
            yield first, (int.from_bytes(first, "big") + length - 1).to_bytes(16, "big"), start
            start += length

    def halves(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        """Return the first and the last 64 bits of each id."""
        lengths = self._lengths()
        runs = np.frombuffer(self.firsts.opened(), dtype=np.uint8).reshape(16, -1).T
        firsts = np.frombuffer(runs.tobytes(), dtype=">u8").reshape(-1, 2).astype(np.uint64)
        before = (np.cumsum(lengths) - lengths).astype(np.uint64)
        low = np.repeat(firsts[:, 1] - before, lengths)
        low += np.arange(len(low), dtype=np.uint64)
        return np.repeat(firsts[:, 0], lengths), low
