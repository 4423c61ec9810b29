"""Journal Export Format, in which systemd's tools hand on entries (https://systemd.io/JOURNAL_EXPORT_FORMATS/)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from app.files.unpack import decode
from app.log.foreign.scales import SYSLOG

#: Most fields of an entry: journald itself keeps at most 1024.
FIELDS = 1_024
#: Bytes that are kept of what is no entry.
STRAY = 64 << 10
#: Where a log says which fields were left out of it, and why; most of them that it names.
UNREAD, NAMED = "unread", 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The first line of an entry in the form `verbose`, and its others.
_CURSOR = re.compile(
    r"\[s=[0-9a-f]{1,64};i=[0-9a-f]{1,16};b=[0-9a-f]{1,64};m=[0-9a-f]{1,16};t=[0-9a-f]{1,16};x=[0-9a-f]{1,16}\]"
)
_FIELD = re.compile(r" {4}([A-Z_][A-Z0-9_]{0,63})=(.*)", re.DOTALL)
#: Fields that have a place of their own in a log, or say nothing of the event.
_TAKEN = frozenset(("MESSAGE", "PRIORITY", "_HOSTNAME", "__CURSOR", "__REALTIME_TIMESTAMP", "__MONOTONIC_TIMESTAMP"))


class Entries:
    """Reads entries from a stream; *limit* is the most bytes of one, of longer ones the rest is left out, and named under UNREAD."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._entry: dict[str, Any] = {}
        self._size = 0
        #: Fields of the entry that were left out or cut, and why.
        self._unread: dict[str, str] = {}
        #: Bytes that came so far, and the place behind the entry that was yielded last.
        self.fed = self.end = 0
        #: Bytes of a long value that are still to come and are not kept.
        self._skip = 0
        #: The beginning of what was no part of an entry.
        self.stray = b""

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take a piece of the stream; yield the entries that are whole by now."""
        self.fed += len(data)
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        self._buffer += data[skipped:]
        at = 0
        while not self._skip and (end := self._buffer.find(b"\n", at)) >= 0:
            line = bytes(self._buffer[at:end])
            if not line:
                if self._entry or self._unread:
                    self.end = self.fed - len(self._buffer) + end + 1
                    yield self._whole()
                at = end + 1
                continue
            name, equals, value = line.partition(b"=")
            if equals:
                self._keep(name, value)
                at = end + 1
                continue
            after = self._binary(name, end + 1)
            if after is None:
                break
            at = after
        del self._buffer[:at]
        if len(self._buffer) > 2 * self._limit:  # a line that never ends is no field
            self._strays()

    def begun(self) -> dict[str, Any]:
        """Return the fields so far of the entry that is not whole yet."""
        return dict(self._entry)

    def flush(self) -> Iterator[dict[str, Any]]:
        """Yield the entry at the end of the stream, which no blank line has ended."""
        self._strays()
        if self._entry or self._unread:
            yield self._whole()

    def _strays(self) -> None:
        self.stray = self.stray or bytes(self._buffer[:STRAY])
        self._buffer.clear()

    def _binary(self, name: bytes, start: int) -> int | None:
        """Keep a value that comes with its length; return where the next line begins, None while it has not arrived."""
        if len(self._buffer) < start + 8:
            return None
        length = int.from_bytes(self._buffer[start : start + 8], "little")
        first, last = start + 8, start + 8 + length
        if length > self._limit:
            room = max(self._limit - self._size - len(name) - 1, 0)
            self._keep(name, bytes(self._buffer[first : first + room]))
            self._leave(decode(name), f"is cut: it has {length:,} bytes")
            self._skip = max(last + 1 - len(self._buffer), 0)
            return min(last + 1, len(self._buffer))
        if len(self._buffer) < last + 1:
            return None
        self._keep(name, bytes(self._buffer[first:last]))
        return last + 1

    def _keep(self, name: bytes, value: bytes) -> None:
        size = len(name) + len(value) + 1
        key = decode(name)
        if len(self._entry) >= FIELDS:
            self._leave(key, f"is left out: the entry has more than {FIELDS:,} fields")
            return
        if self._size + size > self._limit:
            self._leave(key, f"is left out: the entry has more than {self._limit:,} bytes")
            return
        self._size += size
        text = decode(value)
        held = self._entry.get(key)
        if isinstance(held, list):
            held.append(text)
        else:
            # A field may stand several times in one entry.
            self._entry[key] = text if held is None else [held, text]

    def _whole(self) -> dict[str, Any]:
        entry, self._entry, self._size = self._entry, {}, 0
        if self._unread:
            entry[UNREAD], self._unread = self._unread, {}
        return entry

    def _leave(self, name: str, why: str) -> None:
        if name in self._unread or len(self._unread) < NAMED:
            self._unread[name[:255]] = why
        else:
            self._unread["…"] = "more fields are left out"


def log_of(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the log in an entry, as it would be sent."""
    log: dict[str, Any] = {"metadata": {name: value for name, value in entry.items() if name not in _TAKEN}}
    message = entry.get("MESSAGE")
    if message is not None:
        log["message"] = "\n".join(message) if isinstance(message, list) else message
    else:
        # An entry without MESSAGE is an event all the same: its fields say what happened.
        log["message"] = f"MESSAGE_ID={entry['MESSAGE_ID']}" if "MESSAGE_ID" in entry else ""
    priority = entry.get("PRIORITY")
    if isinstance(priority, str) and len(priority) == 1 and priority in "01234567":
        log["level"] = SYSLOG[int(priority)]
    if isinstance(entry.get("_HOSTNAME"), str):
        log["resourceId"] = entry["_HOSTNAME"]
    moment = instant_of(entry)
    if moment is not None:
        log["timestamp"] = moment.isoformat(timespec="microseconds")
    return log


def instant_of(entry: dict[str, Any]) -> datetime | None:
    """Return when the event was: the sender's time where journald knows it, else journald's own."""
    for name in ("_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"):
        value = entry.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 17:
            return _EPOCH + timedelta(microseconds=int(value))
    return None


def id_of(entry: dict[str, Any], space: str = "") -> bytes | None:
    """Return the UUIDv7 of an entry, the same whenever it comes to a space: journald's time, and for chance a digest of both."""
    cursor, moment = entry.get("__CURSOR"), entry.get("__REALTIME_TIMESTAMP")
    if not isinstance(cursor, str) or not isinstance(moment, str):
        return None
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 17):
        return None
    named = f"{space} {cursor}" if space else cursor
    made = bytearray(
        (int(moment) // 1000).to_bytes(6, "big") + hashlib.blake2b(named.encode(), digest_size=10).digest()
    )
    made[6], made[8] = 0x70 | made[6] & 0x0F, 0x80 | made[8] & 0x3F
    return bytes(made)


def verbose(first: str, more: list[str]) -> dict[str, Any] | None:
    """Return the log of an entry in the form `verbose`, whose first line has this message; None for any other lines."""
    if _CURSOR.fullmatch(first) is None:
        return None
    fields: dict[str, Any] = {}
    name = ""
    for line in more:
        found = _FIELD.fullmatch(line)
        if found is not None:
            name = found[1]
            fields[name] = found[2]
        elif name:
            fields[name] = f"{fields[name]}\n{line.strip()}"
    return log_of(fields)
