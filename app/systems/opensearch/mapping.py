"""The mapping of the indices: their template, their names, and how a path of the metadata is written in a term.

=========  ================================================================================================
t, n       the log's instant: ms since 1970, and the nanoseconds that remain where there are any
k, m       the id's first and last eight bytes, as integers that sort as the bytes do
level      and resource, trace, span, commit, message: the text, as it is; a long one in pieces (documents.py)
words      the words of the message, blanks between them
kv         the metadata: `.path=value` for a text, and `.path<hex` for a number in a form that sorts
paths      the metadata's paths with the type of their values: `.path>s`, n and b
long       which of the fields above hold a value in pieces
meta, cut  kept for the answer only: the metadata, packed, and whether the message was cut
=========  ================================================================================================
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from app.query.query import PAGE_LIMIT

#: Says by which rules documents were made; indices with another version must be rebuilt.
VERSION = 1
DAY_MS = 86_400_000
#: Longest name of a path that can be asked for, in characters; of a longer one only its start is known.
PATH_LIMIT = 1_000

#: The field of each plain field of a filter.
FIELDS = {
    "level": "level",
    "message": "message",
    "resourceId": "resource",
    "traceId": "trace",
    "spanId": "span",
    "commit": "commit",
}
TYPE_LETTERS = {"s": "string", "n": "number", "b": "boolean"}

_TERM = {"type": "keyword", "doc_values": False}
_COUNTED_TERM = {"type": "keyword"}
_KEPT = {"type": "keyword", "index": False, "doc_values": False}
_SORTED = {"type": "long", "index": False}
_PROPERTIES: dict[str, Any] = {
    # Not `date`: that type finds nothing before 1970, and `date_nanos` knows no year beyond 2262.
    "t": {"type": "long"},
    "n": {"type": "integer", "index": False},
    "k": {"type": "long"},
    "m": _SORTED,
    "level": _COUNTED_TERM,
    "resource": _COUNTED_TERM,
    "commit": _COUNTED_TERM,
    "trace": _TERM,
    "span": _TERM,
    "message": _TERM,
    "words": {"type": "text", "analyzer": "whitespace", "norms": False, "index_options": "positions"},
    "kv": _TERM,
    "paths": _COUNTED_TERM,
    "long": _COUNTED_TERM,
    "meta": _KEPT,
    "cut": {"type": "boolean", "index": False, "doc_values": False},
}


def template(prefix: str, generation: int, shards: int, replicas: int) -> dict[str, Any]:
    """Return the template of one generation's indices; all of them together are its alias."""
    return {
        "index_patterns": [f"{alias(prefix, generation)}-*"],
        "priority": 500,
        "version": VERSION,
        "template": {
            "settings": {
                "index": {
                    "number_of_shards": shards,
                    "number_of_replicas": replicas,
                    # We refresh what we wrote; this is for what a killed process left.
                    "refresh_interval": "30s",
                    "max_result_window": PAGE_LIMIT + 1,
                    "max_regex_length": 30_000,
                }
            },
            "mappings": {"dynamic": "strict", "_meta": {"version": VERSION}, "properties": _PROPERTIES},
            "aliases": {alias(prefix, generation): {}},
        },
    }


def alias(prefix: str, generation: int) -> str:
    """Return the name of all indices of a generation together."""
    return f"{prefix}-g{generation}"


def period_days(retention_seconds: int) -> int:
    """Return how many days one index covers: at most some sixty indices are kept."""
    return max(1, -(-retention_seconds // (60 * 86_400)))


@lru_cache(maxsize=4_096)
def index_name(prefix: str, generation: int, days: int, day: int) -> str:
    """Return the index that holds the ids of *day*, counted from 1970, where an index covers so many *days*."""
    first = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day // days * days)
    return f"{alias(prefix, generation)}-{first:%Y%m%d}"


def index_end(name: str, days: int) -> int:
    """Return the first ms after the period of the index."""
    first = datetime.strptime(name.rpartition("-")[2], "%Y%m%d").replace(tzinfo=UTC)
    return (int(first.timestamp()) // 86_400 + days) * DAY_MS


_SPECIAL = re.compile(r"[\\=<>]")
#: Characters of the longest path whose name is kept for the next log that has it.
_SHORT_NAME = 256
_WRITTEN = re.compile(r"\\([0-9a-f]+);")


def path_name(field: str) -> str:
    """Return a path as terms hold it: without `metadata`, its dot kept, and free of the signs that end it."""
    # Long names are not kept: as many of them would be gigabytes.
    return _kept_name(field) if len(field) <= _SHORT_NAME else _kept_name.__wrapped__(field)


@lru_cache(maxsize=20_000)
def _kept_name(field: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{ord(found[0]):x};", field.removeprefix("metadata"))


def field_name(name: str) -> str:
    """Return the path whose name this is."""
    return "metadata" + _WRITTEN.sub(lambda found: chr(int(found[1], 16)), name)
