"""How many logs of each block have which skeleton (segments/messages.py), kept for groups of blocks: a word that is no variable,
or a phrase of such, is counted by the skeletons that have it, without opening a segment.

A program's sentences are few: of 65,536 ordinary logs some hundred skeletons take 3 KB and their counts 10. Where they are many
nothing is kept, and the segments are asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from app.query.filter import Filter, Phrase, Words
from app.systems.sqlite.checksums import checksum
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index.scan.messages import MessagesAsked, MessageTest
from app.systems.sqlite.segments.directory import directory
from app.systems.sqlite.segments.messages import MOST, OpenMessages, Skeletons
from app.systems.sqlite.segments.parts import DAMAGED, Packed
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.window import Block

#: Blocks in a group.
GROUP = 64
#: Most bytes of a group's skeletons that are kept.
MOST_BYTES = 1 << 19


class SkeletonCounts(msgspec.Struct, array_like=True, gc=False):
    """The skeletons of a group."""

    skeletons: Skeletons
    #: For each block the logs of each skeleton: numbers of 16 bits, first the low byte of all, then the high one.
    counts: Packed


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SkeletonCounts).decode


def of_group(connection: Connection, number: int) -> bytes | None:
    """Return the skeletons of a group whose blocks are all in segments; None where there are too many."""
    there, found = directory(connection), dict[bytes, npt.NDArray[np.uint16]]()
    size = 0
    for at in range(GROUP):
        first = (number * GROUP + at) * BLOCK
        for one in map(there.segment, there.between(first, first + BLOCK - 1)):
            texts = one.texts_once(connection)
            for skeleton, count in zip(texts.skeletons, texts.counts().tolist(), strict=True):
                counts = found.get(skeleton)
                if counts is None:
                    size += len(skeleton) + 1
                    if len(found) >= MOST or size > MOST_BYTES:
                        return None
                    counts = found[skeleton] = np.zeros(GROUP, dtype=np.uint16)
                counts[at] += count
    if not found:
        return None
    order, skeletons = Skeletons.of(list(found))
    planes = np.stack([found[one] for one in order], axis=1).astype("<u2").view(np.uint8).reshape(-1, 2).T
    return checksum.sealed(_encode(SkeletonCounts(skeletons, Packed.of(planes.tobytes()))), number)


class SentenceCounts:
    """A filter's logs in blocks, counted by skeletons, in a read transaction."""

    def __init__(self, connection: Connection, tree: Filter) -> None:
        self._connection = connection
        test = MessageTest(tree) if isinstance(tree, Words | Phrase) else None
        #: None where skeletons don't show whether their messages satisfy the filter.
        self._test = test if test is not None and test.by_skeletons else None
        #: By group the logs of each of its blocks; None where nothing is kept.
        self._known: dict[int, list[int] | None] = {}

    def split(self, blocks: Sequence[Block]) -> tuple[int, Sequence[Block]]:
        """Return how many logs some of *blocks*, of which all count, have together, and the others, which must be asked."""
        if self._test is None:
            return 0, blocks
        found, left = 0, list[Block]()
        for block in blocks:
            counts = self._counts(block.number // GROUP)
            if counts is None:
                left.append(block)
            else:
                found += counts[block.number % GROUP]
        return found, left

    def _counts(self, group: int) -> list[int] | None:
        if group not in self._known:
            row = self._connection.execute("SELECT counts FROM sentence_groups WHERE number = ?", (group,)).fetchone()
            self._known[group] = None if row is None else self._kept(group, row[0])
        return self._known[group]

    def _kept(self, group: int, packed: bytes) -> list[int] | None:
        try:
            return self._counted(_decode(checksum.opened(packed, group)))
        except DAMAGED:
            checksum.note("sentences", group * GROUP * BLOCK, (group + 1) * GROUP * BLOCK - 1)
            return None

    def _counted(self, kept: SkeletonCounts) -> list[int]:
        count = kept.skeletons.count
        # Each skeleton is asked as if it were one log.
        texts = OpenMessages(kept.skeletons, count, bytes)
        texts.codes = np.arange(count)
        assert self._test is not None
        satisfy = self._test.rows(MessagesAsked(texts), np.ones(count, dtype=np.bool_))
        low, high = np.frombuffer(kept.counts.opened(), dtype=np.uint8).reshape(2, GROUP, count)[:, :, satisfy]
        found: list[int] = (low.sum(axis=1, dtype=np.int64) + 256 * high.sum(axis=1, dtype=np.int64)).tolist()
        return found
