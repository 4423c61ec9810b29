"""Frames: messages come out whole, however a stream was cut into segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.listen.frames import Frames
from app.listen.lines import apart

FIRST, SECOND = b"<34>1 2026-01-02T03:04:05Z host app - - - first", b"<35>1 2026-01-02T03:04:06Z host app - - - second"
OLD = b"<13>Jan  2 03:04:05 host app[1]: old"


def frames(*segments: bytes, limit: int = 10_000) -> list[bytes]:
    """Return the messages in the segments of one connection, up to its end."""
    made = Frames(limit)
    return apart([frame for segment in segments for frame in made.feed(segment)] + made.flush())


def counted(message: bytes, more: bytes = b"") -> bytes:
    """Return the message with the count of its octets."""
    return b"%d %s" % (len(message + more), message + more)


@pytest.mark.parametrize(
    "stream",
    [
        FIRST + b"\n" + SECOND + b"\n",
        FIRST + b"\0" + SECOND + b"\0",
        FIRST + b"\r\n" + SECOND,
        counted(FIRST) + counted(SECOND),
        counted(FIRST, b"\n") + counted(SECOND, b"\n"),  # rsyslog and syslog-ng count the line feed
        counted(FIRST) + b"\n" + counted(SECOND) + b"\n",
        FIRST + b"\n" + counted(SECOND),
        counted(FIRST) + SECOND + b"\n",
        FIRST + SECOND,  # log4j sends nothing between two
    ],
    ids=lambda stream: repr(stream[:12] + b".." + stream[-9:]),
)
def test_framings_are_told_apart_by_message(stream: bytes) -> None:
    """Each frame by its own first bytes, in one piece and byte by byte."""
    assert frames(stream) == [FIRST, SECOND]
    assert frames(*(stream[at : at + 1] for at in range(len(stream)))) == [FIRST, SECOND]


def test_lines_without_a_header_belong_to_the_message_before() -> None:
    """A stack trace brings its line feeds along."""
    assert frames(FIRST + b"\n\tat a.b\n\tat c.d\n" + SECOND + b"\n") == [FIRST + b"\n\tat a.b\n\tat c.d", SECOND]


@pytest.mark.parametrize(
    "messages",
    [
        # logstash-logback-encoder, python-logstash, winston-logstash, pino-socket
        [b'{"message":"a","level":"WARN"}', b'{"message":"b\\n  c"}', b'{"message":"c"}'],
        [b"[2026-11-30T12:25:53.030088+00:00] pay.ERROR: refused\n#0 /srv/pay.php(4): pay()", b"[2026-11-30T12:25:53+00:00] pay.INFO: next"],
        [b'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: x', b"next"],
        [b'{\n  "message": "a"\n}', b'{\n  "message": "b"\n}'],
        [b"hello", b"world"],
        [b"\xff\xfe first\n\t\x0b", b"\xc3 second"],
    ],
)  # fmt: skip
def test_lines_of_a_connection_without_any_header_are_messages(messages: list[bytes]) -> None:
    """Each by itself, but where a trace or an object goes on, as in a file; whatever the segments are, no byte is lost."""
    stream = b"\n".join(messages) + b"\n"
    assert frames(stream) == messages
    assert frames(*(stream[at : at + 1] for at in range(len(stream)))) == messages
    assert frames(FIRST + b"\n" + b'{"a":1}\n{"b":2}\n') == [FIRST + b'\n{"a":1}\n{"b":2}']


def test_an_object_is_taken_once_the_next_begins() -> None:
    """Who sends objects without a rest does not wait for their number."""
    made = Frames(10_000)
    assert made.feed(b'{"a":1}\n{"b":2}\n') == [b'{"a":1}']


def test_a_message_may_quote_another() -> None:
    """Behind a blank or a quotation mark a header is part of the text."""
    relayed = b"<34>Oct 11 22:14:15 relay app: got <13>Jan  2 03:04:05 host app: x"
    assert frames(relayed + b"\n") == [relayed]
    assert frames(FIRST + OLD) == [FIRST, OLD]


def test_a_number_at_the_beginning_of_a_line_is_no_count() -> None:
    """Only what stands before a message is one."""
    assert frames(FIRST + b"\n12 items\n" + SECOND + b"\n") == [FIRST + b"\n12 items", SECOND]


def test_a_long_frame_is_cut_and_nothing_of_it_is_lost() -> None:
    """Without an end nothing waits for ever, and memory stays bounded."""
    stream = b"<34>" + b"x" * 5_000
    found = frames(stream, limit=1_000)
    assert b"".join(frame.replace(b"\n", b"") for frame in found) == stream


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([FIRST, OLD, b"\n", b"\0", b"12 ", b"9 <1>abcdef"]))))
def test_any_stream_is_read(segments: list[bytes]) -> None:
    """Whatever comes, segments make no difference to what comes out, and no byte of a text is lost."""
    stream = b"".join(segments)
    found = frames(*segments)
    assert found == frames(stream)
    kept = b"".join(found).translate(None, b"\n\0\r0123456789 ")
    assert kept == stream.translate(None, b"\n\0\r0123456789 ")


def test_segments_make_no_difference() -> None:
    """A stream of many kinds, cut anywhere into two."""
    stream = FIRST + b"\n\tat a\n" + counted(SECOND, b"\n") + OLD + b"\0" + counted(FIRST) + FIRST + SECOND
    whole = frames(stream)
    assert whole == [FIRST + b"\n\tat a", SECOND, OLD, FIRST, FIRST, SECOND]
    for at in range(len(stream)):
        assert frames(stream[:at], stream[at:]) == whole
