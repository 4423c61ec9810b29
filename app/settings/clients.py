"""A client, whose share is bounded: an address, or the network of IPv6 that a customer holds."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

#: Prefix of an IPv6 address that one customer holds: within it addresses cost nothing.
PREFIX_LENGTH = 64


@lru_cache(10_000)
def one_client(address: str) -> str:
    """Return what counts as one client."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, PREFIX_LENGTH), strict=False))
    return address
