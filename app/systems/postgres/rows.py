"""How a record is a row of PostgreSQL's table `logs`: written and read here only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from app.log.record import LogRecord, id_bytes
from app.systems.postgres.server import Cursor

#: Columns in the order in which `record` takes them. As text, json comes back byte for byte.
COLUMNS = "id, t, ns, level, message, resource_id, trace_id, span_id, commit, metadata::text, truncated"
#: Columns in the order in which `lines` gives them.
COPIED = "id, t, place, ns, truncated, level, message, resource_id, trace_id, span_id, commit, metadata"
#: Characters handed to the driver at once: a batch of large logs is never held a second time.
PIECE = 1 << 16
#: Ids asked for in one statement.
AT_ONCE = 500

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def record(row: Sequence[Any]) -> LogRecord:
    """Return the record of a row with COLUMNS."""
    identity, t, ns, level, message, resource_id, trace_id, span_id, commit, packed, truncated = row[:11]
    metadata = None if packed is None else _decode(packed)
    return LogRecord(
        id_bytes(identity), t, ns, level, message, resource_id, trace_id, span_id, commit, metadata, truncated
    )


class Lines:
    """Records as COPY's text format, read piece by piece."""

    def __init__(self, records: Iterable[LogRecord], place: int) -> None:
        self._pieces = _pieces(records, place)

    def read(self, _: int = -1) -> str:
        """Return the next piece, however long; empty at the end."""
        return next(self._pieces, "")


def _pieces(records: Iterable[LogRecord], place: int) -> Iterator[str]:
    piece, length = list[str](), 0
    for item in records:
        line = _line(item, place)
        piece.append(line)
        length += len(line)
        if length >= PIECE:
            yield "".join(piece)
            piece, length = [], 0
    if piece:
        yield "".join(piece)


def _line(item: LogRecord, place: int) -> str:
    metadata = None if item.metadata is None else _encode(item.metadata).decode()
    texts = (item.level, item.message, item.resource_id, item.trace_id, item.span_id, item.commit, metadata)
    shown = "\t".join(["\\N" if text is None else _escaped(text) for text in texts])
    return f"{item.id.hex()}\t{item.t}\t{place}\t{item.ns}\t{'t' if item.truncated else 'f'}\t{shown}\n"


def _escaped(text: str) -> str:
    # Looking is much cheaper than replacing, and nearly no text has any of them.
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\n" in text:
        text = text.replace("\n", "\\n")
    if "\r" in text:
        text = text.replace("\r", "\\r")
    if "\t" in text:
        text = text.replace("\t", "\\t")
    return text


def by_id(cursor: Cursor, ids: Sequence[bytes]) -> list[LogRecord]:
    """Return the records with these ids, in that order, as far as they are stored."""
    found = {}
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        cursor.execute(f"SELECT {COLUMNS} FROM logs WHERE id = ANY(%s::uuid[])", (texts(some),))
        for row in cursor.fetchall():
            item = record(row)
            found[item.id] = item
    return [found[identity] for identity in ids if identity in found]


def known(cursor: Cursor, ids: Sequence[bytes]) -> set[bytes]:
    """Return those of the ids that are stored."""
    found = set()
    for start in range(0, len(ids), AT_ONCE):
        cursor.execute("SELECT id FROM logs WHERE id = ANY(%s::uuid[])", (texts(ids[start : start + AT_ONCE]),))
        found |= {id_bytes(identity) for (identity,) in cursor.fetchall()}
    return found


def texts(ids: Iterable[bytes]) -> list[str]:
    """Return ids as PostgreSQL reads a uuid."""
    return [identity.hex() for identity in ids]
