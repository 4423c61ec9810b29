"""How the text of a setting is read: sizes, periods, choices; each raises ValueError with what is wrong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

from app.errors import InvalidInput, Problem
from app.rules.rule import RetentionRules, RuleSet
from app.times.lengths import PERIODS

T = TypeVar("T")

_UNITS = {
    "": 1,
    "b": 1,
    "bytes": 1,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "tib": 1 << 40,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
}
#: Shortest password, in characters.
PASSWORD_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table of settings."""

    name: str
    default: str
    read: Callable[[str], Any]
    help: str


def parse_bytes(text: str) -> int:
    """Return the bytes in `32 MiB`, `1.5GB`, what `written_bytes` returns, or a bare number."""
    found = re.fullmatch(r"(\d+|\d{1,3}(?:,\d{3})+)(\.\d+)?\s*([A-Za-z]*)", text.strip())
    if found is None or found[3].lower() not in _UNITS:
        raise ValueError("is not a size such as 32 MiB")
    return int(Fraction(found[1].replace(",", "") + (found[2] or "")) * _UNITS[found[3].lower()])


def some_bytes(text: str) -> int:
    """Return the bytes as `parse_bytes` does; 0 is refused."""
    found = parse_bytes(text)
    if found == 0:
        raise ValueError("is 0, by which nothing would be taken; it is a size above that, such as 10 GiB")
    return found


def written_bytes(count: float) -> str:
    """Return bytes in the unit that gives three digits: `1.5 GiB`."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1_000:
            return f"{count:,.0f} {unit}" if unit == "bytes" or count >= 99.95 else f"{count:.1f} {unit}"
        count /= 1_024
    return f"{count:,.1f} TiB"


def parse_seconds(text: str) -> int:
    """Return the seconds in `30d`, `12h`, `90m` or `5s`."""
    found = re.fullmatch(r"(\d+)\s*([smhdw])", text.strip())
    if found is None or int(found[1]) == 0:
        raise ValueError("is not a period such as 30d")
    return int(found[1]) * PERIODS[found[2]]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long logs are kept, from their arrival, and how many bytes they may take."""

    seconds: int
    bytes: int | None = None

    @classmethod
    def parse(cls, text: str) -> Retention:
        """Read `30d` or `30d,50GiB`."""
        period, _, size = text.partition(",")
        return cls(parse_seconds(period), parse_bytes(size) if size else None)


def names(*known: str) -> Callable[[str], tuple[str, ...]]:
    """Return what reads some of the *known* names, with commas between; `all` is all of them, `none` is none."""

    def read(text: str) -> tuple[str, ...]:
        if text in ("all", "none"):
            return known if text == "all" else ()
        found = tuple(name.strip() for name in text.split(","))
        unknown = [name for name in found if name not in known]
        if unknown:
            raise ValueError(f"names {unknown[0]!r}, which is none of {', '.join(known)}, `all` and `none`")
        return found

    return read


def integer(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a whole number from *low* to *high*."""

    def read(text: str) -> int:
        if not re.fullmatch(r"\d+", text.strip()) or not low <= int(text) <= high:
            raise ValueError(f"is not a whole number from {low} to {high}")
        return int(text)

    return read


def url(*schemes: str) -> Callable[[str], str]:
    """Return what takes a URL of one of these schemes."""

    def read(text: str) -> str:
        scheme, colon, _ = text.partition(":")
        if not colon or scheme not in schemes:
            raise ValueError(f"is not a URL that starts with {', '.join(f'{known}:' for known in schemes)}")
        return text

    return read


def choice(*values: str) -> Callable[[str], str]:
    """Return what takes one of *values*, or nothing."""

    def read(text: str) -> str:
        if text and text not in values:
            raise ValueError(f"is neither {' nor '.join(values)}")
        return text

    return read


def password(text: str) -> str:
    """Return a password that can be typed."""
    # Keyboards and files write "é" in two ways (one character, or two); both become the same password.
    text = unicodedata.normalize("NFC", text)
    if text and len(text) < PASSWORD_LENGTH:
        raise ValueError(f"is shorter than {PASSWORD_LENGTH} characters")
    if not text.isprintable():
        raise ValueError("has a line break or another character that can't be typed")
    return text


def networks(text: str) -> tuple[str, ...]:
    """Return addresses and networks, with commas between them."""
    try:
        return tuple(str(ip_network(part.strip())) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"is not a list of addresses or networks: {error}") from None


def is_loopback(address: str) -> bool:
    """Return whether only this machine reaches *address*; a name counts as reachable, except `localhost`."""
    try:
        return ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return address == "localhost"


def path(text: str) -> str:
    """Return the path before every address, without a slash at its end."""
    text = text.strip().rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", text):
        raise ValueError("is not a path such as /logs, of letters, digits, dots, dashes, underscores and tildes")
    return text


def rules(text: str) -> RuleSet | None:
    """Return the rules of a file, None for an empty setting; a fault names its line and place."""
    if not text.strip():
        return None
    # Imported here, so that a process without rules does not pay for their reader.
    from app.rules.text import parse

    return _parsed(parse, text)


def retention_rules(text: str) -> RetentionRules | None:
    """Return the retention rules, None for an empty text; a fault names its place in the text."""
    if not text.strip():
        return None
    from app.rules.retention import parse

    return _parsed(parse, text)


def _parsed(parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except InvalidInput as error:
        raise ValueError("; ".join(_placed(one) for one in error.problems)) from None


def _placed(fault: Problem) -> str:
    place = "" if fault.position is None else f", character {fault.position + 1}"
    return f"has in {fault.field}{place} a fault: {fault.message}"
