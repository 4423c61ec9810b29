"""Where a cursor stands in a query text that is still being typed, and what may be completed there.

The text need not be whole: a bracket or a quotation mark may be open, a term may be lacking. The part before the cursor
is read by the rules of `app.query.language.terms`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from app.query.filter import FIELDS
from app.query.language.terms import BARE, CALLS, COMPARED, COMPARISON, OPERATOR, QUOTED, REGEX, VALUE, unescape

#: The kinds of what stands at the cursor: a term or the name of its field; a name before a colon; a name after `_exists_:`; a value
#: of a field; a bound of a range or comparison; the `TO` of a range; what can't be completed.
Kind = Literal["term", "field", "exists", "value", "bound", "to", "none"]

_WORD_OPERATORS = ("AND", "OR", "NOT")
_BLANKS = re.compile(r"\s*")
_RANGE = re.compile(r'[\[{](?:"(?:\\.|[^\\"])*"|[^"\]}])*[\]}]', re.DOTALL)
#: A quotation mark closes before one of these; before anything else it opens the next text.
_AFTER_QUOTED = re.compile(r"[\s)\]}]|\Z")
#: Characters that may follow where something is put in.
_FREE = re.compile(r"[\s)]|\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """The part of a query text at a cursor."""

    kind: Kind
    #: The piece of the text that a completion replaces.
    start: int
    end: int
    #: Its text up to the cursor, as it is meant: without backslashes and quotation marks.
    typed: str = ""
    #: The field whose value it is.
    field: str = ""
    #: Whether it stands in quotation marks, as a text of `prefix("…")` or by itself.
    quoted: bool = False
    #: Whether it is the beginning of a term, so that an operator may stand here; and whether a term stands before it.
    begins: bool = False
    follows: bool = False


def place(text: str, at: int) -> Place:
    """Return what stands at the cursor before character *at* of *text*."""
    return _Finder(text, min(max(at, 0), len(text))).find()


class _Finder:
    """Reads from left to right until it reaches the cursor."""

    def __init__(self, text: str, cursor: int) -> None:
        self._text = text
        self._cursor = cursor
        self._at = 0
        #: The field that applies inside each open bracket.
        self._open: list[str] = []
        self._follows = False

    def find(self) -> Place:
        """Return the place of the cursor."""
        while True:
            self._at = self._skip(self._at)
            if self._at >= self._cursor:
                return self._empty()
            found = self._step()
            if found is not None:
                return found

    def _skip(self, at: int) -> int:
        blanks = _BLANKS.match(self._text, at)
        assert blanks is not None
        return blanks.end()

    @property
    def _outer(self) -> str:
        return self._open[-1] if self._open else ""

    def _empty(self) -> Place:
        """Return the place where nothing is typed yet, unless that would be glued to what follows."""
        if _FREE.match(self._text, self._cursor) is None:
            return self._none()
        kind: Kind = "value" if self._outer else "term"
        return self._begun(Place(kind, self._cursor, self._cursor, field=self._outer))

    def _begun(self, found: Place) -> Place:
        return replace(found, begins=not found.quoted, follows=self._follows)

    def _none(self) -> Place:
        return Place("none", self._cursor, self._cursor)

    def _step(self) -> Place | None:
        """Pass over one token; return the place when the cursor stands in it."""
        text, start = self._text, self._at
        if text[start] == ")":
            if self._open:
                self._open.pop()
            return self._pass(start + 1)
        if text[start] == "(":
            self._open.append(self._outer)
            return self._pass(start + 1, follows=False)
        operator = OPERATOR.match(text, start)
        if operator is not None and not (operator[0] in _WORD_OPERATORS and operator.end() >= self._cursor):
            return self._pass(operator.end(), follows=False) if operator.end() <= self._cursor else self._none()
        signs = "+-!" if start + 1 == self._cursor else "+-"
        if text[start] in signs and (start + 1 == self._cursor or not text[start + 1].isspace()):
            return self._pass(start + 1, follows=False)
        return self._operand(start)

    def _pass(self, at: int, *, follows: bool = True) -> Place | None:
        """Go on behind a token that the cursor is beyond."""
        self._at, self._follows = at, follows
        return None

    def _operand(self, start: int) -> Place | None:
        text, cursor = self._text, self._cursor
        run = BARE.match(text, start) if text[start] not in '"/' else None
        if run is not None and text[run.end() : run.end() + 1] == ":" and run.end() < cursor:
            return self._value(unescape(run[0]), self._skip(run.end() + 1))
        compared = COMPARED.match(run[0]) if run is not None else None
        if run is not None and compared is not None and start + compared.end(1) < cursor:
            name = unescape(compared[1])
            if name in FIELDS or name.startswith("metadata."):
                return self._value(name, start + compared.end(1))
        if self._outer:
            inner = self._value(self._outer, start)
            return self._begun(inner) if inner is not None else None
        if run is None:
            return self._unnamed(start)
        if run.end() < cursor:
            return self._pass(run.end())
        colon = text[run.end() : run.end() + 1] == ":"
        return self._begun(Place("field" if colon else "term", start, run.end() + colon, _typed(text[start:cursor])))

    def _unnamed(self, start: int) -> Place | None:
        """Pass over a phrase or a regular expression of the message."""
        found = (QUOTED if self._text[start] == '"' else REGEX).match(self._text, start)
        if found is not None:
            return self._pass(found.end()) if found.end() <= self._cursor else self._none()
        return self._none() if self._text[start] != "/" else self._run("", start)

    def _value(self, field: str, start: int) -> Place | None:
        """Read the value of a field, which begins at *start*."""
        text, cursor = self._text, self._cursor
        kind: Kind = "exists" if field == "_exists_" else "value"
        if start > cursor or _FREE.match(text, start) is not None:
            if start < cursor:  # a bracket without a value before it
                return self._pass(start)
            return Place(kind, cursor, cursor, field=field)
        match text[start]:
            case "(":
                self._open.append(field)
                return self._pass(start + 1, follows=False)
            case '"':
                return self._quoted(kind, field, start)
            case "[" | "{":
                return self._range(field, start)
            case "<" | ">":
                return self._comparison(field, start)
            case "/" if (regex := REGEX.match(text, start)) is not None:
                return self._pass(regex.end()) if regex.end() <= cursor else self._none()
        return self._run(field, start, kind)

    def _run(self, field: str, start: int, kind: Kind = "value") -> Place | None:
        """Read a value without quotation marks, or a call such as `prefix("…")`."""
        text, cursor = self._text, self._cursor
        run = VALUE.match(text, start)
        if run is None:
            return self._none() if start + 1 >= cursor else self._pass(start + 1)
        if run.end() >= cursor:
            return Place(kind, start, run.end(), _typed(text[start:cursor]), field) if field else self._none()
        inner = self._skip(run.end() + 1)
        if run[0] in CALLS and text[run.end()] == "(":
            if inner >= cursor or text[inner] != '"':
                return self._none()
            found = self._quoted(kind, field, inner)
            self._at += found is None and text[self._at : self._at + 1] == ")"
            return found
        return self._pass(run.end())

    def _quoted(self, kind: Kind, field: str, start: int) -> Place | None:
        text, cursor = self._text, self._cursor
        found = QUOTED.match(text, start)
        closed = found is not None and _AFTER_QUOTED.match(text, found.end()) is not None
        if found is not None and found.end() <= cursor:
            return self._pass(found.end())
        end = found.end() if found is not None and closed else cursor
        return Place(kind, start, end, _typed(text[start + 1 : cursor]), field, quoted=True)

    def _comparison(self, field: str, start: int) -> Place | None:
        text, cursor = self._text, self._cursor
        sign = COMPARISON.match(text, start)
        assert sign is not None
        bound = self._skip(sign.end())
        if sign.end() > cursor:
            return self._none()
        run = VALUE.match(text, bound)
        if bound > cursor or (bound == cursor and run is None):
            return Place("bound", cursor, cursor, field=field)
        if text[bound] == '"':
            return self._quoted("bound", field, bound)
        if run is None or run.end() < cursor:
            return self._pass(run.end() if run is not None else bound + 1)
        return Place("bound", bound, run.end(), _typed(text[bound:cursor]), field)

    def _range(self, field: str, start: int) -> Place | None:
        text, cursor = self._text, self._cursor
        whole = _RANGE.match(text, start)
        if whole is not None and whole.end() <= cursor:
            return self._pass(whole.end())
        before = text[start + 1 : cursor]
        words = before.split()
        typed = words.pop() if before and not before[-1].isspace() else ""
        if '"' in before or len(words) > 2:
            return self._none()
        ends = re.compile(r"[\s\]})]|\Z").search(text, cursor)
        assert ends is not None
        kind: Kind = "to" if len(words) == 1 else "bound"
        return Place(kind, cursor - len(typed), ends.start(), typed, field)


def _typed(raw: str) -> str:
    """Return what a piece of text means whose last character may be a backslash before nothing."""
    return unescape(raw.removesuffix("\\") if (len(raw) - len(raw.rstrip("\\"))) % 2 else raw)
