"""How large a log may be: by the settings, and by what its queue carries."""

from __future__ import annotations

from dataclasses import dataclass

from app.log.codec import encode
from app.log.record import LogRecord

#: Queues that don't carry messages of any size, by the scheme of their URL: largest metadata as JSON, and largest log packed.
#: A message of SQS has 256 KiB; the rest is for the claim that may travel along.
NARROW: dict[str, tuple[int, int | None]] = {"sqs": (200 << 10, 240 << 10)}
#: Bytes that a packed log takes at most besides message and metadata: five texts of 255 characters, id and time.
TEXTS = 8 << 10


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes, in bytes, beyond which a message is cut and metadata refused; the retention in ms."""

    message: int
    metadata: int
    retention_ms: int
    #: Largest log, packed, that the queue carries; None where it carries any.
    log: int | None = None


def fit(record: LogRecord, limit: int) -> LogRecord:
    """Return the record with its message cut if it has more than *limit* bytes packed; its other fields have fewer."""
    excess = len(encode(record)) - limit
    if excess > 0:
        message = record.message.encode()
        record.message = message[: len(message) - excess].decode("utf-8", "ignore")
        record.truncated = True
    return record
