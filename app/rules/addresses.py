"""Internet addresses in a text: IPv4 and IPv6."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv6Address

from app.rules.edges import BEHIND
from app.rules.spans import Span

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
#: An IPv4 address; part of a longer number with points, such as an object identifier, is none.
_V4 = re.compile(rf"(?=\d)(?:(?<!\w)(?<!\w\.)|{BEHIND})(?:{_OCTET}\.){{3}}{_OCTET}(?![\w]|\.\d)", re.ASCII)
#: Text that may be an IPv6 address (RFC 4291, section 2.2): at least two colons among groups.
_V6 = re.compile(
    rf"(?=[0-9A-Fa-f:])(?:(?<![\w:])(?<!\w\.)|{BEHIND})(?:[0-9A-Fa-f]{{1,4}}(?::[0-9A-Fa-f]{{0,4}}){{2,8}}|::(?:[0-9A-Fa-f]{{1,4}}:){{0,6}}[0-9A-Fa-f]{{0,4}})"
    rf"(?:(?<=:)(?:{_OCTET}\.){{3}}{_OCTET})?(?![\w:]|\.\d)",
    re.ASCII,
)
#: The longest an IPv6 address can be, in characters.
_LONGEST = 45
#: Colons of an address that leaves none of its eight groups out.
_COLONS = 7


def find(text: str) -> Iterator[Span]:
    """Yield the spans of addresses."""
    for found in _V4.finditer(text):
        yield found.span()
    if "::" not in text and text.count(":") < _COLONS:
        return
    for found in _V6.finditer(text):
        if found.end() - found.start() <= _LONGEST and _is_v6(found[0]):
            yield found.span()


def _is_v6(text: str) -> bool:
    # Names of C++ and Rust such as `dead::beef` are read as addresses by the rules of RFC 4291.
    if not any(character.isdigit() for character in text):
        return False
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
