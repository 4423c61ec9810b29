"""Datagrams as the kernel hands them over: what is lost of them is counted."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from app.accept.accept import Accept
from app.accept.receipts import Receipts
from app.accept.visits import Visits
from app.backends import Backends
from app.files.sources.forms import SourceForms
from app.listen.datagrams import Datagrams
from app.listen.decoding import MessageDecoder
from app.listen.intake import Intake
from app.listen.streams import Streams
from app.log.limits import Limits
from app.monitor.listen_counts import ListenCounts
from app.settings import listeners

LIMITS = Limits(1 << 20, 1 << 18, 86_400_000)


def test_chunks_that_wait_when_nobody_listens_any_more_are_lost(backends: Backends) -> None:
    """A message that became whole is a log; of another two of three chunks came."""
    record = backends.record
    receipts = Receipts(backends.queue, record.store, record.letters, backends.index, b"k" * 32, 86_400_000)
    counts = ListenCounts()

    async def listen() -> None:
        visits = Visits(record.figures)
        intake = Intake(Accept(backends.queue, receipts), visits, LIMITS)
        [address] = listeners.read("gelf+udp://127.0.0.1:0")
        listener = Datagrams(
            address, intake, counts, MessageDecoder(address, SourceForms(backends.record.forms)), 1 << 20
        )
        await listener.start()
        whole = b'{"version":"1.1","host":"shop","short_message":"whole"}'
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for name, number, count, part in (
                (b"complete", 0, 2, whole[:20]),
                (b"complete", 1, 2, whole[20:]),
                (b"losesone", 0, 3, b"{"),
                (b"losesone", 2, 3, b"}"),
            ):
                sender.sendto(b"\x1e\x0f" + name + bytes((number, count)) + part, ("127.0.0.1", listener.port))
        listener.count()
        await listener.stop()
        await intake.close()
        visits.close()

    asyncio.run(listen())
    assert [log.message for log in backends.queue.take(10, 0).records] == ["whole"]
    assert (counts.messages, counts.lost) == (1, {"kernel": 0, "full": 0, "chunks": 2})


@pytest.mark.parametrize("kind", ["unixgram", "unix"])
def test_what_is_no_socket_is_not_removed(backends: Backends, tmp_path: Path, kind: str) -> None:
    """A path that names somebody's file can't be listened at; a socket that an ended process left is removed."""
    record = backends.record
    receipts = Receipts(backends.queue, record.store, record.letters, backends.index, b"k" * 32, 86_400_000)
    file, left = tmp_path / "messages", tmp_path / "left"
    file.write_text("kept")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ended:
        ended.bind(str(left))

    async def listen(path: Path) -> None:
        intake = Intake(Accept(backends.queue, receipts), Visits(record.figures), LIMITS)
        [address] = listeners.read(f"{kind}://{path}")
        made = Datagrams if kind == "unixgram" else Streams
        listener = made(
            address, intake, ListenCounts(), MessageDecoder(address, SourceForms(backends.record.forms)), 1 << 20
        )
        try:
            await listener.start()
            await listener.stop()
        finally:
            await intake.close()

    with pytest.raises(OSError, match="in use"):
        asyncio.run(listen(file))
    assert file.read_text() == "kept"
    asyncio.run(listen(left))
