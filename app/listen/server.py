"""The process that listens: all addresses on one event loop, one intake."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
from collections.abc import Callable, Sequence

from app import memory, watchdog
from app.errors import Unavailable
from app.listen.datagrams import Datagrams
from app.listen.decoding import MessageDecoder
from app.listen.intake import Intake
from app.listen.streams import Streams
from app.monitor import listen_counts
from app.monitor.listen_counts import ListenCounts
from app.process import Parts
from app.settings.listeners import ListenAddress

Listener = Streams | Datagrams


async def serve(parts: Parts, addresses: Sequence[ListenAddress], say: Callable[[str], None]) -> None:
    """Listen at *addresses* until SIGTERM or SIGINT; what has come until then is accepted first.

    Raises Unavailable where an address can't be listened at.
    """
    stopping = _stopping()
    limits, data_dir = parts.limits, parts.settings.data_dir
    intake = Intake(parts.accept(), parts.visits(), limits)
    counts = listen_counts.read(data_dir)
    listeners: list[Listener] = []
    try:
        for address in addresses:
            decoder = MessageDecoder(address, parts.source_forms())
            listener = await _listen(
                address, intake, counts.setdefault(str(address), ListenCounts()), decoder, limits.message
            )
            listeners.append(listener)
            say(f"listens at {address}" + (f" (port {listener.port})" if address.port == 0 and listener.port else ""))
        memory.settle()
        await _counted(stopping, listeners, lambda: listen_counts.write(data_dir, counts))
    finally:
        await asyncio.gather(*(listener.stop() for listener in listeners))
        await intake.close()
        listen_counts.write(data_dir, counts)


def _stopping() -> asyncio.Event:
    """Return the event that the first SIGTERM or SIGINT sets; further ones change nothing, also when the loop has ended.

    Handlers that the loop adds end with it: a second signal would then end the process before all is closed.
    """
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    first = [stopping.set]

    def note(*_: object) -> None:
        if first:
            watchdog.end_in_time()
            with contextlib.suppress(RuntimeError):  # the loop has ended: the process does too
                loop.call_soon_threadsafe(first.pop())

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, note)
    return stopping


async def _listen(
    address: ListenAddress, intake: Intake, counts: ListenCounts, decoder: MessageDecoder, message: int
) -> Listener:
    kind = Datagrams if address.transport in ("udp", "unixgram") else Streams
    # The longest message there can be, and room for its header.
    made = kind(address, intake, counts, decoder, 2 * message)
    try:
        await made.start()
    except ssl.SSLError as error:
        raise Unavailable(f"the certificate of {address} can't be used: {error}") from error
    except OSError as error:
        raise Unavailable(f"can't listen at {address}: {error.strerror or error}") from error
    return made


async def _counted(stopping: asyncio.Event, listeners: Sequence[Listener], write: Callable[[], None]) -> None:
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(listen_counts.WRITE_SECONDS):
                await stopping.wait()
        for listener in listeners:
            listener.count()
        write()
