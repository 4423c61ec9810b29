"""The query of the search page as rows of field, operation and value: what the form shows of it and sends back."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from app.json_text import LENIENT, NotJSON
from app.query.filter import And, Filter
from app.query.operations import from_json
from app.query.rows import rows as rows_of
from app.web.render import zone

#: Operations as the form offers them.
OPERATIONS = (
    ("equals", "equals"),
    ("not_equals", "does not equal"),
    ("contains", "contains"),
    ("not_contains", "does not contain"),
    ("prefix", "starts with"),
    ("not_prefix", "does not start with"),
    ("in", "is one of"),
    ("not_in", "is none of"),
    ("range", "is between"),
    ("regex", "matches regex"),
    ("not_regex", "does not match regex"),
    ("exists", "exists"),
    ("not_exists", "does not exist"),
)
#: The sign between the bounds of a range in a row.
_BETWEEN = ".."
_LINES = re.compile(r"[\r\n]")


@dataclass(frozen=True, slots=True)
class FilterRow:
    """One filter as the form shows it."""

    key: str = ""
    operation: str = "equals"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """The query as rows; a query that nests its parts has none."""

    rows: tuple[FilterRow, ...] = ()
    match: str = "all"
    nested: bool = False
    #: Whether the form shows them, rather than only their number.
    open: bool = False

    @property
    def complete(self) -> int:
        """How many of the rows are filters already."""
        return sum(1 for row in self.rows if row.key)

    @property
    def shown(self) -> tuple[FilterRow, ...]:
        """The rows of the form: these, or an empty one to begin with."""
        return self.rows or (FilterRow(),)

    @classmethod
    def of(cls, tree: Filter) -> Rows:
        """Return the rows of *tree*."""
        found = rows_of(tree)
        if found is None:
            return cls(nested=True)
        shown = tuple(
            FilterRow(one["key"], one["operation"], write_value(one.get("value"))) for one in found["filters"]
        )
        # A filter that an input would change is left as text: blanks around a name are taken for slips, and a line has no end.
        if any(row.key != row.key.strip() or _LINES.search(row.key + row.value) for row in shown):
            return cls(nested=True)
        return cls(shown, found["match"])

    @classmethod
    def sent(cls, args: MultiDict[str, str], nested: bool = False) -> Rows:
        """Take the rows that the form sent, less the one whose removal was asked for."""
        parts = zip(args.getlist("k"), args.getlist("o"), args.getlist("v"), strict=False)
        rows = [FilterRow(key.strip(), operation, value) for key, operation, value in parts]
        removed = args.get("remove", "")
        if removed.isdecimal() and len(removed) < 9 and int(removed) < len(rows):
            del rows[int(removed)]
        # Rows without a field go last: they are no filters, and the number of a filter at fault is then the one shown.
        rows.sort(key=lambda row: not row.key)
        return cls(tuple(rows), "any" if args.get("match") == "any" else "all", nested, bool(rows))

    def beginning(self, begun: Sequence[FilterRow]) -> Rows:
        """Return these rows followed by those just begun."""
        return replace(self, rows=(*self.rows, *begun), open=self.open or bool(begun))

    def filter(self, beside: Filter) -> Filter:
        """Return what the rows mean; rows of a nested query narrow that query, *beside*."""
        filters = [
            {"key": row.key, "operation": row.operation, "value": read_value(row)} for row in self.rows if row.key
        ]
        meant = from_json({"filters": filters, "match": self.match}, zone=zone.current())
        return And((beside, meant)) if self.nested else meant


def trimmed(typed: str) -> str:
    """Return a text without the blanks around it; one that a backslash makes ordinary belongs to it."""
    bare = typed.strip()
    open_ended = (len(bare) - len(bare.rstrip("\\"))) % 2 == 1
    return bare + typed.lstrip()[len(bare) : len(bare) + open_ended]


def write_value(value: Any) -> str:
    """Return a filter's value as the text of its input."""
    match value:
        case None:
            return ""
        case {**bounds} if bounds.keys() <= {"lower_range", "upper_range"}:
            lower, upper = (write_value(bounds.get(name)) for name in ("lower_range", "upper_range"))
            return f"{lower} {_BETWEEN} {upper}".strip()
        case [*items] if any("," in str(item) or str(item) != str(item).strip() or not item for item in items):
            return json.dumps(items, ensure_ascii=False)
        case [*items]:
            return ", ".join(map(write_value, items))
        case str():
            return value
        case _:
            return json.dumps(value)


def read_value(row: FilterRow) -> Any:
    """Return the value that the row's text stands for under its operation."""
    operation, value = row.operation.removeprefix("not_"), row.value
    if operation == "range":
        lower, between, upper = value.partition(_BETWEEN)
        bounds = {"lower_range": lower.strip(), "upper_range": upper.strip() if between else lower.strip()}
        return {name: _bound(row.key, bound) for name, bound in bounds.items() if bound}
    if operation == "in":
        return _json_list(value) or [part.strip() for part in value.split(",")]
    return None if operation == "exists" else value


def _bound(key: str, text_: str) -> Any:
    if not key.startswith("metadata"):
        return text_
    try:
        return LENIENT.read(text_)
    except NotJSON:
        return text_


def _json_list(value: str) -> list[Any] | None:
    if not value.startswith("["):
        return None
    try:
        found = LENIENT.read(value)
    except NotJSON:
        return None
    return found if isinstance(found, list) else None
