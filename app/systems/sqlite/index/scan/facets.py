"""How often each value of some fields occurs: by the numbers of values where segments have these, else log by log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from app.log.record import LogRecord
from app.query.meaning import values_of
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index.scan.columns import number_of
from app.systems.sqlite.index.scan.numbering import Names, numbering
from app.systems.sqlite.index.scan.summed import ValueSum, stamps_of, sums
from app.systems.sqlite.segments import segment
from app.systems.sqlite.segments.columns import OpenFewValues, Value
from app.systems.sqlite.segments.parts import Longs
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.stored import Segment

#: The rows of a whole segment.
_ROWS = np.arange(BLOCK)
#: From this share of a segment's logs on (1 in so many) all of their digits are read at once.
_MANY = 8
#: The number of the level, which stands among keys, beside those of the fields of `rows.Doc`.
_LEVEL = -1


class _Counts:
    """How often the values of a column were met, by their numbers among the names of their field."""

    def __init__(self, field: int) -> None:
        self._field = field
        self._numbering = numbering(field)
        self._names: Names | None = None
        self._totals: npt.NDArray[np.int64] = np.zeros(1_024, dtype=np.int64)

    def add(self, column: OpenFewValues, at: Longs) -> list[tuple[Value, int]]:
        """Count the values of the rows *at*; return those that are to be counted by themselves, and with 0 those met for the first time."""
        codes, counts = _counted(column, at)
        found = self._numbering.of(column)
        if found is None:
            values = map(column.values.__getitem__, codes.tolist())
            return list(zip(values, counts.tolist(), strict=True))
        names, numbers = found
        return self.plus(ValueSum(names, numbers[codes], counts))

    def plus(self, some: ValueSum) -> list[tuple[Value, int]]:
        """Count the values of a sum, which has none twice; return the same."""
        names, settled = some.names, list[tuple[Value, int]]()
        if names is not self._names:
            settled = list(self.settle())
            self._names = names
        if len(self._totals) < len(names.by_number):
            self._totals = np.concatenate([self._totals, np.zeros(len(names.by_number), dtype=np.int64)])
        before = self._totals[some.numbers]
        self._totals[some.numbers] = before + some.counts
        new = some.numbers[before == 0]
        return settled + [(names.by_number[number], 0) for number in new.tolist()] if len(new) else settled

    def settle(self) -> Iterator[tuple[Value, int]]:
        """Yield what was counted by number, and forget it."""
        if self._names is not None:
            met = self._totals.nonzero()[0]
            yield from zip(
                map(self._names.by_number.__getitem__, met.tolist()), self._totals[met].tolist(), strict=True
            )
            self._totals[:] = 0

    def sum_of(self, columns: Iterable[OpenFewValues | None], stamps: bytes) -> ValueSum | None:
        """Return how often the values of *columns*, of the segments of these stamps, are met; None where they have no numbers."""
        found = sums.get(self._field, stamps, self._numbering.names)
        if found is not None:
            return found
        fresh, names = _Counts(self._field), self._numbering.names
        for column in columns:
            numbered = None if column is None else self._numbering.of(column)
            if column is None or numbered is None or numbered[0] is not names:
                return None
            codes, counts = _counted(column, _ROWS[: len(column.codes)])
            # Not looked for again: another thread may let the names begin anew meanwhile.
            fresh.plus(ValueSum(names, numbered[1][codes], counts))
        met = fresh._totals.nonzero()[0]
        found = ValueSum(names, met.astype(np.uint32), fresh._totals[met].astype(np.uint32))
        sums.keep(self._field, stamps, found)
        return found


class FacetTally:
    """Counts of the values of some fields."""

    def __init__(self, fields: Sequence[str]) -> None:
        self.counts: dict[str, Counter[str]] = {field: Counter() for field in fields}
        self._of_metadata = [field for field in fields if number_of(field) == segment.METADATA]
        #: The fields that have columns of their own, by their numbers.
        self._fields = {_LEVEL if field == "level" else number_of(field): field for field in fields}
        self._numbered = dict[int, _Counts]()

    def values(self) -> int:
        """Return how many values were met."""
        return sum(map(len, self.counts.values()))

    def of(self, field: str) -> Counter[str]:
        """Return how often each value of a field was met."""
        for number, counts in self._numbered.items():
            for value, count in counts.settle():
                self._count(number, value, count)
        return self.counts[field]

    def add(self, records: Iterable[LogRecord]) -> None:
        """Count the values of records."""
        for record in records:
            for field, value in values_of(record, self.counts):
                self.counts[field][value] += 1

    def add_rows(self, connection: Connection, one: Segment, at: Longs) -> None:
        """Count the values of the rows *at* of a segment."""
        left = [field for field in self.counts if not self._by_number(connection, one, at, field)]
        if self._of_metadata:
            column = _column(connection, one, segment.METADATA)
            if column is None:
                left += self._of_metadata
            else:
                self._add(segment.METADATA, column, at)
        if left:
            for record in one.records(connection, at.tolist()):
                for field, value in values_of(record, left):
                    self.counts[field][value] += 1

    def add_group(self, connection: Connection, group: Sequence[Segment]) -> bool:
        """Count the values of whole segments by sums that are kept; return False, and count nothing, where a field has none."""
        stamps, found = stamps_of(group), list[tuple[int, ValueSum]]()
        numbers = dict.fromkeys([_LEVEL if field == "level" else number_of(field) for field in self.counts])
        for number in numbers:
            if number is None or number == segment.MESSAGE:
                return False
            columns = (_column(connection, one, number) for one in group)
            some = self._counts(number).sum_of(columns, stamps)
            if some is None:
                return False
            found.append((number, some))
        for number, some in found:
            for value, count in self._counts(number).plus(some):
                self._count(number, value, count)
        return True

    def _by_number(self, connection: Connection, one: Segment, at: Longs, field: str) -> bool:
        """Count a field whose values are texts; return False where the segment does not have it by number."""
        number, counts = _LEVEL if field == "level" else number_of(field), self.counts[field]
        if number == segment.METADATA:
            # Counted together, for all fields of it.
            return True
        if number is None or number == segment.MESSAGE:
            return False
        column = _column(connection, one, number)
        if column is not None:
            self._add(number, column, at)
            return True
        digits = one.digits_once(connection).get(number)
        if digits is None:
            return False
        many = len(at) * _MANY >= one.logs
        values = np.array(digits.all(one.logs), dtype=object)[at] if many else map(digits.__getitem__, at.tolist())
        counts.update([value for value in values if value is not None])
        return True

    def _counts(self, number: int) -> _Counts:
        found = self._numbered.get(number)
        if found is None:
            found = self._numbered[number] = _Counts(number)
        return found

    def _add(self, number: int, column: OpenFewValues, at: Longs) -> None:
        """Count a column, by the number of its field."""
        for value, count in self._counts(number).add(column, at):
            self._count(number, value, count)

    def _count(self, number: int, value: Value, count: int) -> None:
        if number != segment.METADATA:
            if isinstance(value, str):
                self.counts[self._fields[number]][value] += count
        elif isinstance(value, bytes):
            record = LogRecord(b"", 0, 0, "", "", metadata=segment.metadata(value))
            for field, text in values_of(record, self._of_metadata):
                self.counts[field][text] += count


def _column(connection: Connection, one: Segment, number: int) -> OpenFewValues | None:
    """Return a field's column; None where a segment has none."""
    if number == _LEVEL:
        keys = one.keys(connection)
        return OpenFewValues(list(keys.texts), keys.codes)
    return one.fields(connection).column(number)


def _counted(column: OpenFewValues, at: Longs) -> tuple[Longs, Longs]:
    """Return the numbers of the values that the rows *at* have, and how many rows have each."""
    counts = np.bincount(column.codes if len(at) == len(column.codes) else column.codes[at])
    codes = counts.nonzero()[0]
    return codes, counts[codes]
