"""Noticing that a client has left before it was answered."""

from __future__ import annotations

import asyncio

from app.web.server.environ import LEFT, Receive, Scope

#: Seconds after which a request is watched for its client's leaving.
WATCH_SECONDS = 0.1


class LeavingWatch:
    """Notices that the client disconnected while its request is worked at; watches slow requests only, so that quick ones pay nothing."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(WATCH_SECONDS, self._begin)
        scope[LEFT] = self.left

    def _begin(self) -> None:
        self._task = asyncio.ensure_future(disconnected(self._receive))

    def left(self) -> bool:
        """Return whether the client has left; from any thread."""
        return self._task is not None and self._task.done() and not self._task.cancelled()

    def end(self) -> None:
        """Watch no more."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()


async def is_gone(receive: Receive) -> bool:
    """Return whether the client is known to have left by now."""
    task = asyncio.ensure_future(disconnected(receive))
    await asyncio.sleep(0)
    task.cancel()
    return task.done() and not task.cancelled()


async def disconnected(receive: Receive) -> None:
    """Return when the client has disconnected; what it still sends is read and dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass
