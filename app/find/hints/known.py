"""Fields and values that the index knows, within a short time: for a reader who is still typing, or mistyped.

Where that would take longer, only the newest logs are looked at, and the answer says so.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar, cast

from app import damage
from app.damage import Passed
from app.errors import TimedOut
from app.log.record import LogRecord
from app.log.scalars import as_text, scalars, type_of
from app.ports.deadline import Deadline
from app.ports.index import SearchIndex
from app.query.filter import FIELDS, TEXT_LIMIT, TIME_FIELDS, Prefix
from app.query.meaning import values
from app.query.query import FieldInfo, Query, Value

#: Seconds for which what the index said is taken as still so.
FRESH_SECONDS = 10.0
#: Most values of a field, and most fields, that are looked at.
VALUES, FIELDS_LIMIT = 1_000, 2_000
#: The newest logs that are looked at where all take too long.
NEWEST = 300
_REMEMBERED = 50
#: Share of the time in which all logs must be looked at, so that some is left for the newest.
_SHARE = 0.6

T = TypeVar("T", bound=tuple[Any, ...])


class Memory:
    """Answers that the index gave a moment ago: each key typed asks for the same fields and values again."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held: dict[Hashable, tuple[float, Any, Passed]] = {}

    def get(self, key: Hashable, ask: Callable[[], T]) -> T:
        """Return what *ask* returned within the last FRESH_SECONDS, else what it returns now; nothing found isn't kept."""
        now = time.monotonic()
        with self._guard:
            held = self._held.get(key)
        if held is not None and now - held[0] < FRESH_SECONDS:
            damage.known(held[2])
            return cast(T, held[1])
        found = ask()
        if not found[0]:
            return found
        with self._guard:
            self._held[key] = (now, found, dict(damage.passed()))
            while len(self._held) > _REMEMBERED:
                del self._held[next(iter(self._held))]
        return found


@dataclass(slots=True)
class Known:
    """Fields and values in the logs of a query."""

    index: SearchIndex
    query: Query
    #: The query's name in the memory: `now-1h` is another instant with each key that is typed.
    name: Hashable
    memory: Memory
    deadline: Deadline
    #: Whether all logs of the query were looked at, so far.
    exact: bool = field(default=True, init=False)

    def fields(self) -> list[FieldInfo]:
        """Return the fields that occur in the window; the fixed ones at least."""
        found, whole = self.memory.get((self.name, None), self._fields)
        self.exact = self.exact and whole
        return found

    def _fields(self) -> tuple[list[FieldInfo], bool]:
        fixed = {name: FieldInfo(name, "time" if name in TIME_FIELDS else "string", 0) for name in FIELDS[:-1]}
        whole = True
        try:
            found = self.deadline.ask(partial(self.index.fields, self.query), _SHARE)[:FIELDS_LIMIT]
        except TimedOut:
            found, whole = self._newest_fields(), False
        # A value that occurs nowhere isn't worth offering, unless nothing is known, or not all.
        return list(((fixed if not (whole and found) else {}) | {info.name: info for info in found}).values()), whole

    def _newest_fields(self) -> list[FieldInfo]:
        tally: Counter[str] = Counter()
        kinds: dict[str, set[str]] = {}
        for record in self._newest(self.query):
            pairs = dict(scalars(record.metadata or {}, "metadata"))
            tally.update(pairs.keys())
            for path, value in pairs.items():
                kinds.setdefault(path, set()).add(type_of(value))
        return [
            FieldInfo(path, next(iter(kinds[path])) if len(kinds[path]) == 1 else "mixed", count)
            for path, count in tally.items()
        ]

    def values(self, name: str) -> tuple[list[Value], bool]:
        """Return the most frequent values of a field, and whether those are all."""
        found, exact, every = self.memory.get((self.name, name), lambda: self._values(name))
        self.exact = self.exact and exact
        return found, every

    def _values(self, name: str) -> tuple[list[Value], bool, bool]:
        """Return values, whether all logs were looked at, and whether there are no others."""
        try:
            facets = self.deadline.ask(partial(self.index.facets, self.query, [name], VALUES), _SHARE)
        except TimedOut:
            return self._tallied(name, self.query), False, False
        found = facets.fields[name]
        # No filter can hold a longer one, and a thousand of them would be much to remember.
        return _short(found), facets.exact, facets.exact and len(found) < VALUES

    def beginning(self, name: str, start: str) -> list[Value]:
        """Return values that begin with *start*, with case, in the newest logs that have one."""
        return self._tallied(name, replace(self.query, filter=Prefix(name, start[:TEXT_LIMIT])))

    def _tallied(self, name: str, query: Query) -> list[Value]:
        tally = Counter(
            text for record in self._newest(query) for text in {as_text(one) for one in values(record, name)}
        )
        return _short([Value(text, count) for text, count in tally.most_common()])

    def _newest(self, query: Query) -> Sequence[LogRecord]:
        newest = replace(query, limit=NEWEST, count="none", sort="desc", after=None)
        try:
            return self.deadline.ask(partial(self.index.find, newest)).records
        except TimedOut:
            self.exact = False
            return ()


def _short(found: Sequence[Value]) -> list[Value]:
    return [one for one in found if len(one.value) <= TEXT_LIMIT]
