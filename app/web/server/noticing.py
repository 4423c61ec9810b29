"""The socket /notices: what is open first, then each change, on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque

import msgspec

from app.monitor.board import Board
from app.ports.notices import Notice
from app.web.server.environ import Receive, Scope, Send

PATH = "/notices"
#: Notices that may wait for one socket; a slower socket is closed, and gets what is open when it connects again.
WAITING = 1_000
#: WebSocket close codes (RFC 6455, section 7.4.1; IANA's registry): going away, try again later.
GOING_AWAY, LATER = 1001, 1013


class Noticing:
    """Serves sockets of readers that may follow."""

    def __init__(self, board: Board, stopping: asyncio.Event) -> None:
        self._board = board
        self._stopping = stopping

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a socket whose connection was received, until it is closed or the process stops."""
        loop, came = asyncio.get_running_loop(), asyncio.Event()
        waiting: deque[Notice] = deque(maxlen=WAITING + 1)

        def listen(notice: Notice) -> None:
            waiting.append(notice)
            with contextlib.suppress(RuntimeError):  # the loop is gone: the process ends
                loop.call_soon_threadsafe(came.set)

        waiting.extend(self._board.join(listen))
        came.set()
        left = asyncio.ensure_future(_left(receive))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await send({"type": "websocket.accept"})
            while not left.done() and not stopping.done():
                if len(waiting) > WAITING:
                    await send({"type": "websocket.close", "code": LATER})
                    return
                came.clear()
                while waiting:
                    text = json.dumps(msgspec.to_builtins(waiting.popleft().shown()), ensure_ascii=False)
                    await send({"type": "websocket.send", "text": text})
                arriving = asyncio.ensure_future(came.wait())
                await asyncio.wait({arriving, left, stopping}, return_when=asyncio.FIRST_COMPLETED)
                arriving.cancel()
            if not left.done():
                await send({"type": "websocket.close", "code": GOING_AWAY})
        finally:
            self._board.leave(listen)
            left.cancel()
            stopping.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass
