"""Connections of senders: how many are read at once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.accept.visits import Visits
from app.files.sources.forms import SourceForms
from app.listen import lines
from app.listen.decoding import MessageDecoder
from app.listen.intake import Intake
from app.listen.streams import REST_SECONDS, Streams
from app.monitor.listen_counts import ListenCounts
from app.settings import listeners
from app.settings.listeners import ListenAddress
from tests.carrying import LIMITS, System, make_system


@asynccontextmanager
async def listening(system: System, address: ListenAddress, counts: ListenCounts) -> AsyncIterator[Streams]:
    """Listen at *address*, and stop as the program does."""
    record = system.backends.record
    visits = Visits(record.figures)
    intake = Intake(system.accept, visits, LIMITS)
    listener = Streams(address, intake, counts, MessageDecoder(address, SourceForms(record.forms)), 1 << 20)
    await listener.start()
    yield listener
    await listener.stop()
    await intake.close()
    visits.close()


async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close a connection once it is known that nobody listens any more, so that a stop waits for it no longer."""
    assert await reader.read() == b""
    writer.close()


def test_one_connection_too_many_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read once another ends, and loses nothing of what was sent meanwhile."""
    monkeypatch.setattr("app.listen.streams.CONNECTIONS", 1)
    system = make_system(tmp_path)
    [address] = listeners.read("tcp://127.0.0.1:0")
    counts = ListenCounts()

    async def listen() -> None:
        async with listening(system, address, counts) as listener:
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
            await asyncio.sleep(1.2 * REST_SECONDS)
            assert counts.messages == 1
            first.close()
            while counts.messages < 2:
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(listen(), 60))
    system.work()
    assert system.messages() == ["first", "second"]
    system.backends.close()


def test_who_waits_takes_no_memory_and_is_read_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait behind one that says nothing: what they have sent is in the kernel, and taken before a stop."""
    monkeypatch.setattr("app.listen.streams.CONNECTIONS", 1)
    monkeypatch.setattr("app.listen.streams.LINGER_SECONDS", 60.0)
    system = make_system(tmp_path)
    [address] = listeners.read("tcp://127.0.0.1:0")
    counts = ListenCounts()
    held: list[int] = []
    served = Streams._serve

    async def serve(self: Streams, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        feed = reader.feed_data

        def fed(data: bytes) -> None:
            held.append(len(data))
            feed(data)

        monkeypatch.setattr(reader, "feed_data", fed)
        await served(self, reader, writer)

    monkeypatch.setattr(Streams, "_serve", serve)

    async def listen() -> None:
        async with listening(system, address, counts) as listener:
            silent = await asyncio.open_connection("127.0.0.1", listener.port)
            while counts.connections < 1:
                await asyncio.sleep(0.01)
            others = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(3)]
            for _, writer in others:
                writer.write(b"<14>shop: waits\n")
            while counts.connections < 4:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            assert held == []
            leaving = asyncio.gather(*(leave(*one) for one in (silent, *others)))
        await leaving

    asyncio.run(asyncio.wait_for(listen(), 60))
    system.work()
    assert system.messages() == ["waits"] * 3
    system.backends.close()


def test_one_that_is_silent_gives_its_place_to_one_that_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is kept for as long as nobody waits, since many senders lose what they write to a connection that was closed."""
    monkeypatch.setattr("app.listen.streams.CONNECTIONS", 1)
    monkeypatch.setattr("app.listen.streams.LINGER_SECONDS", 0.2)
    system = make_system(tmp_path)
    [address] = listeners.read("tcp://127.0.0.1:0?idle=1s")
    counts = ListenCounts()

    async def listen() -> None:
        async with listening(system, address, counts) as listener:
            heard, silent = await asyncio.open_connection("127.0.0.1", listener.port)
            silent.write(b"<14>shop: first\n")
            await asyncio.sleep(1.2 * address.idle)
            silent.write(b"<14>shop: first again\n")
            while counts.messages < 2:
                await asyncio.sleep(0.01)
            waits = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(2)]
            for number, (_, writer) in enumerate(waits):
                writer.write(b"<14>shop: waited %d\n" % number)
            # The first one never closes its half, and each of the others is silent in its turn.
            while counts.messages < 4:
                await asyncio.sleep(0.01)
            assert await heard.read() == b""
        for _, writer in ((heard, silent), *waits):
            writer.close()

    asyncio.run(asyncio.wait_for(listen(), 60))
    system.work()
    assert sorted(system.messages()) == ["first", "first again", "waited 0", "waited 1"]
    system.backends.close()


def test_a_peer_keeps_nobody_else_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many connections of one are silent, and wait, another is read at once."""
    monkeypatch.setattr("app.listen.streams.CONNECTIONS", 2)
    monkeypatch.setattr("app.listen.streams.PEER_CONNECTIONS", 1)
    monkeypatch.setattr("app.listen.streams.LINGER_SECONDS", 0.2)
    system = make_system(tmp_path)
    [address] = listeners.read("tcp://127.0.0.1:0")
    counts = ListenCounts()

    async def listen() -> None:
        async with listening(system, address, counts) as listener:
            greedy = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(3)]
            while counts.connections < 3:
                await asyncio.sleep(0.01)
            _, other = await asyncio.open_connection("127.0.0.1", listener.port, local_addr=("127.0.0.2", 0))
            other.write(b"<14>shop: other\n")
            while counts.messages < 1:
                await asyncio.sleep(0.01)
        for _, writer in (*greedy, (None, other)):
            writer.close()

    asyncio.run(asyncio.wait_for(listen(), 60))
    system.work()
    assert system.messages() == ["other"]
    system.backends.close()


def test_a_peer_that_waits_for_its_own_places_takes_none_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own silent connections make room for it; nobody else gives a place up, however silent."""
    monkeypatch.setattr("app.listen.streams.CONNECTIONS", 2)
    monkeypatch.setattr("app.listen.streams.PEER_CONNECTIONS", 1)
    monkeypatch.setattr("app.listen.streams.LINGER_SECONDS", 0.2)
    system = make_system(tmp_path)
    [address] = listeners.read("tcp://127.0.0.1:0?idle=1s")
    counts = ListenCounts()

    async def listen() -> None:
        async with listening(system, address, counts) as listener:
            connect = asyncio.open_connection
            other, kept = await connect("127.0.0.1", listener.port, local_addr=("127.0.0.2", 0))
            kept.write(b"<14>shop: other\n")
            while counts.messages < 1:
                await asyncio.sleep(0.01)
            greedy = [await connect("127.0.0.1", listener.port, local_addr=("127.0.0.3", 0)) for _ in range(3)]
            for number, (_, writer) in enumerate(greedy):
                writer.write(b"<14>shop: greedy %d\n" % number)
            # Each of the three gets the one place of their peer once the one before was silent for long.
            while counts.messages < 4:
                await asyncio.sleep(0.01)
            kept.write(b"<14>shop: other again\n")
            while counts.messages < 5:
                await asyncio.sleep(0.01)
            assert not other.at_eof()
        for _, writer in ((other, kept), *greedy):
            writer.close()

    asyncio.run(asyncio.wait_for(listen(), 60))
    system.work()
    assert sorted(system.messages()) == [*(f"greedy {number}" for number in range(3)), "other", "other again"]
    system.backends.close()


def test_lines_without_a_header_are_taken_apart_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes as long as to read a file: others are served meanwhile. A stop loses none of them."""
    system = make_system(tmp_path)
    [address] = listeners.read("tcp://127.0.0.1:0")
    counts = ListenCounts()
    threads, began, go_on = set[str](), threading.Event(), threading.Event()
    taken_apart = lines.messages

    def slowly(whole: Sequence[bytes]) -> Iterator[bytes]:
        threads.add(threading.current_thread().name)
        began.set()
        go_on.wait()
        return taken_apart(whole)

    monkeypatch.setattr(lines, "messages", slowly)

    async def listen() -> None:
        async with listening(system, address, counts) as listener:
            told, bare = await asyncio.open_connection("127.0.0.1", listener.port)
            bare.write(b"one\ntwo\n")
            while not began.is_set():
                await asyncio.sleep(0.01)
            heard, other = await asyncio.open_connection("127.0.0.1", listener.port)
            other.write(b"<14>shop: other\n")
            while counts.messages < 1:
                await asyncio.sleep(0.01)
            go_on.set()
            leaving = asyncio.gather(leave(told, bare), leave(heard, other))
        await leaving

    asyncio.run(asyncio.wait_for(listen(), 60))
    system.work()
    assert sorted(system.messages()) == ["one", "other", "two"]
    assert threads == {"lines_0"}
    system.backends.close()
