"""Connections of senders: how many are read at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.accept.visits import Visits
from app.files.sources.forms import SourceForms
from app.listen.decoding import decoder
from app.listen.intake import Intake
from app.listen.streams import Streams
from app.monitor.listen_counts import ListenCounts
from app.settings import listeners
from tests.carrying import LIMITS, make_system


def test_one_connection_too_many_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read once another ends, and loses nothing of what was sent meanwhile."""
    monkeypatch.setattr("app.listen.streams.CONNECTIONS", 1)
    system = make_system(tmp_path)
    [address] = listeners.read("tcp://127.0.0.1:0")
    counts = ListenCounts()

    async def listen() -> None:
        record = system.backends.record
        intake = Intake(system.accept, Visits(record.figures), LIMITS)
        listener = Streams(address, intake, counts, decoder(address, SourceForms(record.forms)), 1 << 20)
        await listener.start()
        _, first = await asyncio.open_connection("127.0.0.1", listener.port)
        first.write(b"<14>shop: first\n")
        while counts.messages < 1:
            await asyncio.sleep(0.01)
        _, second = await asyncio.open_connection("127.0.0.1", listener.port)
        second.write(b"<14>shop: second\n")
        second.close()
        while counts.connections < 2:
            await asyncio.sleep(0.01)
        # Longer than a message without an end waits.
        await asyncio.sleep(0.6)
        assert counts.messages == 1
        first.close()
        while counts.messages < 2:
            await asyncio.sleep(0.01)
        await listener.stop()
        await intake.close()

    asyncio.run(asyncio.wait_for(listen(), 60))
    system.work()
    assert system.messages() == ["first", "second"]
    system.backends.close()
