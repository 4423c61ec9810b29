"""Bytes by day, as the record keeps them: what costs what, by resource, level and form; and spaces, each with what it took of its quota.

A space is a part of the logs, stamped by its senders' tokens and bound to its readers'.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

#: Days that are kept, and rows of each; beyond, the cheapest are put together.
DAYS, ROWS = 31, 500
DAY_MS = 86_400_000
#: Name that stands for all others: forms, resources, levels.
OTHERS = "(others)"
#: Characters kept of a form.
FORM_LENGTH = 150


class Cost(msgspec.Struct, array_like=True, frozen=True):
    """The logs of one resource, level and form: how many, and how many bytes the record takes for them."""

    #: "" for logs without one.
    resource: str
    level: str
    #: The message with slots for what differs from log to log.
    form: str
    logs: int
    bytes: int

    @property
    def key(self) -> tuple[str, str, str]:
        """By what it is distinguished."""
        return self.resource, self.level, self.form


class Booked(msgspec.Struct, array_like=True, frozen=True):
    """How far the record's logs are booked: the place of the last (`LogStore.after`), and how many were stored until then."""

    place: int
    stored: int
    #: Grows when names are forgotten: who booked meanwhile, and may have looked at logs that are deleted by now, books once more.
    turn: int = 0


@dataclass(frozen=True, slots=True)
class DayCosts:
    """The costs of one day of booking, the highest first."""

    #: Days since 1970.
    day: int
    #: Logs that were booked, and how many of them were looked at; the rest is estimated from these.
    logs: int
    looked: int
    costs: Sequence[Cost]


class CostKeeper(Protocol):
    """Keeps what costs what. Every method raises Unavailable."""

    def booked(self) -> Booked | None:
        """Return how far logs are booked; None before the first."""

    def book(self, before: Booked | None, after: Booked, day: DayCosts) -> bool:
        """Add costs to those of their day, and note how far logs are booked; False, with nothing kept, if that is not *before* any more.

        Days before the last DAYS go; of each day ROWS are kept.
        """

    def costs(self, since: int) -> list[DayCosts]:
        """Return the costs of the days from *since* on, in days since 1970, in the order of time."""

    def forget_names(self, forms: Collection[str], resources: Collection[str]) -> None:
        """Put OTHERS in the place of the names of forms and resources; counts and bytes stay. What is being booked just then is booked once more."""


def added(costs: Iterable[Cost]) -> list[Cost]:
    """Return costs, each key once, the highest first; of more than ROWS the cheapest are put together, by resource and level first."""
    found = _sums(costs)
    if len(found) > ROWS:
        rest = (Cost(one.resource, one.level, OTHERS, one.logs, one.bytes) for one in found[ROWS // 2 :])
        found = _sums([*found[: ROWS // 2], *rest])
    if len(found) > ROWS:
        rest = (Cost(OTHERS, OTHERS, OTHERS, one.logs, one.bytes) for one in found[ROWS - 1 :])
        found = _sums([*found[: ROWS - 1], *rest])
    return found


def _sums(costs: Iterable[Cost]) -> list[Cost]:
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    for one in costs:
        logs, size = sums.get(one.key, (0, 0))
        sums[one.key] = logs + one.logs, size + one.bytes
    found = [Cost(*key, *counts) for key, counts in sums.items()]
    return sorted(found, key=lambda one: (-one.bytes, one.key))


#: The key of metadata in which a log's space stands, and its name in a query.
SPACE_KEY, SPACE_PATH = "space", "metadata.space"
#: The key under which what a sender wrote in its place is kept.
SENT_SPACE = "sent_space"


@dataclass(frozen=True, slots=True)
class Space:
    """A space, and what it has taken on its last day with logs."""

    name: str
    #: Bytes of logs, as they are sent, that it takes on one day, UTC; None: any number.
    quota: int | None
    #: When it was added, in ms since 1970.
    made: int
    #: That day, in days since 1970, and the bytes it took then.
    day: int = 0
    used: int = 0
    #: When a request was refused for the quota last, in ms since 1970; 0: never.
    refused: int = 0

    def used_on(self, day: int) -> int:
        """Return the bytes that it took on a day; those of earlier days are forgotten."""
        return self.used if self.day == day else 0


class SpaceKeeper(Protocol):
    """Keeps spaces and what they take. Every method raises Unavailable."""

    def spaces(self) -> list[Space]:
        """Return all spaces, by name."""

    def add_space(self, name: str, quota: int | None, made: int) -> bool:
        """Add a space durably; False, with nothing changed, if there is one of this name."""

    def set_quota(self, name: str, quota: int | None) -> bool:
        """Give a space another quota; False if there is none of this name."""

    def use(self, name: str, day: int, size: int, refused: int) -> Space | None:
        """Add to what a space took on *day*, and note when it last refused; return the space, None if there is none of this name.

        A day that is over when another was counted is forgotten.
        """
