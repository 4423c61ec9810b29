"""One web process: uvicorn on a listening socket, with Flask behind the bridge."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from email.utils import formatdate
from time import time
from types import FrameType

import uvicorn
from flask import Flask
from uvicorn.server import ServerState

from app import memory, watchdog
from app.settings import auth
from app.settings.settings import Settings
from app.web import create_app
from app.web.server import connections, watching
from app.web.server.bridge import Bridge
from app.web.server.door import FrontDoor
from app.web.server.lane.lane import PlainLane
from app.web.server.mount import Mount
from app.web.server.waiting import WaitingLines

#: Seconds given to requests under way when the process stops.
GRACE_SECONDS = 10
#: Seconds for which an idle connection is kept: longer than the pauses between batches of shippers that lose one when
#: they write to a connection just closed (python-logging-loki, the JDK's client and others, by experiment).
KEEP_ALIVE_SECONDS = 75
#: Where proxies of the same machine come from.
LOOPBACK = ("127.0.0.0/8", "::1/128")
#: Connections that may wait to be taken.
BACKLOG = 2_048
#: Seconds that the process goes on after the goodbye to open live tails, so that it is sent.
GOODBYE_SECONDS = 0.3


class _State(ServerState):
    """The state that uvicorn's connections share; the Date header is made when it is asked for, at most once a second."""

    def __init__(self) -> None:
        super().__init__()
        self._second = 0

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers with which each answer begins."""
        now = int(time())
        if now != self._second:
            self._second, self._headers = now, [(b"date", formatdate(now, usegmt=True).encode())]
        return self._headers

    @default_headers.setter
    def default_headers(self, _: list[tuple[bytes, bytes]]) -> None:
        """Take no others."""


class _Server(uvicorn.Server):
    """Says goodbye to those who follow first: uvicorn would wait for them, and then cut them off.

    And sleeps until it is to stop: uvicorn looks ten times a second, which was most of what an idle process cost.
    """

    def __init__(self, config: uvicorn.Config, door: FrontDoor) -> None:
        super().__init__(config)
        self._door = door
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ends = asyncio.Event()
        self._stopping = False
        self.server_state = _State()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Remember the loop for the signal's handler."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, a moment after the goodbye to readers who follow; further signals change nothing.

        A terminal's Ctrl-C comes here and to the parent, which then sends SIGTERM; Python may run the two handlers in either
        order. uvicorn takes a SIGINT that comes second as a wish to drop the requests under way.
        """
        if self._stopping:
            return
        self._stopping = True
        watchdog.end_in_time()
        if self._loop is None:
            super().handle_exit(sig, frame)
            return
        self._loop.call_soon_threadsafe(self._door.stop)
        self._loop.call_soon_threadsafe(self._loop.call_later, GOODBYE_SECONDS, self._end, sig, frame)

    def _end(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._ends.set()

    async def main_loop(self) -> None:
        """Serve until a signal to stop comes."""
        if not self.should_exit:
            await self._ends.wait()


def _bridge(app: Flask, settings: Settings) -> Bridge:
    made = Bridge(app, body_limit=settings.body_limit, lines=WaitingLines(app), lane=PlainLane(app))
    if made.quick is not None:
        made.quick.mounted(settings.path_prefix)
    return made


def _protocol(settings: Settings, bridge: Bridge) -> type[connections.Connection]:
    places = connections.Places(connections.file_limit(), [*LOOPBACK, *settings.trusted_proxies])
    return connections.protocol(places, bridge.quick)


def run(listener: socket.socket) -> None:
    """Serve on *listener* until SIGTERM or SIGINT; requests under way are answered first."""
    # By the socket itself: what HOST means may have changed since the parent opened it.
    settings = auth.decide(Settings.from_env(os.environ), listener.getsockname()[0])
    app = create_app(settings)
    parts = app.extensions["logingestor"]
    parts.accept()  # opened before the first request: a fault is this process's, not a client's
    watch = watching.watch(parts.settings, parts.backends(), parts.board)
    bridge = _bridge(app, parts.settings)
    door = FrontDoor(app, bridge)
    config = uvicorn.Config(
        Mount(settings.path_prefix, door) if settings.path_prefix else door,
        loop="uvloop",
        http=_protocol(settings, bridge),
        ws="websockets-sansio",
        # Logs are short: compressing each would cost 130 KB for each reader instead of 20.
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=list(settings.trusted_proxies),
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config, door)
    # Before uvicorn's own handling, and after it, when it raises the signal once more.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    memory.settle()
    watch.start()
    parts.recorder().note_settings(settings)
    try:
        server.run(sockets=[listener])
    finally:
        door.close()
        watch.close()
        parts.close()
