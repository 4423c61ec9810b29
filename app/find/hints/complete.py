"""Completion of a query at a place: the fields that occur, their values, operators.

Nothing here waits: what the index can't say within the time given is left out, and the answer says so.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Literal

from msgspec import Meta, structs

from app.errors import InvalidQuery, Problem
from app.find.hints.known import Known, Memory
from app.log.fold import clean, fold
from app.log.record import SEVERITY_NAMES
from app.ports.deadline import Budget, Deadline
from app.ports.index import SearchIndex
from app.query.filter import EVERYTHING, FIELDS, TEXT_FIELDS, TIME_FIELDS
from app.query.language.parse import parse
from app.query.language.place import Place, place
from app.query.query import FieldInfo, Query, Value
from app.query.text import escaped, quoted, written
from app.shown import Count, Shown

#: Seconds that a completion may take.
COMPLETE_SECONDS = 0.15
#: Most completions in one answer.
COMPLETIONS = 12
#: Fields whose values are offered though no field was typed, from so many characters on.
NAMELESS, LEAST_TYPED = ("level", "resourceId"), 2
#: A character that no line of text can hold.
_LINES = re.compile(r"[\n\r]")
#: Fields whose values are never alike: there is nothing to choose among.
UNLIKE = ("message", "id", *TIME_FIELDS)

_OPERATORS = {"AND": "both must hold", "OR": "either, or both", "NOT": "must not hold"}
_TIMES = {
    "now-15m": "15 minutes ago",
    "now-1h": "an hour ago",
    "now-1d": "a day ago",
    "now-7d": "a week ago",
    "now/d": "today, as a whole",
    "now-1d/d": "yesterday, as a whole",
}
#: Forms that may follow a field's colon besides a value, by the type of its values: text, where the cursor goes, meaning.
_Forms = tuple[tuple[str, int, str], ...]
_FORMS: dict[str, _Forms] = {
    "number": ((">=", 2, "at least"), ("<=", 2, "at most"), ("[ TO ]", 1, "a range, both ends included")),
    "time": ((">=", 2, "at or after"), ("<=", 2, "at or before"), ("[ TO ]", 1, "a range, both ends included")),
    "string": (
        ('prefix("")', 8, "begins with"),
        ('contains("")', 10, "holds anywhere, without case"),
        ('regex("")', 7, "RE2 expression, found anywhere"),
        ("*", 1, "has any value"),
    ),
}
_LEVEL_FORMS: _Forms = ((">=", 2, "this severity or worse"), ("<=", 2, "this severity or milder"))
_MESSAGE_FORMS: _Forms = _FORMS["string"][1:3]


class Completion(Shown, omit_defaults=True):
    """A proposal for the piece of a query that is being written."""

    kind: Literal["field", "value", "operator", "form"]
    #: The text that the reader sees, and the text that is put in place of the piece that is completed.
    text: str
    insert: str
    count: Annotated[Count | None, Meta(description="How many logs have it, where that is counted.")] = None
    about: str = ""
    caret: Annotated[Count | None, Meta(description="Where in `insert` the cursor goes, if not behind it.")] = None


@dataclass(frozen=True, slots=True)
class Completions:
    """The texts that may be written at a place."""

    place: Place
    found: Sequence[Completion]
    #: Whether all logs of the time range were looked at.
    exact: bool
    #: The problems of the text before the place.
    problem: Problem | None = None


@dataclass(slots=True)
class _Completer:
    """Completes one text."""

    known: Known

    def at(self, where: Place) -> list[Completion]:
        """Return what may be written at a place, the best first."""
        match where.kind:
            case "field":
                return self.names(where, ":")
            case "exists":
                return self.names(where, "")
            case "value":
                return self.operators(where) + self.of_field(where)
            case "bound":
                return self.bounds(where)
            case "to":
                return [Completion("operator", "TO", "TO ", about="up to")] if "TO".startswith(where.typed) else []
            case "term":
                return self.terms(where)
        return []

    def terms(self, where: Place) -> list[Completion]:
        """Return operators, fields, and values of a few fields."""
        found = self.operators(where) + self.names(where, ":")
        if len(where.typed) >= LEAST_TYPED:
            for name in NAMELESS:
                start = f"{name}:"
                found += [
                    structs.replace(one, text=f"{start}{one.text}", insert=f"{start}{one.insert}")
                    for one in self.values(replace(where, field=name))[:3]
                ]
        return found

    def operators(self, where: Place) -> list[Completion]:
        """Return the operators that may stand here; only those begun, or where a term stands before."""
        typed = where.typed.upper()
        if not (where.begins and (typed or where.follows)):
            return []
        allowed = _OPERATORS if where.follows else ("NOT",)
        return [
            Completion("operator", name, f"{name} ", about=_OPERATORS[name])
            for name in allowed
            if name.startswith(typed) and (typed or name != "NOT")
        ]

    def names(self, where: Place, end: str) -> list[Completion]:
        """Return the fields whose name fits."""
        found = []
        for info in self.known.fields():
            rank = _fit(where.typed, info.name)
            if rank is not None:
                found.append((rank, _standing(info), info))
        found.sort(key=lambda one: one[:2])
        return [
            Completion("field", info.name, escaped(info.name) + end, info.count or None, info.type)
            for _, _, info in found[:COMPLETIONS]
        ]

    def of_field(self, where: Place) -> list[Completion]:
        """Return values of a field, and other forms that may follow its colon."""
        found = [] if where.field in UNLIKE else self.values(where)
        if where.field in TIME_FIELDS:
            found += self.bounds(where)
        return found if where.quoted else found + self.forms(where, COMPLETIONS - len(found))

    def values(self, where: Place) -> list[Completion]:
        """Return the values of a field that fit what is typed."""
        known, whole = self.known.values(where.field)
        ranked = _fitting(where.typed, known)
        if not whole and where.typed and len(ranked) < COMPLETIONS:
            more = _fitting(where.typed, self.known.beginning(where.field, where.typed))
            ranked += [value for value in more if value.value not in {one.value for one in ranked}]
        shown = [value for value in ranked if _LINES.search(value.value) is None][: COMPLETIONS - 4]
        write = quoted if where.quoted else partial(written, where.field)
        return [Completion("value", one.value, write(one.value), one.count) for one in shown]

    def forms(self, where: Place, most: int) -> list[Completion]:
        """Return the forms that suit the type of a field."""
        name = where.field
        if name == "level":
            offered = _LEVEL_FORMS
        elif name == "message":
            offered = _MESSAGE_FORMS
        else:
            kinds = {info.name: info.type for info in self.known.fields()}
            kind = kinds.get(name, "string")
            offered = _FORMS["number"] + _FORMS["string"] if kind == "mixed" else _FORMS.get(kind, _FORMS["string"])
        fitting = [one for one in offered if one[0].startswith(where.typed)]
        return [Completion("form", text, text, None, about, caret) for text, caret, about in fitting[: max(most, 3)]]

    def bounds(self, where: Place) -> list[Completion]:
        """Return what a range or comparison may end at: severities and times; numbers are the reader's."""
        if where.field in TIME_FIELDS:
            offered = _TIMES
        elif where.field == "level":
            offered = dict.fromkeys(SEVERITY_NAMES, "")
        else:
            return []
        return [
            Completion("value", text, quoted(text) if where.quoted else text, about=about)
            for text, about in offered.items()
            if text.startswith(where.typed.lower())
        ]


def complete(
    index: SearchIndex, text: str, at: int, query: Query, window: Hashable, memory: Memory, budget: Budget
) -> Completions:
    """Return what may be written before character *at* of *text*, as far as the budget reaches.

    Values and fields are those of the time range of *query*, whatever its filter; *window* names the range for the
    *memory*. Raises Unavailable.
    """
    text = clean(text)
    where = place(text, at)
    known = Known(index, replace(query, filter=EVERYTHING, after=None), window, memory, Deadline(budget))
    found = _Completer(known).at(where)
    return Completions(where, found[:COMPLETIONS], known.exact, _problem(text, where))


def _problem(text: str, where: Place) -> Problem | None:
    """Return the fault before the piece that is being typed; the piece itself may be half a term, which is no fault."""
    try:
        parse(text)
    except InvalidQuery as error:
        problem = error.problems[0]
        at = len(text) if problem.position is None else problem.position
        # A bracket or a quotation mark that is not closed yet is no fault while a reader is still typing.
        return problem if at < where.start and text[at] not in '("[{' else None
    return None


def _fit(typed: str, name: str) -> int | None:
    """Return how well a name or value fits what is typed: 0 at its beginning, 1 at a part's, 2 inside; None: not."""
    typed, name = fold(typed), fold(name)
    if name.startswith(typed):
        return 0
    if f".{typed}" in name:
        return 1
    return 2 if typed in name else None


def _fitting(typed: str, known: Sequence[Value]) -> list[Value]:
    ranked = [(rank, -one.count, one.value, one) for one in known if (rank := _fit(typed, one.value)) is not None]
    return [one for *_, one in sorted(ranked, key=lambda row: row[:3])]


def _standing(info: FieldInfo) -> tuple[int, int, str]:
    """Return where a field stands among others that fit as well: the fixed ones as in a log, then the most frequent."""
    if info.name in TEXT_FIELDS[:-1]:
        return TEXT_FIELDS.index(info.name), 0, ""
    return len(FIELDS) + (info.name in UNLIKE), -info.count, info.name
