"""The intake: what becomes of messages that can't be read or kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.accept.visits import Visits
from app.listen.intake import BESIDE, Intake, Received
from tests.carrying import LIMITS, System, make_system


class Reading:
    """A reader of messages that are texts, which fails at one that says so."""

    def one(self, data: bytes, peer: str) -> Any:
        """Return the log in a message."""
        del peer
        if data == b"fail":
            raise ZeroDivisionError
        return {"message": data.decode()}

    def several(self, messages: Sequence[bytes], peer: str) -> list[Any]:
        """Return the logs in several messages."""
        return [self.one(data, peer) for data in messages]


READ = Reading()


def put(system: System, *messages: bytes) -> None:
    """Take the messages, then end."""

    async def take() -> None:
        visits = Visits(system.backends.record.figures)
        intake = Intake(system.accept, visits, LIMITS)
        await intake.put([Received(message, "10.0.0.1", "syslog udp", READ) for message in messages])
        await intake.close()
        visits.close()

    asyncio.run(take())


def test_a_reader_that_fails_stops_no_other_message(tmp_path: Path) -> None:
    """The message is a dead letter."""
    system = make_system(tmp_path)
    put(system, b"one", b"fail", b"two")
    system.work()
    assert system.messages() == ["one", "two"]
    assert sum(system.backends.record.letters.dead_counts().values()) == 1
    system.backends.close()


def test_a_dead_letter_that_was_lost_is_put_again(tmp_path: Path) -> None:
    """And none twice."""
    system = make_system(tmp_path)
    system.carrier.loses = frozenset({1})
    put(system, b"one", b"fail")
    system.work()
    assert system.messages() == ["one"]
    assert sum(system.backends.record.letters.dead_counts().values()) == 1
    system.backends.close()


def test_small_messages_take_room_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a message takes beside its bytes is counted: millions of a few bytes would else be gigabytes in memory."""
    monkeypatch.setattr("app.listen.intake.WAITING_BYTES", 1_000 * BESIDE)
    system = make_system(tmp_path)
    taken = 0

    async def take() -> None:
        nonlocal taken
        visits = Visits(system.backends.record.figures)
        intake = Intake(system.accept, visits, LIMITS)
        # Nothing is stored meanwhile: nobody waits here.
        while intake.offer(Received(b"x", "10.0.0.1", "syslog udp", READ)):
            taken += 1
        await intake.close()
        assert intake.offer(Received(b"x", "10.0.0.1", "syslog udp", READ)), "there is room again"
        visits.close()

    asyncio.run(take())
    system.work()
    assert 900 < taken <= 1_000
    assert len(system.messages()) == taken
    system.backends.close()


def test_one_peer_leaves_room_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not all that may wait is one sender's, whatever addresses of its network it sends from; nor that of two."""
    monkeypatch.setattr("app.listen.intake.WAITING_BYTES", 1_000 * BESIDE)
    system = make_system(tmp_path)
    taken = 0

    async def take() -> None:
        nonlocal taken
        visits = Visits(system.backends.record.figures)
        intake = Intake(system.accept, visits, LIMITS)
        for peer in ("2001:db8::1", "2001:db8::2", "192.0.2.1"):
            while intake.offer(Received(b"x", peer, "syslog udp", READ)):
                taken += 1
        assert intake.offer(Received(b"x", "192.0.2.2", "syslog udp", READ))
        waits = asyncio.ensure_future(intake.put([Received(b"y", "192.0.2.1", "syslog tcp", READ)]))
        await asyncio.sleep(0)
        assert not waits.done()
        await waits
        await intake.close()
        assert not intake._of
        visits.close()

    asyncio.run(take())
    system.work()
    assert len(system.messages()) == taken + 2
    system.backends.close()


def test_messages_that_wait_for_room_are_taken_when_their_connection_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at a stop under load: they were read, and their sender believes that they are taken."""
    monkeypatch.setattr("app.listen.intake.WAITING_BYTES", 10 * BESIDE)
    system = make_system(tmp_path)

    async def take() -> None:
        visits = Visits(system.backends.record.figures)
        intake = Intake(system.accept, visits, LIMITS)
        await intake.put([Received(b"first", "192.0.2.1", "syslog tcp", READ)] * 10)
        waits = asyncio.ensure_future(intake.put([Received(b"read", "192.0.2.1", "syslog tcp", READ)]))
        await asyncio.sleep(0)
        assert not waits.done()
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        await intake.close()
        visits.close()

    asyncio.run(take())
    system.work()
    assert system.messages() == [*["first"] * 10, "read"]
    system.backends.close()
