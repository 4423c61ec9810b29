"""Patterns: the logs of a query put together by what their messages have in common, with counts and what finds them.

Only the newest logs are looked at, as many as the budget and LOGS allow; the answer says how many of how many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from app.errors import TimedOut
from app.find import find
from app.find.patterns.grouping import group
from app.find.patterns.template import CHARACTERS, SPREAD, Masks, MessageForm, Template, refined, words
from app.log.record import LogRecord
from app.ports.deadline import Budget, Deadline
from app.ports.index import SearchIndex
from app.ports.record import LogStore
from app.query.filter import Filter, Matches
from app.query.meaning import regex
from app.query.query import Query
from app.times import instant
from app.times.instant import Instant

#: Most logs looked at, and most different forms among them and words in these: with more there are no patterns to see,
#: and grouping them would take longer than a reader waits.
LOGS, FORMS, WORDS = 10_000, 4_000, 40_000
#: Shares of the time for the number of all logs, and for reading; grouping takes the rest.
COUNT_SHARE, READ_SHARE = 0.15, 0.6
#: Logs needed to show that digits within a word belong to its name, as in `HTTP/1.1`: all must have the same digits.
EVIDENCE = 3
#: Most patterns whose searches are compared with one another.
COMPARED = 300
#: Characters kept of a sample.
SAMPLE = 1_000

#: Endings of a message: none, further lines, cut at a limit; of two forms' endings the later one counts.
_ENDINGS = ("", "lines", "cut")


@dataclass(slots=True)
class SameForm:
    """Logs of one form: those that belong together are added up."""

    count: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    #: When each was, in ms.
    times: list[int] = field(default_factory=list)
    first: Instant = instant.LAST
    last: Instant = instant.FIRST
    ending: str = ""
    #: Id and message of the newest.
    sample: tuple[bytes, str] = (b"", "")
    #: The words as they were, None where they differed; and for each column of the form.
    words: list[str | None] = field(default_factory=list)
    exact: tuple[str, ...] | None = None
    #: Whether its words stand apart by more than a blank.
    spread: bool = False

    def take(self, record: LogRecord, at: Instant, ending: str) -> None:
        """Add a log; the newest comes first."""
        if not self.count:
            self.sample = record.id, record.message[:SAMPLE]
        self.count += 1
        self.levels[record.level] += 1
        self.times.append(at[0])
        self.first, self.last = min(self.first, at), max(self.last, at)
        self.ending = max(self.ending, ending, key=_ENDINGS.index)

    def add(self, other: SameForm) -> None:
        """Add the logs of another form."""
        if not self.count or (other.last, other.sample) > (self.last, self.sample):
            self.sample = other.sample
        self.count += other.count
        self.levels.update(other.levels)
        self.times += other.times
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.ending = max(self.ending, other.ending, key=_ENDINGS.index)


@dataclass(slots=True)
class Pattern:
    """Messages that are alike."""

    template: Template
    logs: SameForm
    #: How many other patterns' logs are also found by this one's `filter`; None where that was not asked.
    shared: int | None = None

    @property
    def filter(self) -> Filter:
        """A filter that finds every log of the pattern, and at times more."""
        return Matches("message", self.template.regex())


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns of the newest logs of a query, most frequent first."""

    patterns: Sequence[Pattern]
    #: How many logs were looked at, and whether these are all of the query.
    logs: int
    whole: bool
    #: How many logs the query has, or at least has; None where that is not known.
    total: int | None
    total_exact: bool
    #: Whether the record answered because the index could not.
    from_record: bool


class PatternReader:
    """Takes logs, newest first, and puts those of one form together."""

    def __init__(self, clock: str) -> None:
        self._masks = Masks()
        self._received = clock == "received"
        self.seen: dict[str, SameForm] = {}
        self.logs = 0
        self._words = 0

    @property
    def full(self) -> bool:
        """Whether no more can be taken."""
        return self.logs >= LOGS or len(self.seen) >= FORMS or self._words >= WORDS

    def take(self, records: Iterable[LogRecord]) -> None:
        """Take *records* as far as there is room."""
        for record in records:
            if self.full:
                return
            self.logs += 1
            line, *more = record.message[: CHARACTERS + 1].split("\n", 1)
            ending = "lines" if more else "cut" if len(line) > CHARACTERS else ""
            pieces = words(line[:CHARACTERS])
            seen = self.seen.setdefault("".join(map(self._masks.__getitem__, pieces)), SameForm())
            at = (record.received, 0) if self._received else (record.t, record.ns)
            seen.take(record, at, ending)
            if seen.count == 1:
                seen.words = list(pieces)
                self._words += len(pieces) // 2
            elif pieces != seen.words:
                seen.words = [a if a == b else None for a, b in zip(seen.words, pieces, strict=True)]

    def patterns(self) -> list[Pattern]:
        """Return the patterns of what was taken, most frequent first."""
        forms: dict[MessageForm, list[SameForm]] = {}
        for masked, seen in self.seen.items():
            seen.spread = SPREAD.search(masked) is not None
            form = MessageForm.of(masked)
            seen.exact = refined(masked, seen.words, form)
            forms.setdefault(form, []).append(seen)
        found = [self._pattern(form, [one for part in parts for one in forms[part]]) for form, parts in group(forms)]
        return sorted(found, key=lambda pattern: (-pattern.logs.count, pattern.template.text()))

    @staticmethod
    def _pattern(form: MessageForm, parts: Sequence[SameForm]) -> Pattern:
        logs = SameForm()
        for part in parts:
            logs.add(part)
        if logs.count >= EVIDENCE and all(part.exact is not None for part in parts):
            columns = [set(column) for column in zip(*(part.exact or () for part in parts), strict=True)]
            pairs = zip(form.words, columns, strict=True)
            form = MessageForm(
                tuple(next(iter(column)) if len(column) == 1 else word for word, column in pairs), form.between
            )
        return Pattern(Template(form, logs.ending, any(part.spread for part in parts)), logs)


def patterns(store: LogStore, index: SearchIndex, query: Query, budget: Budget = Budget()) -> Patterns:
    """Return the patterns of the newest logs of *query*, of those in the record when the index can't be reached.

    Raises TimedOut when there was no time for any log, and Unavailable when neither can be read.
    """
    deadline = Deadline(budget)
    query = replace(query, sort="desc", after=None)
    total, exact = find.total(index, query, deadline, COUNT_SHARE)
    reader, whole, from_record = PatternReader(query.clock), False, False
    try:
        from_record, chunks = find.scan(store, index, query, deadline.shared(READ_SHARE))
        for records in chunks:
            reader.take(records)
            if reader.full:
                break
        else:
            whole = True
    except TimedOut:
        if not reader.logs:
            raise
    if reader.full:
        whole = exact and total == reader.logs
    found = reader.patterns()
    _compare(found)
    if whole:
        total, exact = reader.logs, True
    elif total is not None and total < reader.logs:
        total, exact = reader.logs, False
    return Patterns(found, reader.logs, whole, total, exact, from_record)


def _compare(found: Sequence[Pattern]) -> None:
    """Note of each pattern how many others have a sample that its search finds."""
    if len(found) > COMPARED:
        return
    samples = [pattern.logs.sample[1] for pattern in found]
    for pattern in found:
        # The pattern itself has its needle, too.
        needle, search = pattern.template.needle(), regex(pattern.template.regex()).search
        pattern.shared = sum(1 for sample in samples if needle in sample and search(sample)) - 1
