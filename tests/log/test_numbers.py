"""Sequence numbers as senders write them: read where they are, and nowhere else."""

from __future__ import annotations

import msgspec
import pytest

from app.log import numbers
from app.log.numbers import ArrivedNumbers, Number, Numberer
from tests.conftest import MakeRecord

HEAD = b"<14>1 2026-01-02T03:04:05Z web-1 app 7 - "
WEB = Numberer("syslog", "web-1", "10.0.0.7")


@pytest.mark.parametrize(
    ("message", "number"),
    [
        (HEAD + b'[meta sequenceId="29"] text', Number(WEB, 29, 514)),
        (HEAD + b'[a@1 b="x\\"]y"][meta language="en" sequenceId="2147483647" sysUpTime="5"] text', Number(WEB, 2**31 - 1, 514)),
        (HEAD.replace(b"2026-01-02T03:04:05Z", b"-") + b'[meta sequenceId="1"]', Number(WEB, 1, 514, timed=False)),
        (HEAD.replace(b"web-1", b"-") + b'[meta sequenceId="1"]', Number(Numberer("syslog", "10.0.0.7", "10.0.0.7"), 1, 514)),
    ],
)  # fmt: skip
def test_the_number_of_syslog(message: bytes, number: Number) -> None:
    """`meta sequenceId` of RFC 5424, wherever it stands in the structured data; without a host or a time too."""
    assert numbers.of_syslog(message, "10.0.0.7", 514) == number


@pytest.mark.parametrize(
    "message",
    [
        HEAD + b"- text",
        HEAD + b'- it said [meta sequenceId="5"]',
        HEAD + b'[other sequenceId="5"] text',
        HEAD + b'[a b="[meta sequenceId=\\"5\\"]"] text',
        HEAD + b'[meta xsequenceId="5"] text',
        HEAD + b'[meta sequenceId="0"] text',
        HEAD + b'[meta sequenceId="2147483648"] text',
        HEAD + b'[meta sequenceId="-1"] text',
        b'<14>Jan  2 03:04:05 web-1 app: [meta sequenceId="5"]',
        b'[meta sequenceId="5"]',
        HEAD + b"[" * 20_000 + b'sequenceId="',
        HEAD + b'[meta x="' + b'\\"' * 20_000 + b'sequenceId="5',
        HEAD + b"[a]" * 20_000 + b'sequenceId="5"',
    ],
)
def test_what_is_no_number_of_syslog(message: bytes) -> None:
    """Text that looks like one, other elements, numbers that RFC 5424 does not know; hostile ones cost no time."""
    assert numbers.of_syslog(message, "10.0.0.7", 514) is None


def test_the_number_of_an_entry_of_the_journal() -> None:
    """With the id of who numbers, which is another after the journal was begun anew."""
    entry = {"__SEQNUM": "812", "__SEQNUM_ID": "a" * 32, "_HOSTNAME": "web-1"}
    assert numbers.of_entry(entry) == Number(Numberer("journal", "web-1", "a" * 32), 812)
    for name, value in (("__SEQNUM", "x"), ("__SEQNUM", ["1", "2"]), ("__SEQNUM", "9" * 30), ("__SEQNUM_ID", None)):
        assert numbers.of_entry({**entry, name: value}) is None


def test_the_number_of_our_handler(make_record: MakeRecord) -> None:
    """Process, when its handler began, and number; of a log that is refused too."""
    process = {"pid": 812, "started": 1_700_000_000_000, "number": 3}
    number = Number(Numberer("process", "server-17", "812@1700000000000"), 3)
    assert numbers.of_log(make_record(resource_id="server-17", metadata={"process": process})) == number
    sent = {"resourceId": "server-17", "metadata": {"process": process}, "level": 5}
    assert numbers.of_refused(msgspec.json.encode(sent)) == number
    for broken in (None, 7, {**process, "number": 0}, {**process, "number": "3"}, {**process, "pid": True}):
        assert numbers.of_log(make_record(metadata={"process": broken})) is None
    for payload in (b"{", b"7", b'{"metadata": 1}', b"[" * 100_000):
        assert numbers.of_refused(payload) is None


def test_numbers_become_runs() -> None:
    """Neighbours in order are one run; by numberer and socket."""
    other = Numberer("syslog", "web-2", "10.0.0.7")
    given = [(Number(WEB, n, 5), n * 10) for n in (1, 2, 3, 5, 6, 4)]
    given[3:3] = [(Number(other, 9, 5), 7), (Number(WEB, 4, 6, timed=False), 7)]
    assert numbers.arrived(given) == [
        ArrivedNumbers(WEB, 5, [(1, 3, 10, 30), (5, 6, 50, 60), (4, 4, 40, 40)]),
        ArrivedNumbers(other, 5, [(9, 9, 7, 7)]),
        ArrivedNumbers(WEB, 6, [(4, 4, -1, -1)]),
    ]
    assert numbers.arrived([]) == []
