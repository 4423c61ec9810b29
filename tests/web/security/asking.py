"""Questions of a curious reader: any route that finds, with parameters made of what logs hold, right and wrong."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from app.log.record import LogRecord, id_text
from app.log.scalars import as_text, scalars
from app.web.render.picks import picked
from tests.malformed import WORDS

#: Texts of this length make queries and addresses.
_SHORT = 60
#: The parameters of each route that finds, by the rule of its path; what names a log or a trace is put in.
ROUTES: dict[str, tuple[str, ...]] = {
    "/": ("columns", "sort", "clock", "limit", "open", "keep", "exclude"),
    "/compare": ("a", "b", "only"),
    "/log/<identity>": ("part",),
    "/logs": ("limit", "sort", "clock", "count", "cursor"),
    "/logs/<string(minlength=32,maxlength=36):identity>": (),
    "/logs/<string(minlength=32,maxlength=36):identity>/context": ("before", "after"),
    "/logs/completions": ("at",),
    "/logs/explain": (),
    "/logs/export": ("format", "columns", "sort"),
    "/logs/facets": ("field", "size"),
    "/logs/fields": (),
    "/logs/histogram": ("interval", "by"),
    "/logs/patterns": ("size",),
    "/logs/statistics": ("field", "size"),
    "/overview": (),
    "/page/counts": ("clock",),
    "/page/values": ("field",),
    "/page/window": (),
    "/patterns": ("clock",),
    "/searches": (),
    "/searches/<which>": (),
    "/trace": (),
    "/trace/<any_text:trace_id>": (),
    "/traces/<any_text:trace_id>": ("limit",),
}
#: Routes that ask for nothing in particular, and parameters without which a route refuses.
_WITHOUT_QUERY = (
    *("/compare", "/overview", "/page/window", "/searches", "/searches/<which>", "/trace"),
    "/logs/<string(minlength=32,maxlength=36):identity>",
)
_NEEDED = ("field", "a", "b")
_VALUES: dict[str, Sequence[str]] = {
    "sort": ("asc", "desc"),
    "clock": ("event", "received"),
    "limit": ("1", "3", "100"),
    "size": ("1", "3", "1000"),
    "count": ("exact", "auto", "none"),
    "only": ("differences",),
    "part": ("fields", "text", "json", "curl"),
    "format": ("csv", "ndjson"),
    "interval": ("auto", "1h", "1d", "100d"),
    "by": ("level",),
    "at": ("0", "1", "5", "10"),
    "before": ("0", "3"),
    "after": ("0", "3"),
    "cursor": ("nonsense",),
}


class Curious:
    """Asks about some logs, those that it may not see and what is hidden in them included."""

    def __init__(self, records: Sequence[LogRecord], seed: int) -> None:
        self._chance = random.Random(seed)
        self._records = records
        self._facts = [fact for record in records for fact in _facts(record) if len(fact[1]) <= _SHORT]
        self._named: dict[str, Callable[[], str]] = {
            **dict.fromkeys(("field", "columns"), lambda: self._chance.choice(self._facts)[0]),
            **dict.fromkeys(("a", "b", "open"), self._identity),
            **dict.fromkeys(("keep", "exclude"), lambda: picked(*self._chance.choice(self._facts))),
        }

    def path(self, rule: str = "") -> str:
        """Return path and parameters of a question, to a route of its choice unless *rule* names one."""
        rule = rule or self._chance.choice(list(ROUTES))
        trace = quote(self._chance.choice(self._records).trace_id or "none", safe="")
        path = re.sub(r"<[^>]*identity>", self._identity(), rule)
        path = path.replace("<any_text:trace_id>", trace).replace("<which>", "s")
        given = [] if rule in _WITHOUT_QUERY else [("q", self._query())]
        if self._chance.random() < 0.3 and (given or rule == "/page/window"):
            # Both ends, or the answer depends on the moment of the question.
            given += [("from", "2000-01-01"), ("to", "2030-01-01")]
        given += [(name, self._value(name)) for name in ROUTES[rule] if name in _NEEDED or self._chance.random() < 0.5]
        return f"{path}?{urlencode(given)}" if given else path

    def _identity(self) -> str:
        return id_text(self._chance.choice(self._records).id)

    def _value(self, name: str) -> str:
        made = self._named.get(name)
        return made() if made else self._chance.choice(_VALUES[name])

    def _query(self) -> str:
        if self._chance.random() < 0.2:
            return ""
        return self._chance.choice((" ", " OR ", " AND NOT ")).join(
            self._term() for _ in range(self._chance.choice((1, 1, 2, 3)))
        )

    def _term(self) -> str:
        name, value = self._chance.choice(self._facts)
        plain = re.findall(r"\w+", value)
        return self._chance.choice(
            (
                f"{name}:{json.dumps(value, ensure_ascii=False)}",
                f"{name}:*",
                f"_exists_:{name}",
                f"NOT _exists_:{name}",
                f"{name}:*{plain[0][1:4] if plain else '?'}*",
                f"{name}:/./",
                f"{name}:>={self._chance.randint(-5, 500)}",
                " ".join(plain[:2]) or "x",
                self._chance.choice(WORDS),
            )
        )


def _facts(record: LogRecord) -> Iterator[tuple[str, str]]:
    """Yield fields and values of a log."""
    fields: dict[str, Any] = record.sent_fields()
    metadata = fields.pop("metadata", None) or {}
    yield "id", id_text(record.id)
    for name, value in (*fields.items(), *scalars(metadata, "metadata")):
        if name != "timestamp":
            yield name, as_text(value)
