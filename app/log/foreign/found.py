"""The log that a foreign object becomes, and the search for its fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.log.foreign.layouts import Candidate, Layout, candidates
from app.times.written import Assumed

#: Names of our own by which no other program's log is recognised; their values are taken as they are.
OWN = frozenset(("level", "message", "resourceId", "traceId", "spanId", "commit", "timestamp"))
#: Names of our own under which null is the same as nothing.
NULLS = OWN | {"metadata"}


class Foreign(msgspec.Struct, gc=False):
    """One log as it was read: in our own form, and how it was understood."""

    log: dict[str, Any]
    #: Name of its dialect, BY_NAMES, or "" where only our own names were used.
    read_as: str
    #: Our field and the path of the foreign value that fills it, names joined by dots.
    origins: dict[str, str] = {}
    #: The value that its time was read from.
    sent_time: Any = None


@dataclass(slots=True)
class Search:
    """The search for the fields of an object, and what it found so far."""

    value: dict[str, Any]
    raw: bytes
    assumed: Assumed
    layout: Layout
    #: Further values of names that stand twice.
    later: dict[str, list[Any]]
    log: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: Keys at the top whose whole value is in a field now.
    used: set[str] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)

    def candidates(self, name: str) -> list[Candidate]:
        """Return what may fill the field, the best first."""
        return candidates(self.value, self.layout, name, self.later)

    def take(self, name: str, value: Any, path: tuple[str, ...], *, whole: bool = True) -> None:
        """Fill the field with what lies at the path; *whole* says that nothing of it is lost thereby."""
        self.log[name] = value
        self.origins[name] = path
        if whole and len(path) == 1:
            self.used.add(path[0])
