"""The terms of a record: what the full-text table holds for it, and what a filter asks of it.

SQLite's FTS5 is used as a table of exact posting lists only. Its `ascii` tokenizer lower-cases A to Z
and splits at what is no term character, so that a value is written with its capitals, blanks and
controls escaped: injective, and an escaped prefix is a prefix of the escaped whole.

==================  ==========================================================
`word`             a word of the message (letters and digits only, hence unlike all others)
`l~error`          level, folded; `s~5` its severity
`r~ t~ p~ c~`      resourceId, traceId, spanId, commit
`m~.path=value`     a scalar of the metadata
`n~.path=` + hex    a number of the metadata, in an order-preserving form
`e~...`            the record has a value at the path, or beneath it
`a~`               every record has it: what a negation subtracts from
==================  ==========================================================
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from app.log.fold import fold, word_text
from app.log.ranks import RANKS
from app.log.record import LogRecord
from app.log.scalars import as_text, number, sortable

#: A longer value is indexed by its start and by a digest of the whole (characters).
VALUE_LIMIT = 200
#: Paths whose terms a process remembers, and characters of the longest of them: programs write few and short ones.
REMEMBERED_PATHS, REMEMBERED_LENGTH = 4_096, 160
#: Characters of a path beyond which terms hold its digest: a key has as many paths as dots, and many keys lie beneath a path, so
#: that a log of some KiB would become GiB of terms.
PATH_LENGTH = 1_000

ALL = "a~"
#: Letter of each plain field.
LETTERS = {"level": "l", "resourceId": "r", "traceId": "t", "spanId": "p", "commit": "c"}

#: Below it a whole number is short, and a float64 holds it.
_LARGE = 1 << 63

_SPECIAL = re.compile(r"""[A-Z^\x00-\x20'"\\\x7f]""")
_SPECIAL_IN_PATH = re.compile(r"""[A-Z^\x00-\x20'"\\\x7f=]""")


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if "A" <= character <= "Z":
        return "^" + character.lower()
    return "^^" if character == "^" else f"^{ord(character):02x}"


def escape(value: str) -> str:
    """Return *value* as part of one term."""
    return value if _SPECIAL.search(value) is None else _SPECIAL.sub(_escaped, value)


def path_name(field: str) -> str:
    """Return the name of a metadata path in terms: without `metadata`, its dot kept (a key may be empty), escaped."""
    if len(field) > PATH_LENGTH:
        return _long_name(hashlib.blake2b(field.encode(), digest_size=16))
    return _path_name(field) if len(field) <= REMEMBERED_LENGTH else _path_name.__wrapped__(field)


def _long_name(digest: hashlib.blake2b) -> str:
    # `^.` stands in no escaped text.
    return f"^.{digest.hexdigest()}"


@lru_cache(maxsize=REMEMBERED_PATHS)
def _path_name(field: str) -> str:
    return _SPECIAL_IN_PATH.sub(_escaped, field.removeprefix("metadata"))


def named(path: str) -> str:
    """Return a path as the list of fields has it: its beginning, where it is long."""
    return path if len(path) <= PATH_LENGTH else f"{path[:PATH_LENGTH]}…"


def exists_term(field: str) -> str:
    """Return the term of records that have a value at *field* or beneath."""
    letter = LETTERS.get(field)
    return f"e~{letter}" if letter else f"e~m{path_name(field)}"


def value_term(field: str, value: str) -> str:
    """Return the term of records whose *field* is *value*; `level` is folded by the caller."""
    if len(value) > VALUE_LIMIT:
        return _digest(field, value)
    return field_start(field) + escape(value)


def field_start(field: str) -> str:
    """Return what all value terms of *field* start with."""
    letter = LETTERS.get(field)
    return f"{letter}~" if letter else f"m~{path_name(field)}="


def prefix_term(field: str, start: str) -> str:
    """Return the start of the terms of records whose *field* starts with *start*, exact up to VALUE_LIMIT."""
    return field_start(field) + escape(start[:VALUE_LIMIT])


def number_start(field: str) -> str:
    """Return what all number terms of *field* start with."""
    return f"n~{path_name(field)}="


def _digest(field: str, value: str) -> str:
    digest = hashlib.blake2b(f"{field}={value}".encode(), digest_size=16).hexdigest()
    return f"h~{digest}"


def _terms(field: str, value: str) -> str:
    if len(value) > VALUE_LIMIT:
        # `^.` stands in no escaped text: the start of a long value is never taken for a whole one.
        return f"{field_start(field)}{escape(value[:VALUE_LIMIT])}^. {_digest(field, value)}"
    return field_start(field) + escape(value)


@lru_cache(maxsize=5_000)
def _level_terms(level: str) -> str:
    folded = fold(level)
    rank = RANKS.get(folded)
    return _terms("level", folded) + ("" if rank is None else f" s~{rank}")


@lru_cache(maxsize=20_000)
def _resource_terms(resource: str) -> str:
    return f"{_terms('resourceId', resource)} {exists_term('resourceId')}"


@lru_cache(maxsize=20_000)
def _commit_terms(commit: str) -> str:
    return f"{_terms('commit', commit)} {exists_term('commit')}"


def _of_key(above: str, key: str) -> tuple[str, str, str, str]:
    """Return, for a key beneath the path *above*, its path, the terms that it exists, these with the start of a value's term, and that of a number's.

    A key may have dots, so that paths lie between; that what is *above* exists is not among the terms.
    """
    path = f"{above}.{key}"
    existing = " ".join(f"e~m{name}" for name in _names_between(above, key))
    return path, existing, f"{existing} {field_start(path)}", number_start(path)


def _names_between(above: str, key: str) -> Iterator[str]:
    """Yield the names of the paths that end at each dot of a key beneath *above*, and of the whole."""
    path, digest = above, None
    for part in key.split("."):
        if digest is None:
            path = f"{path}.{part}"
            if len(path) <= PATH_LENGTH:
                yield path_name(path)
                continue
            digest = hashlib.blake2b(path.encode(), digest_size=16)
        else:
            digest.update(f".{part}".encode())
        yield _long_name(digest)


class _Keys(dict[str, tuple[str, str, str, str]]):
    """Terms of the keys beneath one path, by key, as `_of_key` makes them."""

    def __init__(self, above: str) -> None:
        super().__init__()
        self._above = above

    def __missing__(self, key: str) -> tuple[str, str, str, str]:
        found = _of_key(self._above, key)
        if len(self._above) + len(key) <= REMEMBERED_LENGTH and _beneath.has_room():
            self[key] = found
        return found


class _Beneath(dict[str, _Keys]):
    """The keys that this process has met, by the path above them: REMEMBERED_PATHS of them."""

    def __init__(self) -> None:
        super().__init__()
        self._left = REMEMBERED_PATHS

    def __missing__(self, path: str) -> _Keys:
        keys = _Keys(path)
        if len(path) <= REMEMBERED_LENGTH and self.has_room():
            self[path] = keys
        return keys

    def has_room(self) -> bool:
        """Take room for one more; without any, all are forgotten, and the next ones are remembered."""
        if self._left <= 0:
            self.clear()
            self._left = REMEMBERED_PATHS
            return False
        self._left -= 1
        return True


_beneath = _Beneath()


def document(record: LogRecord) -> str:
    """Return all terms of *record*, with blanks between them."""
    parts = [word_text(record.message), ALL, _level_terms(record.level)]
    if record.resource_id is not None:
        parts.append(_resource_terms(record.resource_id))
    if record.trace_id is not None:
        parts.append(_started("t~", "traceId", record.trace_id))
        parts.append("e~t")
    if record.span_id is not None:
        parts.append(_started("p~", "spanId", record.span_id))
        parts.append("e~p")
    if record.commit is not None:
        parts.append(_commit_terms(record.commit))
    if record.metadata and _add_values(parts, "metadata", record.metadata):
        parts.append("e~m")
    return " ".join(parts)


def _add_values(parts: list[str], path: str, values: dict[str, Any]) -> bool:
    """Add the terms of what lies beneath a path of the metadata; return whether there is any value."""
    some, known = False, _beneath[path]
    for key, value in values.items():
        inner, existing, start, numbers = known[key]
        if type(value) is str and len(value) <= VALUE_LIMIT and _SPECIAL.search(value) is None:
            parts.append(start + value)
            some = True
        elif type(value) is int and -_LARGE < value < _LARGE:
            parts.append(f"{start}{value} {numbers}{sortable(float(value))}")
            some = True
        elif _add_value(parts, inner, value):
            parts.append(existing)
            some = True
    return some


def _add_value(parts: list[str], path: str, value: Any) -> bool:
    """Add the terms of every scalar at or beneath the path; return whether there is any."""
    if type(value) is dict:
        return _add_values(parts, path, value)
    if type(value) is list:
        return True in [_add_value(parts, path, inner) for inner in value]
    if value is None:
        return False
    parts.append(_terms(path, as_text(value)))
    comparable = number(value)
    if comparable is not None:
        parts.append(number_start(path) + sortable(comparable))
    return True


def _started(start: str, field: str, value: str) -> str:
    """Return the terms of a value of *field*, whose value terms begin with *start*: nearly always plain and short."""
    if len(value) <= VALUE_LIMIT and _SPECIAL.search(value) is None:
        return start + value
    return _terms(field, value)
