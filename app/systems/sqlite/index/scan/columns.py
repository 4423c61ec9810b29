"""Which rows of a segment satisfy a filter, exactly: asked of each value once where few differ, of texts where messages are meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import compress, count
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from app.log.record import LogRecord
from app.query.filter import EVERYTHING, And, Equals, Filter, In, Not, Or, Phrase, Words, leaves
from app.query.meaning import predicate
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index.scan.answered import Answers, answers
from app.systems.sqlite.index.scan.messages import FEW, MessagesAsked, MessageTest
from app.systems.sqlite.index.scan.remembered import Remembered
from app.systems.sqlite.segments import segment
from app.systems.sqlite.segments.columns import OpenFewValues, OpenHexadecimal
from app.systems.sqlite.segments.parts import Longs
from app.systems.sqlite.segments.places import CHUNK
from app.systems.sqlite.segments.segment import OpenChunk
from app.systems.sqlite.segments.stored import Segment

#: Numbers of fields of logs that chunks and columns have, by the field.
NUMBERS = {
    "message": segment.MESSAGE,
    "resourceId": segment.RESOURCE,
    "traceId": segment.TRACE,
    "spanId": segment.SPAN,
    "commit": segment.COMMIT,
}
_ATTRIBUTES = {
    segment.RESOURCE: "resource_id",
    segment.TRACE: "trace_id",
    segment.SPAN: "span_id",
    segment.COMMIT: "commit",
    segment.METADATA: "metadata",
}
#: Fields that keys have.
_OF_KEYS = ("level", "id", "timestamp", "received")
#: In which order the parts of an And are asked: what costs least first.
_COSTS = {"level": 0, "resourceId": 1, "commit": 1, "traceId": 2, "spanId": 2, "message": 4}
#: The cost of what is asked of metadata.
_DEAR = 3
#: So many parts of an And are asked between two looks at the time.
_CHECKED = 8
#: From so many chunks on all are fetched at once.
_MANY_CHUNKS = 3


def field_of(leaf: Filter) -> str:
    """Return the field that a leaf asks for."""
    return "message" if isinstance(leaf, Words | Phrase) else str(getattr(leaf, "field", ""))


def number_of(field: str) -> int | None:
    """Return the number of a field of `rows.Doc`; None for those of keys."""
    return None if field in _OF_KEYS else NUMBERS.get(field, segment.METADATA)


class _Answers(Remembered[bool]):
    """The answers of a leaf by value: whether a record with this value alone satisfies the leaf."""

    def __init__(self, leaf: Filter, attribute: str) -> None:
        super().__init__()
        self._holds, self._attribute = predicate(leaf), attribute

    def __missing__(self, value: Any) -> bool:
        answer = self.of(segment.metadata(value) if isinstance(value, bytes) else value)
        self.keep(value, answer)
        return answer

    def of(self, value: Any) -> bool:
        """Return the same for a value that can't be remembered."""
        record = LogRecord(bytes(16), 0, 0, "", "")
        setattr(record, self._attribute, value)
        return self._holds(record)


class _Opened:
    """A segment that is asked; its chunks are fetched when they are needed."""

    def __init__(self, one: Segment, connection: Connection, check: Callable[[], None]) -> None:
        self.one = one
        self.connection = connection
        #: Raises TimedOut when it is time to stop.
        self.check = check
        self._all: list[OpenChunk] = []
        self._texts: MessagesAsked | None = None

    def texts(self, few: bool) -> MessagesAsked:
        """Return the messages: if *few* are asked they stay open for the next question."""
        if self._texts is None:
            one, connection = self.one, self.connection
            self._texts = MessagesAsked(one.texts(connection) if few else one.texts_once(connection))
        return self._texts

    def chunks(self, rows: Longs) -> list[tuple[Longs, OpenChunk]]:
        """Return the chunks with *rows*, and the rows that each has of these."""
        numbers, starts = np.unique(rows // CHUNK, return_index=True)
        if len(numbers) >= _MANY_CHUNKS and not self._all:
            self._all = self.one.chunks(self.connection)
        return [
            (some, self._all[number] if self._all else self.one.chunk(self.connection, number))
            for number, some in zip(numbers.tolist(), np.split(rows, starts[1:]), strict=True)
        ]


#: Returns those rows of a segment, of some ascending ones, that satisfy a part of a filter.
Narrow: TypeAlias = Callable[[_Opened, Longs], Longs]


class SegmentFilter:
    """One filter, to be asked of segments; *check* is called before each part, for hundreds of them take seconds of one segment."""

    def __init__(self, tree: Filter, connection: Connection, check: Callable[[], None] = lambda: None) -> None:
        self._connection = connection
        self._check = check
        self._narrow = self._remembered(tree)
        self._answers = None if tree == EVERYTHING else answers(tree)

    def maybe(self, some: Iterable[Segment]) -> Iterable[Segment]:
        """Return the segments without those of which it is known that none of their logs satisfies the filter."""
        return some if self._answers is None else self._answers.maybe(some)

    def rows(self, one: Segment, at: Longs) -> Longs:
        """Return those of the rows *at* of a segment that satisfy the filter, ascending."""
        return self._narrow(_Opened(one, self._connection, self._check), at) if len(at) else at

    def _remembered(self, tree: Filter) -> Narrow:
        """Return the same as `_prepared`, with what earlier questions found."""
        narrow = self._prepared(tree)
        return narrow if tree == EVERYTHING else partial(_known, answers(tree), narrow)

    def _part(self, tree: Filter) -> Narrow:
        # To ask a part of a plain field costs hardly more than to look for its answer.
        return self._remembered(tree) if _cost(tree) >= _DEAR else self._prepared(tree)

    def _prepared(self, tree: Filter) -> Narrow:
        match tree:
            case And(parts):
                return partial(_all, [self._part(part) for part in sorted(parts, key=_cost)])
            case Or(parts):
                return partial(_any, [self._part(part) for part in sorted(parts, key=_cost)])
            case Not(part):
                return partial(_none, self._part(part))
        field = field_of(tree)
        number = number_of(field)
        if field == "message":
            return partial(_messages, MessageTest(tree))
        if field == "level":
            return partial(_levels, _Answers(tree, "level"))
        if number is None:
            return partial(_keys, predicate(tree))
        return partial(_field, tree, number, _Answers(tree, _ATTRIBUTES[number]))


def _cost(tree: Filter) -> int:
    return max((_COSTS.get(field_of(leaf), _DEAR) for leaf in leaves(tree)), default=0)


def _known(known: Answers, narrow: Narrow, opened: _Opened, rows: Longs) -> Longs:
    """Return what is known of a segment; else what is found, which is kept where all of its rows are asked."""
    one = opened.one
    found = known.rows(one)
    if found is None:
        found = narrow(opened, rows)
        if len(rows) == one.logs:
            known.keep(one, found)
        return found
    if len(rows) == one.logs or not len(found):
        return found
    among = np.zeros(one.logs, dtype=np.bool_)
    among[found] = True
    return rows[among[rows]]


def _all(parts: Sequence[Narrow], opened: _Opened, rows: Longs) -> Longs:
    for number, part in enumerate(parts):
        if number % _CHECKED == _CHECKED - 1:
            opened.check()
        rows = part(opened, rows)
        if not len(rows):
            break
    return rows


def _any(parts: Sequence[Narrow], opened: _Opened, rows: Longs) -> Longs:
    found = np.zeros(opened.one.logs, dtype=np.bool_)
    left = rows
    for part in parts:
        opened.check()
        found[part(opened, left)] = True
        left = left[~found[left]]
        if not len(left):
            break
    return rows[found[rows]]


def _none(part: Narrow, opened: _Opened, rows: Longs) -> Longs:
    found = np.zeros(opened.one.logs, dtype=np.bool_)
    found[part(opened, rows)] = True
    return rows[~found[rows]]


def _messages(test: MessageTest, opened: _Opened, rows: Longs) -> Longs:
    few = len(rows) <= FEW
    asked = opened.texts(few)
    if few:
        left = [row for row in rows.tolist() if test.one(asked.texts, row)]
        return rows if len(left) == len(rows) else np.array(left, dtype=np.int64)
    among = np.zeros(opened.one.logs, dtype=np.bool_)
    among[rows] = True
    return np.flatnonzero(test.rows(asked, among))


def _with_codes(codes: npt.NDArray[Any], wanted: Sequence[int], values: int, rows: Longs) -> Longs:
    """Return those *rows* whose code, of 0 to *values*, is one of *wanted*."""
    if not wanted:
        return rows[:0]
    if len(wanted) == values:
        return rows
    whole = len(rows) == len(codes)
    some = codes if whole else codes[rows]
    if len(wanted) == 1:
        among = some == wanted[0]
    else:
        truths = np.zeros(values, dtype=np.bool_)
        truths[wanted] = True
        among = truths[some]
    found: Longs = among.nonzero()[0] if whole else rows[among]
    return found


def _levels(answers: _Answers, opened: _Opened, rows: Longs) -> Longs:
    keys = opened.one.keys(opened.connection)
    wanted = [code for code, text in enumerate(keys.texts) if answers[text]]
    return _with_codes(keys.codes, wanted, len(keys.texts), rows)


def _keys(holds: Callable[[LogRecord], bool], opened: _Opened, rows: Longs) -> Longs:
    keys = opened.one.keys(opened.connection)
    return rows[[holds(LogRecord(identity, t, ns, "", "")) for t, ns, identity in keys.keys(rows)]]


def _field(leaf: Filter, number: int, answers: _Answers, opened: _Opened, rows: Longs) -> Longs:
    column = opened.one.fields(opened.connection).column(number)
    if column is not None:
        return _with_codes(column.codes, _wanted(leaf, column, answers), len(column.values), rows)
    digits = opened.one.digits(opened.connection).get(number)
    if digits is not None:
        return _of_digits(leaf, digits, answers, rows)
    found = list[Longs]()
    for some, chunk in opened.chunks(rows):
        values = chunk.column(number)
        found.append(some[[answers.of(values[row % CHUNK]) for row in some.tolist()]])
    return np.concatenate(found)


def _wanted(leaf: Filter, column: OpenFewValues, answers: _Answers) -> list[int]:
    """Return the numbers of the values that satisfy a leaf."""
    if isinstance(leaf, Equals) and leaf.field in NUMBERS:
        # Ten times as fast as to ask each value.
        try:
            return [column.values.index(leaf.text)]
        except ValueError:
            return []
    return list(compress(count(), map(answers.__getitem__, column.values)))


def _of_digits(leaf: Filter, digits: OpenHexadecimal, answers: _Answers, rows: Longs) -> Longs:
    """Return those *rows* whose hex digits satisfy a leaf."""
    if isinstance(leaf, Equals | In):
        texts = {leaf.text} if isinstance(leaf, Equals) else set(leaf.texts)
        found = [row for text in texts for row in digits.rows(text)]
        return rows[np.isin(rows, found)] if found else rows[:0]
    return rows[[answers.of(digits[row]) for row in rows.tolist()]]
