"""Hidden fields: what a reader is not to see, taken out of logs and of what the reader asks, as if no log had them.

A filter is rewritten before any index reads it: a leaf on a hidden field is what it would be on logs without the field, for
every log the same. So nothing is looked up in a hidden field, and no answer, nor the time that it takes, depends on one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from app.errors import InvalidInput, Problem
from app.log.fold import clean
from app.log.record import LogRecord
from app.query.filter import EVERYTHING, TEXT_LIMIT, TIME_FIELDS, And, Exists, Filter, Leaf, Not, Or
from app.query.meaning import predicate
from app.query.names import check_name
from app.query.normal import NOTHING

#: Most fields that are hidden from one reader, and most characters of one name.
FIELDS_LIMIT, NAME_LIMIT = 100, TEXT_LIMIT
#: Every log has these fields; a hidden one is shown as the empty text.
_ALWAYS_THERE = ("level", "message")
#: Fields that logs are ordered and named by, which can't be hidden: without them there is no answer.
_NEEDED = ("id", *TIME_FIELDS)
_ATTRIBUTES = {"resourceId": "resource_id", "traceId": "trace_id", "spanId": "span_id", "commit": "commit"}
#: The log that has nothing but what every log has.
_BARE = LogRecord(bytes(16), 0, 0, "", "")


def read(text: str) -> tuple[str, ...]:
    """Return the fields that *text* names, split at commas, each once; one in a name is written `%2C`. Raises InvalidInput."""
    named = dict.fromkeys(clean(unquote(part.strip())) for part in text.split(",") if part.strip())
    problems = [Problem(reason, "hide") for name in named if (reason := _refused(name))]
    if len(named) > FIELDS_LIMIT:
        problems.append(Problem(f"names more than {FIELDS_LIMIT} fields", "hide"))
    if problems:
        raise InvalidInput(*problems)
    return tuple(name for name in named if not any(is_within(name, other) for other in named if other != name))


def written(fields: Collection[str]) -> str:
    """Return the text that `read` reads so."""
    return ",".join(quote(name, safe="~!*'()/:;@&=+$?#[]{}<>|^ ") for name in fields)


def is_within(name: str, field: str) -> bool:
    """Return whether the field *name* is *field*, or lies beneath it."""
    return name == field or name.startswith(f"{field}.")


def _refused(name: str) -> str:
    """Return why a field can't be hidden, empty where it can."""
    if name in _NEEDED:
        return f"can't name {name}: logs are ordered and named by it"
    if len(name) > NAME_LIMIT:
        return f"names a field of more than {NAME_LIMIT:,} characters"
    try:
        check_name(name)
    except ValueError as error:
        return str(error)
    return ""


@dataclass(frozen=True, slots=True)
class Hidden:
    """The fields that are hidden from a reader; a field of metadata hides what lies beneath it too."""

    fields: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.fields)

    def holds(self, name: str) -> bool:
        """Return whether the field *name* is hidden."""
        return any(is_within(name, field) for field in self.fields)

    def seen(self, tree: Filter) -> Filter:
        """Return the filter that means with every whole log what *tree* means with the log as the reader sees it."""
        if not self.fields:
            return tree
        match tree:
            case And(parts):
                return And(tuple(self.seen(part) for part in parts))
            case Or(parts):
                return Or(tuple(self.seen(part) for part in parts))
            case Not(part):
                return Not(self.seen(part))
        return self._leaf(tree)

    def _leaf(self, leaf: Leaf) -> Filter:
        name = getattr(leaf, "field", "message")
        if self.holds(name):
            return EVERYTHING if predicate(leaf)(_BARE) else NOTHING
        if isinstance(leaf, Exists):
            beneath = tuple(field for field in self.fields if is_within(field, name))
            return Exists(name, tuple(sorted({*leaf.but, *beneath}))) if beneath else leaf
        return leaf

    def without(self, record: LogRecord) -> LogRecord:
        """Return the log as the reader sees it: what a field leaves empty behind it is not there either."""
        if not self.fields:
            return record
        changes: dict[str, Any] = {name: "" for name in _ALWAYS_THERE if name in self.fields}
        changes |= {_ATTRIBUTES[name]: None for name in self.fields if name in _ATTRIBUTES}
        if "message" in self.fields:
            changes["truncated"] = False
        if record.metadata is not None:
            kept = _pruned(record.metadata, "metadata", self.holds, self._reaches)
            changes["metadata"] = None if kept is _GONE else kept
        return msgspec.structs.replace(record, **changes)

    def _reaches(self, path: str) -> bool:
        beneath = f"{path}."
        return any(field.startswith(beneath) for field in self.fields)


#: The hidden fields of a reader who sees every field: none.
NO_FIELD = Hidden()
#: Stands for a value of which nothing is left.
_GONE = object()


def _pruned(value: Any, path: str, hidden: Callable[[str], bool], reaches: Callable[[str], bool]) -> Any:
    """Return *value*, at *path*, without what is hidden at or beneath it; _GONE where that leaves nothing of it."""
    if hidden(path):
        return _GONE
    if not isinstance(value, dict | list) or not reaches(path):
        return value
    if isinstance(value, list):
        left = [kept for one in value if (kept := _pruned(one, path, hidden, reaches)) is not _GONE]
        return left if left or not value else _GONE
    kept = {
        key: inner
        for key, one in value.items()
        if (inner := _pruned(one, f"{path}.{key}", hidden, reaches)) is not _GONE
    }
    return kept if kept or not value else _GONE
