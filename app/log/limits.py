"""How large a log may be: by the settings, and by what its queue carries."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import msgspec

from app.errors import Problem, TooLarge
from app.json_text import UNWRITABLE
from app.log.codec import encode
from app.log.record import LogRecord
from app.log.scalars import as_bytes

#: Queues that don't carry messages of any size, by the scheme of their URL: largest metadata as JSON, and largest log packed.
#: A message of SQS has 256 KiB; the rest is for the claim that may travel along.
NARROW: dict[str, tuple[int, int | None]] = {"sqs": (200 << 10, 240 << 10)}
#: Most logs in one request where no setting says otherwise.
REQUEST_LOGS = 100_000
#: Values or lines for each log that a request may hold.
VALUES = 20
#: Most bytes, as JSON, that what several logs of a request have in common may become when each of them gets it.
SHARED_BYTES = 64 << 20
#: Bytes before a value of JSON, and before a line: counting them bounds how many values a body holds.
_BEFORE = (b",", b"{", b"[", b"\n", b"\x1e")
#: Bytes that a packed log takes at most besides message and metadata: five texts of 255 characters, id and time.
TEXTS = 8 << 10
#: JSON text can grow when it is decoded and encoded again: `1e15` is four bytes sent, 18 written.
GROWTH = 6
#: Values whose bytes are made at once: few enough that large ones do not stand in memory twice.
AT_ONCE = 100
_encoder = msgspec.json.Encoder()
_json, _json_lines = _encoder.encode, _encoder.encode_lines


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes, in bytes, beyond which a message is cut and metadata refused; the retention in ms."""

    message: int
    metadata: int
    retention_ms: int
    #: Most bytes of a packed log that the queue carries; None without a limit.
    log: int | None = None
    #: Most logs in one request.
    logs: int = REQUEST_LOGS


class Sharing:
    """Counts what logs of one request have in common, such as a stream's labels: a few kilobytes can belong to a hundred thousand logs."""

    def __init__(self) -> None:
        self._room = SHARED_BYTES

    def add(self, shared: Any, logs: int) -> None:
        """Count what so many logs have in common. Raises TooLarge beyond SHARED_BYTES in all."""
        if logs > 1 and shared:
            self.count(shared_size(shared), logs)

    def count(self, size: int, logs: int) -> None:
        """Count what so many logs have in common, and which takes *size* bytes. Raises TooLarge as `add` does."""
        # The first log has what was sent.
        self._room -= size * (logs - 1)
        if self._room < 0:
            raise TooLarge(
                Problem(f"what the logs have in common would take more than {SHARED_BYTES:,} bytes; send fewer at once")
            )


def shared_size(shared: Any) -> int:
    """Return how many bytes of JSON something decoded takes."""
    try:
        return len(_json(shared))
    except UNWRITABLE:
        # Lone surrogates, and what else JSON can't hold.
        return len(as_bytes(shared))


def ensure_few(logs: int, limit: int) -> None:
    """Raise TooLarge for more logs than one request may hold."""
    if logs > limit:
        raise TooLarge(Problem(f"the body holds more than {limit:,} logs; send fewer at once"))


def ensure_sparse(body: bytes, limit: int) -> None:
    """Raise TooLarge for a body of text in which so many values stand that *limit* logs would have more than VALUES each.

    A few bytes packed can become millions of values, each of which takes far more memory decoded: so they are counted before.
    """
    most = limit * VALUES
    # Each value but the first stands behind one of these, and takes a byte itself.
    if len(body) > most and sum(map(body.count, _BEFORE)) > most:
        raise TooLarge(Problem(f"the body holds more than {most:,} values or lines; send fewer logs at once"))


def fit(record: LogRecord, limit: int) -> LogRecord:
    """Return the record with its message cut if it has more than *limit* bytes packed; its other fields have fewer."""
    excess = len(encode(record)) - limit
    if excess > 0:
        message = record.message.encode()
        record.message = message[: len(message) - excess].decode("utf-8", "ignore")
        record.truncated = True
    return record


#: The limits that no log exceeds.
UNLIMITED = Limits(message=sys.maxsize, metadata=sys.maxsize, retention_ms=sys.maxsize)


def sizes_of(names: str, texts: Sequence[Sequence[Any]]) -> list[int] | None:
    """Return how many bytes the texts of each of several logs take with all their *names*, given the texts by their places in a log.

    None where one is no text, or holds what `fold.clean` takes out.
    """
    try:
        whole = "".join(map("".join, (names, *texts)))
        if not whole.isascii():
            whole.encode()
    except (TypeError, UnicodeEncodeError):
        return None
    if "\0" in whole:
        return None
    lengths = [map(len, some if whole.isascii() else map(str.encode, some)) for some in texts]
    ours = len(names.encode())
    return [ours + size for size in map(sum, zip(*lengths, strict=True))]


def surely(limits: Limits) -> int:
    """Return up to which size, in bytes, no log exceeds any of the limits."""
    most = (
        min(limits.message, limits.metadata) if limits.log is None else min(limits.message, limits.metadata, limits.log)
    )
    return most // GROWTH


def json_lines(values: Sequence[Any]) -> bytes | None:
    """Return decoded values as JSON, one a line; None where they must be looked at one by one: one is none, or has a NUL."""
    try:
        lines = _json_lines(values)
    except UNWRITABLE:
        return None
    return None if b"\\u0000" in lines else lines


def sizes(values: Sequence[Any]) -> Iterator[int | None]:
    """Yield of each decoded value how many bytes of JSON it is; None where it must be looked at, or one of its neighbours."""
    for start in range(0, len(values), AT_ONCE):
        some = values[start : start + AT_ONCE]
        lines = json_lines(some)
        # JSON has no line feed within a value.
        yield from repeat(None, len(some)) if lines is None else map(len, lines.split(b"\n")[:-1])
