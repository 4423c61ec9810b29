"""A query: a filter plus window, order, place and size; and what answers it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

from app.errors import InvalidQuery, Problem
from app.log.record import LogRecord
from app.query.filter import EVERYTHING, Filter
from app.times.instant import Instant

#: Most logs in one page.
PAGE_LIMIT = 10_000
#: Most buckets in one histogram.
BUCKET_LIMIT = 10_000

Clock = Literal["event", "received"]
Sort = Literal["asc", "desc"]
Count = Literal["auto", "exact", "none"]

#: A record's place in the order of a query: (t, ns, id).
Key = tuple[int, int, bytes]


@dataclass(frozen=True, slots=True)
class Query:
    """Which logs, in which window and order, how many, after which place.

    `start` and `end` are inclusive instants of the chosen clock. With clock `event` the order is
    (timestamp, ns, id), with `received` the id alone. `after` is the key of the last log of the page
    before; the page holds the logs that follow it in the chosen order.
    """

    filter: Filter = EVERYTHING
    start: Instant | None = None
    end: Instant | None = None
    clock: Clock = "event"
    sort: Sort = "desc"
    limit: int = 100
    after: Key | None = None
    count: Count = "auto"


@dataclass(slots=True)
class Page:
    """The answer to a query. `total` is None when it was not asked for."""

    records: list[LogRecord]
    total: int | None
    #: Whether `total` is all there is, or only what was found in the time given to counting.
    exact: bool
    #: Key to continue after; None on the last page.
    next: Key | None
    #: Where logs were read: in the index, or in the record when the index can't answer.
    source: Literal["index", "record"] = "index"


@dataclass(slots=True)
class Bucket:
    """One bar of a histogram: its start (ms since 1970), its count, and the counts by value."""

    start: int
    count: int
    by: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a field with the number of logs that have it."""

    value: str
    count: int


@dataclass(slots=True)
class Facets:
    """The most frequent values of each asked field, most frequent first, then by value."""

    fields: dict[str, list[Value]]
    exact: bool


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field that occurs: its name, the type of its values, the number of logs that have it."""

    name: str
    type: Annotated[str, Meta(extra_json_schema={"enum": ["string", "number", "boolean", "time", "mixed"]})]
    count: int


def encode_cursor(key: Key) -> str:
    """Return *key* as an opaque, URL-safe text."""
    t, ns, identity = key
    packed = (t + (1 << 63)).to_bytes(8, "big") + ns.to_bytes(3, "big") + identity
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_cursor(text: str) -> Key:
    """Return the key in a cursor; raises InvalidQuery when it is none of ours."""
    try:
        packed = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        packed = b""
    if len(packed) != 27:
        raise InvalidQuery(Problem("is not a cursor that an answer of this server held", "cursor"))
    return int.from_bytes(packed[:8], "big") - (1 << 63), int.from_bytes(packed[8:11], "big"), packed[11:]
