"""The columns of the table as the page's URL names them, and what its buttons make of them.

The time is always the first and is not named. Names stand with commas between them; a comma in a name is written
`%2C`, as a route that takes columns reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from app.errors import InvalidQuery, Problem
from app.log.record import LogRecord
from app.query.filter import FIELDS
from app.query.names import check_name

#: Columns that are shown if the URL names none.
DEFAULT = ("level", "resourceId", "message")
#: Most columns beside the time: a page stays readable, and light.
MOST = 12
#: Parameters of the buttons: each names a column to add, remove, or move.
ACTIONS = ("column", "drop", "left", "right")


def read(text: str) -> tuple[str, ...]:
    """Return the names in *text*, each once; raises InvalidQuery for what is no field, and for too many."""
    names = tuple(dict.fromkeys(name for part in text.split(",") if (name := unquote(part.strip()))))
    problems = []
    for name in names:
        try:
            check_name(name)
        except ValueError as error:
            problems.append(Problem(str(error), "columns"))
    if len(names) > MOST:
        problems.append(Problem(f"has {len(names)} names: at most {MOST} columns are shown", "columns"))
    if problems:
        raise InvalidQuery(*problems)
    return names or DEFAULT


def offered(records: Sequence[LogRecord]) -> list[str]:
    """Return the names of fields to offer beside these logs: the fixed ones, and those of their metadata."""
    found = {f"metadata.{name}" for record in records for name in record.metadata or ()}
    return [*FIELDS[:-1], *sorted(found)[:200]]


def write(names: Sequence[str]) -> str:
    """Return the columns' names as one text; the empty text for the default columns."""
    return "" if tuple(names) == DEFAULT else listed(names)


def listed(names: Sequence[str]) -> str:
    """Return the names as one text."""
    return ",".join(name.replace("%", "%25").replace(",", "%2C") for name in names)


def revised(text: str, args: Mapping[str, str]) -> str:
    """Return the columns *text* as the pressed button leaves them; raises InvalidQuery."""
    names = list(read(text))
    for action in ACTIONS:
        name = args.get(action, "").strip()
        if not name:
            continue
        if action == "column":
            names.append(name)
        elif name in names:
            at = names.index(name)
            del names[at]
            if action != "drop":
                names.insert(max(at - 1, 0) if action == "left" else at + 1, name)
    if not names:
        raise InvalidQuery(Problem("must name one column at least", "columns"))
    changed = write(list(dict.fromkeys(names)))
    read(changed)
    return changed
