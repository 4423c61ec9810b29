"""Sequences of JSON texts in a request (RFC 7464): each text is a log, whatever becomes of its neighbours."""

from __future__ import annotations

import pytest

from app.errors import TooLarge
from app.log import schema
from app.log.body import JSON_TYPES, LINE_TYPES, SEQUENCE_TYPE
from app.log.limits import VALUES, Limits, ensure_sparse

LIMITS = Limits(message=1 << 20, metadata=1 << 16, retention_ms=1 << 40)
NOW = 1_790_000_000_000


@pytest.mark.parametrize("kind", [SEQUENCE_TYPE, *JSON_TYPES, *LINE_TYPES])
def test_each_text_is_a_log(kind: str) -> None:
    """Be it on one line or several; one that was cut is refused by itself, in its place."""
    texts = [
        '{"message": "one"}\n',
        '{\n "message": "t\\u0000wo"\n}\n',
        '{"message": "cu',
        "\n",
        '{"msg": "four", "level": 30}\n',
    ]
    body = "".join(f"\x1e{text}" for text in texts).encode()
    parsed = schema.read(body, kind, LIMITS, NOW)
    assert [(log.message, place) for log, place in zip(parsed.logs, parsed.places, strict=True)] == [
        ("one", 0),
        ("t\ufffdwo", 1),
        ("four", 3),
    ]
    assert [(one.problem.index, one.payload) for one in parsed.refused] == [(2, b'{"message": "cu')]


def test_a_sequence_of_plain_logs_is_read_whatever_its_type_says() -> None:
    """Lines of which each begins with the separator are no lines of JSON."""
    body = b'\x1e{"message": "one"}\n\x1e{"message": "two"}\n'
    for kind in (SEQUENCE_TYPE, LINE_TYPES[0], None):
        assert [log.message for log in schema.read(body, kind, LIMITS, NOW).logs] == ["one", "two"]


def test_no_more_texts_than_logs_may_be_in_a_request() -> None:
    """They are counted before any is read."""
    with pytest.raises(TooLarge, match="more than 3 logs"):
        schema.read(b"\x1e{}" * 4, SEQUENCE_TYPE, Limits(message=9, metadata=9, retention_ms=9, logs=3), NOW)


def test_separators_alone_are_counted_before_they_are_taken_apart() -> None:
    """As line feeds are: packed, hundreds of millions of them are a small body."""
    with pytest.raises(TooLarge, match="values or lines"):
        ensure_sparse(b"\x1e" * (VALUES + 1), 1)
