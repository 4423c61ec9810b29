"""The values of a field by number, which a process's questions share: a column's values are looked for once, and counted by number from then on."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

from app.systems.sqlite.segments.columns import OpenFewValues, Value

#: Most bytes of a field's values that have numbers at once, and those of one column more; then numbers begin anew.
MOST_BYTES = 4 << 20
#: A column has numbers where it has that many logs for each of its values: else few values come again in the next one.
_MOST = 1.25
#: Bytes that a value takes besides itself.
_VALUE_BYTES = 150

Numbers = npt.NDArray[np.uint32]


class Names(dict[Value, int]):
    """The numbers of values, in the order in which they were met."""

    def __init__(self, generation: int) -> None:
        super().__init__()
        self.generation = generation
        #: Which value has each number.
        self.by_number: list[Value] = []
        self._weight = 0

    @property
    def full(self) -> bool:
        """Whether there is no room for another column's values."""
        return self._weight > MOST_BYTES

    def __missing__(self, value: Value) -> int:
        number = self[value] = len(self.by_number)
        self.by_number.append(value)
        self._weight += _VALUE_BYTES + (len(value) if isinstance(value, str | bytes) else 0)
        return number

    def take(self, values: list[Value]) -> Numbers:
        """Return the number of each value."""
        return np.fromiter(map(self.__getitem__, values), dtype=np.uint32, count=len(values))


class ValueNumbers:
    """The names of a field, as long as they fit."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._names = Names(0)

    @property
    def names(self) -> Names:
        """The names of now."""
        return self._names

    def of(self, column: OpenFewValues) -> tuple[Names, Numbers] | None:
        """Return the numbers of a column's values, and among which names; None where too many differ. They stay with the column."""
        # Read once: another thread may let them begin anew meanwhile.
        names, numbers = self._names, column.numbers
        if numbers is not None and numbers[0] == names.generation:
            return names, numbers[1]
        if len(column.values) * _MOST > len(column.codes):
            return None
        with self._guard:
            if self._names.full:
                self._names = Names(self._names.generation + 1)
            names = self._names
            found = names.take(column.values)
        column.numbers = names.generation, found
        return names, found


_numberings: dict[int, ValueNumbers] = {}


def numbering(field: int) -> ValueNumbers:
    """Return the numbering of a field by its number among those of `rows.Doc`: there are few of these."""
    return _numberings.setdefault(field, ValueNumbers())
