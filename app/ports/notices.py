"""Notices and beats: what operators are shown while something is wrong, and how processes show that they live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

import msgspec

from app.shown import Moment, Shown, Uuid
from app.times import instant

#: The kinds of notices.
KINDS = (
    "worker_crashed",
    "worker_gone",
    "service_unreachable",
    "backlog_growing",
    "index_behind",
    "disk_nearly_full",
    "logs_refused",
    "logs_lost",
    "quota_reached",
    "audit_log_stuck",
    "alert",
    "notifier_failing",
)
#: The one kind of notice that is not sent to the notifier it is about: that it fails.
NOTIFIER_FAILING = "notifier_failing"
#: Severity: `error` where somebody must act, `warning` where that may become necessary.
SEVERITIES = ("error", "warning")
#: Their types in an answer.
NoticeKind = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(KINDS)})]
Severity = Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(SEVERITIES)})]
#: Closed notices that the record keeps; the oldest beyond are forgotten.
HISTORY = 1_000
#: Seconds between two beats.
BEAT_SECONDS = 2.0
#: Seconds without a beat after which a process counts as gone.
GONE_SECONDS = 6.0


class Notice(msgspec.Struct, frozen=True):
    """Something that is wrong, or was: opened once, and closed when it is over."""

    id: str
    #: The trouble that it is about: only one notice with a key is open.
    key: str
    kind: str
    severity: str
    #: A sentence that says what is wrong, and what that means for the data.
    text: str
    #: When it was opened, and closed (None while open), in ms since 1970.
    since: int
    until: int | None = None
    details: dict[str, Any] = {}

    def shown(self) -> ShownNotice:
        """Return the notice as answers and notifiers show it."""
        return ShownNotice(
            self.id,
            self.kind,
            self.severity,
            "open" if self.until is None else "closed",
            self.text,
            instant.text((self.since, 0)),
            None if self.until is None else instant.text((self.until, 0)),
            self.details,
        )


class ShownNotice(Shown):
    """A notice, open or closed."""

    id: Uuid
    kind: NoticeKind
    severity: Severity
    state: Literal["open", "closed"]
    text: str
    since: Moment
    until: Moment | None
    details: dict[str, Any]


class Crash(msgspec.Struct, frozen=True):
    """The last exception that ended a worker's work, and how many there were."""

    count: int
    #: In a line: kind and message.
    what: str
    traceback: str


class Beat(msgspec.Struct, frozen=True):
    """The state that a process reports with each beat."""

    id: str
    host: str
    pid: int
    #: When the process began, in ms since 1970.
    began: int
    crash: Crash | None = None
    #: Whether it said goodbye, in a place where it could not be forgotten.
    ended: bool = False


class Seen(msgspec.Struct, frozen=True):
    """A beat as a place shows it."""

    beat: Beat
    #: Another one after each beat.
    mark: int
    #: Seconds since the last beat, by the place's own clock.
    age: float


@runtime_checkable
class BeatPlace(Protocol):
    """Where beats are left and looked for. Every method raises Unavailable."""

    def beat(self, beat: Beat) -> None:
        """Leave a beat, in the place of the last one with its id."""

    def beats(self) -> list[Seen]:
        """Return the last beat of each process that was not forgotten."""

    def forget_beats(self, ids: Sequence[str]) -> None:
        """Forget these processes."""


class NoticeKeeper(Protocol):
    """Keeps notices. Every method raises Unavailable."""

    def lead(self) -> bool:
        """Return whether this process is the one that watches, of all on this record whose data folders differ.

        It stays so until it closes the record, dies, or loses its connection.
        """

    def keep_notices(self, notices: Sequence[Notice]) -> None:
        """Keep these notices, each in the place of an earlier form of it; the oldest closed beyond HISTORY go."""

    def notices_after(self, revision: int) -> list[tuple[int, Notice]]:
        """Return the notices that were kept after *revision*, with theirs, in the order of keeping."""

    def notices(self, limit: int, state: str | None = None) -> list[Notice]:
        """Return notices, newest first; only `open` or `closed` ones if asked for."""
