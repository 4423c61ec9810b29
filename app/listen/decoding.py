"""From a message of syslog or GELF to the log, as it would be sent over HTTP."""

from __future__ import annotations

import re
import time
from collections.abc import Hashable, Sequence
from datetime import tzinfo
from functools import partial
from typing import Any

from app.files import carried
from app.files.sources.forms import SourceForms
from app.files.unpack import decode
from app.log.body import read_item
from app.log.foreign.many import Odd, records, together
from app.log.lines import rfc5424, syslog
from app.log.own import Ready
from app.log.parsed import Refused
from app.log.record import LogRecord
from app.settings.listeners import ListenAddress
from app.times import instant
from app.times.written import Assumed
from app.times.zone import read_zone

#: Seconds for which a time counts as now: a year is guessed from it, and a day.
_SECONDS = 1.0
#: Characters of the longest name of a host, as of every short text.
_HOST = 255
#: The signs with which a message begins that is JSON, or has a cookie before it.
_OPENED = ("{", "@")
#: The name of a parameter of structured data.
_NAME = re.compile(rb' [^ =\]"]{1,64}="')
#: Signs that may end a message.
_ENDS = b"\n\0"
#: How a message of RFC 5424 goes on behind its priority.
_5424 = b">1 "


class MessageDecoder:
    """Reads the messages that come at one address: bytes and the peer's address to a log; what is no log is a text of its own."""

    def __init__(self, address: ListenAddress, forms: SourceForms) -> None:
        """Read by what *forms* say of a peer, or of the way that messages come, which counts more than the zone of the address."""
        self._way, self._forms = f"{address.protocol} {address.transport}", forms
        self._here = _Here(read_zone(address.zone))
        self._read = gelf_log if address.protocol == "gelf" else syslog_log
        self._together = address.protocol != "gelf"

    def one(self, data: bytes, peer: str) -> Any:
        """Return the log in a message."""
        return self._read(data, peer, self._assumed(peer))

    def several(self, messages: Sequence[bytes], peer: str) -> list[Any]:
        """Return what `one` returns of each of several messages of a peer: those that are alike are read together."""
        assumed = self._assumed(peer)
        each = partial(self._read, peer=peer, assumed=assumed)
        if not self._together or assumed.form is not None:
            return list(map(each, messages))
        return together(messages, _layout, partial(_alike, assumed=assumed), each)

    def _assumed(self, peer: str) -> Assumed:
        return self._forms.assumed(lambda: (peer, self._way), self._here)


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


def _layout(data: bytes) -> Hashable:
    """Return what a message has, as far as it is plain to see; None for one that is read by itself."""
    head = data.split(b" ", 6)
    if len(head) < 7 or not head[0].endswith(_5424[:2]):
        return None
    return head[4] == b"-", head[5] == b"-", *_NAME.findall(head[6])


def _alike(messages: Sequence[bytes], assumed: Assumed) -> Sequence[Ready] | Odd | None:
    """Return the logs of messages as `syslog_log` does; which of them must be read by themselves, or None where all must be."""
    if not all(_5424 in data[:8] for data in (messages[0], messages[-1])):
        return None
    joined = b"\n".join(data.rstrip(_ENDS) for data in messages)
    if joined.count(b"\n") >= len(messages) or b"\0" in joined:
        return None
    try:
        text = joined.decode()
    except UnicodeDecodeError:
        return None
    found = rfc5424.read_alike(text.split("\n"), assumed)
    if found is None or found.instants is None or "localhost" in found.fields["resourceId"]:
        return None
    if any(map(text.__contains__, _OPENED)):
        places = enumerate(found.fields["message"])
        if odd := Odd(place for place, message in places if message.lstrip()[:1] in _OPENED):
            return odd
    sizes = map(len, messages) if text.isascii() else map(_size, messages)
    return list(map(Ready, records(found.fields, found.instants, found.rest), sizes))


def _size(data: bytes) -> int:
    """Return how many bytes a message takes at most: each that is no UTF-8 becomes a character of three."""
    return len(data) if data.isascii() else 3 * len(data)


def syslog_log(data: bytes, peer: str, assumed: Assumed) -> dict[str, Any] | Ready:
    """Return the log in a message; one without a header that is known is a text of its own, from its peer."""
    text = decode(data.rstrip(_ENDS))
    log = syslog.read(text, assumed)
    if log is not None and assumed.form is None and (record := _at_once(log)) is not None and "\0" not in text:
        return Ready(record, _size(data))
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
