"""Lines without syslog's header: what senders to a Logstash write, JSON or text, and how such lines come apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC
from itertools import islice

from app.files import formats
from app.files.split.entry import Line
from app.files.split.splitter import Splitter
from app.json_text import NotJSON, decode
from app.times.written import Assumed

#: A message that is whole, or lines without a header of which each, or several, are one.
Whole = bytes | tuple[bytes, ...]

#: Lines that show how all are written.
_SAMPLE = 20
#: Most messages in a row that are looked for in one datagram.
_GLUED_MESSAGES = 64


def is_next_object(before: Sequence[bytes], line: bytes) -> bool:
    """Return whether *line* is an object of JSON behind another, of which *before* has the lines: each is a message."""
    return line.startswith(b'{"') and before[0].startswith(b'{"') and before[-1].endswith(b"}")


def apart(whole: Sequence[Whole]) -> list[bytes]:
    """Return the messages in what is whole. It takes as long as to read a file of these lines: nothing for an event loop."""
    found: list[bytes] = []
    for one in whole:
        if isinstance(one, bytes):
            found.append(one)
        else:
            found.extend(messages(one))
    return found


def messages(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the messages that *lines* are, none of which has a header: each a line, but where a trace or an object goes on."""
    texts = [line.decode("utf-8", "replace") for line in lines]
    assumed = Assumed.here(UTC)
    splitter = Splitter(formats.recognise(texts[:_SAMPLE], assumed), assumed)
    begin = 0
    for number, text in enumerate(texts):
        if splitter.take(Line(text, number, number + 1, number)) is not None:
            yield b"\n".join(lines[begin:number])
            begin = number
    yield b"\n".join(lines[begin:])


def of_datagram(data: bytes, following: re.Pattern[bytes]) -> list[bytes]:
    """Return the messages in a datagram: one, but where a sender of JSON puts several into one (pino-socket 8.0.0).

    These are a line each; or, behind the headers of syslog (pino-syslog 4.0.0), nothing stands between them: *following*
    finds where such a header begins. Only behind an object that is whole is it one, and no part of somebody's text.
    """
    if data.startswith(b"{"):
        lines = data.rstrip(b"\n\0").split(b"\n")
        return lines if all(line.startswith(b"{") and line.rstrip().endswith(b"}") for line in lines) else [data]
    if b"}<" not in data:
        return [data]
    found, begin = list[bytes](), 0
    for place in islice((one.start() for one in following.finditer(data)), _GLUED_MESSAGES):
        if _ends_with_object(data[begin:place]):
            found.append(data[begin:place])
            begin = place
    return [*found, data[begin:]]


def _ends_with_object(message: bytes) -> bool:
    if not message.endswith(b"}"):
        return False
    try:
        return isinstance(decode(message[message.find(b"{") :], object), dict)
    except NotJSON:
        return False
