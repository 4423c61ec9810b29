"""Streams that are taken while they come: the journal of a machine can be larger than any body may be."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import cast

from flask import Flask, Response

from app.errors import LogIngestorError, Unavailable
from app.process import Parts
from app.web.current import space as space_of_sender
from app.web.doors.journal import MAY, PATH, Upload
from app.web.security import access
from app.web.security.errors import refused_by
from app.web.security.staying import Stay
from app.web.server.environ import Receive, Scope, Send, environ

__all__ = ("PATH", "Uploading")

#: Seconds without a byte after which a client is given up; what had come is kept.
SILENCE_SECONDS = 60.0


class Uploading:
    """Serves `POST /upload` on the event loop; parsing and accepting run in threads."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        loop = asyncio.get_running_loop()
        refused, space, stay = await loop.run_in_executor(None, self._asked, scope)
        if refused is not None:
            await _answer(send, refused.status_code, refused.get_data(), dict(refused.headers), whole=False)
            return
        client = scope.get("client") or ("",)
        agent = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"user-agent"), "")
        upload = Upload(cast(Parts, self._app.extensions["logingestor"]), str(client[0]), agent, space)
        whole = False
        try:
            while not whole:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await receive()
                if message["type"] == "http.disconnect":
                    break
                if not await loop.run_in_executor(None, _feed, upload, message.get("body", b""), stay):
                    await loop.run_in_executor(None, partial(upload.end, whole=False))
                    await _answer(send, 401, b"the token has ended; what came before is kept\n", {}, whole=False)
                    return
                whole = not message.get("more_body", False)
            await loop.run_in_executor(None, partial(upload.end, whole=whole))
        except TimeoutError:
            # The entries that had come are taken; if that fails the answer is the same.
            with suppress(Unavailable):
                await loop.run_in_executor(None, partial(upload.end, whole=False))
            await _answer(send, 408, b"the body stopped\n", {}, whole=False)
        except Unavailable as error:
            await _answer(send, 503, f"{error}\n".encode(), {"Retry-After": str(error.retry_after)}, whole=whole)
        except LogIngestorError as error:
            # As a batch that is more than its space may take in a day.
            status, text, headers = refused_by(error)
            await _answer(send, status, f"{text}\n".encode(), headers, whole=whole)
        else:
            await _answer(send, 202, b"OK.\n", {}, whole=whole)

    def _asked(self, scope: Scope) -> tuple[Response | None, str, Stay]:
        """Return Flask's answer to who may not upload, None for all others; whose space the entries are for; and for how long they may come."""
        with self._app.request_context({**environ(scope, b""), MAY: True}):
            answered = self._app.full_dispatch_request()
            refused = None if answered.status_code == 204 else answered
            return refused, space_of_sender(), Stay(self._app, access.who())


def _feed(upload: Upload, piece: bytes, stay: Stay) -> bool:
    """Take a piece, unless who sends it may no longer; return whether it may."""
    if stay.is_over():
        return False
    upload.feed(piece)
    return True


async def _answer(send: Send, status: int, body: bytes, more: dict[str, str], *, whole: bool) -> None:
    """Answer; where the body of the request was not read as a *whole*, its rest would be taken for the next request."""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in more.items()]
    headers = [one for one in headers if one[0] not in (b"content-length", b"content-type")]
    headers += [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    headers += [] if whole else [(b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
