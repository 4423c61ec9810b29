"""How often each value of some fields occurs: by the numbers of values where segments have these, else log by log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from app.log.record import LogRecord
from app.query.meaning import values_of
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index.scan.columns import number_of
from app.systems.sqlite.index.scan.remembered import Remembered
from app.systems.sqlite.segments import segment
from app.systems.sqlite.segments.columns import OpenFewValues
from app.systems.sqlite.segments.parts import Longs
from app.systems.sqlite.segments.stored import Segment

#: Bytes that a field with a value takes besides the value.
_PAIR_BYTES = 150


class _Numbered(dict[Any, int]):
    """The values of a field, numbered in the order in which they are met, and how often each of them was."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: npt.NDArray[np.int64] = np.zeros(1_024, dtype=np.int64)

    def __missing__(self, value: Any) -> int:
        number = self[value] = len(self)
        return number

    def count(self, column: OpenFewValues, at: Longs) -> None:
        """Count the values that the rows *at* of a column have: half of the time that it takes to add them up one by one."""
        codes, counts = _counted(column, at)
        values = column.values if len(codes) == len(column.values) else map(column.values.__getitem__, codes.tolist())
        numbers = np.fromiter(map(self.__getitem__, values), dtype=np.intp, count=len(codes))
        while len(self._counts) < len(self):
            self._counts = np.concatenate([self._counts, np.zeros_like(self._counts)])
        # A column has no value twice.
        self._counts[numbers] += counts

    def texts(self) -> Iterator[tuple[str, int]]:
        """Yield those values that are texts, and how often each was met."""
        for value, count in zip(self, self._counts.tolist(), strict=False):
            if isinstance(value, str):
                yield value, count


class FacetTally:
    """Counts of the values of some fields."""

    def __init__(self, fields: Sequence[str]) -> None:
        self.counts: dict[str, Counter[str]] = {field: Counter() for field in fields}
        self._numbered: dict[str, _Numbered] = {field: _Numbered() for field in fields}
        self._of_metadata = [field for field in fields if number_of(field) == segment.METADATA]
        self._known = Remembered[set[tuple[str, str]]]()

    def values(self) -> int:
        """Return how many values were met; those of segments and those of single logs may be the same."""
        return sum(map(len, (*self.counts.values(), *self._numbered.values())))

    def of(self, field: str) -> Counter[str]:
        """Return how often each value of a field was met."""
        found = self.counts[field].copy()
        for value, count in self._numbered[field].texts():
            found[value] += count
        return found

    def add(self, records: Iterable[LogRecord]) -> None:
        """Count the values of records."""
        for record in records:
            for field, value in values_of(record, self.counts):
                self.counts[field][value] += 1

    def add_rows(self, connection: Connection, one: Segment, at: Longs) -> None:
        """Count the values of the rows *at* of a segment."""
        left = [field for field in self.counts if not self._by_number(connection, one, at, field)]
        if self._of_metadata and not self._by_metadata(connection, one, at):
            left += self._of_metadata
        if left:
            for record in one.records(connection, at.tolist()):
                for field, value in values_of(record, left):
                    self.counts[field][value] += 1

    def _by_number(self, connection: Connection, one: Segment, at: Longs, field: str) -> bool:
        """Count a field whose values are texts; return False where the segment does not have it by number."""
        number, counts = number_of(field), self.counts[field]
        if field == "level":
            keys = one.keys(connection)
            self._numbered[field].count(OpenFewValues(list(keys.texts), keys.codes), at)
            return True
        if number == segment.METADATA:
            # Counted together, by `_by_metadata`.
            return True
        if number is None or number == segment.MESSAGE:
            return False
        column = one.fields(connection).column(number)
        if column is not None:
            self._numbered[field].count(column, at)
            return True
        digits = one.digits(connection).get(number)
        if digits is None:
            return False
        for row in at.tolist():
            value = digits[row]
            if value is not None:
                counts[value] += 1
        return True

    def _by_metadata(self, connection: Connection, one: Segment, at: Longs) -> bool:
        column = one.fields(connection).column(segment.METADATA)
        if column is None:
            return False
        codes, counts = _counted(column, at)
        for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
            value = column.values[code]
            for field, text in self._pairs(value) if isinstance(value, bytes) else ():
                self.counts[field][text] += count
        return True

    def _pairs(self, value: bytes) -> set[tuple[str, str]]:
        found = self._known.get(value)
        if found is None:
            record = LogRecord(b"", 0, 0, "", "", metadata=segment.metadata(value))
            found = values_of(record, self._of_metadata)
            self._known.keep(value, found, _PAIR_BYTES * len(found) + len(value))
        return found


def _counted(column: OpenFewValues, at: Longs) -> tuple[Longs, Longs]:
    """Return the numbers of the values that the rows *at* have, and how many rows have each."""
    counts = np.bincount(column.codes if len(at) == len(column.codes) else column.codes[at])
    codes = counts.nonzero()[0]
    return codes, counts[codes]
