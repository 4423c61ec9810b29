"""The role of a web process in watching: one process leads, the others follow, and without the record each is alone."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """The part that a process has in watching; it changes only by `Watch.become`."""

    #: Reads the notices that the leader wrote, and shows them.
    FOLLOWS = "follows"
    #: Holds the locks of data folder and record: judges, and writes notices to the record.
    LEADS = "leads"
    #: The record can't be reached: judges from memory for its own readers, whoever else does so too.
    ALONE = "alone"

    @property
    def judges(self) -> bool:
        """Whether a process in this role looks at workers and services itself, and opens and closes notices."""
        return self is not Role.FOLLOWS
