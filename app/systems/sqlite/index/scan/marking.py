"""The marks of blocks (see marks.py) in the file: written once for each full block, then put together for GROUP blocks at once.

Of a group each place has as many bits as there are blocks. PIECE places are kept in one compressed row: two thirds of the bytes
that the blocks' own sets take, and a hundredth of the time to ask all blocks for a word.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

from app.systems.sqlite import rows
from app.systems.sqlite.checksums import checksum
from app.systems.sqlite.file import Connection, SqliteDatabase
from app.systems.sqlite.index.scan import marks, messages
from app.systems.sqlite.index.scan.columns import NUMBERS
from app.systems.sqlite.index.scan.marks import BITS
from app.systems.sqlite.index.scan.possible import GROUPED, MARKED, PIECE, PIECES, REPLACED, whole
from app.systems.sqlite.index.scan.sentences import GROUP, of_group
from app.systems.sqlite.segments import converting, segment, table
from app.systems.sqlite.segments.directory import directory
from app.systems.sqlite.segments.messages import END
from app.systems.sqlite.segments.parts import DAMAGED
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.sealing import BUSY_LOGS, SEALED_TO
from app.systems.sqlite.segments.stored import Segment, let_go

log = logging.getLogger(__name__)

#: Blocks to be marked from which on a worker marks even while many logs wait in the queue: asked one by one they take a tenth of a second.
BEHIND_BLOCKS = 1024
#: Names of the fields that have values to be marked, by their number.
_NAMES = {number: name for name, number in NUMBERS.items() if number != segment.MESSAGE}


def mark(database: SqliteDatabase, most: int = GROUP) -> int:
    """Mark up to *most* full blocks that have become segments, and put whole groups together; return how many blocks.

    Marks only make what is found sooner: they wait while many logs do, and between two blocks logs are stored, unless many blocks lack them.
    """
    with database.snapshot() as connection:
        first, full = rows.get_state(connection, MARKED), (_full(connection) + 1) // BLOCK
        patient = full - first < BEHIND_BLOCKS
        if patient and _waiting(connection) > BUSY_LOGS:
            return 0
    number = first
    while number < min(full, first + most) and _mark(database, number, yielding=patient and number > first):
        number += 1
    group(database)
    return number - first


def _mark(database: SqliteDatabase, number: int, *, yielding: bool) -> bool:
    """Mark a block; return whether it is. With *yielding* it is left to the next round where logs wait."""
    with database.snapshot() as connection:
        # A rebuild may have put fewer logs in the place of those that made it full.
        if number >= (_full(connection) + 1) // BLOCK or (yielding and _waiting(connection)):
            return False
        state, bits = _state(connection), _bits(connection, number)
    with database.write(durable=False) as connection:
        if _state(connection) != state or rows.get_state(connection, MARKED) != number:
            return False
        if bits is not None:
            connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (number, checksum.sealed(bits, number)))
        rows.set_state(connection, MARKED, number + 1)
    return True


def _bits(connection: Connection, number: int) -> bytes | None:
    """Return the bits of a block; None too where its logs can't be read: reading them fails."""
    try:
        return of_block(connection, number)
    except DAMAGED:
        log.exception("the logs of the block %d can't be read and have no marks", number)
        return None


def _waiting(connection: Connection) -> int:
    return rows.get_state(connection, "queued_logs")


def _state(connection: Connection) -> int:
    """Return what changes when the logs at some places do, and not when logs are indexed out of order: that never ends at times."""
    return rows.get_state(connection, REPLACED)


def _full(connection: Connection) -> int:
    """Return the last place up to which all logs that could be are in segments, and these are written by column."""
    statement = "SELECT min(place) FROM logs WHERE place > ?"
    lowest = connection.execute(statement, (rows.get_state(connection, SEALED_TO),)).fetchone()[0]
    former = converting.lowest(connection)
    ends = (rows.next_place(connection), lowest, former)
    return min(int(end) for end in ends if end is not None) - 1


def of_block(connection: Connection, number: int) -> bytes | None:
    """Return the bits of a block; None where some of its logs are rows, for these are not asked by segment."""
    first, last = number * BLOCK, number * BLOCK + BLOCK - 1
    if connection.execute("SELECT 1 FROM logs WHERE place BETWEEN ? AND ? LIMIT 1", (first, last)).fetchone():
        return None
    there, bits = directory(connection), np.zeros(BITS, dtype=np.bool_)
    for one in map(there.segment, there.between(first, last)):
        _set(bits, connection, one)
        let_go(one)
    return np.packbits(bits, bitorder="little").tobytes()


def _set(bits: npt.NDArray[np.bool_], connection: Connection, one: Segment) -> None:
    """Set the bits of a segment's messages and values."""
    said, hashed = _fresh(one) or _stored(connection, one), list[int]()
    text, digits = said.text, one.digits(connection)
    for places in marks.hashes(messages.folded(text)):
        bits[places] = True
    if not text.isascii():
        for places in marks.hashes(messages.cut(text.split(END)[:-1])):
            bits[places] = True
    for number, name in _NAMES.items():
        if number in digits:
            bits[marks.places(marks.digit_hashes(name, *digits[number].parts))] = True
        else:
            hashed += marks.value_hashes(name, [value for value in set(said.values(number)) if value is not None])
    bits[marks.values([*hashed, *marks.metadata_hashes(said.metadata)])] = True


class _Said(NamedTuple):
    """The texts of a segment's logs."""

    #: Their messages, each ended by END.
    text: bytes
    #: Returns the values of a field, by its number; each once at least.
    values: Callable[[int], Iterable[str | None]]
    #: Their metadata, each once at least.
    metadata: Sequence[dict[str, Any]]


def _fresh(one: Segment) -> _Said | None:
    """Return the texts of a segment that was written a moment ago from memory, which takes a third of the time; None for others."""
    logs = table.fresh(one)
    if logs is None:
        return None
    found = logs.docs[segment.METADATA]
    if logs.metadata is not None:
        found = list(dict(zip(logs.metadata, found, strict=True)).values())
    text = "\0".join((*logs.docs[segment.MESSAGE], "")).encode()
    return _Said(text, logs.docs.__getitem__, [one for one in found if one])


def _stored(connection: Connection, one: Segment) -> _Said:
    """Return the texts of a segment as they are stored."""
    chunks, fields = one.chunks(connection), one.fields(connection)

    def values(number: int) -> Iterable[Any]:
        column = fields.column(number)
        return one.column(connection, number, chunks) if column is None else column.values

    metadata = values(segment.METADATA)
    packed = [value for value in metadata if isinstance(value, bytes)]
    found = segment.several_metadata(packed) if packed else [value for value in metadata if value]
    return _Said(one.texts_once(connection).text(), values, found)


def group(database: SqliteDatabase) -> int:
    """Put the marks of whole groups together; return how many groups."""
    made = 0
    while True:
        with database.snapshot() as connection:
            number, marked = rows.get_state(connection, GROUPED), rows.get_state(connection, MARKED)
            first = number * GROUP
            if marked < first + GROUP:
                return made
            statement = "SELECT block, bits FROM marks WHERE block BETWEEN ? AND ?"
            found = connection.execute(statement, (first, first + GROUP - 1))
            kept, state = {block: whole(block, bits) for block, bits in found}, _state(connection)
            sentences = _sentences(connection, number) if len(kept) == GROUP else None
        packed = _transposed([kept.get(block) for block in range(first, first + GROUP)])
        with database.write(durable=False) as connection:
            if _state(connection) != state or rows.get_state(connection, GROUPED) != number:
                return made
            connection.executemany(
                "INSERT OR REPLACE INTO mark_groups VALUES (?, ?)", list(enumerate(packed, number * PIECES))
            )
            if sentences is not None:
                connection.execute("INSERT OR REPLACE INTO sentence_groups VALUES (?, ?)", (number, sentences))
            connection.execute("DELETE FROM marks WHERE block BETWEEN ? AND ?", (first, first + GROUP - 1))
            rows.set_state(connection, GROUPED, number + 1)
        made += 1


def _sentences(connection: Connection, number: int) -> bytes | None:
    try:
        return of_group(connection, number)
    except DAMAGED:
        log.exception("the logs of the blocks from %d on can't be read and have no sentences", number * GROUP)
        return None


def _transposed(blocks: Sequence[bytes | None]) -> list[bytes]:
    """Return the pieces of a group; a block without bits gets all."""
    every = np.full((GROUP, BITS // 8), 255, dtype=np.uint8)
    for number, bits in enumerate(blocks):
        if bits is not None:
            every[number] = np.frombuffer(bits, dtype=np.uint8)
    # The frames' own checksum: a query reads many of them, and it costs least.
    zstd, pieces = zstandard.ZstdCompressor(level=3, write_checksum=True), list[bytes]()
    for start in range(0, BITS // 8, PIECE // 8):
        bits_of = np.unpackbits(every[:, start : start + PIECE // 8], axis=1, bitorder="little")
        pieces.append(zstd.compress(np.packbits(bits_of.T, axis=1, bitorder="little").tobytes()))
    return pieces
