"""Random logs and random filters over them: everything that once made backends disagree."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import re2
from hypothesis import strategies as st

from app.log.record import IdSource, LogRecord
from app.log.scalars import as_text, number, scalars
from app.query.filter import (
    And,
    Contains,
    Equals,
    Exists,
    Filter,
    In,
    Matches,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Wildcard,
    Words,
)
from app.times import instant

_ALPHABETS = (
    "abcABC012 ._-",
    "éÉßſKkıİΣσς ",
    "日本語のテスト ",
    "a b\tc\n\x1b\\\"'*?[](){}|^$+~=:/<>!&%#@;,`",
    "𝒳😀İſﬁ½²Ⅷ ",
)
_LEVELS = ("info", "error", "ERROR", "Warn", "warning", "fatal", "debug", "INFO", "custom", "É", "")
_WORDS = (
    "failed",
    "to",
    "connect",
    "Connect",
    "payment",
    "user_id",
    "c.d",
    "Łódź",
    "timeout",
    "10.1.2.3",
    "x²",
    "don't",
)
_PATHS = ("a", "A", "a.b", "user.name", "status", "n", "list", "k=v", "ключ", "sp ace", "")
_NUMBERS = (0, 1, -1, 5, 1.0, 1.5, -0.0, 2**53, 2**53 + 1, 1e300, 10**400, 0.1, 404, 500)


def random_text(rng: random.Random, longest: int = 12) -> str:
    """Return a short text of one alphabet, or a few words."""
    if rng.random() < 0.5:
        return " ".join(rng.choices(_WORDS, k=rng.randint(0, 5)))
    return "".join(rng.choices(rng.choice(_ALPHABETS), k=rng.randint(0, longest)))


def _random_value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.random()
    if kind < 0.4:
        return random_text(rng)
    if kind < 0.65:
        return rng.choice(_NUMBERS)
    if kind < 0.75:
        return rng.choice((True, False, None))
    if kind < 0.87 or depth > 2:
        return [_random_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return {rng.choice(_PATHS): _random_value(rng, depth + 1) for _ in range(rng.randint(0, 3))}


def random_record(rng: random.Random, ids: IdSource) -> LogRecord:
    """Return a log of any kind that the door lets in."""
    huge = rng.random() < 0.01
    message = random_text(rng, 40) if not huge else random_text(rng) * rng.randint(200, 4000) + "needle"
    t = rng.choice((instant.FIRST[0], 0, 1694764800000, 1694764800000 + rng.randint(0, 10**9), instant.LAST[0]))

    def maybe(value: str) -> str | None:
        return value if rng.random() < 0.7 else None

    long = random_text(rng) + "x" * rng.choice((0, 0, 0, 198, 220))
    return LogRecord(
        ids.take(1).to_bytes(16, "big"),
        t,
        rng.choice((0, 0, 1, 999_999)),
        rng.choice(_LEVELS),
        message,
        maybe(f"server-{rng.randint(0, 9)}"),
        maybe(random_text(rng)),
        maybe(long[:255]),
        maybe(f"{rng.randint(0, 5):07x}"),
        rng.choice((None, {rng.choice(_PATHS): _random_value(rng) for _ in range(rng.randint(0, 4))})),
        huge,
    )


class Records(list[LogRecord]):
    """Records that don't fill a failing test's report."""

    def __repr__(self) -> str:
        return f"<{len(self)} records>"


def random_records(seed: int, count: int) -> Records:
    """Return *count* logs, the same for the same seed but for their ids; those too within a process of tests."""
    return Records(_random_records(seed, count))


@cache
def _random_records(seed: int, count: int) -> tuple[LogRecord, ...]:
    rng, ids = random.Random(seed), IdSource()
    return tuple(random_record(rng, ids) for _ in range(count))


def _piece(draw: st.DrawFn, text: str) -> str:
    """Cut a piece out of *text*, so that filters find something."""
    if not text:
        return ""
    start = draw(st.integers(0, min(len(text) - 1, 30)))
    return text[start : start + draw(st.integers(1, 20))]


def _texts_of(record: LogRecord) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {"message": [record.message], "level": [record.level]}
    for field, value in (
        ("resourceId", record.resource_id),
        ("traceId", record.trace_id),
        ("spanId", record.span_id),
        ("commit", record.commit),
    ):
        found[field] = [] if value is None else [value]
    for path, value in scalars(record.metadata or {}, "metadata"):
        found.setdefault(path, []).append(value)
    return found


@st.composite
def leaves_over(draw: st.DrawFn, records: Records) -> Filter:
    """Return a leaf whose texts are cut from one of *records*."""
    record = records[draw(st.integers(0, len(records) - 1))]
    texts = _texts_of(record)
    field = draw(st.sampled_from(sorted(texts)))
    value = draw(st.sampled_from(texts[field])) if texts[field] else "nothing"
    text = as_text(value)[:900]
    piece = _piece(draw, text) or text[:20]
    match draw(st.integers(0, 12)):
        case 0:
            return Words(_piece(draw, record.message[:900]))
        case 1:
            return Phrase(_piece(draw, record.message[:900]))
        case 2:
            return Equals(field, draw(st.sampled_from((text, piece, text.swapcase()))))
        case 3:
            return In(field, (text, piece, "server-1"))
        case 4:
            return Prefix(field, draw(st.sampled_from((text[: len(piece)], piece, text))))
        case 5 | 6:
            return Contains(field, draw(st.sampled_from((piece, piece.upper(), text[:3]))))
        case 7:
            return Wildcard(
                field, draw(st.sampled_from((f"*{piece}*", f"{text[:3]}*", f"*{text[-3:]}", "?*", f"?{text[1:9]}")))
            )
        case 8 | 9:
            body = re2.escape(piece)
            return Matches(
                field,
                draw(st.sampled_from((body, f"(?i){body}", f"^{body}", f"{body}.*$|zz", r"\d+", f"[a-c]{body}?"))),
            )
        case 10:
            return Exists(draw(st.sampled_from((field, "metadata", field.rpartition(".")[0] or "metadata.a"))))
        case 11:
            return _range(draw, record, field, value)
        case _:
            bound = (record.t, record.ns)
            low, high = draw(st.sampled_from(((bound, None), (None, bound), (bound, bound))))
            return Range("timestamp", low, high, draw(st.booleans()), draw(st.booleans()))


def _range(draw: st.DrawFn, record: LogRecord, field: str, value: Any) -> Filter:
    if not field.startswith("metadata"):
        low = draw(st.integers(0, 6))
        return Range("level", low, draw(st.sampled_from((None, 4, 6))), draw(st.booleans()), draw(st.booleans()))
    comparable = number(value)
    low = draw(st.sampled_from((comparable, None, 0.0, -5.0)))
    high = draw(st.sampled_from((comparable, None, 1000.0)))
    return Range(field, low, high, draw(st.booleans()), draw(st.booleans()))


def filters_over(records: Records) -> st.SearchStrategy[Filter]:
    """Return random trees over *records*."""
    return st.recursive(
        leaves_over(records),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4).map(lambda parts: And(tuple(parts))),
            st.lists(inner, max_size=4).map(lambda parts: Or(tuple(parts))),
            inner.map(Not),
        ),
        max_leaves=8,
    )
