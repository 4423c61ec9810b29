"""The WSGI environment (PEP 3333) of a request that came over ASGI, and the names that are ours in it."""

from __future__ import annotations

import io
import sys
from collections.abc import MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Headers = list[tuple[bytes, bytes]]

#: Name in the environment of the function that says whether the client has left.
LEFT = "logingestor.left"
#: Name in the environment of a list: each function in it is called, on the loop, with whether the answer was delivered
#: to a client that was still there.
SENT = "logingestor.sent"


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
        LEFT: scope.get(LEFT, _never),
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
