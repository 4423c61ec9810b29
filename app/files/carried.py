"""The text that a protocol carries is itself a log, of JSON or of a known form, and is read as a line of a file is read."""

from __future__ import annotations

from functools import cache
from typing import Any

from app.errors import InvalidRecord
from app.files import formats
from app.files.formats import Format
from app.log.lines import ansi
from app.log.lines.reader import begins_with_level
from app.log.reading import Line, to_log
from app.query.meaning import regex
from app.times.written import Assumed

#: Fields in which a text's own words win: the sender's envelope says only when and how the text was carried.
_OWN = ("message", "level", "timestamp")


@cache
def _format(form: str | None) -> Format:
    """Return how a text is read whose source writes in the dialect or form; there are as many as have names."""
    return formats.recognise((), Assumed.here(), form)


def line_reader(assumed: Assumed) -> Line | None:
    """Return what reads a text of a source whose form is known; None where it is recognised."""
    if assumed.form is None:
        return None
    format = _format(assumed.form)
    return lambda text: format.read(ansi.stripped(text), assumed)


def whole(lines: list[str], assumed: Assumed) -> list[str]:
    """Return the logs of a text's lines: each a log, but where first lines are known, with those that go on with it."""
    if assumed.first_line is None:
        return lines
    first, found = regex(assumed.first_line), list[list[str]]()
    for line in lines:
        if found and first.search(line) is None:
            found[-1].append(line)
        else:
            found.append([line])
    return ["\n".join(one) for one in found]


def opened(log: dict[str, Any], assumed: Assumed) -> dict[str, Any]:
    """Return the *log* with what its message says.

    A message of JSON, and any message of a log without level and time, is read in full: its own level and time win, what
    else the protocol said wins over the text. So is every message of a source whose form is known. Of other messages only the
    level is read, where the protocol gave none. The *log* itself may be changed.
    """
    message, json = log["message"], log["message"].lstrip().startswith("{")
    if assumed.form == "plain":
        return log
    if assumed.form is not None and not json:
        known = _format(assumed.form).read(ansi.stripped(message), assumed)
        if known is not None:
            return within(known, log)
    timed = log.get("timestamp") is not None
    if log.get("level") and not json:
        return log
    if timed and not json and (level := begins_with_level(message, assumed)) is not None:
        log["level"] = level
        return log
    try:
        found = _format(assumed.form).log(message, assumed)
    except InvalidRecord:
        return log
    if timed and not json:
        return {**log, "level": found.get("level")}
    return within(found, log)


def read(document: dict[str, Any], assumed: Assumed) -> dict[str, Any]:
    """Return the log that an object of JSON holds, as one in a file does."""
    return to_log(document, assumed)


def within(found: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """Return the log that was *found* in what a protocol carried, with what the protocol *said* of it.

    The log's own message, level and time win: its sender's envelope says when and how it was carried. Its resource gives
    way and is kept in the metadata. *found* itself is changed.
    """
    metadata, inner, named = said.get("metadata"), found.get("metadata"), found.get("resourceId")
    if inner is not None:
        metadata = _both(inner, metadata)
    if (
        named is not None
        and (other := said.get("resourceId")) is not None
        and named != other
        and isinstance(metadata, dict)
    ):
        metadata = {"resourceId": named, **metadata}
    for name, value in said.items():
        if value is not None and (name not in _OWN or found.get(name) is None):
            found[name] = value
    found["metadata"] = metadata
    return found


def _both(one: Any, other: Any) -> Any:
    """Return the metadata of both; what can't be joined is left to the schema, which refuses it with its reason."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {**one, **other}
    return one
