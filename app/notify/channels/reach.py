"""Connections to where a webhook leads, and to nowhere inside that was not allowed.

A name is looked up once, and what is checked is the address that is then connected to: a name that leads
elsewhere at a second look-up gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from app.ports.outbox import Undelivered

Address = IPv4Address | IPv6Address

#: Networks that look public to older releases of Python, or are: addresses of clouds' services for their machines.
_INSIDE = (ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24"))
#: IPv4 within IPv6, for networks that translate (RFC 6052).
_TRANSLATED = ip_network("64:ff9b::/96")


def connect(host: str, port: int, allowed: Sequence[str], seconds: float) -> socket.socket:
    """Return a connection to *host*; raises Undelivered, also where all of its addresses are inside and none is *allowed*."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Undelivered(f"{host} can't be found: {_said(error)}") from error
    inside, fault = "", ""
    for family, kind, protocol, _, address in found:
        if not may_reach(str(address[0]), allowed):
            inside = inside or str(address[0])
            continue
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(seconds)
        try:
            connection.connect(address)
            return connection
        except OSError as error:
            connection.close()
            fault = f"{host} can't be reached at {address[0]}, port {port}: {_said(error)}"
    if fault:
        raise Undelivered(fault)
    named = host if host == inside else f"{host} is {inside}, which"
    raise Undelivered(f"{named} lies inside: NOTIFY_PRIVATE allows such addresses")


def may_reach(text: str, allowed: Sequence[str]) -> bool:
    """Return whether an address lies outside, or in a network that is allowed."""
    address = _meant(ip_address(text.partition("%")[0]))
    if any(address in ip_network(network) for network in allowed):
        return True
    inside = address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False)
    return address.is_global and not inside and all(address not in network for network in _INSIDE)


def _meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address embeds (mapped, 6to4, Teredo, NAT64); any other address as it is."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def _said(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
