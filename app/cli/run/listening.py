"""The socket that the web listens at."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from typing import Any

import click

from app.errors import InvalidSettings, Problem, Unavailable
from app.settings import auth
from app.settings.settings import PREFIX, Settings

#: Connections that may wait to be taken.
BACKLOG = 2_048


def open_sockets(settings: Settings, count: int = 1) -> list[socket.socket]:
    """Bind HOST and PORT and listen, *count* times: the kernel spreads connections evenly over the sockets.

    With one shared socket the process that wakes first takes all that wait. Raises InvalidSettings
    for an open server beyond loopback, Unavailable when the port is taken.
    """
    family, address = _address(settings)
    sockets: list[socket.socket] = []
    try:
        # Alone at first: with SO_REUSEPORT a second server would share the port unnoticed.
        with socket.socket(family, socket.SOCK_STREAM) as alone:
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind(address)
            address = alone.getsockname()
        for _ in range(count):
            listener = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind(address)
        for listener in sockets:
            listener.listen(BACKLOG)
    except OSError as error:
        for listener in sockets:
            listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Unavailable(f"port {settings.port} is in use: set {PREFIX}PORT to another") from None
        raise Unavailable(f"can't listen at {settings.host}:{settings.port}: {error.strerror}") from None
    return sockets


def _address(settings: Settings) -> tuple[int, Any]:
    """Return family and address of HOST and PORT."""
    if settings.path_prefix:
        # Once here, so that a prefix that hides a route is a fault of the command rather than of each child.
        from app.web import create_app

        create_app(settings)
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        reason = f"{settings.host!r} is not an address of this machine: {error.strerror}"
        raise InvalidSettings(Problem(reason, f"{PREFIX}HOST")) from None
    family, _, _, _, address = found[0]
    auth.decide(settings, str(address[0]))
    return family, address


def close(listeners: Iterable[socket.socket]) -> None:
    """Close them here: once the web processes, which stop, have done so too, a client that connects is refused at once, and not left waiting."""
    for listener in listeners:
        listener.close()


def settle(settings: Settings, listener: socket.socket) -> Settings:
    """Return the settings with AUTH decided; makes the admin's password, and says it, where one is needed and missing."""
    settings = auth.decide(settings, listener.getsockname()[0])
    if settings.auth == "open":
        return settings
    from app.web.security import password

    made = password.make(settings)
    if made is not None:
        click.echo(f"The password of the user {password.USER} is shown this once; only its hash is kept:\n\n  {made}\n")
    return settings


def url(listener: socket.socket) -> str:
    """Return the address of the listener as a URL without a slash at the end."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
