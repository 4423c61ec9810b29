"""Where syslog and GELF are listened for: the addresses of the setting LISTEN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from app.errors import InvalidInput
from app.settings.values import parse_seconds
from app.times.zone import read_zone

#: The protocol of an address and its transport, by the scheme of its URL.
SCHEMES = {
    "udp": ("syslog", "udp"),
    "tcp": ("syslog", "tcp"),
    "tls": ("syslog", "tls"),
    "unix": ("syslog", "unix"),
    "unixgram": ("syslog", "unixgram"),
    "gelf+udp": ("gelf", "udp"),
    "gelf+tcp": ("gelf", "tcp"),
    "gelf+tls": ("gelf", "tls"),
}
#: Ports where the address names none: not those below 1024, for which a process needs rights.
PORTS = {"syslog": 5514, "gelf": 12201}
#: Options of an address, and further ones of a way.
_COMMON = {"zone"}
_OPTIONS = {"tcp": {"idle"}, "unix": {"idle"}, "tls": {"idle", "cert", "key", "ca"}}
#: Seconds without a byte after which a connection gives its place up to one that waits for it; while there is room it is kept.
IDLE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """One address that is listened at."""

    #: The protocol: `syslog` or `gelf`.
    protocol: str
    #: `udp`, `tcp`, `tls`, `unix` (a stream) or `unixgram` (datagrams).
    transport: str
    host: str = ""
    port: int = 0
    #: The file of a unix socket.
    path: str = ""
    #: Certificate with its chain, its key, and the authorities whose clients alone are let in: files in PEM.
    cert: str = ""
    key: str = ""
    ca: str = ""
    #: Whose clock times without an offset are read by, as RFC 3164 has them.
    zone: str = "UTC"
    #: Seconds without a byte after which a connection gives its place up to one that waits for it.
    idle: int = IDLE_SECONDS

    def __str__(self) -> str:
        scheme = self.transport if self.protocol == "syslog" else f"{self.protocol}+{self.transport}"
        if self.path:
            return f"{scheme}://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


def read(text: str) -> tuple[ListenAddress, ...]:
    """Return the addresses in *text*, which has commas between them. Raises ValueError."""
    found = tuple(_address(part.strip()) for part in text.split(",") if part.strip())
    doubled = next((one for one in found if found.count(one) > 1), None)
    if doubled is not None:
        raise ValueError(f"names {doubled} twice")
    return found


def _address(url: str) -> ListenAddress:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError(f"has {url!r}, whose scheme is none of {', '.join(SCHEMES)}")
    protocol, transport = SCHEMES[parts.scheme]
    options: dict[str, Any] = {
        name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()
    }
    unknown = options.keys() - _COMMON - _OPTIONS.get(transport, set())
    if unknown:
        raise ValueError(f"has {url!r} with the option {min(unknown)}, which {parts.scheme} does not have")
    try:
        read_zone(options.get("zone", "UTC"))
    except InvalidInput as error:
        raise ValueError(f"has {url!r}, whose zone {error.problems[0].message}") from None
    if "idle" in options:
        try:
            options["idle"] = parse_seconds(options["idle"])
        except ValueError as error:
            raise ValueError(f"has {url!r}, whose idle {error}") from None
    if transport in ("unix", "unixgram"):
        if parts.netloc or not parts.path:
            raise ValueError(f"has {url!r}, which is not {parts.scheme}:///path/of/a/socket")
        return ListenAddress(protocol, transport, path=unquote(parts.path), **options)
    if parts.path not in ("", "/"):
        raise ValueError(f"has {url!r} with a path, which only a unix socket has")
    if transport == "tls" and not options.get("cert"):
        raise ValueError(f"has {url!r} without a certificate: {parts.scheme}://host:port?cert=FILE&key=FILE")
    port = PORTS[protocol] if parts.port is None else parts.port
    return ListenAddress(protocol, transport, parts.hostname or "127.0.0.1", port, **options)
