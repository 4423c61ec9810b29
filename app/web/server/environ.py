"""The WSGI environment (PEP 3333) of a request that came over ASGI, and the names that are ours in it."""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from app.errors import LogIngestorError

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Headers = list[tuple[bytes, bytes]]
#: A message of ASGI, how the next one is received, and how one is sent.
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Name in the environment of the function that says whether the client has left.
LEFT = "logingestor.left"
#: Name in scope and environment of the function that asks the system whether the client has left: at once, where LEFT learns it from the loop.
GONE = "logingestor.gone"
#: Name of an extension of ASGI, and type of its message: an answer with its body, where the server sends both at once.
ANSWER = "logingestor.answer"
#: Name in the environment of the body, read whole: a stream costs a request ten microseconds.
BODY = "logingestor.body"
#: Name in the environment of the RequestEnd of a request.
SENT = "logingestor.sent"
#: Name in the environment of the error for which a request is refused before its body was read.
REFUSED = "logingestor.refused"
#: Name in environment and scope of what words the answer to a request whose logs were taken before Flask was asked (app/web/server/lane/lane.py).
TAKEN = "logingestor.taken"
#: Name in the scope of who follows (app/web/accounts/identity.py).
WHO = "logingestor.who"


class RequestEnd:
    """Functions that are called when a request is over, with whether its answer was delivered to a client that was still there."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: list[Callable[[bool], None]] = []
        self._over = False

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def append(self, ended: Callable[[bool], None]) -> None:
        """Call *ended* when the request ends; at once if it has ended already because its client left."""
        with self._guard:
            if not self._over:
                self._waiting.append(ended)
                return
        ended(False)

    def call(self, *, delivered: bool) -> None:
        """Call each waiting function once; a function that fails does not stop the others."""
        with self._guard:
            self._over, waiting, self._waiting = True, self._waiting, []
        for ended in waiting:
            try:
                ended(delivered)
            except LogIngestorError as error:
                log.warning("the end of a request can't be noted: %s", error)


def _never() -> bool:
    return False


def environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return the WSGI environment of a request whose body is read."""
    host, port = scope.get("server") or ("localhost", 80)
    root = scope.get("root_path", "")
    path: str = scope["path"].removeprefix(root)
    made: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root.encode().decode("latin-1"),
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(body)),
        BODY: body,
        LEFT: scope.get(LEFT, _never),
        GONE: scope.get(GONE, _never),
    }
    if scope.get("client"):
        made["REMOTE_ADDR"], made["REMOTE_PORT"] = scope["client"][0], str(scope["client"][1])
    for name, value in scope["headers"]:
        if name == b"content-length":
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        if key != "CONTENT_TYPE":
            key = f"HTTP_{key}"
        text = value.decode("latin-1")
        made[key] = f"{made[key]},{text}" if key in made else text
    return made
