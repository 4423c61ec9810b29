"""Datagrams that hold several messages of JSON."""

from __future__ import annotations

import pytest

from app.listen.frames import GLUED
from app.listen.lines import of_datagram

HEAD = b"<132>1 2026-11-30T12:21:43Z host - 7 - - "
#: A text that looks like the end of an object and the head of a message.
QUOTED = HEAD + b'{"msg":"}' + HEAD + b'}"}'


@pytest.mark.parametrize(
    "messages",
    [
        [b'{"a":1}', b'{"b":2}'],  # pino-socket 8.0.0
        [HEAD + b'{"a":1}', HEAD + b'{"b":{"c":2}}', HEAD + b'{"d":3}'],  # pino-syslog 4.0.0 before it
        [QUOTED, HEAD + b'{"b":2}'],
    ],
)
def test_several_objects_are_a_message_each(messages: list[bytes]) -> None:
    """In lines, or with a header each."""
    between = b"\n" if messages[0].startswith(b"{") else b""
    assert of_datagram(between.join(messages), GLUED) == messages


@pytest.mark.parametrize(
    "datagram",
    [
        HEAD + b"failed\n" + HEAD + b"forged",
        HEAD + b"}" + HEAD + b"forged",
        QUOTED,
        b'{"a":1}\nforged',
        b'{\n"a": 1\n}',
    ],
)
def test_any_other_datagram_is_one(datagram: bytes) -> None:
    """So that no text of a log passes for another log."""
    assert of_datagram(datagram, GLUED) == [datagram]
