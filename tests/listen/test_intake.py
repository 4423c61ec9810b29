"""The intake: what becomes of messages that can't be read or kept."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from app.accept.visits import Visits
from app.listen.intake import Intake, Received
from tests.carrying import LIMITS, System, make_system


def read(data: bytes, _: str) -> Any:
    """Return a log, but fail at one that says so."""
    if data == b"fail":
        raise ZeroDivisionError
    return {"message": data.decode()}


def put(system: System, *messages: bytes) -> None:
    """Take the messages, then end."""

    async def take() -> None:
        intake = Intake(system.accept, Visits(system.backends.record.figures), LIMITS)
        await intake.put([Received(message, "10.0.0.1", "syslog udp", read) for message in messages])
        await intake.close()

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
