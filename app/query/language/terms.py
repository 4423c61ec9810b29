"""One term of a query text with its field: `level:error`, `"a phrase"`, `metadata.ms:[1 TO 5}`.

Lucene's syntax as people type it: after its field's colon a path, a time or a URL needs no escape.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NoReturn

from app.errors import InvalidQuery, Problem
from app.query.filter import FIELDS

#: Forms for what Lucene has none: `field:prefix("GET ")`.
CALLS = ("equals", "contains", "prefix", "wildcard", "regex")

#: AND, OR and NOT, in words or signs; `!=` and a lone `!` are text.
OPERATOR = re.compile(r'(AND|OR|NOT)(?=[\s()"]|\Z)|&&|\|\||!(?![\s=!]|\Z)')
_BLANKS = re.compile(r"\s*")
QUOTED = re.compile(r'"((?:\\.|[^\\"])*)"', re.DOTALL)
REGEX = re.compile(r"/((?:\\.|[^\\/])+)/(?=[\s)]|\Z)", re.DOTALL)
BARE = re.compile(r'(?:\\.|[^\s()":\\])+', re.DOTALL)
VALUE = re.compile(r'(?:\\.|[^\s()"\\])+', re.DOTALL)
_BOUND = re.compile(r'(?:\\.|[^\s\[\]{}"\\])+', re.DOTALL)
_TO = re.compile(r"TO(?=\s)")
COMPARISON = re.compile(r"[<>]=?")
COMPARED = re.compile(r"((?:\\.|[^\\<>])+)[<>]", re.DOTALL)
_LUCENE_ONLY = re.compile(r"(?:\\.|[^\\~^])*([~^])[\d.]*\Z", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SLASH = re.compile(r"\\([^/])|\\/", re.DOTALL)

Form = Literal["term", "quoted", "regex", "comparison", "range", "call"]


def refuse(message: str, position: int) -> NoReturn:
    """Raise InvalidQuery for the place *position*."""
    raise InvalidQuery(Problem(message, position=position))


def unescape(raw: str) -> str:
    """Return *raw* with each backslash taken away from the character that it makes ordinary."""
    return _ESCAPE.sub(r"\1", raw) if "\\" in raw else raw


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of text with its place; a quoted one has lost its quotation marks and backslashes."""

    text: str
    at: int
    quoted: bool = False

    @property
    def plain(self) -> str:
        """The text that is meant."""
        return self.text if self.quoted else unescape(self.text)


@dataclass(frozen=True, slots=True)
class Operand:
    """A term with its field, from which one leaf is made."""

    form: Form
    value: TextPart
    field: TextPart | None = None
    #: The comparison, the range's brackets, or the name of the call.
    operator: str = ""
    upper: TextPart | None = None


class TermReader:
    """Reads terms from a text; `at` is the place of the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self) -> None:
        """Pass over blanks."""
        blanks = _BLANKS.match(self.text, self.at)
        assert blanks is not None
        self.at = blanks.end()

    def peek(self) -> str:
        """Return the next character, nothing at the end."""
        return self.text[self.at : self.at + 1]

    def field(self) -> TextPart | None:
        """Read `field:`, or the field of `field>=5`, which needs no colon; None when there is none."""
        if self.peek() == ":":
            refuse("expected a field's name before the colon", self.at)
        run = BARE.match(self.text, self.at)
        if run is None or run[0][0] == "/":
            return None
        if self.text[run.end() : run.end() + 1] == ":":
            self.at = run.end() + 1
            self.skip()
            operator = OPERATOR.match(self.text, self.at)
            if self.peek() in ("", ")") or (operator is not None and operator[0] != "!"):
                refuse(f"expected a value after {run[0]}:", self.at)
            return TextPart(run[0], run.start())
        compared = COMPARED.match(run[0])
        if compared is not None:
            name = unescape(compared[1])
            if name in FIELDS or name.startswith("metadata."):
                self.at = run.start() + compared.end(1)
                return TextPart(compared[1], run.start())
        return None

    def operand(self, field: TextPart | None, inherits: bool) -> Operand:
        """Read a value; *inherits* says that a field before a bracket applies to it."""
        start, fielded = self.at, field is not None or inherits
        match self.peek():
            case '"':
                return Operand("quoted", self._quoted(), field)
            case "/" if regex := REGEX.match(self.text, start):
                self.at = regex.end()
                pattern = _SLASH.sub(lambda found: found[0] if found[1] else "/", regex[1])
                return Operand("regex", TextPart(pattern, start, quoted=True), field)
            case "[" | "{":
                return self._range(field, fielded)
            case "<" | ">":
                return self._comparison(field, fielded)
        run = (BARE if field is None else VALUE).match(self.text, start)
        if run is None:
            refuse("expected a character after the backslash", start)
        self.at = run.end()
        if fielded and run[0] in CALLS and self.peek() == "(":
            return self._call(field, run[0])
        only = _LUCENE_ONLY.match(run[0])
        if only is not None:
            kind = "fuzzy search and word distance (~)" if only[1] == "~" else "boosting (^)"
            refuse(f"{kind} is not supported; write \\{only[1]} for the character itself", start + only.start(1))
        return Operand("term", TextPart(run[0], start), field)

    def _quoted(self) -> TextPart:
        start = self.at
        quoted = QUOTED.match(self.text, start)
        if quoted is None:
            refuse('this quotation mark is never closed: expected "', start)
        self.at = quoted.end()
        return TextPart(unescape(quoted[1]), start, quoted=True)

    def _comparison(self, field: TextPart | None, fielded: bool) -> Operand:
        comparison = COMPARISON.match(self.text, self.at)
        assert comparison is not None
        if not fielded:
            refuse(f"expected a field before {comparison[0]}, such as metadata.size:{comparison[0]}5", self.at)
        self.at = comparison.end()
        self.skip()
        return Operand("comparison", self._bound(VALUE, f"a value after {comparison[0]}"), field, comparison[0])

    def _call(self, field: TextPart | None, name: str) -> Operand:
        self.at += 1
        self.skip()
        if self.peek() != '"':
            refuse(f'expected a text in quotation marks: {name}("…")', self.at)
        value = self._quoted()
        self.skip()
        if self.peek() != ")":
            refuse("expected ) after the text", self.at)
        self.at += 1
        return Operand("call", value, field, name)

    def _range(self, field: TextPart | None, fielded: bool) -> Operand:
        start = self.at
        if not fielded:
            refuse("expected a field before the range; text with brackets needs quotation marks", start)
        self.at += 1
        self.skip()
        lower = self._bound(_BOUND, "a lower bound: [1 TO 5], * for none")
        self.skip()
        if _TO.match(self.text, self.at) is None:
            refuse("expected TO and an upper bound: [1 TO 5], * for none", self.at)
        self.at += len("TO")
        self.skip()
        upper = self._bound(_BOUND, "an upper bound: [1 TO 5], * for none")
        self.skip()
        if self.peek() not in ("]", "}"):
            refuse("expected ] or } after the upper bound", self.at)
        self.at += 1
        return Operand("range", lower, field, self.text[start] + self.text[self.at - 1], upper)

    def _bound(self, pattern: re.Pattern[str], wanted: str) -> TextPart:
        if self.peek() == '"':
            return self._quoted()
        run = pattern.match(self.text, self.at)
        if run is None:
            refuse(f"expected {wanted}", self.at)
        self.at = run.end()
        return TextPart(run[0], run.start())
