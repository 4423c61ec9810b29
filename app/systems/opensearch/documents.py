"""A record as the document that the index holds, and back. Every key is computed here: the index only compares."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import msgspec

from app.log import codec
from app.log.fold import word_text
from app.log.record import LogRecord
from app.log.scalars import as_text, number, scalars, sortable
from app.systems.opensearch.mapping import PATH_LIMIT, path_name

#: A longer value is kept in pieces of so many characters: with the path before it, Lucene takes 32,766 bytes of UTF-8.
PIECE = 7_000
#: Characters that neighbouring pieces share: whatever matches within so many stands in one of them whole.
OVERLAP = 1_002
#: Stands at an end of a piece at which the value goes on; no text holds it.
_SEAM = "\0"
_HALF = 1 << 63
#: First eight bytes of an id that don't fit the index: times from the year 6429 on.
_TOO_LATE = 1 << 63


class KeptDocument(msgspec.Struct, omit_defaults=True, gc=False):
    """The fields of a document from which a record is made again; mapping.py says what each is for."""

    t: int
    k: int
    m: int
    level: str
    message: str | list[str]
    n: int = 0
    resource: str | None = None
    trace: str | None = None
    span: str | None = None
    commit: str | None = None
    meta: str | None = None
    cut: bool = False


class Document(KeptDocument, omit_defaults=True, gc=False):
    """The document of one record in the index."""

    words: str = ""
    kv: list[str] | None = None
    paths: list[str] | None = None
    long: list[str] | None = None


_encode = msgspec.json.Encoder().encode
_metadata = codec.decoder(dict[str, Any]).decode


def encode(record: LogRecord) -> bytes:
    """Return the record's document as JSON. Raises ValueError for one that the index can't hold."""
    first, last = split_id(record.id)
    long: list[str] = []
    message: str | list[str] = record.message
    if len(record.message) > PIECE:
        message = list(pieces(record.message))
        long.append("message")
    document = Document(
        record.t,
        first,
        last,
        record.level,
        message,
        record.ns,
        record.resource_id,
        record.trace_id,
        record.span_id,
        record.commit,
        cut=record.truncated,
        words=word_text(record.message),
    )
    if record.metadata is not None:
        document.meta = base64.b64encode(codec.encode(record.metadata)).decode()
        if record.metadata:
            document.kv, document.paths = _metadata_terms(record.metadata, long)
    if long:
        document.long = list(dict.fromkeys(long))
    return _encode(document)


def _metadata_terms(metadata: dict[str, Any], long: list[str]) -> tuple[list[str], list[str]]:
    """Return kv and paths; the paths of long values are added to *long*."""
    kv: list[str] = []
    paths: dict[str, None] = {}
    for path, value in scalars(metadata, "metadata"):
        name = path_name(path if len(path) <= 2 * PATH_LIMIT else path[: 2 * PATH_LIMIT])
        if isinstance(value, str):
            paths[f"{name}>s"] = None
            text = value
        else:
            paths[f"{name}>{'b' if isinstance(value, bool) else 'n'}"] = None
            text = as_text(value)
            comparable = number(value)
            if comparable is not None:
                kv.append(f"{name}<{sortable(comparable)}")
        if len(path) > PATH_LIMIT:
            continue  # no filter can name it
        if len(text) > PIECE:
            kv += [f"{name}={piece}" for piece in pieces(text)]
            long.append(name)
        else:
            kv.append(f"{name}={text}")
    return kv, list(paths)


def pieces(text: str) -> Iterator[str]:
    """Yield a long text in overlapping pieces that say at which ends they are cut."""
    step = PIECE - OVERLAP
    for start in range(0, len(text) - OVERLAP, step):
        end = start + PIECE
        yield f"{_SEAM if start else ''}{text[start:end]}{_SEAM if end < len(text) else ''}"


def joined(parts: list[str]) -> str:
    """Return the text whose pieces these are."""
    plain = [part.strip(_SEAM) for part in parts]
    return plain[0] + "".join(part[OVERLAP:] for part in plain[1:])


def decode(document: KeptDocument) -> LogRecord:
    """Return the record of a document."""
    return LogRecord(
        join_id(document.k, document.m),
        document.t,
        document.n,
        document.level,
        document.message if isinstance(document.message, str) else joined(document.message),
        document.resource,
        document.trace,
        document.span,
        document.commit,
        None if document.meta is None else _metadata(base64.b64decode(document.meta)),
        document.cut,
    )


def split_id(identity: bytes) -> tuple[int, int]:
    """Return k and m of an id. Raises ValueError for a time that the index can't hold."""
    first = int.from_bytes(identity[:8], "big")
    if first >= _TOO_LATE:
        raise ValueError("the id's time lies beyond the year 6428")
    return first, int.from_bytes(identity[8:], "big") - _HALF


def join_id(first: int, last: int) -> bytes:
    """Return the id of k and m."""
    return first.to_bytes(8, "big") + (last + _HALF).to_bytes(8, "big")


def document_id(identity: bytes) -> str:
    """Return the id by which a document is known: a form that the index keeps in 17 bytes."""
    return base64.urlsafe_b64encode(identity)[:22].decode()
