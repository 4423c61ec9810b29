"""The log record: what one log is, from the moment it is accepted."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import Annotated, Any, cast

import msgspec
from msgspec import UNSET, UnsetType

from app.shown import Moment, Shown, Uuid, Yes
from app.times import instant

#: Severity ranks by the folded name of the level; aliases rank alike but are not equal.
SEVERITY: dict[str, int] = {
    name: rank
    for rank, names in enumerate(
        (
            "trace verbose",
            "debug",
            "info information",
            "notice",
            "warn warning",
            "error err severe",
            "fatal critical crit alert emerg emergency panic",
        )
    )
    for name in names.split()
}
#: The usual name of each severity rank.
SEVERITY_NAMES = ("trace", "debug", "info", "notice", "warn", "error", "fatal")


class LogRecord(msgspec.Struct, array_like=True, gc=False):
    """One accepted log. `t` and `ns` are its instant; `id` is a UUIDv7 of 16 bytes."""

    id: bytes
    #: Milliseconds since 1970, and the nanoseconds that remain (0 to 999,999).
    t: int
    ns: int
    level: str
    message: str
    resource_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    commit: str | None = None
    metadata: dict[str, Any] | None = None
    #: Whether the message was cut at a limit.
    truncated: bool = False

    @property
    def received(self) -> int:
        """When the log was accepted, in milliseconds since 1970: the time in its id."""
        return int.from_bytes(self.id[:6], "big")

    @property
    def key(self) -> tuple[int, int, bytes]:
        """The record's place in time order; no two records share it."""
        return self.t, self.ns, self.id

    @property
    def timestamp(self) -> str:
        """The log's own time in RFC 3339, UTC."""
        return instant.text((self.t, self.ns))

    def sent_fields(self) -> dict[str, Any]:
        """Return the log as it was sent: timestamp in UTC, absent fields left out."""
        fields: dict[str, Any] = {
            "level": self.level,
            "message": self.message,
            "resourceId": self.resource_id,
            "timestamp": self.timestamp,
            "traceId": self.trace_id,
            "spanId": self.span_id,
            "commit": self.commit,
            "metadata": self.metadata,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def shown(self) -> ShownLog:
        """Return the log as answers show it."""
        # Each field by name rather than from `sent_fields`: a page of thousands is made in two thirds of the time.
        return ShownLog(
            id=id_text(self.id),
            received=instant.text((self.received, 0)),
            level=self.level,
            message=self.message,
            resourceId=UNSET if self.resource_id is None else self.resource_id,
            timestamp=self.timestamp,
            traceId=UNSET if self.trace_id is None else self.trace_id,
            spanId=UNSET if self.span_id is None else self.span_id,
            commit=UNSET if self.commit is None else self.commit,
            metadata=UNSET if self.metadata is None else self.metadata,
            truncated=self.truncated or UNSET,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the log as answers show it, by the names of their fields."""
        return cast(dict[str, Any], msgspec.to_builtins(self.shown()))


class ShownLog(Shown, kw_only=True, gc=False):
    """A log, as stored: its id, when it was received, and the fields that were sent."""

    id: Uuid
    received: Moment
    level: str
    message: str
    resourceId: str | UnsetType = UNSET  # noqa: N815 - names as they are sent
    timestamp: Moment
    traceId: str | UnsetType = UNSET  # noqa: N815
    spanId: str | UnsetType = UNSET  # noqa: N815
    commit: str | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    truncated: Annotated[Yes, msgspec.Meta(description="There when the message was cut at a limit.")] | UnsetType = (
        UNSET
    )


def id_text(identity: bytes) -> str:
    """Return the id in the form in which it is shown: 36 characters, lower case."""
    digits = identity.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def id_bytes(text: str) -> bytes:
    """Return the 16 bytes of an id's text form; raises ValueError when it is none."""
    digits = text.replace("-", "")
    if len(digits) != 32 or not digits.isascii():
        raise ValueError("is not an id")
    return bytes.fromhex(digits)


def id_runs(ids: Iterable[bytes]) -> list[tuple[bytes, bytes, int]]:
    """Return the ids, each once, in runs of neighbours: first, last and how many; ascending."""
    runs: list[list[int]] = []
    for number in sorted({int.from_bytes(identity, "big") for identity in ids}):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [(first.to_bytes(16, "big"), last.to_bytes(16, "big"), last - first + 1) for first, last in runs]


def is_uuid7(identity: bytes) -> bool:
    """Return whether *identity* has the version and variant of a UUIDv7 (RFC 9562, section 5.7)."""
    return identity[6] >> 4 == 7 and identity[8] >> 6 == 2


def first_id(received: int) -> bytes:
    """Return the lowest id of the given millisecond: a bound for ranges over ids."""
    return max(received, 0).to_bytes(6, "big") + bytes(10)


class IdSource:
    """Gives UUIDv7 ids: consecutive within a request, ascending within the process.

    The 62 random bits of the last part are a random base plus a counter (RFC 9562, section 6.2,
    method 2), so that ids of one request differ by one. A clock that steps back keeps the last
    millisecond instead.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ms = 0
        self._next = 0
        self._random = b""

    def take(self, count: int, now: int | None = None) -> int:
        """Reserve *count* consecutive ids and return the first as a 128-bit integer."""
        ms = instant.now_ms() if now is None else now
        with self._lock:
            if ms > self._ms:
                self._ms = ms
                # The top bit stays clear: 2^61 ids fit behind the base before the field would overflow.
                self._next = int.from_bytes(self._bytes(), "big") & ((1 << 73) - 1) & ~(1 << 61)
            first = self._next
            self._next += count
            ms = self._ms
        random_a, random_b = first >> 62, first & ((1 << 62) - 1)
        return ms << 80 | 7 << 76 | (random_a & 0xFFF) << 64 | 2 << 62 | random_b

    def _bytes(self) -> bytes:
        """Return nine random bytes, from a stock: asking the system each time would let other threads go first."""
        if not self._random:
            self._random = os.urandom(9 * 256)
        some, self._random = self._random[:9], self._random[9:]
        return some
