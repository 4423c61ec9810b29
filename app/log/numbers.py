"""Sequence numbers that senders write themselves: they show what was lost before it reached any door.

They are read where logs come in and travel with their logs, so that a number counts as arrived only once its log is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from app.json_text import NotJSON, decode
from app.log.record import LogRecord

#: Largest number of `meta sequenceId`, behind which 1 follows (RFC 5424, section 7.3.1).
SYSLOG_LAST = 2_147_483_647
#: Largest number that is read elsewhere: what a column of 64 bits holds.
LARGEST = 2**63 - 1
#: Stands in each message of syslog that has a number.
SYSLOG_MARK = b'sequenceId="'
#: A message of RFC 5424 as far as its sequence number: time, host, and the number in its element `meta`.
_MESSAGE = re.compile(
    rb"<\d{1,3}>1 (\S+) (\S{1,255}) \S+ \S+ \S+ "
    rb'(?:\[(?!meta )(?:[^"\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*")*\])*'
    rb'\[meta (?:[^"\]]|"[^"\\]*+(?:\\.[^"\\]*+)*")*?\bsequenceId="([1-9]\d{0,9})"'
)


class Numberer(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A program or a machine that gives each log the number after that of the log before."""

    #: `syslog`, `journal`, `process` (our handler for Python) or `logplex`.
    kind: str
    #: The machine or program that is meant, as the sender names it.
    name: str
    #: The difference from others of that name: an address; the journal's own id; the process's id and when it began
    #: to log (`812@1700000000000`); drain and frame.
    source: str


class Number(NamedTuple):
    """The number of one log."""

    numberer: Numberer
    number: int
    #: The sender's socket, by its port mostly; 0 where numbers of one numberer never begin again.
    socket: int = 0
    #: Whether the log's time is its sender's.
    timed: bool = True
    #: How many logs the sender says it has sent so far; 0 where it does not say.
    announced: int = 0


class ArrivedNumbers(msgspec.Struct, array_like=True, gc=False):
    """The numbers of one numberer that came with an envelope."""

    numberer: Numberer
    socket: int
    #: In the order in which they came: first and last of numbers without a gap, and the times of the two in ms since 1970
    #: (-1: the sender gives none).
    runs: list[tuple[int, int, int, int]]
    announced: int = 0


def arrived(numbered: Iterable[tuple[Number, int]]) -> list[ArrivedNumbers]:
    """Return the numbers, each with the time of its log, by numberer and socket."""
    found: dict[tuple[Numberer, int], ArrivedNumbers] = {}
    for (numberer, number, socket, timed, announced), time in numbered:
        one = found.get((numberer, socket))
        if one is None:
            one = found[numberer, socket] = ArrivedNumbers(numberer, socket, [])
        one.announced = max(one.announced, announced)
        t = time if timed else -1
        runs = one.runs
        if runs and number == runs[-1][1] + 1 and t >= runs[-1][3]:
            runs[-1] = runs[-1][0], number, runs[-1][2], t
        else:
            runs.append((number, number, t, t))
    return list(found.values())


def of_syslog(message: bytes, peer: str, socket: int) -> Number | None:
    """Return the number of a message of RFC 5424; None where it has none."""
    if SYSLOG_MARK not in message:
        return None
    found = _MESSAGE.match(message)
    if found is None or int(found[3]) > SYSLOG_LAST:
        return None
    return Number(_syslog(found[2], peer), int(found[3]), socket, found[1] != b"-")


# Made once for each sender: a batch holds hundreds of logs of one.
@lru_cache(maxsize=1_024)
def _syslog(host: bytes, peer: str) -> Numberer:
    return Numberer("syslog", peer if host == b"-" else host.decode("utf-8", "replace"), peer)


@lru_cache(maxsize=1_024)
def _process(name: str, pid: int, began: int) -> Numberer:
    return Numberer("process", name[:255], f"{pid}@{began}"[:64])


def of_entry(entry: Mapping[str, Any]) -> Number | None:
    """Return the number of an entry of systemd's journal (release 254 and newer give it); None where it has none."""
    number, source = entry.get("__SEQNUM"), entry.get("__SEQNUM_ID")
    if not isinstance(number, str) or not isinstance(source, str) or not number.isascii() or not number.isdigit():
        return None
    host = entry.get("_HOSTNAME")
    name = host if isinstance(host, str) else ""
    return _within(Numberer("journal", name[:255], source[:64]), int(number[:20]))


def of_log(record: LogRecord) -> Number | None:
    """Return the number that logingestor.handler gave a log; None where it has none."""
    return _of_process(record.resource_id, record.metadata)


def of_refused(payload: bytes) -> Number | None:
    """Return the number that logingestor.handler gave a log that is refused; None where it has none."""
    try:
        sent = decode(payload, _Sent)
    except NotJSON:
        return None
    return _of_process(sent.resourceId, sent.metadata)


class _Sent(msgspec.Struct):
    """The parts of a log, as it was sent, that give its number."""

    resourceId: str | None = None  # noqa: N815 - as it is sent
    metadata: dict[str, Any] | None = None


def _of_process(resource_id: str | None, metadata: Mapping[str, Any] | None) -> Number | None:
    process = None if metadata is None else metadata.get("process")
    if type(process) is not dict:
        return None
    pid, began, number = process.get("pid"), process.get("started"), process.get("number")
    if type(pid) is not int or type(began) is not int or type(number) is not int:
        return None
    return _within(_process(resource_id or "", pid, began), number)


def _within(numberer: Numberer, number: int) -> Number | None:
    return Number(numberer, number) if 0 < number <= LARGEST else None
