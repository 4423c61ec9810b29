"""The socket that the web listens at."""

from __future__ import annotations

import errno
import ipaddress
import socket

from app.core.errors import InvalidSettings, Problem, Unavailable
from app.core.settings import PREFIX, Settings

#: Connections that may wait to be taken.
BACKLOG = 2_048


def open_socket(settings: Settings) -> socket.socket:
    """Bind HOST and PORT and listen. Raises InvalidSettings beyond loopback, Unavailable when the port is taken."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        reason = f"{settings.host!r} is not an address of this machine: {error.strerror}"
        raise InvalidSettings(Problem(reason, f"{PREFIX}HOST")) from None
    family, _, _, _, address = found[0]
    if not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
        reason = (
            f"{settings.host} can be reached from other machines, and there is no access control yet: "
            "listen at 127.0.0.1 behind a proxy that asks for a password"
        )
        raise InvalidSettings(Problem(reason, f"{PREFIX}HOST"))
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Unavailable(f"port {settings.port} is in use: set {PREFIX}PORT to another") from None
        raise Unavailable(f"can't listen at {settings.host}:{settings.port}: {error.strerror}") from None
    listener.listen(BACKLOG)
    return listener


def url(listener: socket.socket) -> str:
    """Return the address of the listener as a URL without a slash at the end."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
