"""From a message of syslog or GELF to the log, as it would be sent over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

from app.files import carried
from app.files.sources.forms import SourceForms
from app.files.unpack import decode
from app.log.body import read_item
from app.log.lines import syslog
from app.log.own import Ready
from app.log.parsed import Refused
from app.log.record import LogRecord
from app.settings.listeners import ListenAddress
from app.times import instant
from app.times.written import Assumed
from app.times.zone import read_zone

Decode = Callable[[bytes, str], Any]

#: Seconds for which a time counts as now: a year is guessed from it, and a day.
_SECONDS = 1.0
#: Characters of the longest name of a host, as of every short text.
_HOST = 255
#: The signs with which a message begins that is JSON, or has a cookie before it.
_OPENED = ("{", "@")


def decoder(address: ListenAddress, forms: SourceForms) -> Decode:
    """Return what reads the messages that come at *address*: bytes and the peer's address to a log.

    What *forms* say of a peer, or of the way that messages come, counts more than the zone of the address.
    """
    zone, way = read_zone(address.zone), f"{address.protocol} {address.transport}"
    read = gelf_log if address.protocol == "gelf" else syslog_log
    here = _Here(zone)
    return lambda data, peer: read(data, peer, forms.assumed(lambda: (peer, way), here))


class _Here:
    """Returns what is assumed of messages that come now; made once a second, since that takes a quarter of the time of reading a message."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._until = float("-inf")
        self._assumed = Assumed.here(zone)

    def __call__(self) -> Assumed:
        at = time.monotonic()
        if at >= self._until:
            self._until, self._assumed = at + _SECONDS, Assumed.here(self._zone)
        return self._assumed


def syslog_log(data: bytes, peer: str, assumed: Assumed) -> dict[str, Any] | Ready:
    """Return the log in a message; one without a header that is known is a text of its own, from its peer."""
    text = decode(data.rstrip(b"\n\0"))
    log = syslog.read(text, assumed)
    if log is not None and assumed.form is None and (record := _at_once(log)) is not None and "\0" not in text:
        # Each byte that is no UTF-8 has become a character of three.
        return Ready(record, len(data) if text.isascii() else 3 * len(data))
    log = log or syslog.read_bare(text, assumed) or {"message": text, "metadata": {}}
    log["message"] = _without_cookie(log["message"])
    found = {name: value for name, value in carried.opened(log, assumed).items() if value is not None}
    if found.get("resourceId") in (None, "localhost"):
        # Every machine calls itself so: where it sends from says more.
        found["metadata"] = {**(found.get("metadata") or {}), "peer": peer}
        found.setdefault("resourceId", peer)
    return found


def _at_once(log: dict[str, Any]) -> LogRecord | None:
    """Return the record of a log from a whole header, whose metadata are texts; None for one in which anything has to be looked at."""
    message, level, host, time = log["message"], log["level"], log["resourceId"], log["timestamp"]
    if not level or not host or host == "localhost" or len(host) > _HOST or type(time) is not str:
        return None
    trace, span = log.get("traceId"), log.get("spanId")
    if max(len(trace or ""), len(span or "")) > _HOST or message.lstrip()[:1] in _OPENED:
        return None
    try:
        t, ns = instant.parse(time)
    except ValueError:
        return None
    return LogRecord(b"", t, ns, level, message, host, trace, span, None, log["metadata"])


def _without_cookie(message: str) -> str:
    """Return a message of JSON without the mark that some senders put before it (Common Event Expression, of rsyslog's mmjsonparse)."""
    bare = message.lstrip()
    return bare[5:].lstrip() if bare.startswith("@cee:") else message


def gelf_log(data: bytes, peer: str, assumed: Assumed) -> Any:
    """Return the decoded GELF message, read where its peer's form is known; one that is no JSON is refused with the reason."""
    item = read_item(data)
    if item.problem is not None:
        return Refused(item.problem, data)
    is_known = assumed.form is not None and isinstance(item.value, dict)
    return carried.read(item.value, assumed) if is_known else item.value
