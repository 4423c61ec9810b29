"""The tokens of a query text in an order that the grammar takes; each other order is an error with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from app.query.language.terms import OPERATOR, Operand, TermReader, TextPart, refuse

#: Most terms in one text.
TERM_LIMIT = 5_000
#: Most brackets and NOTs around one term, needless ones included.
NESTING_LIMIT = 100

#: A sign before a term; one between blanks is text.
_SIGN = re.compile(r"[+-](?!\s|\Z)")

Kind = Literal["AND", "OR", "NOT", "+", "(", ")", "operand"]


@dataclass(frozen=True, slots=True)
class Token:
    """One token. An opening bracket may have a field; an operand has its operand."""

    kind: Kind
    at: int
    operand: Operand | None = None
    field: TextPart | None = None


@dataclass(frozen=True, slots=True)
class _Bracket:
    at: int
    #: Whether a field applies to what is inside.
    fielded: bool
    #: Brackets and NOTs around what is inside.
    depth: int


class Scanner:
    """Reads a text from left to right; a term must come first, and after each operator."""

    def __init__(self, text: str) -> None:
        self._reader = TermReader(text)
        self._found: list[Token] = []
        self._open: list[_Bracket] = []
        self._depth = 0
        self._terms = 0

    def scan(self) -> list[Token]:
        """Return all tokens; raises InvalidQuery with the place that can't be read."""
        reader, wants_term = self._reader, True
        reader.skip()
        while reader.peek():
            wants_term = self._term() if wants_term else self._after_term()
            reader.skip()
        if wants_term and self._found:
            last = self._found[-1]
            refuse(f"expected a term after {last.kind}", len(reader.text))
        if self._open:
            refuse("this bracket is never closed: expected )", self._open[-1].at)
        return self._found

    def _after_term(self) -> bool:
        """Read what follows a term; return whether a term must come next."""
        reader = self._reader
        if reader.peek() == ")":
            if not self._open:
                refuse("there is no opening bracket for this one", reader.at)
            self._open.pop()
            self._depth = self._open[-1].depth if self._open else 0
            self._found.append(Token(")", reader.at))
            reader.at += 1
            return False
        operator = OPERATOR.match(reader.text, reader.at)
        if operator is not None and operator[0] not in ("NOT", "!"):
            self._found.append(Token("OR" if operator[0] in ("OR", "||") else "AND", reader.at))
            reader.at = operator.end()
        else:
            self._found.append(Token("AND", reader.at))
        return True

    def _term(self) -> bool:
        """Read a term, or what may stand before one; return whether a term must still come."""
        reader, start = self._reader, self._reader.at
        operator = OPERATOR.match(reader.text, start)
        if operator is not None and operator[0] not in ("NOT", "!"):
            refuse(f"expected a term before {operator[0]}", start)
        prefix = operator or _SIGN.match(reader.text, start)
        if prefix is not None:
            self._found.append(Token("+" if prefix[0] == "+" else "NOT", start))
            self._deepen()
            reader.at = prefix.end()
            return True
        if reader.peek() == ")":
            refuse("expected a term before )", start)
        field = None if reader.peek() == "(" else reader.field()
        inherits = bool(self._open) and self._open[-1].fielded
        if reader.peek() == "(":
            self._found.append(Token("(", start, field=field))
            self._deepen()
            self._open.append(_Bracket(reader.at, inherits or field is not None, self._depth))
            reader.at += 1
            return True
        self._terms += 1
        if self._terms > TERM_LIMIT:
            refuse(f"the text has more than {TERM_LIMIT:,} terms", start)
        self._found.append(Token("operand", start, reader.operand(field, inherits)))
        self._depth = self._open[-1].depth if self._open else 0
        return False

    def _deepen(self) -> None:
        self._depth += 1
        if self._depth > NESTING_LIMIT:
            refuse(f"more than {NESTING_LIMIT} brackets and NOTs around one term", self._reader.at)
