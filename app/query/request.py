"""The parameters of a query, from a URL or a JSON body alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import tzinfo
from typing import Any, get_args

from app.errors import InvalidQuery, Problem
from app.json_text import LENIENT, NotJSON
from app.query.filter import EVERYTHING, And, Filter
from app.query.language.parse import named, parse
from app.query.normal import normal
from app.query.operations import NAMES, from_json
from app.query.parameters import Parameters
from app.query.query import PAGE_LIMIT, Clock, Count, Query, Sort, decode_cursor
from app.times import instant
from app.times.instant import Instant
from app.times.typed import time_span
from app.times.zone import DEFAULT, read_zone

#: Every name that a query may hold.
PARAMETERS = ("q", *NAMES, "from", "to", "tz", "clock", "sort", "limit", "cursor", "count")

_KNOWN = frozenset(PARAMETERS)
_CLOCKS, _SORTS, _COUNTS = get_args(Clock), get_args(Sort), get_args(Count)

#: Operations whose value is JSON in a URL, with what is wanted there.
_IN_JSON = {
    "range": 'an object such as {"lower_range": 1, "upper_range": 5}',
    "in": 'a list such as ["a", "b"]',
    "not_in": 'a list such as ["a", "b"]',
}


def read_query(
    params: Mapping[str, Any], *, default_limit: int = 100, also: Collection[str] = (), now: int | None = None
) -> Query:
    """Return the query that *params* mean; values are texts, as in a URL, or JSON values.

    Filters given in several ways must all hold; times without an offset are of the zone `tz`. A parameter that is empty or null counts as absent.
    Names in *also* are left to the caller. Raises InvalidQuery with a problem for each fault.
    """
    return _QueryReader(params, instant.now_ms() if now is None else now).query(default_limit, also)


class _QueryReader(Parameters):
    """Reads the parameters of a query."""

    def __init__(self, params: Mapping[str, Any], now: int) -> None:
        super().__init__(params)
        self._now = now
        self._zone = self.read(self._read_zone, DEFAULT)

    def query(self, default_limit: int, also: Collection[str]) -> Query:
        """Return the query; raises InvalidQuery."""
        if not self.given.keys() <= _KNOWN:
            self.only((*PARAMETERS, *also))
        everything: Filter = EVERYTHING
        query = Query(
            filter=self.read(self._filter, everything),
            start=self._time("from", 0),
            end=self._time("to", 1),
            clock=self.choice("clock", "event", _CLOCKS),
            sort=self.choice("sort", "desc", _SORTS),
            limit=self.whole("limit", default_limit, 1, PAGE_LIMIT),
            after=self.read(self._cursor, None),
            count=self.choice("count", "auto", _COUNTS),
        )
        if query.start is not None and query.end is not None and query.start > query.end:
            self.refuse("lies after to", "from")
        self.check()
        return query

    def _read_zone(self) -> tzinfo:
        value = self.text("tz", "")
        return read_zone(value) if value else DEFAULT

    def _filter(self) -> Filter:
        body = {name: self.given[name] for name in NAMES if self.given.get(name) is not None}
        if body.get("operation") in _IN_JSON:
            body |= _decoded(body, "value", _IN_JSON[body["operation"]])
        body |= _decoded(body, "filters", "a list of filters in JSON")
        fields = from_json(body, self._now, self._zone)
        text = self.text("q", "")
        if not text:
            return fields
        try:
            return normal(And((fields, parse(text, self._now, self._zone))))
        except InvalidQuery as error:
            raise named(error, "q") from None

    def _time(self, name: str, which: int) -> Instant | None:
        value = self.get(name)
        if value is None:
            return None
        try:
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise ValueError("is neither a text nor a number")
            return time_span(value, self._now, self._zone)[which]
        except ValueError as error:
            self.refuse(f"“{str(value)[:100]}” {error}", name)
            return None

    def _cursor(self) -> tuple[int, int, bytes] | None:
        value = self.text("cursor", "")
        return decode_cursor(value) if value else None


def _decoded(body: Mapping[str, Any], name: str, wanted: str) -> dict[str, Any]:
    """Return the parameter that a URL holds as JSON, decoded; nothing where it is no text."""
    value = body.get(name)
    if not isinstance(value, str):
        return {}
    try:
        return {name: LENIENT.read(value)}
    except NotJSON:
        raise InvalidQuery(Problem(f"must be {wanted}", name)) from None
