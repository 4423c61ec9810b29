"""The answer that says of each part whether it works."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from app.shown import Count, Moment, Shown, ShownProblem


class ReadyPart(Shown, kw_only=True):
    """Whether a part works, and what is wrong where it does not; figures that can't be had are left out."""

    ready: bool
    message: str | UnsetType = UNSET


class ReadyQueue(ReadyPart, kw_only=True):
    """The queue: what waits in it, and since when an operator has paused the drain."""

    waiting: Count | UnsetType = UNSET
    waiting_bytes: Count | UnsetType = UNSET
    oldest_ms: Annotated[Count | None, Meta(description="Age of the oldest log that waits.")] | UnsetType = UNSET
    paused: Moment | UnsetType | None = UNSET


class ReadyIndex(ReadyPart, kw_only=True):
    """The index: how many stored logs it lacks."""

    behind: Count | UnsetType = UNSET


class ReadyDisk(ReadyPart, kw_only=True):
    """The disk of the data folder."""

    free_bytes: Count | UnsetType = UNSET
    least_bytes: Annotated[Count, Meta(description="MIN_FREE_DISK: below it no log is accepted.")] | UnsetType = UNSET


class ReadyParts(Shown):
    """The systems that ingest and search need."""

    queue: ReadyQueue
    store: ReadyPart
    index: ReadyIndex
    disk: ReadyDisk


class ReadyAnswer(Shown):
    """Whether all parts work."""

    status: bool
    message: str
    errors: list[ShownProblem]
    parts: ReadyParts
