"""The text that a protocol carries is itself a log, of JSON or of a known form, and is read as a line of a file is read."""

from __future__ import annotations

from typing import Any

from app.errors import InvalidRecord
from app.files import formats
from app.log.lines.reader import begins_with_level
from app.log.reading import to_log
from app.times.written import Assumed

#: Fields in which a text's own words win: the sender's envelope says only when and how the text was carried.
_OWN = ("message", "level", "timestamp")
_ANY = formats.recognise((), Assumed.here())


def opened(log: dict[str, Any], assumed: Assumed) -> dict[str, Any]:
    """Return the *log* with what its message says.

    A message of JSON, and any message of a log without level and time, is read in full: its own level and time win, what
    else the protocol said wins over the text. Of other messages only the level is read, where the protocol gave none.
    """
    message, json = log["message"], log["message"].lstrip().startswith("{")
    timed = log.get("timestamp") is not None
    if log.get("level") and not json:
        return log
    if timed and not json and (level := begins_with_level(message, assumed)) is not None:
        return {**log, "level": level}
    try:
        found = _ANY.log(message, assumed)
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
    way and is kept in the metadata.
    """
    said = {name: value for name, value in said.items() if value is not None}
    own = {name: found[name] for name in _OWN if found.get(name) is not None}
    metadata = _both(found.get("metadata"), said.get("metadata"))
    named = found.get("resourceId")
    if named is not None and named != said.get("resourceId", named) and isinstance(metadata, dict):
        metadata = {"resourceId": named, **metadata}
    return {**found, **said, **own, "metadata": metadata}


def _both(one: Any, other: Any) -> Any:
    """Return the metadata of both; what can't be joined is left to the schema, which refuses it with its reason."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {**one, **other}
    return other if one is None else one
