"""Filters in JSON: `{key, value, operation}`, `{filters, match}` in any nesting, and `{query}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import partial
from typing import Any

from app.errors import InvalidQuery, Problem
from app.log.scalars import as_text
from app.query.bounds import between, span
from app.query.filter import (
    DEPTH_LIMIT,
    EVERYTHING,
    LEAF_LIMIT,
    TEXT_LIMIT,
    TIME_FIELDS,
    And,
    Contains,
    Equals,
    Exists,
    Filter,
    Matches,
    Not,
    Or,
    Prefix,
    Words,
    depth,
    leaves,
)
from app.query.language.parse import named, parse
from app.query.language.tokens import TERM_LIMIT
from app.query.meaning import regex
from app.query.names import meant_name
from app.query.normal import normal
from app.query.rows import rows
from app.times import instant
from app.times.typed import RequestTime

__all__ = ["NAMES", "OPERATIONS", "from_json", "rows"]

#: Each operation with what it means.
OPERATIONS: dict[str, str] = {
    "equals": "The message holds every word of the value; another field is the value, with case (level: without).",
    "contains": "The value occurs anywhere in the field, without case.",
    "regex": "The RE2 pattern is found anywhere in the field, with case unless it says (?i).",
    "range": "The field lies between lower_range and upper_range, both included; either may be left out.",
    "in": "The field is one of the values, with case (level: without).",
    "prefix": "The field begins with the value, with case (level: without).",
    "exists": "The log has the field, or something beneath it.",
    "not_equals": "Not equals.",
    "not_contains": "Not contains.",
    "not_regex": "Not regex.",
    "not_in": "Not in.",
    "not_prefix": "Not prefix.",
    "not_exists": "Not exists.",
}
#: Names that a filter may hold.
NAMES = ("key", "value", "operation", "filters", "match", "query")
_BOUNDS = ("lower_range", "upper_range")


def from_json(body: Mapping[str, Any], now: int | None = None, zone: tzinfo = UTC) -> Filter:
    """Return the filter that *body* means, in normal form; times without an offset are of the *zone*.

    A body that holds several kinds of filter means all of them, an empty one everything. Raises
    InvalidQuery with a problem for each fault, its field a path such as `filters[1].value`.
    """
    reader = _Reader(RequestTime(instant.now_ms() if now is None else now, zone))
    tree = normal(reader.read(body, "", 0))
    if reader.problems:
        raise InvalidQuery(*reader.problems)
    if sum(1 for _ in leaves(tree)) > LEAF_LIMIT:
        raise InvalidQuery(Problem(f"more than {LEAF_LIMIT} conditions", "filters"))
    if depth(tree) > DEPTH_LIMIT:
        raise InvalidQuery(Problem(f"nested more than {DEPTH_LIMIT} deep", "filters"))
    return tree


class _Reader:
    """Reads filters and gathers the problems in them."""

    def __init__(self, now: RequestTime) -> None:
        self.problems: list[Problem] = []
        self._now = now

    def read(self, body: Any, path: str, level: int) -> Filter:
        """Return the filter of *body*, which stands at *path*; EVERYTHING where it has a problem."""
        if not isinstance(body, Mapping):
            return self._refuse("must be an object with key, operation and value", path.removesuffix("."))
        if level > DEPTH_LIMIT:
            return self._refuse(f"nested more than {DEPTH_LIMIT} deep", path.removesuffix("."))
        unknown = [name for name in body if name not in NAMES]
        for name in unknown:
            self._refuse(f"is not part of a filter; known are {', '.join(NAMES)}", f"{path}{name}"[:200])
        parts: list[Filter] = []
        if any(name in body for name in ("key", "operation", "value")):
            parts.append(self._one(body, path))
        if "filters" in body or "match" in body:
            parts.append(self._several(body, path, level))
        if "query" in body:
            parts.append(self._query(body["query"], f"{path}query"))
        if not parts and path and not unknown:
            self._refuse("holds no filter", path.removesuffix("."))
        return And(tuple(parts))

    def _refuse(self, message: str, field: str) -> Filter:
        self.problems.append(Problem(message, field or None))
        return EVERYTHING

    def _several(self, body: Mapping[str, Any], path: str, level: int) -> Filter:
        match_, filters = body.get("match", "all"), body.get("filters")
        if match_ not in ("all", "any"):
            self._refuse('must be "all" or "any"', f"{path}match")
        if not isinstance(filters, list | tuple):
            return self._refuse("must be a list of filters", f"{path}filters")
        if len(filters) > TERM_LIMIT:
            return self._refuse(f"holds more than {TERM_LIMIT:,} filters", f"{path}filters")
        parts = tuple(self.read(one, f"{path}filters[{at}].", level + 1) for at, one in enumerate(filters))
        return Or(parts) if match_ == "any" and parts else And(parts)

    def _query(self, text: Any, path: str) -> Filter:
        if not isinstance(text, str):
            return self._refuse("must be a text", path)
        try:
            return parse(text, self._now.ms, self._now.zone)
        except InvalidQuery as error:
            self.problems += named(error, path).problems
            return EVERYTHING

    def _one(self, body: Mapping[str, Any], path: str) -> Filter:
        """Return the filter of key, operation and value."""
        count = len(self.problems)
        key, operation = body.get("key"), body.get("operation")
        if not isinstance(key, str):
            self._refuse("must be the name of a field", f"{path}key")
        elif len(key) > TEXT_LIMIT:
            self._refuse(f"is longer than {TEXT_LIMIT:,} characters", f"{path}key")
        else:
            self._try(lambda: Exists(meant_name(key)), f"{path}key")
        if not isinstance(operation, str) or operation not in OPERATIONS:
            self._refuse(f"must be one of {', '.join(OPERATIONS)}", f"{path}operation")
        if len(self.problems) > count:
            return EVERYTHING
        assert isinstance(key, str) and isinstance(operation, str)
        meant, plain = meant_name(key), operation.removeprefix("not_")
        if meant == "metadata" and plain != "exists":
            return self._refuse("needs a path: metadata.name", f"{path}key")
        leaf = self._leaf(meant, plain, body.get("value"), f"{path}value")
        return Not(leaf) if operation.startswith("not_") else leaf

    def _leaf(self, key: str, operation: str, value: Any, path: str) -> Filter:
        if operation == "range":
            return self._range(key, value, path)
        if operation == "in":
            if not isinstance(value, list | tuple):
                return self._refuse("must be a list of values", path)
            if len(value) > TERM_LIMIT:
                return self._refuse(f"holds more than {TERM_LIMIT:,} values", path)
            return self._in(key, value, path)
        if operation == "exists":
            return (
                Exists(key) if value in (None, True, "") else self._refuse("must be left out: exists takes none", path)
            )
        return self._try(lambda: _compared(key, operation, _scalar(value), self._now), path)

    def _in(self, key: str, values: Sequence[Any], path: str) -> Filter:
        count = len(self.problems)
        leaves_ = [self._try(partial(_one_of, key, one, self._now), f"{path}[{at}]") for at, one in enumerate(values)]
        return EVERYTHING if len(self.problems) > count else Or(tuple(leaves_))

    def _range(self, key: str, value: Any, path: str) -> Filter:
        if not isinstance(value, Mapping):
            return self._refuse("must be an object with lower_range, upper_range or both", path)
        for name in value:
            if name not in _BOUNDS:
                self._refuse("is not part of a range; known are lower_range, upper_range", f"{path}.{name}"[:200])
        given = {name: value[name] for name in _BOUNDS if value.get(name) is not None}
        if not given and value.keys() <= set(_BOUNDS):
            return self._refuse("needs lower_range, upper_range or both", path)
        spans = {}
        for name, bound in given.items():
            try:
                spans[name] = span(key, _bound(bound), self._now)
            except ValueError as error:
                self._refuse(f"“{str(bound)[:100]}” {error}", f"{path}.{name}")
        return between(key, spans.get("lower_range"), spans.get("upper_range"))

    def _try(self, make: Callable[[], Filter], path: str) -> Filter:
        """Return what *make* returns; its ValueError becomes a problem."""
        try:
            return make()
        except ValueError as error:
            return self._refuse(str(error), path)


def _scalar(value: Any) -> str:
    """Return the text of a JSON scalar."""
    if not isinstance(value, str | int | float):
        raise ValueError("must be a text, a number, true or false")
    try:
        text = as_text(value)
    except ValueError:
        raise ValueError("has too many digits") from None
    if len(text) > TEXT_LIMIT:
        raise ValueError(f"is longer than {TEXT_LIMIT:,} characters")
    return text


def _bound(value: Any) -> str | int | float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("is neither a text nor a number")
    if isinstance(value, str) and len(value) > TEXT_LIMIT:
        raise ValueError(f"is longer than {TEXT_LIMIT:,} characters")
    return value


def _equals(key: str, text: str, now: RequestTime) -> Filter:
    if key == "message":
        return Words(text)
    if key not in TIME_FIELDS:
        return Equals(key, text)
    try:
        point = span(key, text, now)
    except ValueError as error:
        raise ValueError(f"“{text[:100]}” {error}") from None
    return between(key, point, point)


def _one_of(key: str, value: Any, now: RequestTime) -> Filter:
    text = _scalar(value)
    return _equals(key, text, now) if key in TIME_FIELDS else Equals(key, text)


def _compared(key: str, operation: str, text: str, now: RequestTime) -> Filter:
    match operation:
        case "equals":
            return _equals(key, text, now)
        case "contains":
            return Contains(key, text)
        case "prefix":
            return Prefix(key, text)
    try:
        regex(text)
    except ValueError as error:
        raise ValueError(f"is not a regular expression that RE2 takes: {error}") from None
    return Matches(key, text)
