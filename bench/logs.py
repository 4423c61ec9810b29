"""The logs that speed is measured on: a day of made-up services, the same bytes for the same number, end, seed and span.

    python -m bench.logs FILE --n 1000000

200 sentences with numbers in them, 500 resources of which few send most, 7 % errors, ascending times; ten logs
hold a word of their own.
"""

from __future__ import annotations

import argparse
import bisect
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

END = "2026-11-23T21:00:00Z"
SEED = 7
#: Hours that the logs span.
HOURS = 24
#: The word that is in exactly ten logs.
NEEDLE = "zq7needlex9"
NEEDLES = 10
LEVELS = ("debug",) * 12 + ("info",) * 70 + ("warn",) * 10 + ("error",) * 7 + ("fatal",)
STATUS_CODES = (200, 201, 400, 401, 404, 500, 502, 503)
PATHS = ("orders", "users", "carts", "invoices", "sessions", "reports", "uploads", "webhooks")
#: What happened, to what, and the rest of the sentence.
HAPPENINGS = (
    *("failed to connect to", "completed request for", "retrying call to", "timeout after {ms}ms waiting for"),
    *("received response from", "authentication rejected by", "cache miss in", "refreshed token for"),
    *("circuit breaker opened for", "published event to", "consumed batch from", "slow query in"),
    *("permission denied by", "started worker in", "garbage collection paused", "connection refused by"),
    *("deadlock detected in", "rolled back transaction in", "validated payload from", "rate limited by"),
)
THINGS = (
    *("payment-gateway", "user-profile service", "inventory database", "search index", "session store"),
    *("notification queue", "billing ledger", "image resizer", "recommendation engine", "audit trail"),
)
ENDINGS = (
    "user={user} order={order} took {ms}ms",
    "attempt {small}/5 host=10.{a}.{b}.{c} code={code}",
    "path=/api/v2/{path}/{order} status={code} bytes={bytes}",
    "shard={small} partition={a} offset={bytes} lag={ms}",
    "tenant={tenant} correlation={correlation} duration={ms}ms",
)
SENTENCES = tuple(
    f"{happening} {thing}: {ENDINGS[(row * len(THINGS) + column) % len(ENDINGS)]}"
    for row, happening in enumerate(HAPPENINGS)
    for column, thing in enumerate(THINGS)
)
RESOURCES = 500
COMMITS = 40


def end_ms(end: str) -> int:
    """Return the end of the span in milliseconds since 1970."""
    return int(datetime.fromisoformat(end).timestamp() * 1000)


def lines(n: int, end: str = END, seed: int = SEED, hours: float = HOURS) -> Iterator[str]:
    """Yield *n* logs, each a line of JSON without its end of line."""
    chance = random.Random(seed)
    uniform, bits = chance.random, chance.getrandbits
    span = int(hours * 3_600_000)
    step, start = span / n, end_ms(end) - span
    marked = set(chance.sample(range(n), NEEDLES))
    # The chance of a resource falls with its number.
    edges = list(itertools.accumulate(1 / (number + 5) for number in range(RESOURCES)))
    commits = [f"{bits(28):07x}" for _ in range(COMMITS)]

    def below(most: int) -> int:
        return int(uniform() * most)

    for number in range(n):
        # The order of the draws is part of the bytes.
        at = start + int(number * step + uniform() * step)
        level = LEVELS[below(len(LEVELS))]
        resource = bisect.bisect_left(edges, uniform() * edges[-1])
        message = SENTENCES[below(len(SENTENCES))].format(
            ms=below(5000),
            user=f"user-{below(20_000)}",
            order=below(10**7),
            small=1 + below(5),
            a=below(256),
            b=below(256),
            c=below(256),
            code=STATUS_CODES[below(8)],
            path=PATHS[below(8)],
            bytes=below(10**6),
            tenant=f"tenant-{below(300)}",
            correlation=f"{bits(48):012x}",
        )
        log = {
            "level": level,
            "message": f"{message} {NEEDLE}" if number in marked else message,
            "resourceId": f"server-{resource:04d}",
            "timestamp": text(at),
            "traceId": f"{bits(128):032x}",
            "spanId": f"span-{bits(32):08x}",
            "commit": commits[below(COMMITS)],
            "metadata": {"parentResourceId": f"server-{below(50):04d}"},
        }
        yield json.dumps(log, separators=(",", ":"))


def text(ms: int) -> str:
    """Return milliseconds since 1970 as the logs write them."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def write(path: Path, n: int, end: str = END, seed: int = SEED, hours: float = HOURS) -> None:
    """Write the logs to a file, a line each; the file appears only when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("w") as file:
        file.writelines(f"{line}\n" for line in lines(n, end, seed, hours))
    unfinished.rename(path)


class _Log(msgspec.Struct):
    level: str
    message: str
    timestamp: str
    resource: str = msgspec.field(name="resourceId")


@dataclass
class Facts:
    """What the answers must be, counted from the file itself by plain Python."""

    n: int = 0
    bytes: int = 0
    first: str = ""
    last: str = ""
    levels: Counter[str] = field(default_factory=Counter)
    resources: Counter[str] = field(default_factory=Counter)
    #: Errors by minute and by hour of their time's text.
    error_minutes: Counter[str] = field(default_factory=Counter)
    error_hours: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    #: How many messages hold a text.
    texts: Counter[str] = field(default_factory=Counter)
    #: Errors of RESOURCE with the word `timeout`, in the six hours of `combined_window`.
    combined: int = 0
    combined_window: tuple[str, str] = ("", "")

    #: Parts of words, one in as many messages as the needle, one in some 5 % of all; what comes before four digits; a resource.
    RARE = "7needlex"
    COMMON = "henticat"
    TIMEOUT = "timeout after "
    RESOURCE = "server-0007"

    @property
    def last_day(self) -> str:
        """The beginning of the last day, a full minute; the first log's time where all lie in a day."""
        day = end_ms(self.last) - 24 * 3_600_000
        return max(self.first, text(day - day % 60_000))

    @classmethod
    def of(cls, path: Path) -> Facts:
        """Return the facts of a file of logs."""
        facts = cls()
        decode = msgspec.json.Decoder(_Log).decode
        with path.open("rb") as file:
            for line in file:
                log = decode(line)
                if not facts.first:
                    facts.first, facts.combined_window = log.timestamp, _six_hours(log.timestamp)
                facts.bytes += len(line)
                facts._count(log)
        return facts

    def _count(self, log: _Log) -> None:
        low, high = self.combined_window
        self.n += 1
        self.last = log.timestamp
        self.levels[log.level] += 1
        self.resources[log.resource] += 1
        for part in (NEEDLE, self.RARE, self.COMMON):
            self.texts[part] += part in log.message
        after = log.message.partition(self.TIMEOUT)[2]
        self.texts[self.TIMEOUT] += after[:4].isdigit() and after[4:6] == "ms"
        if log.level == "error":
            self.errors.append(log.timestamp)
            self.error_minutes[log.timestamp[:16]] += 1
            self.error_hours[log.timestamp[:13]] += 1
            words = log.message.replace(":", " ").split()
            self.combined += log.resource == self.RESOURCE and "timeout" in words and low <= log.timestamp <= high


def _six_hours(first: str) -> tuple[str, str]:
    """Return the seventh to the twelfth hour after *first*'s full hour, both ends included."""
    start = end_ms(f"{first[:13]}:00:00Z")
    return text(start + 6 * 3_600_000), text(start + 12 * 3_600_000 - 1)


def main() -> None:
    """Write a file of logs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--end", default=END)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--hours", type=float, default=HOURS, help=f"hours that they span ({HOURS})")
    given = parser.parse_args()
    write(given.file, given.n, given.end, given.seed, given.hours)
    facts = Facts.of(given.file)
    print(f"{given.file}: {facts.n:,} logs, {facts.bytes:,} bytes, {facts.first} to {facts.last}")


if __name__ == "__main__":
    main()
