"""Quick looks at logs as JSON: whether there can be a secret of some form at all, asked of many logs at once."""

from __future__ import annotations

import re
from collections.abc import Callable

#: Digits as `0`, signs that may stand between groups of digits as `-`; what goes on a character of UTF-8 counts as such a sign.
_SHAPE = bytes(
    ord("0") if chr(byte).isdigit() and byte < 128 else ord("-") if byte in b" +-." or 0x80 <= byte < 0xC0 else byte
    for byte in range(256)
)
#: Digits and capital letters as `A`.
_CAPS = bytes(ord("A") if byte < 128 and (chr(byte).isdigit() or chr(byte).isupper()) else byte for byte in range(256))


class JsonLook:
    """The bytes of logs as JSON in UTF-8, in forms in which looking for a substring does the work of a pattern."""

    __slots__ = ("body", "caps", "lower", "shape")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.lower = body.lower()
        self.shape = body.translate(_SHAPE)
        self.caps = body.translate(_CAPS)


#: Whether a log may hold what a rule finds; never false where it finds something.
MayHold = Callable[[JsonLook], bool]


def always(look: JsonLook) -> bool:
    """Say that there may be something."""
    return True


def email(look: JsonLook) -> bool:
    """Return whether there may be a mail address."""
    return b"@" in look.body or b"%40" in look.body


#: Thirteen digits in a row, or four and three with a gap: a blank or two, a dash, alone or between blanks, `_`, `/`, `%20`, `&nbsp;`, and wide
#: blanks of two and three bytes.
_CARDS = (
    *(b"0" * 13, b"0000-000", b"0000--000", b"0000---000", b"0000_000", b"0000/000", b"0000%00000"),
    *(b"0000&nbsp;000", b"0000\xc2-000", b"0000\xe2--000"),
)


def card(look: JsonLook) -> bool:
    """Return whether there may be a card number."""
    shape = look.shape
    return any(needle in shape for needle in _CARDS)


def bearer(look: JsonLook) -> bool:
    """Return whether there may be a token behind its scheme, whose name has no case (RFC 7235), or behind a name of it."""
    return b"bearer" in look.lower or b"_token" in look.lower


def jwt(look: JsonLook) -> bool:
    """Return whether there may be a JSON Web Token: a header that begins with `{"`."""
    return b"eyJ" in look.body


def aws(look: JsonLook) -> bool:
    """Return whether there may be an id of 20 capitals and digits, or a secret by its name."""
    return b"A" * 20 in look.caps or b"secret" in look.lower


#: Beginnings of keys of services, and what else all of them have.
_KEYS = (
    *(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"gl", b"xox", b"xapp-", b"hooks.slack.com"),
    *(b"sk_", b"rk_", b"whsec_", b"AIza", b"ya29.", b"GOCSPX-", b"npm_", b"pypi-", b"SG.", b"sk-", b"SK", b"_v1_"),
    *(b"shp", b":AA", b"hf_", b"AccountKey", b"lgi_", b"PRIVATE KEY"),
)


def key(look: JsonLook) -> bool:
    """Return whether there may be a key of a service."""
    return any(needle in look.body for needle in _KEYS)


_V6 = re.compile(rb"(?:[0-9a-f]{1,4}:){7}").search


def ip(look: JsonLook) -> bool:
    """Return whether there may be an address: a group of one to three digits between two others, or colons as of IPv6."""
    shape, body = look.shape, look.body
    return (
        b"0-0-0" in shape
        or b"0-00-0" in shape
        or b"0-000-0" in shape
        or b"::" in body
        or (body.count(b":") >= 7 and _V6(look.lower) is not None)
    )


def name(names: tuple[str, ...]) -> MayHold:
    """Return what says whether one of these names may stand in a log."""
    if not all(one.isascii() and one.isprintable() and not set(one) & set('"\\') for one in names):
        return always
    needles = [one.lower().encode() for one in names]
    return lambda look: any(needle in look.lower for needle in needles)
