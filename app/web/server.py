"""One web process: uvicorn on a listening socket, with Flask behind the bridge."""

from __future__ import annotations

import os
import signal
import socket

import uvicorn

from app.core.settings import Settings
from app.web import access, create_app
from app.web.bridge import Bridge

#: Seconds given to requests under way when the process stops.
GRACE_SECONDS = 10
#: Connections that may wait to be taken.
BACKLOG = 2_048


def run(listener: socket.socket) -> None:
    """Serve on *listener* until SIGTERM or SIGINT; requests under way are answered first."""
    # By the socket itself: what HOST means may have changed since the parent opened it.
    settings = access.decide(Settings.from_env(os.environ), listener.getsockname()[0])
    app = create_app(settings)
    parts = app.extensions["logingestor"]
    parts.accept()  # opened before the first request: a fault is this process's, not a client's
    config = uvicorn.Config(
        Bridge(app, body_limit=settings.body_limit),
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=list(settings.trusted_proxies),
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # uvicorn raises the signal once more after its own handling; by then there is nothing left to stop.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        parts.close()
