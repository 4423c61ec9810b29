"""The parameters of a query, from a URL or a JSON body alike."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import tzinfo
from typing import Any, TypeVar, get_args

from app.errors import InvalidQuery, Problem
from app.query.filter import EVERYTHING, And, Filter
from app.query.language.parse import named, parse
from app.query.normal import normal
from app.query.operations import NAMES, from_json
from app.query.query import PAGE_LIMIT, Clock, Count, Query, Sort, decode_cursor
from app.times import instant
from app.times.instant import Instant
from app.times.typed import time_span
from app.times.zone import DEFAULT, read_zone

#: Every name that a query may hold.
PARAMETERS = ("q", *NAMES, "from", "to", "tz", "clock", "sort", "limit", "cursor", "count")

_CHOICES = {"clock": get_args(Clock), "sort": get_args(Sort), "count": get_args(Count)}
#: Operations whose value is JSON in a URL, with what is wanted there.
_IN_JSON = {
    "range": 'an object such as {"lower_range": 1, "upper_range": 5}',
    "in": 'a list such as ["a", "b"]',
    "not_in": 'a list such as ["a", "b"]',
}
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)

_T = TypeVar("_T")


def read_query(
    params: Mapping[str, Any], *, default_limit: int = 100, also: Collection[str] = (), now: int | None = None
) -> Query:
    """Return the query that *params* mean; values are texts, as in a URL, or JSON values.

    Filters given in several ways must all hold; times without an offset are of the zone `tz`. A parameter that is empty or null counts as absent.
    Names in *also* are left to the caller. Raises InvalidQuery with a problem for each fault.
    """
    return _Reader(params, instant.now_ms() if now is None else now).query(default_limit, also)


class _Reader:
    """Reads parameters and gathers the problems in them."""

    def __init__(self, params: Mapping[str, Any], now: int) -> None:
        self._params = params
        self._now = now
        self._problems: list[Problem] = []
        self._zone = self._try(self._read_zone, DEFAULT)

    def query(self, default_limit: int, also: Collection[str]) -> Query:
        """Return the query; raises InvalidQuery."""
        for name in self._params:
            if name not in PARAMETERS and name not in also:
                known = ", ".join((*PARAMETERS, *also))
                self._problems.append(Problem(f"is not a parameter; known are {known}", str(name)[:100]))
        everything: Filter = EVERYTHING
        query = Query(
            filter=self._try(self._filter, everything),
            start=self._time("from", 0),
            end=self._time("to", 1),
            clock=self._choice("clock", "event"),
            sort=self._choice("sort", "desc"),
            limit=self._try(lambda: self._limit(default_limit), default_limit),
            after=self._try(self._cursor, None),
            count=self._choice("count", "auto"),
        )
        if query.start is not None and query.end is not None and query.start > query.end:
            self._problems.append(Problem("lies after to", "from"))
        if self._problems:
            raise InvalidQuery(*self._problems)
        return query

    def _get(self, name: str) -> Any:
        value = self._params.get(name)
        return None if value == "" else value

    def _try(self, read: Callable[[], _T], default: _T) -> _T:
        try:
            return read()
        except InvalidQuery as error:
            self._problems += error.problems
            return default

    def _read_zone(self) -> tzinfo:
        value = self._get("tz")
        if value is None:
            return DEFAULT
        if not isinstance(value, str):
            raise InvalidQuery(Problem("must be a text", "tz"))
        return read_zone(value)

    def _filter(self) -> Filter:
        body = {name: self._params[name] for name in NAMES if self._params.get(name) is not None}
        if body.get("operation") in _IN_JSON:
            body |= _decoded(body, "value", _IN_JSON[body["operation"]])
        body |= _decoded(body, "filters", "a list of filters in JSON")
        parts = [from_json(body, self._now, self._zone)]
        text = self._get("q")
        if text is not None:
            if not isinstance(text, str):
                raise InvalidQuery(Problem("must be a text", "q"))
            try:
                parts.append(parse(text, self._now, self._zone))
            except InvalidQuery as error:
                raise named(error, "q") from None
        return normal(And(tuple(parts)))

    def _time(self, name: str, which: int) -> Instant | None:
        value = self._get(name)
        if value is None:
            return None
        try:
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise ValueError("is neither a text nor a number")
            return time_span(value, self._now, self._zone)[which]
        except ValueError as error:
            self._problems.append(Problem(f"“{str(value)[:100]}” {error}", name))
            return None

    def _choice(self, name: str, default: Any) -> Any:
        value = self._get(name)
        if value is None or value in _CHOICES[name]:
            return default if value is None else value
        self._problems.append(Problem(f"must be one of {', '.join(_CHOICES[name])}", name))
        return default

    def _limit(self, default: int) -> int:
        value = self._get("limit")
        if value is None:
            return default
        if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= PAGE_LIMIT:
            raise InvalidQuery(Problem(f"must be a whole number from 1 to {PAGE_LIMIT:,}", "limit"))
        return value

    def _cursor(self) -> tuple[int, int, bytes] | None:
        value = self._get("cursor")
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidQuery(Problem("must be a text", "cursor"))
        return decode_cursor(value)


def _decoded(body: Mapping[str, Any], name: str, wanted: str) -> dict[str, Any]:
    """Return the parameter that a URL holds as JSON, decoded; nothing where it is no text."""
    value = body.get(name)
    if not isinstance(value, str):
        return {}
    try:
        return {name: json.loads(value)}
    except (ValueError, RecursionError):
        raise InvalidQuery(Problem(f"must be {wanted}", name)) from None
