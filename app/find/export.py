"""Export: logs as NDJSON or CSV, in pieces of constant size whatever the number of logs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, tzinfo
from typing import Any

import msgspec
from msgspec import UNSET

from app.errors import InvalidQuery, Problem
from app.log.record import LogRecord, ShownLog
from app.log.scalars import as_text, scalars
from app.times.zone import text

FORMATS = ("ndjson", "csv")
#: Columns of a CSV export that names none.
COLUMNS = (
    *("timestamp", "level", "resourceId", "message", "traceId", "spanId", "commit", "metadata", "id", "received"),
)
_KNOWN = frozenset(ShownLog.__struct_fields__)
#: Bytes gathered before they are handed on.
PIECE_BYTES = 64 << 10

#: Characters that make a spreadsheet run a cell as a formula: these, also behind blanks, and their wide forms.
_FORMULA = re.compile(r"[\s\0]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]")


def lines(
    chunks: Iterator[list[LogRecord]], format: str, columns: Sequence[str] = (), zone: tzinfo = UTC
) -> Iterator[bytes]:
    """Yield the logs of *chunks* as pieces of about 64 KiB of NDJSON or CSV.

    *columns* are field names, `metadata.a.b` among them. Without any, CSV has COLUMNS and an NDJSON
    line is the log as an answer shows it, its times as the *zone* has them. Raises InvalidQuery, before the first log is read, for
    another format or column.
    """
    check(format, columns)
    write = _csv_writer(columns or COLUMNS, zone) if format == "csv" else _ndjson_writer(columns, zone)
    return _pieces(chunks, write)


def check(format: str, columns: Sequence[str]) -> None:
    """Raise InvalidQuery unless format and columns are known."""
    problems = [
        Problem(f"{name} is not a column: use {', '.join(COLUMNS)} or a path such as metadata.a.b", "columns")
        for name in columns
        if name not in _KNOWN and not name.startswith("metadata.")
    ]
    if format not in FORMATS:
        problems.insert(0, Problem(f"{format} is not a format: use {' or '.join(FORMATS)}", "format"))
    if problems:
        raise InvalidQuery(*problems)


def ndjson(records: Sequence[LogRecord], columns: Sequence[str] = ()) -> bytes:
    """Return one line of JSON per record: the whole log, or the columns that it has."""
    return _ndjson_writer(columns, UTC)(records)


def shown_in(record: LogRecord, zone: tzinfo) -> ShownLog:
    """Return the log as an answer shows it, its times with the offset that the *zone* had then."""
    shown = record.shown()
    if zone is not UTC:
        shown.received = text((record.received, 0), zone)
        shown.timestamp = text((record.t, record.ns), zone)
    return shown


def csv_rows(records: Sequence[LogRecord], columns: Sequence[str] = COLUMNS, zone: tzinfo = UTC) -> bytes:
    """Return one CSV row per record (RFC 4180), formulas defused, without the row of names."""
    table = io.StringIO(newline="")
    rows = csv.writer(table)
    for record in records:
        shown = shown_in(record, zone)
        rows.writerow([_cell(_value(shown, name)) for name in columns])
    return table.getvalue().encode()


Writer = Callable[[Sequence[LogRecord]], bytes]


def _pieces(chunks: Iterator[list[LogRecord]], write: Writer) -> Iterator[bytes]:
    piece = bytearray(write([]))
    for chunk in chunks:
        # Few at a time: one log may be a MiB long.
        for start in range(0, len(chunk), 50):
            piece += write(chunk[start : start + 50])
            if len(piece) >= PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
    if piece:
        yield bytes(piece)


def _ndjson_writer(columns: Sequence[str], zone: tzinfo) -> Writer:
    def write(records: Sequence[LogRecord]) -> bytes:
        return b"".join(msgspec.json.encode(_chosen(shown_in(record, zone), columns)) + b"\n" for record in records)

    return write


def _csv_writer(columns: Sequence[str], zone: tzinfo) -> Writer:
    head = io.StringIO(newline="")
    csv.writer(head).writerow([_cell(name) for name in columns])
    names = head.getvalue().encode()

    def write(records: Sequence[LogRecord]) -> bytes:
        nonlocal names
        rows, names = names + csv_rows(records, columns, zone), b""
        return rows

    return write


def _chosen(shown: ShownLog, columns: Sequence[str]) -> ShownLog | dict[str, Any]:
    if not columns:
        return shown
    values = {name: _value(shown, name) for name in columns}
    return {name: value for name, value in values.items() if value is not None}


def _value(shown: ShownLog, column: str) -> Any:
    """Return the column's value; where a path of metadata has several, all of them as a list, of an object what lies in it."""
    if not column.startswith("metadata."):
        value = getattr(shown, column)
        return None if value is UNSET else value
    metadata = shown.metadata
    if metadata is UNSET:
        return None
    found: dict[str, list[Any]] = {}
    for path, value in scalars(metadata, "metadata"):
        if path == column or path.startswith(f"{column}."):
            found.setdefault(path, []).append(value)
    own = found.pop(column, None)
    if own is not None:
        return _one_or_all(own)
    return {path.removeprefix(f"{column}."): _one_or_all(values) for path, values in found.items()} or None


def _one_or_all(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _cell(value: Any) -> str:
    """Return the text of a cell; one that a spreadsheet would run gets a quote before it."""
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    written = as_text(value)
    return f"'{written}" if isinstance(value, str) and _FORMULA.match(written) else written
