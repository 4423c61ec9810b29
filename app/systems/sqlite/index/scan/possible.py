"""Which blocks may satisfy a filter, by the marks that the file keeps (marking.py).

Damaged marks leave no block out: then the logs are asked, which takes longer and gives the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

from app.systems.sqlite import rows
from app.systems.sqlite.checksums import checksum
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index.scan.marks import BITS, Bits, Places, Wanted
from app.systems.sqlite.index.scan.sentences import GROUP
from app.systems.sqlite.segments.directory import directory
from app.systems.sqlite.segments.parts import DAMAGED
from app.systems.sqlite.segments.places import BLOCK

#: Places whose bits are kept together.
PIECE = 256
PIECES = BITS // PIECE
#: In the table `state`: blocks that were marked, and groups that were made.
MARKED, GROUPED = "marked", "grouped"
#: In the table `state`: how often logs were deleted, or a rebuild put others at their places.
REPLACED = "replaced"
#: Bytes of groups' bits that a process keeps; what a row of them takes beside its bits; places of a filter for more of which none are kept.
GROUPS_BYTES, _ROW_BYTES, _MOST_PLACES = 4 << 20, 400, 256
#: States of marks that a process keeps, of up to 1 MB each.
_STATES = 4
#: The bits of a block that may have anything.
_ALL = bytes([255]) * (BITS // 8)


def opened(number: int, bits: bytes) -> bytes:
    """Return the kept bits of a block; raises DamagedPart where they are damaged."""
    # Those of an earlier release, which have no checksum, may begin with any byte.
    found = bits if len(bits) == BITS // 8 else checksum.opened(bits, number)
    if len(found) != BITS // 8:
        raise checksum.DamagedPart("they are more or less than those of a block")
    return found


def whole(number: int, bits: bytes) -> bytes | None:
    """Return the kept bits of a block; None where they are damaged."""
    try:
        return opened(number, bits)
    except checksum.DamagedPart:
        checksum.note("marks", number * BLOCK, number * BLOCK + BLOCK - 1)
        return None


class BlockMarks:
    """Which blocks may satisfy a filter, in a read transaction."""

    def __init__(self, connection: Connection, wanted: Wanted) -> None:
        self._connection = connection
        self._wanted = wanted
        self._zstd = zstandard.ZstdDecompressor()
        self._grouped = rows.get_state(connection, GROUPED) if len(wanted.places) else 0
        #: By group which of its blocks may satisfy the filter, and whether that was asked; and by block that is in no group.
        self._groups: Bits = np.zeros(self._grouped, dtype=np.uint64)
        self._asked = np.zeros(self._grouped, dtype=np.bool_)
        self._blocks: dict[int, bool] = {}
        #: As what bits of groups are known to this process; None where they are not kept.
        self._known_as = _known_as(connection, self._grouped) if len(wanted.places) <= _MOST_PLACES else None

    def possible(self, numbers: Places) -> npt.NDArray[np.bool_]:
        """Return for each block whether it may satisfy the filter."""
        found = np.ones(len(numbers), dtype=np.bool_)
        if not len(self._wanted.places):
            return found
        inside = numbers < self._grouped * GROUP
        some, single = numbers[inside], numbers[~inside].tolist()
        groups = np.unique(some // GROUP)
        lacking = groups[~self._asked[groups]].tolist()
        if lacking:
            self._read_groups(lacking)
        blocks = [number for number in single if number not in self._blocks]
        if blocks:
            self._read_blocks(blocks)
        found[inside] = self._groups[some // GROUP] >> (some % GROUP).astype(np.uint64) & np.uint64(1)
        found[~inside] = list(map(self._blocks.__getitem__, single))
        return found

    def _read_groups(self, groups: Sequence[int]) -> None:
        places, known_as = self._wanted.places, self._known_as
        for start in range(0, len(groups), 32):
            some = groups[start : start + 32]
            if known_as is None:
                bits = self._read(places, some)
            else:
                bits = _of_groups.of((known_as, self._grouped), places, some, self._read)
            self._groups[some] = self._wanted.may_be_in(bits)
            self._asked[some] = True

    def _read(self, places: Places, groups: Sequence[int]) -> Bits:
        """Return a row for each place, with the bits of each group."""
        pieces = np.unique(places // PIECE)
        at = np.searchsorted(pieces, places // PIECE)
        bits = np.zeros((len(places), len(groups)), dtype=np.uint64)
        for column, number in enumerate(groups):
            bits[:, column] = self._pieces(number, pieces)[at, places % PIECE]
        return bits

    def _pieces(self, group: int, pieces: Places) -> Bits:
        marks = ",".join("?" * len(pieces))
        statement = f"SELECT bits FROM mark_groups WHERE number IN ({marks}) ORDER BY number"
        found = self._connection.execute(statement, (pieces + group * PIECES).tolist()).fetchall()
        try:
            joined = b"".join([self._zstd.decompress(bits) for (bits,) in found])
            return np.frombuffer(joined, dtype="<u8").reshape(len(pieces), PIECE)
        except (*DAMAGED, MemoryError):  # a damaged head may name any size
            checksum.note("marks", group * GROUP * BLOCK, (group + 1) * GROUP * BLOCK - 1)
            return np.full((len(pieces), PIECE), ~np.uint64(0))

    def _read_blocks(self, numbers: Sequence[int]) -> None:
        """Look at the marks of all blocks that are in no group yet; one without marks is always possible."""
        known, places = _ungrouped.of(self._connection), self._wanted.places
        self._blocks.update(dict.fromkeys(numbers, True))
        if not len(known.numbers):
            return
        bits = known.bits[:, places >> 3] >> (places & 7).astype(np.uint8) & 1
        found = self._wanted.may_be_in(np.ascontiguousarray(bits.T).astype(np.uint64))
        # Where the filter asks for nothing all bits are set; only the lowest belongs to the block.
        self._blocks.update((block, bool(may & 1)) for block, may in zip(known.numbers, found.tolist(), strict=True))


def _known_as(connection: Connection, grouped: int) -> int | None:
    """Return what no other state of groups has, in this file or another; None without any group."""
    there, last = directory(connection), grouped * GROUP * BLOCK - 1
    numbers = there.between(last + 1 - GROUP * BLOCK, last) if grouped else range(0)
    if not numbers:
        return None
    # Stamps are never given twice, and a group is not written again but by a rebuild.
    return hash((there.segment(numbers[-1]).stamp, rows.get_state(connection, REPLACED)))


class _Row(NamedTuple):
    """The bits of a place in the groups whose numbers are set in `groups`."""

    groups: int
    bits: Bits


class _GroupsCache:
    """Bits of groups by place, which were decompressed for one question and are asked by the next: shared by a process's connections."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[tuple[int, int, int], _Row] = {}
        self._weight = 0

    def of(
        self,
        state: tuple[int, int],
        places: Places,
        groups: Sequence[int],
        read: Callable[[Places, Sequence[int]], Bits],
    ) -> Bits:
        """Return a row for each place, with the bits of each group; *state* is what they are known as, and how many groups there are."""
        wanted = sum(1 << number for number in groups)
        found = [self._kept.get((*state, place)) for place in places.tolist()]
        lacking = [at for at, row in enumerate(found) if row is None or row.groups & wanted != wanted]
        if lacking:
            bits = read(places[lacking], groups)
            for at, some in zip(lacking, bits, strict=True):
                found[at] = self._keep((*state, int(places[at])), groups, wanted, some)
        columns = np.array(groups)
        return np.stack([row.bits[columns] for row in found if row is not None])

    def _keep(self, key: tuple[int, int, int], groups: Sequence[int], wanted: int, some: Bits) -> _Row:
        with self._guard:
            known = self._kept.pop(key, None)
            # Another thread may read the former row: it stays as it is.
            bits = np.zeros(key[1], dtype=np.uint64) if known is None else known.bits.copy()
            bits[groups] = some
            row = self._kept[key] = _Row(wanted if known is None else known.groups | wanted, bits)
            if known is None:
                self._weight += _weight(row)
            while self._weight > GROUPS_BYTES:
                self._weight -= _weight(self._kept.pop(next(iter(self._kept))))
            return row


def _weight(row: _Row) -> int:
    return row.bits.nbytes + _ROW_BYTES


_of_groups = _GroupsCache()


class _Ungrouped(NamedTuple):
    """The marks of blocks that are in no group yet."""

    numbers: list[int]
    #: A row for each.
    bits: npt.NDArray[np.uint8]


class _UngroupedCache:
    """The newest of these, as transactions see them: shared by a process's connections."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[Any, _Ungrouped] = {}

    def of(self, connection: Connection) -> _Ungrouped:
        """Return those that the connection's transaction sees."""
        figures = (rows.get_state(connection, name) for name in (MARKED, GROUPED, REPLACED))
        # No two files have segments of the same stamp.
        state = (*figures, directory(connection).stamp)
        found = self._kept.get(state)
        if found is None:
            statement = "SELECT block, bits FROM marks"
            kept = [(block, whole(block, bits) or _ALL) for block, bits in connection.execute(statement)]
            bits: npt.NDArray[np.uint8] = np.frombuffer(b"".join([bits for _, bits in kept]), dtype=np.uint8)
            found = _Ungrouped([block for block, _ in kept], bits.reshape(len(kept), BITS // 8))
            with self._guard:
                self._kept[state] = found
                while len(self._kept) > _STATES:
                    del self._kept[next(iter(self._kept))]
        return found


_ungrouped = _UngroupedCache()
