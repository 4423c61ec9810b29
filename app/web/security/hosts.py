"""Names by which an open server is asked: a page of the web must not reach it by a name of its own that leads to this machine (DNS rebinding)."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address

#: Last labels of names that nobody can register (RFC 2606, RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`), and that routers hand out.
_PRIVATE = frozenset({"localhost", "local", "internal", "test", "lan", "home", "arpa"})


@lru_cache(1_000)
def is_own(host: str, named: frozenset[str]) -> bool:
    """Return whether a request with this `Host` may be for us: by an address, a name that no stranger can have, or one of *named*.

    A request without one is from no browser.
    """
    name = _name(host.strip().lower())
    _, dot, last = name.rpartition(".")
    if not name or not dot or last in _PRIVATE or name in named:
        return True
    return is_address(name)


def is_address(name: str) -> bool:
    """Return whether a host's name is an address of IPv4 or IPv6, without brackets."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    """Return a `Host` without its port, the brackets of IPv6, and the dot that may end it."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")
