"""Every error that LogIngestor raises on purpose, so that each edge maps them in one place.

The web maps them to a status code (app/web/security/errors.py), the command line to an exit code (app/cli).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in what somebody sent: where it is and what is wrong with it."""

    message: str
    #: Name of the field, parameter or header; None when the whole input is at fault.
    field: str | None = None
    #: Offset in characters, from 0, into the text at fault.
    position: int | None = None
    #: Place of the log in its request, from 0.
    index: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the problem as the API shows it; absent parts are left out."""
        parts = {"index": self.index, "field": self.field, "message": self.message, "position": self.position}
        return {name: value for name, value in parts.items() if value is not None}


class LogIngestorError(Exception):
    """Base of all errors raised on purpose."""


class InvalidInput(LogIngestorError):
    """The sender's fault: answered with 400, or exit code 2."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class InvalidRecord(InvalidInput):
    """A log, or a body of logs, can't be taken."""


class TooLarge(InvalidInput):
    """A body is larger than it may be, as sent or once decompressed: answered with 413."""


class UnsupportedMedia(InvalidInput):
    """A body is of a type or an encoding that isn't read: answered with 415."""


class InvalidQuery(InvalidInput):
    """A filter, query or parameter can't be understood."""


class InvalidSettings(InvalidInput):
    """A setting is unknown or has a value that can't be used."""


class BodyStopped(LogIngestorError):
    """The body of a request stopped coming: answered with 408."""


class NotFound(LogIngestorError):
    """Nothing has the id that was asked for: answered with 404, or exit code 1."""


class Unauthenticated(LogIngestorError):
    """Nobody knows who asks: no credential, or one that opens nothing; answered with 401."""


class Forbidden(LogIngestorError):
    """The asker is known, and may not have this: answered with 403, or exit code 1."""


class TooMany(LogIngestorError):
    """More requests than are allowed, or too many wrong passwords: answered with 429 and Retry-After, in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateExceeded(TooMany):
    """A token that is right is used more often than it may be."""


class Unavailable(LogIngestorError):
    """An outside system can't serve now; trying again helps. Answered with 503 and Retry-After.

    `kept_unknown` says that the connection broke before the confirm: the log may or may not be kept.
    """

    def __init__(self, message: str, *, retry_after: int = 5, kept_unknown: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.kept_unknown = kept_unknown


class Overloaded(Unavailable):
    """More requests come than can be worked at; nothing was kept. Some clients drop what is to wait for ten seconds or longer."""

    def __init__(self) -> None:
        super().__init__("more is sent than can be taken now; send it again", retry_after=2)


class QueueFull(Unavailable):
    """The queue is at its limit, or the disk nearly full; nothing was kept."""


class OverQuota(Unavailable):
    """A space has taken what it may take in a day; nothing was kept. Answered with 429, and at the doors as a full queue."""


class PartTaken(Unavailable):
    """The queue kept a part of what was sent under one key: exactly this is to be sent again, which doubles nothing."""


class Damaged(LogIngestorError):
    """The disk or the memory changed stored logs, so that they can't be read; trying again doesn't help. Answered with 500.

    `where` says which logs, and `key` is what no other damage has.
    """

    def __init__(self, where: str, why: str, key: int | bytes, logs: int = 1) -> None:
        super().__init__(f"{where} can't be read: {why}; `logingestor doctor` says what to do")
        self.where = where
        self.key = key
        self.logs = logs


class TimedOut(Unavailable):
    """A query took longer than it may; its answer would have been incomplete."""
